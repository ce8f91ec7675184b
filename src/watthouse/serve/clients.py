"""Who is asking: the other end of the connection, or whom a trusted proxy says it asks for."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Proxies:
    """The proxies of the settings: what they say of their clients is believed, what anybody else says is not."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def has(self, address: str) -> bool:
        """Whether it is the address of one of them."""
        found = _parsed(address)
        return found is not None and self._trusts(found)

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """The client behind ``peer``: the right-most address of X-Forwarded-For that is none of the proxies'.

        ``forwarded`` are the header's lines. What stands left of that address was written by the client itself, and
        may be made up.
        """
        found, named = _parsed(peer), _from_the_right(forwarded)
        while found is not None and self._trusts(found):
            before = next(named, None)
            if before is None:
                break
            found = before
        return peer if found is None else str(found)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


class BehindProxies:
    """An application that is told of the clients of its proxies, where it would be told of the proxies.

    The first who says whom it asks for, and is not believed, is logged: a proxy that was forgotten in the settings.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app, self._proxies = app, proxies
        self._is_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (peer := scope.get("client")):
            forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
            if forwarded:
                self._warn(peer[0])
                scope["client"] = (self._proxies.client(peer[0], forwarded), peer[1])
        await self._app(scope, receive, send)

    def _warn(self, peer: str) -> None:
        # once: anybody may send the header
        if not self._is_warned and not self._proxies.has(peer):
            self._is_warned = True
            advice = (
                "if it is your proxy, name it in WATTHOUSE_TRUSTED_PROXIES: until then all behind it are one client"
            )
            structlog.get_logger().warning("x-forwarded-for is not believed", peer=peer, advice=advice)


def client_of(scope: Scope) -> str:
    """What a client's share of the server is counted by: its address."""
    return share((scope.get("client") or ("unknown",))[0])


@lru_cache(1024)
def share(address: str) -> str:
    """The address, of IPv6 the network: whoever has one address there has 2 to the power of 64 of them."""
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found or address)


def _from_the_right(lines: Sequence[str]) -> Iterator[Address]:
    """The addresses in a chain, the nearest proxy's first, up to the first word that is none."""
    for word in reversed(",".join(lines).split(",")):
        found = _parsed(word)
        if found is None:
            return
        yield found


def _parsed(word: str) -> Address | None:
    """An address, with a port or without: 192.0.2.7, 192.0.2.7:80, 2001:db8::7, [2001:db8::7]:80."""
    word = word.strip()
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    try:
        found = ip_address(word)
    except ValueError:
        return None
    # a socket that listens for both kinds names IPv4 so
    return getattr(found, "ipv4_mapped", None) or found
