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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from watthouse.errors import SourceError, shown
from watthouse.settings import Settings

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
_IN_MEMORY: Final = 64 * 2**20
_ENCRYPTED: Final = 1
_WIDE: Final = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_LETTERS: Final = 64
AGAIN: Final = "download it again"


@dataclass(frozen=True)
class Opened:
    """A file's unpacked bytes, text in UTF-16 as UTF-8, and how many of its own bytes have been read so far."""

    stream: IO[bytes]
    position: Callable[[], int]
    unpacked: bool


@dataclass(frozen=True)
class Packing:
    """One file as it is stored: ``size`` its own bytes, ``packed`` those that it takes on disk, in a zip or alone."""

    origin: str
    size: int
    packed: int
    raw: Callable[[], AbstractContextManager[IO[bytes]]]
    settings: Settings
    zipped: bool = False

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
                yield chunk

    def digest(self) -> str | None:
        """SHA-256 of the bytes as they are stored; None where they cannot be read."""
        try:
            self.refuse_over_caps(self.size, packed=self.zipped)  # a bomb is not unpacked to know it again
            with refusing(self.origin), self.raw() as stream:
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
            with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
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


def on_disk(path: Path, origin: str, settings: Settings) -> Packing:
    """A file of its own, called ``origin`` in messages; raises :class:`OSError` where it cannot be looked at."""
    size = path.stat().st_size
    return Packing(origin, size, size, lambda: path.open("rb"), settings)


def in_zip(zipped: Packing, member: zipfile.ZipInfo) -> Packing:
    """A member of a zip archive, which may be a member of another one itself."""

    @contextmanager
    def raw() -> Iterator[IO[bytes]]:
        if member.flag_bits & _ENCRYPTED:
            raise SourceError(f"{origin}: protected with a password: unpack it by hand")
        with archive_in(zipped) as archive, archive.open(member) as stream:
            yield stream

    origin = f"{zipped.origin} › {shown(member.filename, 200)}"
    # A bomb can be split over two zips, each below the ratio: what counts is what both of them save together.
    packed = member.compress_size * zipped.packed // max(zipped.size, 1)
    return Packing(origin, member.file_size, packed, raw, zipped.settings, zipped=True)


@contextmanager
def archive_in(packing: Packing) -> Iterator[zipfile.ZipFile]:
    """The zip that a file is."""
    if packing.zipped:
        packing.refuse_over_caps(packing.size, packed=True)
    with packing.raw() as stream, zipfile.ZipFile(stream) as archive:
        yield archive


@contextmanager
def refusing(origin: str) -> Iterator[None]:
    """Turn what a damaged, cut or closed file makes the libraries raise into one line."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise SourceError(f"{origin}: truncated or damaged ({shown(error, 80)}): {AGAIN}") from error
    except NotImplementedError as error:
        raise SourceError(f"{origin}: cannot be unpacked ({shown(error, 80)}): unpack it by hand") from error
    except MemoryError as error:
        # a spoilt length field makes the libraries ask for gigabytes: it is the file that is at fault, not the machine
        raise SourceError(f"{origin}: needs more memory than there is, as a damaged file does: {AGAIN}") from error
    except OSError as error:
        raise SourceError(f"{origin}: cannot be read ({shown(error.strerror or error, 80)}): check the file") from error


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


class _Narrowed(io.RawIOBase):
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


_UNPACKERS: Final[dict[bytes, Callable[[IO[bytes]], IO[bytes]]]] = {
    GZIP: lambda raw: cast("IO[bytes]", gzip.open(raw)),  # noqa: SIM115 - whoever opens it closes what is below
    BZIP2: lambda raw: cast("IO[bytes]", bz2.BZ2File(raw)),
    XZ: lambda raw: cast("IO[bytes]", lzma.LZMAFile(raw)),  # noqa: SIM115
}
