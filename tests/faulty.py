"""A proxy before a server: hands on every request, and may lose the answer to one that the server has carried out."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

Request = str
"""The first line of a request: ``PUT /bucket/name HTTP/1.1``."""


@dataclass
class Proxy:
    """Where it listens, and the requests whose answers it lost."""

    url: str
    lost: list[Request] = field(default_factory=list)


@contextmanager
def losing(server: tuple[str, int], loses: Callable[[Request], bool], times: int = 1) -> Iterator[Proxy]:
    """A proxy that loses the answers to the first requests of which ``loses`` is true."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Proxy(f"http://127.0.0.1:{listening.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):  # closed: the test is over
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        def serve(client: socket.socket) -> None:
            with suppress(OSError), closing(client), socket.create_connection(server) as upstream:
                while request := _message(client):
                    upstream.sendall(request)
                    line = request.partition(b"\r\n")[0].decode()
                    answer = _message(upstream, has_body=not line.startswith("HEAD"))
                    if loses(line) and len(proxy.lost) < times:
                        proxy.lost.append(line)
                        return
                    client.sendall(answer)

        threading.Thread(target=accept, daemon=True).start()
        yield proxy


def _message(source: socket.socket, *, has_body: bool = True) -> bytes:
    """A request or an answer, whole; empty where the connection ends."""
    content = b""
    while b"\r\n\r\n" not in content:
        piece = source.recv(65_536)
        if not piece:
            return b""
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if not has_body:
        return content
    if headers.get(b"transfer-encoding") == b"chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += source.recv(65_536)
    length = int(headers.get(b"content-length", b"0"))
    while len(body) < length:
        body += source.recv(length - len(body))
    return head + b"\r\n\r\n" + body
