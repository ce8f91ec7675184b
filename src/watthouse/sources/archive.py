"""Files as they come, alone or in a zip, plain or packed: opened, unpacked, and capped."""

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import tempfile
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

from watthouse.errors import SourceError, WatthouseError, shown
from watthouse.settings import Settings
from watthouse.sources.limits import XZ_BYTES

GZIP: Final = b"\x1f\x8b"
BZIP2: Final = b"BZh"
XZ: Final = b"\xfd7zXZ\x00"
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
PARQUET: Final = b"PAR1"
BOM: Final = b"\xef\xbb\xbf"

HEAD_BYTES: Final = 2**16
_CHUNK: Final = 2**20
# Ratios are only held against files that unpack to more than this: repetitive small ones pack far better than 200:1.
_RATIO_FROM: Final = 8 * 2**20
IN_MEMORY: Final = 64 * 2**20
"""Bytes of a scratch copy up to which it stays off the disk."""
_WIDE: Final = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_LETTERS: Final = 64
AGAIN: Final = "download it again"
_REPORT: Final = "please report it (WATTHOUSE_TRACEBACK=1 shows where)"
_MISTAKES: Final = (LookupError, TypeError, AttributeError, NameError, AssertionError)
"""What code raises that is wrong, whatever the file says."""


@dataclass(frozen=True)
class Opened:
    """A file's unpacked bytes, text in UTF-16 as UTF-8, and how many of its own bytes have been read so far."""

    stream: IO[bytes]
    position: Callable[[], int]
    unpacked: bool


@dataclass(frozen=True)
class Packing:
    """One file as it is stored: ``size`` its own bytes, ``packed`` those that it takes on disk, in a zip or alone.

    ``unpacked`` has the bytes that each file of the same archive was found to have so far, by its origin, and ``whole``
    those of the archive itself.
    """

    origin: str
    size: int
    packed: int
    raw: Callable[[], AbstractContextManager[IO[bytes]]]
    settings: Settings
    zipped: bool = False
    unpacked: dict[str, int] = field(default_factory=dict, compare=False)
    whole: int = 0

    @contextmanager
    def open(self) -> Iterator[Opened]:
        """The bytes, unpacked where they are gzip, bzip2 or xz, in UTF-8 where they are UTF-16."""
        with self.raw() as raw:
            start = raw.read(len(XZ))
            raw.seek(0)
            unpack = next((unpack for magic, unpack in _UNPACKERS.items() if start.startswith(magic)), None)
            stream = unpack(raw) if unpack else raw
            encoding = _utf16_of(stream.read(HEAD_BYTES))
            stream.seek(0)
            text = cast("IO[bytes]", _Narrowed(stream, encoding)) if encoding else stream
            yield Opened(text, raw.tell, unpacked=unpack is not None)

    def head(self) -> bytes:
        """The first bytes, unpacked."""
        with self.open() as opened:
            return opened.stream.read(HEAD_BYTES)

    def chunks(self) -> Iterator[bytes]:
        """All bytes, unpacked; raises :class:`~watthouse.errors.SourceError` where they go over a cap."""
        count = 0
        with self.open() as opened:
            while chunk := opened.stream.read(_CHUNK):
                count += len(chunk)
                self.refuse_over_caps(count, packed=self.zipped or opened.unpacked)
                self._count_together(count)
                yield chunk

    def digest(self) -> str | None:
        """SHA-256 of the bytes as they are stored; None where they cannot be read."""
        try:
            self.refuse_over_caps(self.size, packed=self.zipped)  # a bomb is not unpacked to know it again
            with refusing(self.origin, self.settings), self.raw() as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        except SourceError:
            return None

    @contextmanager
    def seekable(self) -> Iterator[IO[bytes]]:
        """The unpacked bytes where one can go back and forth in them (a scratch copy of what was packed)."""
        with self.open() as opened:
            if not (self.zipped or opened.unpacked):
                yield opened.stream
                return
            # Parquet's footer and a zip's directory are at the end: a compressed stream cannot be read from there
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
                for chunk in self.chunks():
                    copy.write(chunk)
                copy.seek(0)
                yield copy

    def refuse_over_caps(self, count: int, *, packed: bool) -> None:
        """Raise :class:`~watthouse.errors.SourceError` where it unpacks to more than ``settings`` allow."""
        if count > self.settings.max_file_bytes:
            raise SourceError(
                f"{self.origin}: over {self.settings.max_file_bytes:,} bytes once unpacked:"
                " split it, or raise WATTHOUSE_MAX_FILE_BYTES"
            )
        if packed and count > _RATIO_FROM and count > self.settings.max_ratio * max(self.packed, 1):
            raise SourceError(
                f"{self.origin}: unpacks to over {self.settings.max_ratio} times its size, as a zip bomb does:"
                " unpack it by hand if you trust it, or raise WATTHOUSE_MAX_RATIO"
            )

    def _count_together(self, count: int) -> None:
        """Raise where the files of an archive unpack to more than one file may, each below the caps as they may be."""
        if not self.whole:
            return
        self.unpacked[self.origin] = count
        together = sum(self.unpacked.values())
        if together > _RATIO_FROM and together > self.settings.max_ratio * self.whole:
            raise SourceError(
                f"{self.origin}: the files of its archive unpack to over {self.settings.max_ratio} times its size, as a"
                " zip bomb does: unpack it by hand if you trust it, or raise WATTHOUSE_MAX_RATIO"
            )


