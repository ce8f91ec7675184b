"""Documents on their way to the lake: a document is spooled whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watthouse.catalog import Dataset
from watthouse.lake.table import MONTH, month_of
from watthouse.sources.base import Piece


@dataclass(frozen=True)
class Spooled:
    """The rows of one document for one dataset: a Parquet file in the catalog's shape and their ``month``.

    ``present`` are the columns it carried. ``current`` means that it gives the present state, as a service does; a
    file may be of any age. ``moment`` is when such a file was taken, where it tells: the newest slot measured in it.
    """

    path: Path
    turn: int
    present: frozenset[str]
    current: bool = True
    moment: datetime | None = None

    def at(self, turn: int) -> "Spooled":
        """The same document at another turn."""
        return replace(self, turn=turn)


@dataclass
class SpoolWriter:
    """The files one document is being written to, by dataset and by the columns it carried."""

    folder: Path
    turn: int
    current: bool
    writers: dict[tuple[Dataset, frozenset[str]], tuple[Path, pq.ParquetWriter]] = field(default_factory=dict)
    moments: dict[Dataset, datetime] = field(default_factory=dict)

    def see(self, piece: Piece) -> None:
        """Learn the document's moment of a piece, whether or not it is added, or all of it."""
        dataset = piece.dataset
        if dataset.pictured and not self.current:
            measured = piece.rows.filter(pc.field(dataset.measured).is_valid())
            if newest := pc.max(measured[dataset.time]).as_py():
                self.moments[dataset] = max(newest, self.moments.get(dataset, newest))

    def add(self, piece: Piece) -> None:
        schema = piece.dataset.schema.append(pa.field(MONTH, pa.string()))
        slot = (piece.dataset, piece.present)
        if slot not in self.writers:
            path = self.folder / f"{self.turn:06}-{len(self.writers):02}.parquet"
            self.writers[slot] = (path, pq.ParquetWriter(path, schema, compression="lz4"))
        rows = pl.DataFrame(piece.rows).with_columns(month_of(piece.dataset))
        self.writers[slot][1].write_table(rows.to_arrow().cast(schema))

    def close(self) -> Iterator[tuple[Dataset, Spooled]]:
        for (dataset, present), (path, writer) in self.writers.items():
            writer.close()
            yield dataset, Spooled(path, self.turn, present, self.current, self.moments.get(dataset))

    def discard(self) -> None:
        for path, writer in self.writers.values():
            writer.close()
            path.unlink(missing_ok=True)


class Spool:
    """A scratch folder of documents that have been read whole, in turn; ``by_dataset`` has what they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turn = 0
        self.by_dataset: dict[Dataset, list[Spooled]] = {}
        shutil.rmtree(folder, ignore_errors=True)  # what a killed refresh left; only one at a time runs in a home
        folder.mkdir(parents=True)

    @contextmanager
    def document(self, *, current: bool = True) -> Iterator[SpoolWriter]:
        """Pieces added inside count only if the block ends without an error."""
        # A document that breaks in its last row must leave nothing behind, and a year of it does not fit into memory:
        # so it goes to disk first, and into the lake once it is known to be whole.
        writer = SpoolWriter(self.folder, self._turn, current)
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
        shutil.rmtree(self.folder, ignore_errors=True)
