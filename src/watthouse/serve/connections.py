"""The worker's connections, seen from its side of the kernel: a share for each client, and none for those that stall.

The server hands out its connections in the order in which they come, and closes those that send no request. What it
knows nothing of is done here: one client's share of them, and clients that no longer take what they asked for. Only
Linux tells of a process's sockets what this needs; elsewhere nothing is closed.
"""

import os
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watthouse.serve.clients import Proxies, share
from watthouse.settings import Settings

_PAUSE: Final = 0.5
"""Seconds between two looks."""
_CRAWL: Final = 1_024
"""Bytes a second below which a client does not take its answer but hold it."""
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
_FOLDER: Final = Path("/proc/self/fd")
# of struct tcp_info (linux/tcp.h): milliseconds, milliseconds, bytes, bytes, bytes
_LAST_SENT, _LAST_RECEIVED, _ACKED, _RECEIVED, _WAITING = (
    (44, "I"),
    (52, "I"),
    (120, "Q"),
    (128, "Q"),
    (144, "I"),
)
_INFO_BYTES: Final = 256


@dataclass
class _Connection:
    """One that was accepted: ``acked`` bytes were taken when ``since`` began, and something has waited ever since."""

    inode: int
    number: int
    client: str
    is_proxy: bool
    acked: int = 0
    since: float | None = None


@dataclass(frozen=True)
class _Flow:
    """What the kernel says of a connection: bytes that were taken, bytes that wait, whether it ever sent anything.

    ``sent_ms`` and ``received_ms`` are how long ago we sent something last, and it did.
    """

    acked: int
    waiting: int
    spoke: bool
    sent_ms: int
    received_ms: int

    @property
    def is_owed(self) -> bool:
        """Whether it has asked since it was last answered: it waits for us, however long it has been silent."""
        return self.received_ms < self.sent_ms

    @property
    def idle_ms(self) -> int:
        return min(self.sent_ms, self.received_ms)


class Connections:
    """Those of one worker that listens on a port."""

    def __init__(self, settings: Settings) -> None:
        self._port, self._most, self._seconds = settings.port, settings.client_connections, settings.client_seconds
        self._proxies = Proxies(settings.trusted_proxies)
        self._known: dict[int, _Connection | None] = {}

    def watch(self) -> None:
        """Look after them in the background, for as long as the process lives."""
        if _FOLDER.is_dir() and hasattr(socket, "TCP_INFO"):
            threading.Thread(target=self._watch, name="connections", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(min(_PAUSE, self._seconds / 4))
            # a server that has no file left tells nothing either: the next look may
            with suppress(OSError):
                self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Close what is past its client's share, and what has stalled."""
        self._known = {inode: self._recognised(inode, number) for inode, number in _sockets()}
        clients: dict[str, list[tuple[_Connection, _Flow]]] = defaultdict(list)
        for connection in filter(None, self._known.values()):
            flow = _flow(connection)
            if flow is None:
                continue
            if self._stalls(connection, flow, now):
                _close(connection)
            elif not connection.is_proxy:  # whose clients are many
                clients[connection.client].append((connection, flow))
        for theirs in clients.values():
            for connection in self._excess(theirs):
                _close(connection)

    def _recognised(self, inode: int, number: int) -> _Connection | None:
        """What a socket of this process is; None for one that nobody has connected to."""
        if inode in self._known:
            return self._known[inode]
        with _held(inode, number) as held:
            if held is None or held.family not in _FAMILIES or held.type is not socket.SOCK_STREAM:
                return None
            try:
                peer, own = held.getpeername()[0], held.getsockname()[1]
            except OSError:  # it listens, or is gone
                return None
        return _Connection(inode, number, share(peer), self._proxies.has(peer)) if own == self._port else None

    def _stalls(self, connection: _Connection, flow: _Flow, now: float) -> bool:
        """Whether something has waited for this client for too long, and it took next to nothing of it."""
        if not flow.waiting:
            connection.since = None
            return False
        if connection.since is None:
            connection.since, connection.acked = now, flow.acked
        waited = now - connection.since
        if waited < self._seconds:
            return False
        if flow.acked - connection.acked < _CRAWL * waited:
            return True
        connection.since, connection.acked = now, flow.acked
        return False

    def _excess(self, theirs: list[tuple[_Connection, _Flow]]) -> list[_Connection]:
        """What one client has too many of: those that never spoke first, then those that are idle longest.

        Those that wait for an answer come last: who waits in line is silent for longer than one that is kept open.
        """
        theirs.sort(key=lambda one: (one[1].spoke, one[1].is_owed, -one[1].idle_ms))
        return [connection for connection, _ in theirs[: max(0, len(theirs) - self._most)]]


def _sockets() -> Iterator[tuple[int, int]]:
    """The sockets of this process: the inode, which no other one gets meanwhile, and the number."""
    for entry in _FOLDER.iterdir():
        try:
            kind, _, inode = str(entry.readlink()).partition(":[")
        except OSError:  # closed since
            continue
        if kind == "socket":
            yield int(inode[:-1]), int(entry.name)


@contextmanager
def _held(inode: int, number: int) -> Iterator[socket.socket | None]:
    """The socket by a number of its own: it stays the same one, whoever closes the other; None where it is gone."""
    try:
        copy = os.dup(number)
    except OSError:
        yield None
        return
    # it may have been closed meanwhile, and the number be another file's
    if os.fstat(copy).st_ino != inode:
        os.close(copy)
        yield None
        return
    with socket.socket(fileno=copy) as held:
        yield held


def _flow(connection: _Connection) -> _Flow | None:
    with _held(connection.inode, connection.number) as held:
        if held is None:
            return None
        info = held.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES).ljust(_INFO_BYTES, b"\0")

    def of(field: tuple[int, str]) -> int:
        at, kind = field
        return int(struct.unpack_from(kind, info, at)[0])

    return _Flow(of(_ACKED), of(_WAITING), of(_RECEIVED) > 0, of(_LAST_SENT), of(_LAST_RECEIVED))


def _close(connection: _Connection) -> None:
    """End it: the server sees that its client is gone, and lets go of what it held for it."""
    with _held(connection.inode, connection.number) as held, suppress(OSError):  # it may have gone by itself
        if held is not None:
            # what waits for it is thrown away, or the kernel would go on to offer it
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            held.shutdown(socket.SHUT_RDWR)
