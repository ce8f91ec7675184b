"""Exports on disk: every file below the paths given is a document, every member of a zip too."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watthouse.errors import SourceError, UnrecognisedError, UsageError
from watthouse.settings import Settings
from watthouse.sources import delimited, jsonrows, parquet, rte
from watthouse.sources.base import Document, Piece
from watthouse.sources.packing import AGAIN, BOM, GZIP, PARQUET, ZIP, Packing, in_zip, named, on_disk, refusing

_FOREIGN: Final = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Excel workbook (.xls): save it as CSV",
    b"BZh": "packed with bzip2: unpack it first",
    b"\xfd7zXZ": "packed with xz: unpack it first",
    b"(\xb5/\xfd": "packed with zstd: unpack it first",
    b"7z\xbc\xaf": "packed with 7-Zip: unpack it first",
    b"Rar!": "packed with RAR: unpack it first",
    b"\xff\xfe": "UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8",
}
_POINTERS: Final = {
    b"version https://git-lfs.github.com/spec/": "a pointer of Git LFS, not the file itself: run `git lfs pull`",
    b"/annex/objects/": "a pointer of git-annex, not the file itself: run `git annex get`",
}
_WORKBOOK: Final = "an Excel workbook (.xlsx): save it as CSV"
_HIDDEN: Final = (".", "__MACOSX")


class FileSource:
    """Files and folders, in the order given; a folder's files in the order of their paths, hidden ones left out."""

    def __init__(self, paths: Sequence[Path], settings: Settings) -> None:
        self._paths = [Path(path) for path in paths]
        self._settings = settings

    def documents(self) -> Iterator[Document]:
        """One document a file and a zip member; raises :class:`~watthouse.errors.UsageError` for a missing path."""
        for path in self._paths:
            if not _is_there(path):
                raise UsageError(f"{named(path)}: no such file or folder")
        return (document for path in self._paths for file in _files(path) for document in self._in(file))

    def _in(self, path: Path) -> Iterator[Document]:
        try:
            with refusing(named(path)):
                packings = _packings(path, self._settings)
        except SourceError as error:
            yield Refused(named(path), 0, error)
            return
        yield from map(File, packings)


@dataclass(frozen=True)
class File:
    """A file, or a member of a zip, as a document."""

    packing: Packing

    @property
    def origin(self) -> str:
        """The path, and the member's name after it."""
        return self.packing.origin

    @property
    def size(self) -> int:
        """Bytes as it lies."""
        return self.packing.size

    def pieces(self) -> Iterator[Piece]:
        """Its rows under contract.

        Raises :class:`~watthouse.errors.UnrecognisedError` where it is no export, and
        :class:`~watthouse.errors.SourceError` where it is empty, cut, damaged, over a cap or breaks its contract.
        """
        read = 0
        with refusing(self.origin):
            for piece in _read(self.packing):
                read += piece.read
                yield piece
        if not read:
            raise SourceError(f"{self.origin}: empty: a header and no rows: {AGAIN}")


@dataclass(frozen=True)
class Refused:
    """A document that is known beforehand to be unreadable."""

    origin: str
    size: int
    error: SourceError

    def pieces(self) -> Iterator[Piece]:
        """Raises why."""
        raise self.error


def _read(packing: Packing) -> Iterator[Piece]:
    head = packing.head()
    _refuse_foreign(head, packing.origin)
    if head.startswith(PARQUET):
        return parquet.pieces(packing)
    survey = packing.survey()
    text = head.removeprefix(BOM).lstrip()
    if not text:
        raise SourceError(f"{packing.origin}: empty ({packing.size} bytes): {AGAIN}")
    if text.startswith((b"{", b"[")):
        return jsonrows.pieces(packing, survey)
    if survey.interrupted:
        raise survey.refusal(packing.origin, "")
    if text.startswith(b"<"):
        raise UnrecognisedError(f"{packing.origin}: a web page or XML, no export")
    header = delimited.header_of(head, survey, packing.origin)
    read = rte.pieces if rte.is_rte(header) else delimited.pieces
    return read(packing, survey, header)


def _refuse_foreign(head: bytes, origin: str) -> None:
    for start, what in _POINTERS.items():
        if head.startswith(start):
            raise UnrecognisedError(f"{origin}: {what}")
    if head.startswith(b"%PDF"):
        raise UnrecognisedError(f"{origin}: a PDF document, no export")
    if head[:4] in ZIP:
        raise SourceError(f"{origin}: a zip inside an archive: unpack it first")
    if head[:2] == GZIP:
        raise SourceError(f"{origin}: packed twice with gzip: unpack it first")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise SourceError(f"{origin}: {what}")


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    closed: list[Path] = []
    walk = os.walk(path, onerror=lambda error: closed.append(Path(error.filename)))
    below = [Path(folder) / name for folder, _, names in walk for name in names]
    for file in sorted([*(file for file in below if file.is_file()), *closed]):
        if not any(part.startswith(_HIDDEN) for part in file.relative_to(path).parts):
            yield file


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _packings(path: Path, settings: Settings) -> list[Packing]:
    """The file, or the members of the zip that it is; raises :class:`OSError` where it cannot be opened."""
    if path.is_dir():
        next(path.iterdir(), None)  # only a folder that cannot be walked comes here
    if not path.is_file():
        raise SourceError(f"{named(path)}: no regular file: give a file or a folder")
    with path.open("rb") as file:
        is_zip = file.read(4) in ZIP
    return _members(path, settings) if is_zip else [on_disk(path, settings)]


def _members(path: Path, settings: Settings) -> list[Packing]:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > settings.max_members:
        raise SourceError(
            f"{named(path)}: holds {len(infos):,} files, over {settings.max_members:,}:"
            " unpack it by hand, or raise WATTHOUSE_MAX_MEMBERS"
        )
    if any(info.filename.startswith("xl/") for info in infos):
        raise SourceError(f"{named(path)}: {_WORKBOOK}")
    shown = [info for info in infos if not any(part.startswith(_HIDDEN) for part in Path(info.filename).parts)]
    if not shown:
        raise SourceError(f"{named(path)}: an archive without files")
    return [in_zip(path, info, settings) for info in sorted(shown, key=lambda info: info.filename)]
