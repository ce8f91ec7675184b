"""PostgreSQL 15, as Debian has it."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.services.base import Launch, Running, ServiceFailedError, run

_MAJOR: Final = 15
_BINARIES: Final = Path(f"/usr/lib/postgresql/{_MAJOR}/bin")
_USER: Final = "watthouse"


class Postgres:
    """A server with a data directory of its own; it refuses root, so root starts it as Debian's user ``postgres``."""

    def __init__(self, name: str, variable: str) -> None:
        self.name = name
        self.variable = variable

    def obtain(self) -> None:
        if (_BINARIES / "initdb").exists():
            return
        if os.geteuid():
            raise ServiceFailedError(f"PostgreSQL {_MAJOR} is not installed: apt-get install postgresql-{_MAJOR}")
        run(["apt-get", "update", "-qq"], "Debian's package lists cannot be had")
        words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", f"postgresql-{_MAJOR}"]
        run(words, f"PostgreSQL {_MAJOR} cannot be installed", DEBIAN_FRONTEND="noninteractive")

    def launch(self, place: Path, port: int, password: str) -> Launch:
        data = place / "data"
        if not data.exists():
            self._init(place, data, password)
        listen = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={place}"]
        return Launch([*_lowered(), _BINARIES / "postgres", "-D", data, "-p", str(port), *listen])

    def _init(self, place: Path, data: Path, password: str) -> None:
        _hand_over(place)
        secret = place / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        _hand_over(secret)
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8"]
        run([*_lowered(), _BINARIES / "initdb", "-D", data, "-U", _USER, *options], f"{self.name} cannot be made")
        secret.unlink()

    def answers(self, running: Running) -> bool:
        probe = [_BINARIES / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(running.port)]
        return subprocess.run(probe, check=False).returncode == 0

    def url(self, running: Running) -> str:
        return f"postgresql://{_USER}:{running.password}@127.0.0.1:{running.port}/postgres"

    def environment(self, running: Running) -> Mapping[str, str]:
        return {self.variable: self.url(running)}


def _lowered() -> Sequence[str]:
    """The words that take root's privileges away."""
    return [] if os.geteuid() else ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _hand_over(path: Path) -> None:
    if not os.geteuid():
        owner = pwd.getpwnam("postgres")
        os.chown(path, owner.pw_uid, owner.pw_gid)
