"""Clients that ask and then stop reading: over bare sockets, with as small a buffer as the system grants."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

_SMALL = 4_096


@contextmanager
def stalled(url: str, path: str, count: int, source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """So many connections of a client that asked for ``path``, had the beginning of the answer, and read no further."""
    with ExitStack() as stack:
        connections = [stack.enter_context(_asking(url, path, source)) for _ in range(count)]
        for connection in connections:
            assert connection.recv(_SMALL).startswith(b"HTTP/1.1 200")
        yield connections


def _asking(url: str, path: str, source: str) -> socket.socket:
    at = urlsplit(url)
    connection = socket.socket()
    # before it connects: the window that is offered follows from it
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    connection.bind((source, 0))
    connection.settimeout(60)
    connection.connect((at.hostname, at.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: {at.netloc}\r\n\r\n".encode())
    return connection
