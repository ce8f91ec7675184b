"""Documents on their way to the lake: a document is spooled whole, or not at all."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watthouse.catalog import Dataset
from watthouse.lake.table import MONTH, month_of
from watthouse.sources.base import Piece

_OF_YEAR: Final = "_year"


@dataclass(frozen=True)
class Spooled:
    """The rows of one document for one dataset: a Parquet file in the catalog's shape and their ``month``.

    ``present`` are the columns it carried. ``current`` means that it gives the present state, as a service does; a
    file may be of any age. ``moment`` is when such a file was taken, where it tells: the newest slot measured in it.
    ``rows`` are all of it, ``months`` those of each month in it.
    """

    path: Path
    turn: int
    present: frozenset[str]
    current: bool = True
    moment: datetime | None = None
    months: Mapping[str, int] = field(default_factory=dict)
    rows: int = 0

    def at(self, turn: int) -> "Spooled":
        """The same document at another turn."""
        return replace(self, turn=turn)


@dataclass
class SpoolWriter:
    """The files one document is being written to, by dataset, by the columns it carried, and by year.

    By year, as the lake takes in a few months at a time: without that each few of them read the whole document again.
    """

    folder: Path
    turn: int
    current: bool
    thread: ThreadPoolExecutor
    files: dict[tuple[Dataset, frozenset[str], int], "_SpoolFile"] = field(default_factory=dict)
    moments: dict[Dataset, datetime] = field(default_factory=dict)
    _writing: list[Future[None]] = field(default_factory=list)

    def add(self, selected: Piece | None, whole: Piece | None = None) -> None:
        """Add what is selected of a ``whole`` piece; what is not tells the document's moment all the same."""
        if seen := whole or selected:
            self._see(seen)
        if selected:
            self._add(selected)

    def _see(self, piece: Piece) -> None:
        dataset = piece.dataset
        if dataset.dated and not self.current:
            measured = piece.rows.filter(piece.rows[dataset.measured].is_valid())
            newest: datetime | None = pc.max(measured[dataset.time]).as_py()
            if newest:
                # no file was taken tomorrow, whatever a row of it says
                newest = min(newest, datetime.now(UTC))
                self.moments[dataset] = max(newest, self.moments.get(dataset, newest))

    def _add(self, piece: Piece) -> None:
        rows = pl.DataFrame(piece.rows)
        parts = rows.with_columns(pl.col(piece.dataset.time).dt.year().alias(_OF_YEAR)).partition_by(
            _OF_YEAR, as_dict=True, include_key=False
        )
        self._finish_writing()
        # a document that has no row left is one of its dataset all the same
        for (year,), part in parts.items() or [((0,), rows)]:
            file = self._file(piece, year)
            whole = part.with_columns(month_of(piece.dataset))
            file.months.update(dict(whole.get_column(MONTH).value_counts().iter_rows()))
            rows_of_year = whole.to_arrow().cast(file.schema)
            # while the next piece is read
            self._writing.append(self.thread.submit(file.writer.write_table, rows_of_year))

    def _finish_writing(self) -> None:
        wait(self._writing)  # of all, also where that is interrupted: a file is closed when nobody writes to it
        written, self._writing = self._writing, []
        for each in written:
            each.result()

    def _file(self, piece: Piece, year: int) -> "_SpoolFile":
        place = (piece.dataset, piece.present, year)
        if place not in self.files:
            path = self.folder / f"{self.turn:06}-{len(self.files):03}.parquet"
            self.files[place] = _SpoolFile.created(path, piece.dataset)
        return self.files[place]

    def close(self) -> Iterator[tuple[Dataset, Spooled]]:
        self._finish_writing()
        for (dataset, present, _), file in self.files.items():
            file.writer.close()
            moment = self.moments.get(dataset)
            yield (
                dataset,
                Spooled(file.path, self.turn, present, self.current, moment, dict(file.months), file.months.total()),
            )

    def discard(self) -> None:
        wait(self._writing)
        for file in self.files.values():
            file.writer.close()
            file.path.unlink(missing_ok=True)


@dataclass
class _SpoolFile:
    path: Path
    writer: pq.ParquetWriter
    schema: pa.Schema
    months: Counter[str] = field(default_factory=Counter)

    @classmethod
    def created(cls, path: Path, dataset: Dataset) -> "_SpoolFile":
        schema = dataset.schema.append(pa.field(MONTH, pa.string()))
        return cls(path, pq.ParquetWriter(path, schema, compression="lz4"), schema)


class Spool:
    """A scratch folder of documents that have been read whole, in turn; ``by_dataset`` has what they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turn = 0
        self.by_dataset: dict[Dataset, list[Spooled]] = {}
        self._thread = ThreadPoolExecutor(1, "spool")
        shutil.rmtree(folder, ignore_errors=True)  # what a killed refresh left; only one at a time runs in a home
        folder.mkdir(parents=True)

    @contextmanager
    def document(self, *, current: bool = True) -> Iterator[SpoolWriter]:
        """Pieces added inside count only if the block ends without an error."""
        # A document that breaks in its last row must leave nothing behind, and a year of it does not fit into memory:
        # so it goes to disk first, and into the lake once it is known to be whole.
        writer = SpoolWriter(self.folder, self._turn, current, self._thread)
        try:
            yield writer
            for dataset, spooled in writer.close():
                self.by_dataset.setdefault(dataset, []).append(spooled)
            self._turn += 1
        except BaseException:
            writer.discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)
