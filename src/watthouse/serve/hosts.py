"""The names that the server answers to.

A page elsewhere whose name is made to lead to this machine (DNS rebinding) would read everything as one of its own:
its browser asks with that page's name, which is refused.
"""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from watthouse.settings import LOOPBACK, Settings

EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})
"""What listens on every address of the machine."""


class Hosts:
    """Names of the loopback, the address that is listened on, and those of the settings."""

    def __init__(self, settings: Settings) -> None:
        own = {settings.host.strip("[]").lower()}
        # which addresses lead here only the network knows, and no page can make an address its own
        self._takes_addresses = bool(own & EVERYWHERE)
        self._names = LOOPBACK | own | {_declared(name) for name in settings.hosts if "*" not in name}
        self._endings = tuple(name[1:].lower() for name in settings.hosts if name.startswith("*."))
        self._takes_any = "*" in settings.hosts
        # parsing takes longer than all other checks together, and nearly every request names the same
        self.answers_to = lru_cache(256)(self._answers_to)

    def _answers_to(self, header: bytes) -> bool:
        """Whether a ``Host`` header names this server, by any port."""
        name = _name(header.decode("latin-1"))
        if name is None:
            return False
        known = self._takes_any or name in self._names or name.endswith(self._endings)
        return known or (self._takes_addresses and _is_address(name))


def _name(host: str) -> str | None:
    """The name before the port, in lower case; None where there is something else."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        port = port.removeprefix(":") if port.startswith(":") or not port else "no port"
    else:
        name, _, port = host.partition(":")
    name = name.lower().removesuffix(".")
    return name if name and (not port or port.isdecimal()) else None


def _declared(name: str) -> str:
    """A name of the settings: written with a port, it is meant by any."""
    bare = name.strip("[]").lower()
    return bare if _is_address(bare) else _name(name) or bare


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
