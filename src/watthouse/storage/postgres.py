"""Where a PostgreSQL database is, and what its errors mean: one line each, in which no password is ever shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address
from typing import Any, Final

from watthouse.errors import UsageError, shown

_UNKNOWN: Final = "the database is not given in a form that PostgreSQL knows"
_WAITING: Final[Mapping[str, int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 60,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_MESSAGE: Final = re.compile(r"(?:ERROR|FATAL|PANIC):\s*(.*?)(?:\n|\. SQLSTATE|$)", re.DOTALL)
_LABEL: Final = re.compile(r"^[A-Z_]+: (\[libpq\] )?(Failed to connect: )?")
_GONE: Final = (
    "server closed the connection",
    "terminating connection",
    "connection not open",
    "no connection to the server",
    "could not receive data",
    "could not send data",
    "SSL connection has been closed",
    "the connection is lost",
    "the connection is closed",
)
_SILENT: Final = {
    "Connection refused": "the connection was refused",
    "could not translate host name": "its name cannot be resolved",
    "failed to resolve host": "its name cannot be resolved",
    "timeout expired": "there was no answer in time",
    "timed out": "there was no answer in time",
    "No such file or directory": "there is no socket of a server",
    "No route to host": "there is no way to it",
    "Network is unreachable": "the network is down",
    "the database system is": "it is starting or stopping",
}
_BY_STATE: Final = {
    "53": "make room there, and run again",
}
"""What to do, by how the state of an error (SQLSTATE) begins."""
_BY_TEXT: Final = {
    "permission denied": "ask its owner for the right to connect",
    "no password supplied": "put one into ~/.pgpass, or set PGPASSWORD or {setting}",
    "authentication failed": "check ~/.pgpass, PGPASSWORD or {setting}",
    'FATAL:  database "': "create it, or check the URL",
    'FATAL:  role "': "create it, or check the URL",
    "definition of service": "see pg_service.conf and PGSERVICEFILE",
}
"""The same for errors of connecting, which have no state."""


@dataclass(frozen=True)
class PostgresAddress:
    """A database by its libpq URL or connection string: ``.pgpass``, services and the variables of libpq apply.

    ``setting`` is the variable that names it, ``rights`` what to do where a right is missing, ``kept`` what holds
    after the server went away.
    """

    url: str = field(repr=False)
    setting: str
    rights: str
    kept: str

    @cached_property
    def parts(self) -> dict[str, Any]:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            parts = conninfo_to_dict(self.url)
        except ProgrammingError:
            # libpq quotes what it does not understand, and that may be a part of the password
            raise UsageError(f"{_UNKNOWN}: use postgresql://user@host/database") from None
        if not _is_plain(parts):
            raise UsageError(
                f"{_UNKNOWN}: use postgresql://user@host/database, and write / and @ in a password as %2F and %40"
            )
        return parts

    def __str__(self) -> str:
        parts = self.parts
        if service := parts.get("service"):
            return f"the database of service {service}"
        return f"postgresql://{_servers(parts)}/{parts.get('dbname') or ''}"

    @property
    def conninfo(self) -> str:
        """The connection string, with the times after which a host that does not answer is given up."""
        from psycopg.conninfo import make_conninfo

        # It is otherwise waited for until TCP gives up, after minutes, or hours where the connection was idle.
        waiting = {name: value for name, value in _WAITING.items() if not self.parts.get(name)}
        return make_conninfo(self.url, fallback_application_name="watthouse", **waiting)

    def is_lost(self, text: str, state: str) -> bool:
        """Whether the connection was cut, the server went away, or it cannot be reached."""
        return _is_gone(text, state) or any(sign in text for sign in _SILENT)

    def line(self, text: str, state: str) -> str:
        """What an error of the driver means, by its text and its state (SQLSTATE, empty where it has none)."""
        if _is_gone(text, state):
            return f"{self} went away: {self.kept}"
        for sign, meaning in _SILENT.items():
            if sign in text:
                return f"{self} cannot be reached ({meaning}): check that it runs, and the URL"
        by_state = {**_BY_STATE, "42501": self.rights, "25006": self.rights}  # 25006: a role that only reads
        known = [advice for sign, advice in by_state.items() if state.startswith(sign)]
        known += [
            advice.format(setting=self.setting) for sign, advice in _BY_TEXT.items() if not state and sign in text
        ]
        return ": ".join([str(self), self._said(text), *known[:1]])

    def _said(self, text: str) -> str:
        """The server's own words, without the statement; without the password, should they repeat it."""
        match = _MESSAGE.search(text)
        words = match[1] if match else _LABEL.sub("", text).partition("\n")[0]
        password = self.parts.get("password")
        return shown(words.replace(str(password), "...") if password else words, 200)


def _is_gone(text: str, state: str) -> bool:
    return state.startswith(("57P", "08")) or any(sign in text for sign in _GONE)


def _is_plain(parts: Mapping[str, Any]) -> bool:
    """False where a password was cut at a ``/`` or ``@`` of its own, and a piece of it is taken for another part."""
    hosts, ports = _listed(parts, "host"), _listed(parts, "port")
    names = [str(parts.get("dbname") or ""), *(host for host in hosts if not _is_ipv6(host))]
    return not any(set("@:") & set(name) for name in names) and all(port.isdecimal() for port in ports if port)


def _servers(parts: Mapping[str, Any]) -> str:
    """Each host with its port; a port that stands alone is that of all of them."""
    hosts, ports = _listed(parts, "host"), _listed(parts, "port")
    if len(ports) != len(hosts):
        ports = ports[:1] * len(hosts)
    hosts = [f"[{host}]" if _is_ipv6(host) else host for host in hosts]
    return ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=True))


def _listed(parts: Mapping[str, Any], name: str) -> list[str]:
    return str(parts.get(name) or "").split(",")


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
