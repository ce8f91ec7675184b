"""What a text file is written in: UTF-16 or UTF-8, whole or cut, and what its last line says."""

import codecs
import io
import re
from typing import IO, Final

INTERRUPTED: Final = b"Streaming interrupted due to the following error"
"""What Opendatasoft writes into the middle of an export that it cannot finish."""
_CHUNK: Final = 2**20
INTERRUPTION_BYTES: Final = 400
"""How much of what it writes there is looked for, and told."""
_WIDE: Final = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_LETTERS: Final = 64
_NO_WORDS: Final = b'\r\n \t;,|"'
"""What may stand at the end of a text without meaning: line ends, and lines of delimiters alone."""


def utf16_of(head: bytes) -> str:
    """The encoding of a text in UTF-16, with or without a byte-order mark; empty for any other bytes."""
    marked = next((encoding for encoding, mark in _WIDE.items() if head.startswith(mark)), "")
    odd, even = head[1::2], head[::2]
    if not marked and len(head) < _LETTERS:
        return ""
    # One of the two bytes of a Latin letter is zero; a text that is mostly Latin shows on which side.
    threshold = 0.6 * len(even)
    likely = (
        "utf-16-le" if odd.count(0) > threshold > even.count(0) else "utf-16-be" if even.count(0) > threshold else ""
    )
    encoding = marked or likely
    if not encoding:
        return ""
    try:
        text = head[: len(head) // 2 * 2].decode(encoding)
    except UnicodeDecodeError as error:
        return encoding if error.reason == "unexpected end of data" else ""
    return encoding if all(letter.isprintable() or letter in "\ufeff\t\r\n" for letter in text[:_LETTERS]) else ""


class Narrowed(io.RawIOBase):
    """A text in UTF-16, read as UTF-8; what does not decode becomes U+FFFD, which no column accepts."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream, self._encoding, self._rest = stream, encoding, b""
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Back to the start, which is all that readers need."""
        if offset or whence:
            raise io.UnsupportedOperation("a text in UTF-16 is read from its start")
        self._stream.seek(0)
        self._decoder.reset()
        self._rest = b""
        return 0

    def readinto(self, buffer: "bytearray") -> int:  # type: ignore[override]
        while not self._rest:
            chunk = self._stream.read(_CHUNK)
            self._rest = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class Utf8:
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


def last_words(text: bytes) -> bytes:
    """The last line with words in it, its delimiters included."""
    words = text.rstrip(_NO_WORDS)
    return last_line_of(words) + re.split(rb"[\r\n]", text[len(words) :])[0]


def last_line_of(text: bytes) -> bytes:
    """What stands behind the last line end."""
    return re.split(rb"[\r\n]", text)[-1]


def interruption(text: bytes) -> str:
    """The sentence that says an export was interrupted; empty where none does."""
    start = text.find(INTERRUPTED)
    if start < 0:
        return ""
    return text[start : start + INTERRUPTION_BYTES].splitlines()[0].decode("utf-8", "replace")


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