def on_disk(path: Path, origin: str, settings: Settings) -> Packing:
    """A file of its own, called ``origin`` in messages; raises :class:`OSError` where it cannot be looked at."""
    size = path.stat().st_size
    return Packing(origin, size, size, lambda: path.open("rb"), settings)


@contextmanager
def refusing(origin: str, settings: Settings) -> Iterator[None]:
    """Turn what a damaged, cut, closed or hostile file makes the libraries raise into one line.

    What looks like a mistake of watthouse's own is to be reported, and raised as it is under ``settings.traceback``.
    """
    try:
        yield
    except WatthouseError:
        raise
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise SourceError(f"{origin}: truncated or damaged ({shown(error, 80)}): {AGAIN}") from error
    except NotImplementedError as error:
        raise SourceError(f"{origin}: cannot be unpacked ({shown(error, 80)}): unpack it by hand") from error
    except MemoryError as error:
        # a spoilt length field makes the libraries ask for gigabytes: it is the file that is at fault, not the machine
        raise SourceError(f"{origin}: needs more memory than there is, as a damaged file does: {AGAIN}") from error
    except OSError as error:
        raise SourceError(f"{origin}: cannot be read ({shown(error.strerror or error, 80)}): check the file") from error
    except BaseException as error:
        # What nobody foresaw is this document's own trouble, and the others go on. A panic in a Rust library is no
        # Exception: pyo3's PanicException once ended a whole refresh over one file.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        is_own = isinstance(error, _MISTAKES)
        if is_own and settings.traceback:
            raise
        why = shown(f"{type(error).__name__}: {error}", 100)
        raise SourceError(f"{origin}: cannot be read ({why}): {_REPORT if is_own else AGAIN}") from error


def _utf16_of(head: bytes) -> str:
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


class _FromStart(io.RawIOBase):
    """What can be read again from its start, which is all that readers need of it."""

    what: str

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset or whence:
            raise io.UnsupportedOperation(f"{self.what} is read from its start")
        self._rewind()
        return 0

    @abstractmethod
    def _rewind(self) -> None: ...


class _Narrowed(_FromStart):
    """A text in UTF-16, read as UTF-8; what does not decode becomes U+FFFD, which no column accepts."""

    what = "a text in UTF-16"

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream, self._encoding, self._rest = stream, encoding, b""
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def _rewind(self) -> None:
        self._stream.seek(0)
        self._decoder.reset()
        self._rest = b""

    def readinto(self, buffer: "bytearray") -> int:  # type: ignore[override]
        while not self._rest:
            chunk = self._stream.read(_CHUNK)
            self._rest = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Xz(_FromStart):
    """What is packed with xz: ``lzma.open`` gives a file all the memory that its header asks for, up to 4 GB."""

    what = "what is packed with xz"

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self._ahead, self._unpacker = raw, b"", self._fresh()

    @staticmethod
    def _fresh() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_BYTES)

    def _rewind(self) -> None:
        self._raw.seek(0)
        self._ahead, self._unpacker = b"", self._fresh()

    def readinto(self, buffer: "bytearray") -> int:  # type: ignore[override]
        content = b""
        while not content:
            if self._unpacker.eof and not self._goes_on():
                return 0
            packed = b""
            if self._unpacker.needs_input:
                packed, self._ahead = self._ahead or self._raw.read(_CHUNK), b""
                if not packed:
                    raise EOFError("it ends before its end-of-stream marker")
            content = self._unpacker.decompress(packed, len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def _goes_on(self) -> bool:
        """Whether another stream follows, behind zeros that fill up."""
        self._ahead = self._unpacker.unused_data
        while not (packed := self._ahead.lstrip(b"\0")):
            self._ahead = self._raw.read(_CHUNK)
            if not self._ahead:
                return False
        if not packed.startswith(XZ[: len(packed)]):
            return False  # a signature, say: lzma.open reads over it too
        self._ahead, self._unpacker = packed, self._fresh()
        return True


_UNPACKERS: Final[dict[bytes, Callable[[IO[bytes]], IO[bytes]]]] = {
    GZIP: lambda raw: cast("IO[bytes]", gzip.open(raw)),  # noqa: SIM115 - whoever opens it closes what is below
    BZIP2: lambda raw: cast("IO[bytes]", bz2.BZ2File(raw)),
    XZ: lambda raw: cast("IO[bytes]", io.BufferedReader(_Xz(raw), _CHUNK)),
}
