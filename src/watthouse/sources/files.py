"""Exports on disk: every file below the paths given is a document, every member of a zip (and of a zip in it) too."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from watthouse.errors import SourceError, UnrecognisedError, UsageError, shown
from watthouse.settings import Settings
from watthouse.sources import decoder, delimited, jsonrows, parquet, rte, texts, workbook
from watthouse.sources.archive import (
    AGAIN,
    BOM,
    BZIP2,
    GZIP,
    PARQUET,
    XZ,
    ZIP,
    Packing,
    on_disk,
    refusing,
)
from watthouse.sources.base import Document, Piece
from watthouse.sources.headers import recognise
from watthouse.sources.manifests import MANIFEST, refuse_sample_at
from watthouse.sources.texts import BinaryError, Survey
from watthouse.sources.zips import archive_in, in_zip, zip_of

_PACKED: Final = {
    GZIP: "compressed twice with gzip: unpack it first",
    BZIP2: "compressed twice, last with bzip2: unpack it first",
    XZ: "compressed twice, last with xz: unpack it first",
    b"(\xb5/\xfd": "packed with zstd: unpack it first",
    b"7z\xbc\xaf": "packed with 7-Zip: unpack it first",
    b"Rar!": "packed with RAR: unpack it first",
}
_STRANGERS: Final = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "an image (PNG)",
    b"\xff\xd8\xff": "an image (JPEG)",
    b"GIF8": "an image (GIF)",
    b"SQLite format 3": "a database (SQLite)",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow file",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x7fELF": "a program",
}
_TAR: Final = (257, b"ustar")
_POINTERS: Final = {
    b"version https://git-lfs.github.com/spec/": "a Git LFS pointer, not the file itself: run `git lfs pull`",
    b"/annex/objects/": "a git-annex pointer, not the file itself: run `git annex get`",
}
LOG: Final = "_delta_log"
"""The folder that makes the one that it stands in a Delta table."""
_HIDDEN: Final = (".", "__MACOSX")
_JSON: Final = re.compile(rb'\{\s*["}]|\[\s*[\[{"\]\d-]')
_OFFICE: Final = frozenset({"[Content_Types].xml", "mimetype"})
"""Members that make a zip one office document rather than an archive of files."""


@dataclass(frozen=True)
class FileSource:
    """Files and folders, in the order given; a folder's files in the order of their paths, hidden ones left out."""

    paths: Sequence[Path]
    settings: Settings

    def documents(self) -> Iterator[Document]:
        """One document a file and a zip member.

        Raises :class:`~watthouse.errors.UsageError` for a missing path, a lake, and the exports of a sample.
        """
        for path in self.paths:
            if not _is_there(path):
                raise UsageError(f"{_named(path)}: no such file or folder")
        files = [file for path in self.paths for file in _files(path)]
        return (document for file in files for document in self._in(file))

    def _in(self, path: Path) -> Iterator[Document]:
        origin = _named(path)
        try:
            with refusing(origin, self.settings):
                documents = _documents(path, origin, self.settings)
        except SourceError as error:
            yield _refused(origin, 0, error)
            return
        yield from documents


@dataclass(frozen=True)
class File:
    """A file, or a member of a zip, as a document; ``pieces`` raises for one that is known to be unreadable."""

    origin: str
    size: int
    pieces: Callable[[], Iterator[Piece]]
    digest: Callable[[], str | None] = lambda: None


def read(packing: Packing) -> Iterator[Piece]:
    """The rows of a file under contract.

    Raises :class:`~watthouse.errors.UnrecognisedError` where it is not an export, and
    :class:`~watthouse.errors.SourceError` where it is empty, truncated, damaged, over a cap or breaks its contract.
    """
    count = 0
    with refusing(packing.origin, packing.settings):
        for piece in _recognised(packing):
            count += piece.read
            yield piece
    if not count:
        raise SourceError(f"{packing.origin}: empty: a header and no rows: {AGAIN}")


def refuse_lake(where: str) -> NoReturn:
    """Raise :class:`~watthouse.errors.UsageError` for a table of a lake: its rows are no export, and may be made up."""
    raise UsageError(f"{where}: this is a lake of watthouse or another Delta table, not exports")


def _file(packing: Packing) -> File:
    return File(packing.origin, packing.size, partial(read, packing), packing.digest)


def _refused(origin: str, size: int, error: SourceError) -> File:
    def pieces() -> Iterator[Piece]:
        raise error

    return File(origin, size, pieces)


def _recognised(packing: Packing) -> Iterator[Piece]:
    # By content, never by name: RTE's tab-separated text is called .xls.
    head = packing.head()
    _refuse_foreign(head, packing.origin)
    if head.startswith(PARQUET):
        return parquet.pieces(packing)
    if head[:4] in ZIP:
        _refuse_other_zips(packing)
    if head[:4] in ZIP or head.startswith(workbook.OLD):
        return workbook.pieces(packing)
    text = head.removeprefix(BOM).lstrip()
    if not text:
        raise SourceError(f"{packing.origin}: empty ({packing.size} bytes): {AGAIN}")
    # One pass over the whole text before a row is read: an interruption may stand in its middle, and a file counts
    # whole or not at all.
    try:
        survey = texts.survey(packing)
    except BinaryError as error:
        _refuse_stranger(head, packing.origin)
        raise SourceError(str(error)) from None
    if _JSON.match(text):
        return jsonrows.pieces(packing, survey)
    if survey.interrupted:
        raise survey.refusal(packing.origin, "")
    if text.startswith(b"<"):
        raise UnrecognisedError(f"{packing.origin}: a web page or XML, not an export")
    header = delimited.header_of(head, survey, packing.origin)
    rows = rte.pieces if rte.is_rte(header) else delimited.pieces
    return rows(packing, survey, header)


