"""Requests as no library would send them: byte by byte, without an end, from another address of this machine."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import psutil

from tests.integration.serving import Api

US, OTHERS = "127.0.0.1", "127.0.0.2"
"""Two clients: every address of 127.0.0.0/8 is this machine's."""


@contextmanager
def connected(api: Api, source: str = US, *, window: int = 0) -> Iterator[socket.socket]:
    """A connection from an address; ``window`` is how many bytes it takes in before they are read."""
    with socket.socket() as connection:
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.bind((source, 0))
        connection.settimeout(20)
        connection.connect(("127.0.0.1", api.client.base_url.port))
        yield connection


@contextmanager
def silent(api: Api, count: int, source: str) -> Iterator[list[socket.socket]]:
    """That many connections which say nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(connected(api, source)) for _ in range(count)]


def head(method: str, path: str, *lines: str, host: str = "localhost") -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


def status(connection: socket.socket) -> int:
    """The status of what is answered; 0 where the connection ends without an answer."""
    try:
        words = connection.recv(4096).split(b" ", 2)
    except ConnectionError:
        return 0
    return int(words[1]) if len(words) > 1 else 0


def asked(api: Api, request: bytes, source: str = US) -> int:
    """The status of the answer to these bytes."""
    with connected(api, source) as connection:
        connection.sendall(request)
        return status(connection)


def ends(connection: socket.socket, within: float) -> bool:
    """Whether the server ends a connection, before that many seconds have gone."""
    connection.settimeout(within)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def held(api: Api, source: str) -> int:
    """How many connections of a client the server has."""
    found: Sequence[psutil._common.pconn] = api.worker().net_connections("tcp")
    return sum(1 for one in found if one.raddr and one.raddr.ip == source and one.status == "ESTABLISHED")


def falls(api: Api, source: str, most: int, within: float) -> bool:
    """Whether the server has no more than ``most`` connections of a client, before that many seconds have gone."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if held(api, source) <= most:
            return True
        time.sleep(0.1)
    return False
