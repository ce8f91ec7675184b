"""Meter files into the database: each whole or not at all, and only those that are not held as they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from watthouse.ahead import ahead
from watthouse.errors import SourceError, UnrecognisedError, WatthouseError
from watthouse.meters.files import MeterFile, Refused, found
from watthouse.meters.reading import Reading
from watthouse.meters.readings import Batch
from watthouse.meters.storage.database import MeterDatabase
from watthouse.meters.storage.store import Figures, Version, is_known, store
from watthouse.settings import Settings
from watthouse.sources.archive import refusing


class Progress(Protocol):
    """Who is told what a load is at."""

    def stage(self, what: str) -> None:
        """The file that is read now."""


@dataclass
class LoadReport:
    """What became of each file: figures of those loaded, reasons for those refused or left, by their names."""

    database: str
    loaded: dict[str, Figures] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


def load(
    paths: Sequence[Path], settings: Settings, database: MeterDatabase, progress: Progress, *, again: bool = False
) -> LoadReport:
    """Load what these paths hold; ``again`` loads files too that are held as they are.

    A file that cannot be used is entered in the report, and the others go on. Raises
    :class:`~watthouse.errors.DatabaseError` where the database fails, with the files so far loaded.
    """
    return load_found(found(paths, settings), settings, database, progress, again=again)


def load_found(
    files: Iterable[MeterFile | Refused],
    settings: Settings,
    database: MeterDatabase,
    progress: Progress,
    *,
    again: bool = False,
    most_rows: int | None = None,
) -> LoadReport:
    """The same for files that were looked up before, of which ``most_rows`` readings and rejects are taken in all."""
    report = LoadReport(str(database))
    left = most_rows
    for file in files:
        try:
            if isinstance(file, Refused):
                raise file.error
            progress.stage(f"reading {file.packing.origin}")
            figures = _load(file, settings, database, again=again, most_rows=left)
        except UnrecognisedError as error:
            _enter(report.refused if isinstance(file, MeterFile) and file.named else report.left, file, error)
        except SourceError as error:
            _enter(report.refused, file, error)
        except WatthouseError as error:
            error.report = report
            raise
        else:
            if figures is None:
                report.unchanged.append(file.packing.origin)
            else:
                report.loaded[file.packing.origin] = figures
                left = None if left is None else left - figures.readings - figures.rejected
    return report


def _enter(reasons: dict[str, str], file: MeterFile | Refused, error: WatthouseError) -> None:
    origin = file.name if isinstance(file, Refused) else file.packing.origin
    reasons[origin] = str(error).removeprefix(f"{origin}: ")


def _load(
    file: MeterFile, settings: Settings, database: MeterDatabase, *, again: bool, most_rows: int | None
) -> Figures | None:
    """Load one file; None where it is held as it is."""
    digest = _digest(file)
    with database.reading() as connection:
        if not again and is_known(connection, file.name, digest):
            return None
    reading = Reading(file, settings.meter_tz)
    version = Version(file.name, digest, reading.layout.name, file.written_at)
    with database.writing() as connection:
        # another load may have had the same file in the meantime
        if not again and is_known(connection, file.name, digest):
            return None
        figures = store(connection, version, ahead(_at_most(most_rows, reading)))
        if reading.digest != digest:
            raise SourceError(f"{reading.origin}: was changed while it was read: load it again")
    return figures


def _at_most(rows: int | None, reading: Reading) -> Iterator[Batch]:
    for batch in reading.batches():
        if rows is not None and reading.rows + reading.rejected > rows:
            raise SourceError(f"{reading.origin}: more readings and bad lines than may be uploaded at a time: split it")
        yield batch


def _digest(file: MeterFile) -> str:
    content = sha256()
    with refusing(file.packing.origin, file.packing.settings):
        for chunk in file.packing.chunks():
            content.update(chunk)
    return content.hexdigest()
