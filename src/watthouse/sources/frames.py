"""What two processes say to each other over a socket: frames of a kind and some bytes."""

import socket
import struct
from typing import Any, Final

from watthouse.sources.limits import BATCH_BYTES

ORDER: Final = b"o"
"""A document to decode, as JSON: its ``kind``, its ``size``, the ``rows`` of a batch, and of the ``first`` at least."""
ASKED: Final = b"a"
"""Bytes of it that are wanted, as JSON: where they begin, and how many."""
BYTES: Final = b"b"
"""Those bytes."""
HEADER: Final = b"h"
"""Of a Parquet file, as JSON: ``names``, ``kinds`` and ``widths`` (bytes) of its columns, and its ``rows``."""
CHOSEN: Final = b"c"
"""The places of the columns to decode, as JSON; none where the file is left."""
SHEET: Final = b"s"
"""The ``name`` of a sheet whose rows follow, as JSON."""
BATCH: Final = b"r"
"""Rows, as an Arrow stream."""
DONE: Final = b"d"
FAILED: Final = b"f"
"""Why it cannot be decoded, as JSON: ``why``, and whether it is too ``large``."""

_LONGEST: Final = 2 * BATCH_BYTES + 2**24
_HEAD: Final = struct.Struct("<cQ")


class Frames:
    """One end of the socket; raises :class:`EOFError` where the other end is gone, or says what it must not."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def send(self, kind: bytes, content: Any) -> None:
        view = memoryview(content).cast("B")
        self.end.sendall(_HEAD.pack(kind, len(view)))
        self.end.sendall(view)

    def receive(self) -> "tuple[bytes, bytearray]":
        kind, size = _HEAD.unpack(self._exactly(_HEAD.size))
        if size > _LONGEST:
            raise EOFError(f"a frame of {size} bytes")
        return kind, self._exactly(size)

    def expect(self, kind: bytes) -> bytearray:
        came, content = self.receive()
        if came != kind:
            raise EOFError(f"frame {came!r} where {kind!r} belongs")
        return content

    def _exactly(self, size: int) -> bytearray:
        content = bytearray(size)
        view, at = memoryview(content), 0
        while at < size:
            count = self.end.recv_into(view[at:])
            if not count:
                raise EOFError("the other end is gone")
            at += count
        return content
