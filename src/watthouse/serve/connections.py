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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watthouse.serve.clients import Proxies, share
from watthouse.settings import Settings

_PAUSE: Final = 0.5
"""Seconds between two looks."""
_CRAWL: Final = 1_024
"""Bytes a second below which a client does not take its answer but hold it."""
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

    descriptor: int
    client: str
    is_proxy: bool
    acked: int = 0
    since: float | None = None


@dataclass(frozen=True)
class _Flow:
    """What the kernel says of a connection: bytes that were taken, bytes that wait, whether it ever sent anything."""

    acked: int
    waiting: int
    spoke: bool
    idle_ms: int


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
        clients: dict[str, list[tuple[socket.socket, _Flow]]] = defaultdict(list)
        for inode, connection in self._known.items():
            if connection is None or (held := _held(inode, connection.descriptor)) is None:
                continue
            flow = _flow(held)
            if self._stalls(connection, flow, now):
                _close(held)
            elif connection.is_proxy:  # whose clients are many
                held.close()
            else:
                clients[connection.client].append((held, flow))
        for theirs in clients.values():
            self._keep_share(theirs)

    def _recognised(self, inode: int, number: int) -> _Connection | None:
        """What a socket of this process is; None for one that nobody has connected to."""
        if inode in self._known:
            return self._known[inode]
        held = _held(inode, number)
        if held is None:
            return None
        with held:
            try:
                is_tcp = held.family in (socket.AF_INET, socket.AF_INET6) and held.type is socket.SOCK_STREAM
                if not is_tcp or held.getsockname()[1] != self._port:
                    return None
                peer = held.getpeername()[0]
            except OSError:  # it listens, or is gone
                return None
        return _Connection(number, share(peer), self._proxies.has(peer))

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

    def _keep_share(self, theirs: list[tuple[socket.socket, _Flow]]) -> None:
        """Close what one client has too many of: those that never spoke first, then those that are idle longest."""
        theirs.sort(key=lambda one: (one[1].spoke, -one[1].idle_ms))
        excess = max(0, len(theirs) - self._most)
        for held, _ in theirs[:excess]:
            _close(held)
        for held, _ in theirs[excess:]:
            held.close()


def _sockets() -> Iterator[tuple[int, int]]:
    """The sockets of this process: the inode, which no other one gets meanwhile, and the number."""
    for entry in _FOLDER.iterdir():
        try:
            kind, _, inode = str(entry.readlink()).partition(":[")
        except OSError:  # closed since
            continue
        if kind == "socket":
            yield int(inode[:-1]), int(entry.name)


def _held(inode: int, number: int) -> socket.socket | None:
    """The socket by a number of its own, so that it stays the same whoever closes the other; None where it is gone."""
    try:
        held = socket.socket(fileno=os.dup(number))
    except OSError:
        return None
    if os.fstat(held.fileno()).st_ino == inode:
        return held
    held.close()
    return None


def _flow(held: socket.socket) -> _Flow:
    info = held.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES).ljust(_INFO_BYTES, b"\0")

    def of(field: tuple[int, str]) -> int:
        at, kind = field
        return int(struct.unpack_from(kind, info, at)[0])

    return _Flow(of(_ACKED), of(_WAITING), of(_RECEIVED) > 0, min(of(_LAST_SENT), of(_LAST_RECEIVED)))


def _close(held: socket.socket) -> None:
    """End the connection: the server sees that its client is gone, and lets go of what it held for it."""
    with held, suppress(OSError):  # it may have gone by itself
        # what waits for it is thrown away, or the kernel would go on to offer it
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        held.shutdown(socket.SHUT_RDWR)
