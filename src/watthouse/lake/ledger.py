"""The lake is a ledger: one append-only Delta table per dataset, every revision kept, a version for every reader.

A row is stamped ``observed_at``. The stamps of a dataset only grow: the stamp is also the version of a Delta
application transaction, so of two writers that saw the same state one is refused, reads again and retries. Hence
"everything after stamp t" is exact, whatever compaction or vacuum did to the files in between.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import LakeError, TableError
from watthouse.lake import damage, remote
from watthouse.lake.compare import TURN, Comparison, Counts, compare
from watthouse.lake.extent import Extent, extent_of
from watthouse.lake.integrity import LOG, Damage, Store, Written, has_log, keep_digests
from watthouse.lake.revisions import OBSERVED_AT, changes
from watthouse.lake.spool import Spooled
from watthouse.lake.table import MONTH, Head, Table, microseconds, newest, written_files
from watthouse.storage import Place, place_of

_ATTEMPTS: Final = 12

OnRows = Callable[[int, int], None]
Marking = Callable[[pl.DataFrame], pl.DataFrame]


class Lake:
    """The ledger in one place: a folder, or a bucket that several machines may write to at the same time.

    What ``kind`` answers (published data, or which sample) is written into every table that it makes. A month may
    hold ``compact_files`` files before :meth:`compact` merges them.
    """

    def __init__(
        self,
        place: Place | str | Path,
        *,
        chunk_rows: int = 150_000,
        compact_files: int = 8,
        retention: timedelta = timedelta(days=30),
        kind: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.place = place_of(place)
        self._chunk_rows = chunk_rows
        self._compact_files = compact_files
        self._retention = retention
        self._kind = kind
        self._tables: dict[str, Table] = {}
        self.observed: dict[str, Head | None] = {}
        """The state in which observing left each dataset, by id."""

    def uri(self, dataset: Dataset) -> str:
        return f"{self.place.url}/{dataset.id}"

    def table(self, dataset: Dataset) -> Table:
        """The table of a dataset, whether it exists or not."""
        table = self._tables.get(dataset.id)
        if table is None or table.dataset != dataset:
            table = self._tables[dataset.id] = Table(dataset, self.place / dataset.id, self._kind)
        return table

    def observe(
        self,
        dataset: Dataset,
        documents: Sequence[Spooled],
        confirm: Callable[[], None] = lambda: None,
        *,
        marked: Marking | None = None,
        on_rows: OnRows = lambda _done, _total: None,
    ) -> Counts:
        """Append the rows of the documents that are new or changed, in one commit; raises :class:`LakeError`.

        ``confirm`` is called before they are compared, each time: it raises where they are no longer wanted.
        ``marked`` is given rows with their turn, and says which are :data:`~watthouse.lake.compare.OUTDATED`;
        ``on_rows`` is told how many rows of how many are done.
        """
        table = self.table(dataset)
        for attempt in range(_ATTEMPTS):
            try:
                return self._observe(table, documents, confirm, marked, on_rows)
            except CommitFailedError:
                # at random: two writers that collided and waited equally long would collide again
                time.sleep(random.uniform(0, min(2, 0.05 * 2**attempt)))
        raise LakeError(f"{table.uri}: other writers won {_ATTEMPTS} times in a row: try again")

    def rows(self, dataset: Dataset, *, since: datetime | None = None) -> pa.RecordBatchReader:
        """Every observation stamped after ``since``: the catalog's columns and ``observed_at``, unordered."""
        table = self.table(dataset)
        with table.errors():
            opened = table.open()
            if opened and self.place.is_shared:
                frames = remote.frames(table, opened, frozenset(table.files(opened, since=since)))
            else:
                table.refuse_faulty(opened, table.files(opened, since=since))
                frames = table.scan(opened, since=since).collect_batches()
            return pa.RecordBatchReader.from_batches(table.schema, table.batches(frames, since))

    def local_files(self, dataset: Dataset) -> list[str] | None:
        """The Parquet files of the ledger, for an engine that reads them faster itself; None where it cannot."""
        # an engine takes these characters for a pattern, in a list of files too
        if self.place.is_shared or set("*?[") & set(self.place.url):
            return None
        table = self.table(dataset)
        with table.errors():
            files = table.files(opened := table.open())
            table.refuse_faulty(opened, files)
            return files

    def as_of(self, dataset: Dataset, moment: datetime) -> pl.LazyFrame:
        """The newest observation of each identity as it was known at ``moment`` (UTC)."""
        return newest(dataset, self.scan(dataset).filter(pl.col(OBSERVED_AT) <= moment))

    def scan(self, dataset: Dataset) -> pl.LazyFrame:
        """Every observation: the catalog's columns, ``observed_at`` and ``month``."""
        table = self.table(dataset)
        with table.errors():
            return table.scan(table.open())

    def revisions(
        self,
        dataset: Dataset,
        *,
        since: date | None = None,
        until: date | None = None,
        column: str | None = None,
    ) -> pl.DataFrame:
        """What changed in what was published, oldest slot first.

        Columns: the key, ``column``, ``from``, ``to`` (as text) and ``seen`` (UTC), for slots whose civil day lies in
        [``since``, ``until``]. Filling an empty cell is not a revision; withdrawing a value is. A slot's versions
        follow its ``nature`` first (consolidated after real time), then the order in which they were seen.
        """
        rows = self.scan(dataset).drop(MONTH)
        if since:
            rows = rows.filter(pl.col("date") >= since)
        if until:
            rows = rows.filter(pl.col("date") <= until)
        with self.table(dataset).errors():
            return changes(dataset, rows, [column] if column else None)

    def compact(self, dataset: Dataset) -> int:
        """Merge the small files that observing left; returns in how many months.

        Files merged away are kept for the ``retention``, for readers that started before.
        """
        table = self.table(dataset)
        with table.errors():
            opened = table.open()
            crowded = _crowded_months(opened, self._compact_files) if opened else []
            if opened is None or not crowded:
                return 0
            table.refuse_faulty(opened, table.files(opened, crowded))
            try:
                opened.optimize.compact(partition_filters=[(MONTH, "in", crowded)])
                hours = int(self._retention.total_seconds() // 3600)
                opened.vacuum(hours, enforce_retention_duration=False, dry_run=False)
                opened.create_checkpoint()
                keep_digests(table.store, written_files(opened))
            except CommitFailedError:
                return 0  # another writer is compacting the same months
            return len(crowded)

    def extent(self, dataset: Dataset) -> Extent:
        """Rows, bytes, version and freshness of a dataset; an empty :class:`Extent` where nothing was observed."""
        table = self.table(dataset)
        with table.errors():
            return extent_of(table)

    def head(self, dataset: Dataset) -> Head | None:
        """The state of a dataset's ledger, None where nothing was observed."""
        return self.table(dataset).head()

    def months_since(self, dataset: Dataset, moment: datetime) -> frozenset[str]:
        """The months (``YYYY-MM``, UTC) with observations after ``moment``."""
        table = self.table(dataset)
        with table.errors():
            fresh = table.scan(table.open(), since=moment)
            return frozenset(fresh.select(pl.col(MONTH).unique()).collect().get_column(MONTH).drop_nulls())

    def is_empty(self) -> bool:
        """Whether there is no table, damaged or not."""
        if not self.place.is_shared:
            return not any(self.place.path.glob(f"*/{LOG}"))
        return not any(has_log(self.place / dataset.id) for dataset in CATALOG.values())

    def kinds(self) -> frozenset[str]:
        """The kinds written into the tables; empty where none has one."""
        kinds = set()
        for dataset in CATALOG.values():
            with (table := self.table(dataset)).errors():
                kinds.add(table.kind_written())
        return frozenset(kind for kind in kinds if kind)

    def faults(self, dataset: Dataset, *, whole: bool = False) -> list[Damage]:
        """As :func:`watthouse.lake.damage.faults` of its table."""
        return damage.faults(self.table(dataset), whole=whole)

    def loss(self, dataset: Dataset, loaded: Head, held: int) -> TableError:
        """The error that observations are gone which a warehouse has loaded; ``held`` are those that are left."""
        return TableError(
            f"{self.uri(dataset)} lacks {loaded.rows - held:,} of the {loaded.rows:,} observations that were loaded"
            f" from it until {loaded.observed_until:%Y-%m-%d %H:%MZ}: `watthouse repair` says what can be restored"
        )

    def set_table_aside(self, dataset: Dataset, stamp: str) -> "Lake":
        """Move a whole table out of the way; returns the lake that it is in now."""
        table, store = self.table(dataset), Store(self.place)
        folder = damage.begun_aside(table, store) or f"damaged-{stamp}"
        damage.set_table_aside(table, store, folder)
        return Lake(self.place / folder)

    def _observe(
        self,
        table: Table,
        documents: Sequence[Spooled],
        confirm: Callable[[], None],
        marked: Marking | None,
        on_rows: OnRows,
    ) -> Counts:
        confirm()
        compared, files = [Counts()], list[Written]()
        done, total = 0, sum(map(attrgetter("rows"), documents))
        with table.errors(), table.discarding(files):
            opened = table.open_to_write()
            # Clocks are stepped back (NTP, a resumed machine): the stamp goes on by a microsecond then, not backwards.
            stamp = max(microseconds(datetime.now(UTC)), (table.last_stamp(opened) or 0) + 1)
            for months in self._chunks(documents):
                comparison = self._compare(table, opened, documents, months, marked)
                files += table.stamped(comparison.additions, stamp)
                compared.append(comparison.counts)
                if (done := done + comparison.counts.fetched) < total:
                    on_rows(done, total)
            table.append(opened, files, stamp + max(map(attrgetter("turn"), documents), default=0))
        self.observed[table.dataset.id] = table.head(opened)
        return sum(compared, Counts())

    def _compare(
        self,
        table: Table,
        opened: DeltaTable,
        documents: Sequence[Spooled],
        months: Sequence[str],
        marked: Marking | None,
    ) -> Comparison:
        dataset, chosen = table.dataset, pl.col(MONTH).is_in(months)
        absent = {document.turn: frozenset(dataset.names) - document.present for document in documents}
        ageless = frozenset(document.turn for document in documents if not document.current)
        incoming = pl.concat(_rows(document) for document in documents if document.months.keys() & set(months))
        fresh = incoming.filter(chosen).select(*dataset.names, TURN).collect()
        # Before the comparison, not after: against a damaged file every row would be news.
        table.refuse_faulty(opened, table.files(opened, months))
        known = newest(dataset, table.scan(opened, months).filter(chosen)).select(dataset.names).collect()
        return compare(dataset, known, marked(fresh) if marked else fresh, absent, ageless)

    def _chunks(self, documents: Sequence[Spooled]) -> list[list[str]]:
        """Runs of months with about ``chunk_rows`` rows together."""
        rows: Counter[str] = Counter()
        for document in documents:
            rows.update(document.months)
        runs: list[list[str]] = []
        height = 0
        for month in sorted(rows):
            height += rows[month]
            if not runs or height > self._chunk_rows:
                runs.append([])
                height = rows[month]
            runs[-1].append(month)
        return runs


def _rows(document: Spooled) -> pl.LazyFrame:
    rows = pl.scan_parquet(document.path, glob=False, hive_partitioning=False)
    return rows.with_columns(pl.lit(document.turn, pl.Int32).alias(TURN))


def _crowded_months(table: DeltaTable, files: int) -> list[str]:
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    months = actions.group_by(f"partition.{MONTH}").len().filter(pl.col("len") > files)
    return sorted(months[f"partition.{MONTH}"].to_list())
