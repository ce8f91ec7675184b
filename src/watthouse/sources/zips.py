"""Zips: their members as files, and what all of them may be together."""

import io
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from watthouse.errors import SourceError, shown
from watthouse.sources.archive import IN_MEMORY, Packing
from watthouse.sources.limits import DIRECTORY_BYTES

_ENCRYPTED: Final = 1
_LOCAL_HEADER: Final = 30
"""Bytes before the name of a member, which no member lacks."""
_END_BYTES: Final = 2**16 + 22 + 20 + 56
"""Where the end of a zip says how large its directory is: behind its comment, and once more before for large ones."""
_ENDS: Final = ((b"PK\x05\x06", struct.Struct("<4s4H2LH"), 5), (b"PK\x06\x06", struct.Struct("<4sQ2H2L4Q"), 8))
_ELSEWHERE: Final = 0xFFFFFFFF


def in_zip(zipped: Packing, member: zipfile.ZipInfo) -> Packing:
    """A member of a zip archive, which may be a member of another one itself."""

    @contextmanager
    def raw() -> Iterator[IO[bytes]]:
        if member.flag_bits & _ENCRYPTED:
            raise SourceError(f"{origin}: protected with a password: unpack it by hand")
        if member.compress_type == zipfile.ZIP_LZMA:  # which may ask for 4 GB of memory, and zipfile has no limit
            raise SourceError(f"{origin}: packed with LZMA: unpack it by hand")
        with archive_in(zipped) as archive, archive.open(member) as stream:
            yield stream

    origin = f"{zipped.origin} › {shown(member.filename, 200)}"
    # A bomb can be split over two zips, each below the ratio: what counts is what both of them save together.
    packed = member.compress_size * zipped.packed // max(zipped.size, 1)
    return Packing(
        origin,
        member.file_size,
        packed,
        raw,
        zipped.settings,
        zipped=True,
        unpacked=zipped.unpacked,
        whole=zipped.whole or zipped.size,
    )


@contextmanager
def archive_in(packing: Packing) -> Iterator[zipfile.ZipFile]:
    """The zip that a file is; raises :class:`~watthouse.errors.SourceError` where all of it goes over a cap."""
    if packing.zipped:
        packing.refuse_over_caps(packing.size, packed=True)
    with _seekable(packing) as stream, zip_of(stream, packing) as archive:
        yield archive


@contextmanager
def _seekable(packing: Packing) -> Iterator[IO[bytes]]:
    """The bytes of a zip, those of one in a zip as a scratch copy: each step back in it would unpack it from its start.

    A member never gives more than its declared size, which is held to the caps before.
    """
    with packing.raw() as stream:
        if not packing.zipped:
            yield stream
            return
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy


def zip_of(stream: IO[bytes], packing: Packing) -> zipfile.ZipFile:
    """A zip from its bytes.

    Raises :class:`~watthouse.errors.SourceError` where its members lie over each other, or unpack to more in all than
    one file may.
    """
    _refuse_large_directory(stream, packing)
    archive = zipfile.ZipFile(stream)
    end = 0
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        # members that share their bytes unpack to any size, each of them honestly (D. Fifield, 2019)
        if member.header_offset < end:
            raise SourceError(
                f"{packing.origin}: its files lie over each other, as in a zip bomb: do not trust this archive"
            )
        end = member.header_offset + _LOCAL_HEADER + member.compress_size
    packing.refuse_over_caps(sum(member.file_size for member in archive.infolist()), packed=True)
    return archive


def _refuse_large_directory(stream: IO[bytes], packing: Packing) -> None:
    """Raise before the entries of the directory are made objects, which take twenty times its bytes."""
    most = max(2**16, DIRECTORY_BYTES * packing.settings.max_members)
    stream.seek(0, io.SEEK_END)
    stream.seek(max(stream.tell() - _END_BYTES, 0))
    tail = stream.read()
    stream.seek(0)
    for mark, fields, place in _ENDS:
        at = tail.find(mark)
        while at >= 0:
            size = fields.unpack_from(tail, at)[place] if at + fields.size <= len(tail) else 0
            if most < size != _ELSEWHERE:
                raise SourceError(
                    f"{packing.origin}: its list of files has over {most:,} bytes: unpack it by hand, or raise"
                    " WATTHOUSE_MAX_MEMBERS"
                )
            at = tail.find(mark, at + 1)