def _refuse_foreign(head: bytes, origin: str) -> None:
    for start, what in _POINTERS.items():
        if head.startswith(start):
            raise UnrecognisedError(f"{origin}: {what}")
    for start, what in _STRANGERS.items():
        if head.startswith(start):
            raise UnrecognisedError(f"{origin}: {what}, not an export")
    for start, what in _PACKED.items():
        if head.startswith(start):
            raise SourceError(f"{origin}: {what}")
    if head[_TAR[0] :].startswith(_TAR[1]):
        raise SourceError(f"{origin}: packed with tar: unpack it first")


def _refuse_stranger(head: bytes, origin: str) -> None:
    """Raise :class:`~watthouse.errors.UnrecognisedError` for bytes that do not begin like an export."""
    readable = Survey("utf-8", ends_line=True, last_line="")
    try:
        recognise(delimited.header_of(head.replace(b"\0", b""), readable, origin).labels, origin)
    except (UnrecognisedError, StopIteration):
        raise UnrecognisedError(f"{origin}: a binary file, not an export") from None
    except SourceError:
        return


def _refuse_other_zips(packing: Packing) -> None:
    with packing.seekable() as stream, zip_of(stream, packing) as archive:
        names = archive.namelist()
        if workbook.is_workbook(names):
            return
        if "mimetype" in names and b"spreadsheet" in archive.open("mimetype").read(100):
            raise SourceError(f"{packing.origin}: an OpenDocument spreadsheet (.ods): save it as .xlsx or CSV")
    # a .docx and an .ods are zips too: without this they would be searched for exports, member by member
    if _OFFICE & set(names):
        raise UnrecognisedError(f"{packing.origin}: an office document, not a workbook")
    raise SourceError(f"{packing.origin}: a zip inside a zip inside an archive: unpack it first")


def _files(path: Path) -> Iterator[Path]:
    whole = path.resolve()
    for around in (whole, *whole.parents):
        if os.path.isdir(around / LOG):  # noqa: PTH112 - Path.is_dir raises where the folder may not be entered
            refuse_lake(_named(around))
    if not path.is_dir():
        if (manifest := path.with_name(MANIFEST)).is_file():
            refuse_sample_at(manifest)
        yield path
        return
    # os.walk passes over folders that it may not enter without a word: they are yielded, to be refused by name
    unreadable: list[Path] = []
    walk = os.walk(path, onerror=lambda error: unreadable.append(Path(error.filename)))
    below: list[Path] = []
    for folder, folders, names in walk:
        if LOG in folders and not _is_hidden(Path(folder).relative_to(path)):
            refuse_lake(_named(Path(folder)))
        below += [Path(folder) / name for name in names]
    for file in sorted([*(file for file in below if file.is_file()), *unreadable]):
        if file.name == MANIFEST:
            refuse_sample_at(file)
        elif not _is_hidden(file.relative_to(path)):
            yield file


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(_HIDDEN) for part in path.parts)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _named(path: Path) -> str:
    """A path fit for a message."""
    return shown(str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace"), 400)


def _documents(path: Path, origin: str, settings: Settings) -> list[Document]:
    """The file, or the members of the zip that it is; raises :class:`OSError` where it cannot be opened."""
    if path.is_dir():
        next(path.iterdir(), None)  # only a folder that cannot be walked comes here
    if not path.is_file():
        raise SourceError(f"{origin}: not a regular file: give a file or a folder")
    with path.open("rb") as file:
        head = file.read(4)
    is_zip = head in ZIP
    if head == PARQUET:
        decoder.begin()  # while the others are looked up
    packing = on_disk(path, origin, settings)
    return _members(packing) if is_zip else [_file(packing)]


def _members(zipped: Packing) -> list[Document]:
    """The files in a zip, and in the zips in it; a workbook is one file."""
    with archive_in(zipped) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if _OFFICE & {info.filename for info in infos} or workbook.is_workbook([info.filename for info in infos]):
            return [_file(zipped)]
        _refuse_many(len(infos), zipped)
        listed = [info for info in infos if not _is_hidden(Path(info.filename))]
    if not listed:
        raise SourceError(f"{zipped.origin}: an archive without files")
    documents: list[Document] = []
    for info in sorted(listed, key=lambda info: info.filename):
        member = in_zip(zipped, info)
        documents += [_file(member)] if zipped.zipped else _unnested(member)
        _refuse_many(len(documents), zipped)
    # those of the zips in it too, each of which may be below every cap
    zipped.refuse_over_caps(sum(document.size for document in documents), packed=True)
    return documents


def _unnested(packing: Packing) -> list[Document]:
    """A member of a zip; where it is a zip, what it holds."""
    try:
        with refusing(packing.origin, packing.settings):
            with packing.raw() as stream:
                is_zip = stream.read(4) in ZIP
            return _members(packing) if is_zip else [_file(packing)]
    except SourceError as error:
        return [_refused(packing.origin, packing.size, error)]


def _refuse_many(count: int, zipped: Packing) -> None:
    if count > zipped.settings.max_members:
        raise SourceError(
            f"{zipped.origin}: holds {count:,} files, over {zipped.settings.max_members:,}:"
            " unpack it by hand, or raise WATTHOUSE_MAX_MEMBERS"
        )
