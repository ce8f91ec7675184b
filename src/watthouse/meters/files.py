"""Which meter files there are: in folders, zips, or named one by one, in the order in which they were written."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from watthouse.errors import SourceError, UsageError, WatthouseError, shown
from watthouse.settings import Settings
from watthouse.sources.archive import ZIP, Packing, on_disk, refusing
from watthouse.sources.zips import archive_in, in_zip

_STAMP: Final = re.compile(r"_(\d{8}T\d{6})\d*(?!\d)", re.ASCII)


@dataclass(frozen=True)
class MeterFile:
    """One file, alone or in a zip. ``name`` is its path for ever; ``written_at`` the moment of its export, UTC.

    ``named`` tells whether it was asked for itself, and not found in a folder.
    """

    name: str
    packing: Packing
    written_at: datetime
    named: bool = False


@dataclass(frozen=True)
class Refused:
    """A path that cannot be looked into, and why, in one line."""

    name: str
    error: WatthouseError


def found(paths: Sequence[Path], settings: Settings) -> list[MeterFile | Refused]:
    """The files at these paths, the oldest first, as a newer one counts where two disagree.

    A stamp in the name (``LP_210095893_20150901T011608049.csv``) tells when a file was written, else its own time does.
    Raises :class:`~watthouse.errors.UsageError` for a path where there is nothing.
    """
    files = [file for path in paths for file in _at(path, settings)]
    refused = [file for file in files if isinstance(file, Refused)]
    whole = [file for file in files if isinstance(file, MeterFile)]
    return [*refused, *sorted(whole, key=lambda file: (file.written_at, file.name))]


def _at(path: Path, settings: Settings) -> Iterator[MeterFile | Refused]:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    named = not path.is_dir()
    for one in [path] if named else sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        if one.is_file() and not hidden:
            origin = str(one) if named else str(one.relative_to(path.parent))
            yield from _opened(one, origin, settings, named=named)


def _opened(path: Path, origin: str, settings: Settings, *, named: bool) -> Iterator[MeterFile | Refused]:
    try:
        with refusing(origin, settings), _refusing_names(origin):
            name = str(path.resolve())
            name.encode()
            packing = on_disk(path, origin, settings)
            written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if not packing.head().startswith(ZIP):
                yield MeterFile(name, packing, _stamp(path.name) or written_at, named)
                return
            with archive_in(packing) as archive:
                members = [member for member in archive.infolist() if not member.filename.endswith("/")]
            _refuse_unsafe(origin, members, settings)
    except WatthouseError as error:
        yield Refused(_in_utf8(origin), error)
        return
    for member in members:
        moment = _stamp(PurePosixPath(member.filename).name) or _packed_at(member) or written_at
        yield MeterFile(f"{name}/{member.filename}", in_zip(packing, member), moment, named)


@contextmanager
def _refusing_names(origin: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError:  # bytes of a system with another encoding, which no database takes
        raise SourceError(f"{_in_utf8(origin)}: its path, or a name in it, is not UTF-8: rename it") from None


def _in_utf8(origin: str) -> str:
    return origin.encode("utf-8", "replace").decode()


def _packed_at(member: zipfile.ZipInfo) -> datetime | None:
    """When a member was packed; None where its archive does not say, as those made for reproducible builds."""
    try:
        return datetime(*member.date_time, tzinfo=UTC)
    except ValueError:
        return None


def _refuse_unsafe(origin: str, members: Sequence[zipfile.ZipInfo], settings: Settings) -> None:
    if len(members) > settings.max_members:
        raise SourceError(
            f"{origin}: over {settings.max_members:,} files: raise WATTHOUSE_MAX_MEMBERS if that is meant"
        )
    names = [member.filename for member in members]
    if twice := next((name for name, count in Counter(names).items() if count > 1), None):
        raise SourceError(f"{origin}: has two files named '{shown(twice)}': pack it again")
    for member in members:
        # nothing is ever unpacked to disk here; but whoever made such a name meant harm, or the next program will
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise SourceError(
                f"{origin}: its file '{shown(member.filename)}' would lie outside of the folder that it is unpacked in:"
                " do not trust this archive"
            )


def _stamp(name: str) -> datetime | None:
    match = _STAMP.search(name)
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
