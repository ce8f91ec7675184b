"""A PostgreSQL server for the length of a measurement: data in a temporary folder, a socket there, no network."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

_SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "synchronous_commit": "off",
    "jit": "off",
}
"""As a careful owner would set a machine of 8 GB; without JIT, which only slows queries this short."""

QUIET_SECONDS: Final = 70
"""For so long no table is vacuumed before answers are measured: the server looks for work once a minute."""


@contextmanager
def postgres() -> Iterator[str]:
    """The folder of a running server's socket: user and database are ``postgres``."""
    programs = _programs()
    with TemporaryDirectory(prefix="watthouse-pg-", dir="/tmp") as folder:  # a socket's path is short
        home = Path(folder)
        as_user = _not_root(home)
        data = str(home / "data")
        _run([*as_user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"])
        options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        control = [*as_user, programs / "pg_ctl", "-D", data, "-w", "-l", str(home / "log")]
        _run([*control, "-o", f"-k {home} {options}", "start"])
        try:
            yield folder
        finally:
            _run([*control, "-m", "fast", "stop"])


def at_rest(socket: str) -> None:
    """Wait until what was loaded and rebuilt is vacuumed: that takes a core from whoever is measured first."""
    with psycopg.connect(host=socket, user="postgres", autocommit=True) as connection:
        quiet = 0
        while quiet < QUIET_SECONDS:
            time.sleep(1)
            (busy,) = connection.execute(
                "select count(*) from pg_stat_activity where backend_type = 'autovacuum worker'"
            ).fetchone() or (0,)
            quiet = 0 if busy else quiet + 1


def _programs() -> Path:
    found = [Path(one).parent for one in (shutil.which("pg_ctl"),) if one]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not found:
        raise SystemExit("PostgreSQL is not here: apt-get install postgresql")
    return found[0]


def _not_root(home: Path) -> list[str]:
    """PostgreSQL refuses root: its own user runs it then, and owns the folder."""
    if os.geteuid() != 0:
        return []
    shutil.chown(home, "postgres", "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/tmp")
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}")
