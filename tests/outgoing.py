"""What processes try to reach: every attempt is written down, of this machine itself and beyond.

Python's own audit hook hears look-ups and connections of every interpreter that is started; where strace can be had, it
hears those of libraries written in other languages too. An attempt is heard whether or not there is a network.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "None"}
_NAMES: Final = "53"  # the port of a name server: one on this machine asks others
_HOOK: Final = """
import os, sys
def _hear(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        to = args[1] if event != "socket.getaddrinfo" else args[:2]
        if isinstance(to, tuple):
            with open(os.environ["HEARD"], "a") as heard:
                heard.write(f"{to[0]} {to[1]}\\n")
sys.addaudithook(_hear)
"""
_ADDRESS: Final = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_TRACE: Final = ("strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o")


@dataclass(frozen=True)
class Ear:
    """``before`` goes before a command, ``variables`` into its environment; then :attr:`foreign` says what it asked."""

    folder: Path

    @property
    def before(self) -> list[str]:
        return [*_TRACE, str(self.folder / "trace")] if _can_trace() else []

    @property
    def variables(self) -> Mapping[str, str]:
        (self.folder / "sitecustomize.py").write_text(_HOOK)
        return {"PYTHONPATH": str(self.folder), "HEARD": str(self.folder / "heard")}

    @property
    def attempts(self) -> list[tuple[str, str]]:
        """The host and the port of each attempt."""
        return [*self._told(), *self._traced()]

    @property
    def foreign(self) -> list[tuple[str, str]]:
        """Those that were for another machine, or for a name server."""
        return [(host, port) for host, port in self.attempts if host not in _HERE or port == _NAMES]

    def _told(self) -> list[tuple[str, str]]:
        heard = self.folder / "heard"
        lines = heard.read_text().splitlines() if heard.exists() else []
        return [(host, port) for host, _, port in (line.partition(" ") for line in lines)]

    def _traced(self) -> list[tuple[str, str]]:
        trace = self.folder / "trace"
        said = trace.read_text(errors="replace") if trace.exists() else ""
        return [(host, port) for port, host in _ADDRESS.findall(said)]


@cache
def _can_trace() -> bool:
    """Whether there is an strace, and this machine lets it look."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*_TRACE, "/dev/null", "true"], check=False).returncode == 0
