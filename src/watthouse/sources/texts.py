"""A text file looked over before it is read: what it is written in, whether it is whole, what its last line says."""

import io
import re
from dataclasses import dataclass
from typing import IO, Final

from watthouse.errors import SourceError, shown
from watthouse.sources.archive import AGAIN, HEAD_BYTES, Packing

INTERRUPTED: Final = b"Streaming interrupted due to the following error"
"""What Opendatasoft writes into the middle of an export that it cannot finish."""
_INTERRUPTION_BYTES: Final = 400
"""How much of what it writes there is looked for, and told."""
_NO_WORDS: Final = b'\r\n \t;,|"'
"""What may stand at the end of a text without meaning: line ends, and lines of delimiters alone."""


class BinaryError(SourceError):
    """A file that contains bytes which are not text: it is damaged, or not an export at all."""


@dataclass(frozen=True)
class Survey:
    """What one pass over a whole text file has seen.

    ``bytes`` counts them, unpacked. ``ends_line`` tells whether the last line has its line end, ``unended`` how many
    bytes it has where it does not, ``last_line`` (the end of) the last line with words in it, ``interrupted`` what the
    publisher wrote where the export was interrupted.
    """

    encoding: str
    ends_line: bool
    last_line: str
    interrupted: str = ""
    bytes: int = 0
    unended: int = 0

    def refusal(self, origin: str, why: str) -> SourceError:
        """The refusal of a text that is not whole: the publisher's own words where there are some, else ``why``."""
        if self.interrupted:
            why = f"the publisher interrupted the export ({shown(self.interrupted, 240)})"
        return SourceError(f"{origin}: {why}: {AGAIN}")


def survey(packing: Packing) -> Survey:
    """Look over all of a text file; raises :class:`~watthouse.errors.SourceError` where it is not whole text."""
    utf8, tail, interrupted, count = _Utf8(), b"", "", 0
    for chunk in packing.chunks():
        if b"\0" in chunk:
            raise BinaryError(f"{packing.origin}: contains binary bytes: {AGAIN}, as CSV in UTF-8")
        # the sentence may lie across two chunks: look at the seam, then at the chunk itself
        seam = tail[-_INTERRUPTION_BYTES:] + chunk[:_INTERRUPTION_BYTES]
        interrupted = interrupted or _interruption(seam) or _interruption(chunk)
        utf8.feed(chunk)
        tail = (tail + chunk[-HEAD_BYTES:])[-HEAD_BYTES:]
        count += len(chunk)
    encoding = "utf-8" if utf8.ends_well() else "cp1252"
    ends_line = tail.endswith((b"\n", b"\r"))
    last_line = (_last_words(tail) if ends_line else _last_line_of(tail)).decode(encoding, "replace")
    return Survey(encoding, ends_line, last_line, interrupted, count, 0 if ends_line else len(_last_line_of(tail)))


class _Utf8:
    """Whether bytes that come in chunks are UTF-8 throughout."""

    def __init__(self) -> None:
        self._rest: bytes | None = b""
        self.wide = False

    def feed(self, chunk: bytes) -> None:
        if self._rest is None:
            return
        joined = self._rest + chunk
        try:
            self.wide |= not joined.decode("utf-8").isascii()
            self._rest = b""
        except UnicodeDecodeError as error:
            cut = error.reason == "unexpected end of data"
            self._rest = joined[error.start :] if cut else None
            self.wide |= not joined[: error.start].isascii()

    def ends_well(self) -> bool:
        """Whether all of it was UTF-8, a last letter that was cut in two aside."""
        # A truncated file may end inside a letter. Where others decoded well that is no sign of cp1252, and reading the
        # whole file as cp1252 for its sake would garble every accent in it.
        return self._rest == b"" or (self._rest is not None and self.wide)


def _last_words(text: bytes) -> bytes:
    """The last line with words in it, its delimiters included."""
    words = text.rstrip(_NO_WORDS)
    return _last_line_of(words) + re.split(rb"[\r\n]", text[len(words) :])[0]


def _last_line_of(text: bytes) -> bytes:
    """What stands behind the last line end."""
    return re.split(rb"[\r\n]", text)[-1]


def _interruption(text: bytes) -> str:
    """The sentence that says an export was interrupted; empty where none does."""
    start = text.find(INTERRUPTED)
    if start < 0:
        return ""
    return text[start : start + _INTERRUPTION_BYTES].splitlines()[0].decode("utf-8", "replace")


class Upto(io.RawIOBase):
    """The first bytes of a stream, as if they were all."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray") -> int:  # type: ignore[override]
        chunk = self._stream.read(min(len(buffer), self._left))
        self._left -= len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)
