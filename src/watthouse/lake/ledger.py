"""The lake is a ledger: one append-only Delta table a dataset, every revision kept, a version for every reader.

A row is stamped ``observed_at``. The stamps of a dataset only grow: the stamp is also the version of a Delta
application transaction, so of two writers that saw the same state one is refused, looks again and tries again. Hence
"everything after stamp t" is exact, whatever compaction or vacuum did to the files in between.
"""

import errno
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError, TableNotFoundError

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import LakeError, TableError
from watthouse.lake.compare import TURN, Comparison, Counts, compare
from watthouse.lake.integrity import (
    Fault,
    Store,
    Written,
    fault_within,
    faults_of_files,
    faults_of_log,
    keep_digests,
    kept_digests,
    mend_log,
    set_aside,
)
from watthouse.lake.revisions import OBSERVED_AT, changes
from watthouse.lake.spool import MONTH, Spooled, month_of, stored_schema

FORMAT = 1
"""Version of the lake's own layout; a higher one in a table means that a newer watthouse wrote it."""

_FORMAT_KEY = "watthouse.format"
_KIND_KEY = "watthouse.data"
_ATTEMPTS = 12
_STORAGE_ERRORS = (DeltaError, OSError, pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Extent:
    """How much the lake holds of a dataset. ``newest_measured`` and ``missing_days`` look at measured rows only."""

    rows: int = 0
    bytes: int = 0
    files: int = 0
    version: int | None = None
    newest: datetime | date | None = None
    newest_measured: datetime | date | None = None
    missing_days: int = 0


@dataclass(frozen=True)
class Head:
    """Where a ledger stands: which one it is, its Delta version, its newest stamp (UTC), and its observations."""

    ledger: str
    version: int
    observed_until: datetime
    rows: int


Stamp = tuple[str, int, int] | tuple[str, int]
"""What tells one state of a table from another: the name, inode and time (ns) of the newest file of its log, where it
lies in a folder; else its id and version."""

_extents: dict[str, tuple[Stamp | None, Extent]] = {}
"""Of the tables looked at by this process, as they stood last: to look one over reads a column of all its files."""


class Lake:
    """The ledger under one root: a folder, or the URL of an object store with its ``storage_options``.

    ``kind`` is written into every table that it makes: what data they are.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        chunk_rows: int = 600_000,
        storage_options: Mapping[str, str] | None = None,
        kind: str | None = None,
    ) -> None:
        self.root = str(root).rstrip("/")
        self._chunk_rows = chunk_rows
        self._options = dict(storage_options) if storage_options else None
        self._kind = kind
        self._opened: dict[str, DeltaTable] = {}
        self._sound: set[str] = set()

    def observe(self, dataset: Dataset, documents: Sequence[Spooled]) -> Counts:
        """Append what the documents say that is new or changed, in one commit; raises :class:`LakeError`."""
        with self._errors(dataset):
            for attempt in range(_ATTEMPTS):
                try:
                    return self._observe(dataset, documents)
                except CommitFailedError:
                    time.sleep(random.uniform(0, min(2, 0.05 * 2**attempt)))  # so that two do not stay in step
        raise LakeError(f"{self.uri(dataset)}: other writers won {_ATTEMPTS} times in a row: try again")

    def rows(self, dataset: Dataset, *, since: datetime | None = None) -> pa.RecordBatchReader:
        """Every observation stamped after ``since``: the catalog's columns and ``observed_at``, in no order."""
        schema = _ledger_schema(dataset, [*dataset.names, OBSERVED_AT])
        with self._errors(dataset):
            table = self._open(dataset)
            self._refuse_faulty(dataset, table, self._files(dataset, table, since=since))
            chosen = self._scan(dataset, table, since=since).select(schema.names)
            return pa.RecordBatchReader.from_batches(schema, _batches(chosen, schema))

    def local_files(self, dataset: Dataset) -> list[str] | None:
        """The Parquet files of the ledger, for an engine that reads them faster itself; None where it cannot."""
        if "://" in self.root or set("*?[") & set(self.root):
            return None
        with self._errors(dataset):
            files = self._files(dataset, table := self._open(dataset))
            self._refuse_faulty(dataset, table, files)
            return files

    def as_of(self, dataset: Dataset, moment: datetime) -> pl.LazyFrame:
        """The newest observation of each identity as it was known at ``moment`` (UTC)."""
        return _newest(dataset, self.scan(dataset).filter(pl.col(OBSERVED_AT) <= moment))

    def scan(self, dataset: Dataset) -> pl.LazyFrame:
        """Every observation: the catalog's columns, ``observed_at`` and ``month``."""
        with self._errors(dataset):
            return self._scan(dataset, self._open(dataset))

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
        [``since``, ``until``]. A value that fills an empty cell is no revision; one that is withdrawn is. A slot's
        versions follow its ``nature`` first (consolidated after real time), then the order in which they were seen.
        """
        rows = _between(self.scan(dataset), since, until).drop(MONTH)
        with self._errors(dataset):
            return changes(dataset, rows, [column] if column else None)

    def compact(self, dataset: Dataset, *, files: int, retention: timedelta) -> int:
        """Merge the months that hold more than ``files`` files; returns how many months were merged.

        Files merged away are kept for ``retention``, for readers that started before.
        """
        with self._errors(dataset):
            table = self._open(dataset)
            crowded = _crowded_months(table, files) if table else []
            if table is None or not crowded:
                return 0
            self._refuse_faulty(dataset, table, self._files(dataset, table, crowded))
            try:
                table.optimize.compact(partition_filters=[(MONTH, "in", crowded)])
                table.vacuum(int(retention.total_seconds() // 3600), enforce_retention_duration=False, dry_run=False)
                table.create_checkpoint()
                keep_digests(self._store(dataset), _written(table))
            except CommitFailedError:
                return 0  # another writer compacts at this moment: the months are in its hands
            return len(crowded)

    def extent(self, dataset: Dataset) -> Extent:
        """Rows, bytes, version and freshness of a dataset; an empty :class:`Extent` where nothing was observed."""
        uri = self.uri(dataset)
        with self._errors(dataset):
            stamp = self._stamp(dataset)
            seen, extent = _extents.get(uri, (None, Extent()))
            if stamp != seen:
                table = self._open(dataset)
                extent = self._looked_over(dataset, table) if table else Extent()
                _extents[uri] = stamp, extent  # a commit that comes in between has another stamp for the next who asks
            return extent

    def _stamp(self, dataset: Dataset) -> Stamp | None:
        """None for a table that is not there; to open one reads all that was committed."""
        if entry := self._newest_entry(dataset):
            return entry
        table = self._open(dataset)
        return (str(table.metadata().id), table.version()) if table else None

    def _newest_entry(self, dataset: Dataset) -> tuple[str, int, int] | None:
        """None for a lake that is no folder, and a table that is not there."""
        if "://" in self.root:
            return None
        try:
            with os.scandir(Path(self.uri(dataset)) / "_delta_log") as entries:
                newest = max(
                    (one for one in entries if one.name.endswith(".json")), key=attrgetter("name"), default=None
                )
                stat = newest.stat() if newest else None
        except OSError:
            return None
        return (newest.name, stat.st_ino, stat.st_mtime_ns) if newest and stat else None

    def _looked_over(self, dataset: Dataset, table: DeltaTable) -> Extent:
        actions = pl.DataFrame(table.get_add_actions(flatten=True))
        ledger = self._scan(dataset, table)
        measured = ledger.filter(pl.col(dataset.measured).is_not_null())
        newest, seen = pl.collect_all(
            [
                ledger.select(pl.col(dataset.time).max()),
                measured.select(
                    pl.col(dataset.time).max().alias("newest"),
                    pl.col("date").min().alias("first"),
                    pl.col("date").max().alias("last"),
                    pl.col("date").n_unique().alias("days"),
                ),
            ]
        )
        row = seen.row(0, named=True)
        span = (row["last"] - row["first"]).days + 1 if row["first"] else 0
        return Extent(
            rows=int(actions["num_records"].sum()),
            bytes=int(actions["size_bytes"].sum()),
            files=actions.height,
            version=table.version(),
            newest=newest.item(),
            newest_measured=row["newest"],
            missing_days=span - row["days"] if span else 0,
        )

    def head(self, dataset: Dataset) -> Head | None:
        """Where a dataset's ledger stands, None where nothing was observed."""
        with self._errors(dataset):
            table = self._open(dataset)
            stamp = table.transaction_version(dataset.id) if table else None
            if table is None or stamp is None:
                return None
            rows = sum(written.rows for written in _written(table))
            return Head(str(table.metadata().id), table.version(), _moment(stamp), rows)

    def months_since(self, dataset: Dataset, moment: datetime) -> frozenset[str]:
        """The months (``YYYY-MM``, UTC) of which something was observed after ``moment``."""
        with self._errors(dataset):
            fresh = self._scan(dataset, self._open(dataset), since=moment)
            return frozenset(fresh.select(pl.col(MONTH).unique()).collect().get_column(MONTH).drop_nulls())

    def kinds(self) -> frozenset[str]:
        """What the tables say they are; nothing where none says it."""
        said = set()
        for dataset in CATALOG.values():
            with self._errors(dataset):
                if table := self._open(dataset):
                    said.add(table.metadata().configuration.get(_KIND_KEY))
        return frozenset(kind for kind in said if kind)

    def uri(self, dataset: Dataset) -> str:
        return f"{self.root}/{dataset.id}"

    def faults(self, dataset: Dataset, *, whole: bool = False) -> list[Fault]:
        """What of a table is not as it was written; nothing where there is no table.

        Names and sizes are looked at; ``whole`` reads every file as well, and holds it to its digest. Raises
        :class:`LakeError` where the table cannot be opened and no single file is to blame.
        """
        with self._errors(dataset):
            try:
                found = faults_of_log(self._store(dataset), whole=whole)
            except TableNotFoundError:
                return []
            table = None if found else self._open(dataset)
            return found + (faults_of_files(self._store(dataset), _written(table), whole=whole) if table else [])

    def refuse_faulty(self, dataset: Dataset, *, since: datetime | None = None) -> None:
        """Read the files with what was stamped after ``since``.

        Raises :class:`~watthouse.errors.TableError` for one that is not as it was written.
        """
        with self._errors(dataset):
            table = self._open(dataset)
            self._refuse_faulty(dataset, table, self._files(dataset, table, since=since))

    def restore(self, dataset: Dataset, rows: pl.DataFrame) -> int:
        """Append observations with the stamps they had, leaving out those the ledger holds; returns how many."""
        with self._errors(dataset):
            table, identity = self._open_to_write(dataset), [*dataset.identity, OBSERVED_AT]
            rows = rows.with_columns(month_of(dataset)).unique(identity, maintain_order=True)
            months = rows[MONTH].unique().to_list()
            held = self._scan(dataset, table, months).select(identity).collect()
            rows = rows.join(held, on=identity, how="anti", nulls_equal=True)
            if rows.height:
                names = [*dataset.names, OBSERVED_AT, MONTH]
                last = max(table.transaction_version(dataset.id) or 0, _microseconds(rows[OBSERVED_AT].max()))  # type: ignore[arg-type]
                write_deltalake(
                    table,
                    rows.select(names).to_arrow().cast(_ledger_schema(dataset, names)),
                    mode="append",
                    schema_mode="merge",
                    commit_properties=CommitProperties(app_transactions=[Transaction(dataset.id, last)]),
                )
                keep_digests(self._store(dataset), _written(table))
            return rows.height

    def repair_log(self, dataset: Dataset, stamp: str) -> bool:
        """Make a table usable whose log is damaged; False where that takes more than its log."""
        store = self._store(dataset)
        mend_log(store, faults_of_log(store, whole=True), stamp)
        return not faults_of_log(store, whole=True) and self._can_be_opened(dataset)

    def _can_be_opened(self, dataset: Dataset) -> bool:
        try:
            return self.head(dataset) is not None or self._open(dataset) is not None
        except LakeError:
            return False

    def drop_faulty_files(self, dataset: Dataset, stamp: str) -> int:
        """Put damaged files aside, and take them out of the table; returns the observations they held."""
        with self._errors(dataset):
            table = self._open(dataset)
            if table is None:
                return 0
            store = self._store(dataset)
            written = {one.path: one for one in _written(table)}
            faults = faults_of_files(store, written.values(), whole=True)
            for fault in faults:
                set_aside(store, fault.path, stamp)
            if faults:
                table.repair()
                keep_digests(store, _written(table))
            return sum(written[fault.path].rows for fault in faults)

    def sound(self, dataset: Dataset) -> tuple[pl.DataFrame, int]:
        """The identities and stamps in the files that are as they were written, and the rows of the other files."""
        with self._errors(dataset):
            table = self._open(dataset)
            written = _written(table) if table else []
            faulty = (
                {one.path for one in faults_of_files(self._store(dataset), written, whole=True)} if written else set()
            )
            good = [f"{self.uri(dataset)}/{one.path}" for one in written if one.path not in faulty]
            rows = self._scan_files(dataset, good).select(*dataset.identity, OBSERVED_AT).collect()
            return rows, sum(one.rows for one in written if one.path in faulty)

    def set_table_aside(self, dataset: Dataset, stamp: str) -> "Lake":
        """Move a whole table out of the way; returns the lake that it lies in now."""
        with self._errors(dataset):
            root, folder = Store(self.root, self._options), f"damaged-{stamp}"
            for path in root.sizes(dataset.id):
                root.move(path, f"{folder}/{path}")
            self._opened.pop(dataset.id, None)
            return Lake(f"{self.root}/{folder}", storage_options=self._options)

    def unnamed(self, dataset: Dataset, *, after: datetime | None = None) -> pl.DataFrame:
        """The observations stamped after a moment that stand in files which no entry of the log names.

        Of a table that cannot be opened, these are all files that can be read.
        """
        try:
            store = self._store(dataset)
        except TableNotFoundError:
            return pl.DataFrame(_ledger_schema(dataset, [*dataset.names, OBSERVED_AT]).empty_table())
        table = self._open(dataset) if self._can_be_opened(dataset) else None
        named = {one.path for one in _written(table)} if table else set()
        empty = pl.DataFrame(_ledger_schema(dataset, [*dataset.names, OBSERVED_AT]).empty_table())
        found = [empty]
        for path in store.sizes():
            if path.startswith(f"{MONTH}=") and path.endswith(".parquet") and path not in named:
                try:
                    rows = pl.read_parquet(store.read(path))
                except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
                    continue  # damaged too
                found.append(rows.select(name for name in empty.columns if name in rows.columns))
        rows = pl.concat(found, how="diagonal_relaxed").cast(empty.schema)
        rows = rows.unique([*dataset.identity, OBSERVED_AT], maintain_order=True)
        return rows.filter(pl.col(OBSERVED_AT) > after) if after else rows

    def _store(self, dataset: Dataset) -> Store:
        return Store(self.uri(dataset), self._options)

    def _refuse_faulty(self, dataset: Dataset, table: DeltaTable | None, files: Sequence[str]) -> None:
        """Before anything is made of the rows of these files."""
        fresh = set(files) - self._sound
        if table is None or not fresh:
            return
        store = self._store(dataset)
        digests = kept_digests(store)
        for written in _written(table):
            if (file := f"{self.uri(dataset)}/{written.path}") in fresh:
                fault = fault_within(store, written, digests)
                self._refuse(dataset, [fault] if fault else [])
                self._sound.add(file)

    def _refuse(self, dataset: Dataset, faults: Sequence[Fault]) -> None:
        if faults:
            more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
            raise TableError(f"{self.uri(dataset)}/{faults[0]}{more}: `watthouse repair` says what can be restored")

    @contextmanager
    def _errors(self, dataset: Dataset) -> Iterator[None]:
        """Turn what the storage says into one line, which names the file where one is to blame."""
        uri = self.uri(dataset)
        try:
            yield
        except CommitFailedError:
            raise
        except DeltaProtocolError as error:
            raise LakeError(
                f"{uri} uses Delta features this watthouse cannot read ({_first_line(error)}): upgrade watthouse"
            ) from error
        except _STORAGE_ERRORS as error:
            if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
                raise LakeError(
                    f"the disk is full at {uri}: free some space and run again; {dataset.id} stays as it was"
                ) from error
            self._blame(dataset)
            raise TableError(f"{uri} cannot be used: {_first_line(error)}") from error

    def _blame(self, dataset: Dataset) -> None:
        """Raise TableError for the file that is at fault, where one is."""
        try:
            store = self._store(dataset)
            faults = faults_of_log(store, whole=True)
            table = None if faults else DeltaTable(self.uri(dataset), storage_options=self._options)
            faults += faults_of_files(store, _written(table), whole=False) if table else []
        except _STORAGE_ERRORS:
            return  # the storage itself: what it said first is told
        self._refuse(dataset, faults)

    def _files(
        self,
        dataset: Dataset,
        table: DeltaTable | None,
        months: Sequence[str] | None = None,
        since: datetime | None = None,
    ) -> list[str]:
        """The files that may hold rows of these months, stamped after ``since``: paths as they are, never encoded."""
        actions = pl.DataFrame(table.get_add_actions(flatten=True)) if table else pl.DataFrame()
        if months is not None and actions.height:
            actions = actions.filter(pl.col(f"partition.{MONTH}").is_in(list(months)))
        if since is not None and f"max.{OBSERVED_AT}" in actions.columns:
            # Delta's statistics are cut to the millisecond, and a stamp may follow another within one
            actions = actions.filter((pl.col(f"max.{OBSERVED_AT}") >= _millisecond(since)).fill_null(value=True))
        return [f"{self.uri(dataset)}/{path}" for path in (actions["path"] if actions.height else ())]

    def _scan(
        self,
        dataset: Dataset,
        table: DeltaTable | None,
        months: Sequence[str] | None = None,
        since: datetime | None = None,
    ) -> pl.LazyFrame:
        """A lake written before the catalog gained a column reads as if that column had always been empty."""
        ledger = self._scan_files(dataset, self._files(dataset, table, months, since))
        return ledger if since is None else ledger.filter(pl.col(OBSERVED_AT) > since)

    def _scan_files(self, dataset: Dataset, files: list[str]) -> pl.LazyFrame:
        empty = pl.DataFrame(_ledger_schema(dataset, [*dataset.names, OBSERVED_AT]).empty_table())
        if not files:
            return empty.lazy().with_columns(month_of(dataset))
        ledger = pl.scan_parquet(
            files,
            schema=empty.schema,
            glob=False,
            hive_partitioning=False,
            missing_columns="insert",
            extra_columns="ignore",
            storage_options=self._options,
        )
        return ledger.with_columns(month_of(dataset))

    def _open(self, dataset: Dataset) -> DeltaTable | None:
        """The table as it is now; looked up once, and followed from there (a tenth of the time)."""
        table = self._opened.get(dataset.id)
        if table is not None:
            table.update_incremental()
            return table
        try:
            # deltalake passes over an empty entry as if nothing had been committed in it
            self._refuse(dataset, faults_of_log(self._store(dataset), whole=False))
            table = DeltaTable(self.uri(dataset), storage_options=self._options)
        except TableNotFoundError:
            return None
        written = int(table.metadata().configuration.get(_FORMAT_KEY, FORMAT))
        if written > FORMAT:
            raise LakeError(
                f"{self.uri(dataset)} was written by a newer watthouse (lake format {written}, this one knows"
                f" {FORMAT}): upgrade watthouse"
            )
        self._opened[dataset.id] = table
        return table

    def _open_to_write(self, dataset: Dataset) -> DeltaTable:
        table = self._open(dataset)
        if table is not None:
            return table
        try:
            return DeltaTable.create(
                self.uri(dataset),
                _ledger_schema(dataset, [*dataset.names, OBSERVED_AT, MONTH]),
                partition_by=[MONTH],
                configuration={
                    _FORMAT_KEY: str(FORMAT),
                    **({_KIND_KEY: self._kind} if self._kind else {}),
                    "delta.dataSkippingStatsColumns": ",".join([OBSERVED_AT, dataset.time]),
                },
                storage_options=self._options,
                raise_if_key_not_exists=False,
            )
        except DeltaError:
            table = self._open(dataset)  # another writer was first
            if table is None:
                raise
            return table

    def _observe(self, dataset: Dataset, documents: Sequence[Spooled]) -> Counts:
        table = self._open_to_write(dataset)
        last = table.transaction_version(dataset.id) or 0
        stamp = max(_microseconds(datetime.now(UTC)), last + 1)
        counts: list[Counts] = []

        def additions() -> Iterator[pa.RecordBatch]:
            for comparison in self._comparisons(dataset, table, documents):
                counts.append(comparison.counts)
                yield from _stamped(dataset, comparison.additions, stamp).to_batches()

        batches = _unless_empty(additions())
        if batches is not None:
            final = stamp + max(document.turn for document in documents)
            schema = _ledger_schema(dataset, [*dataset.names, OBSERVED_AT, MONTH])
            write_deltalake(
                table,
                pa.RecordBatchReader.from_batches(schema, batches),
                mode="append",
                schema_mode="merge",
                commit_properties=CommitProperties(app_transactions=[Transaction(dataset.id, final)]),
            )
            keep_digests(self._store(dataset), _written(table))
        return sum(counts, Counts())

    def _comparisons(self, dataset: Dataset, table: DeltaTable, documents: Sequence[Spooled]) -> Iterator[Comparison]:
        absent = {document.turn: frozenset(dataset.names) - document.present for document in documents}
        ageless = frozenset(document.turn for document in documents if not document.current)
        seen = pl.concat(
            pl.scan_parquet(document.path, glob=False, hive_partitioning=False).with_columns(
                pl.lit(document.turn, pl.Int32).alias(TURN)
            )
            for document in documents
        )
        for months in self._chunks(seen):
            self._refuse_faulty(dataset, table, self._files(dataset, table, months))
            chosen = pl.col(MONTH).is_in(months)
            ledger = self._scan(dataset, table, months).filter(chosen)
            known = _newest(dataset, ledger).select(dataset.names).collect()
            fresh = seen.filter(chosen).select(*dataset.names, TURN).collect()
            yield compare(dataset, known, fresh, absent, ageless)

    def _chunks(self, seen: pl.LazyFrame) -> Iterator[list[str]]:
        """Runs of months with about ``chunk_rows`` rows together."""
        months: list[str] = []
        rows = 0
        for month, height in seen.group_by(MONTH).len().sort(MONTH).collect().iter_rows():
            if months and rows + height > self._chunk_rows:
                yield months
                months, rows = [], 0
            months.append(month)
            rows += height
        if months:
            yield months


def _unless_empty(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch] | None:
    first = next((batch for batch in batches if batch.num_rows), None)
    if first is None:
        return None

    def again() -> Iterator[pa.RecordBatch]:
        yield first
        yield from batches

    return again()


def _stamped(dataset: Dataset, additions: pl.DataFrame, stamp: int) -> pa.Table:
    """Rows ready to append: each document's turn is a later microsecond."""
    moment = (pl.lit(stamp, pl.Int64) + pl.col(TURN)).cast(pl.Datetime("us", "UTC")).alias(OBSERVED_AT)
    rows = additions.with_columns(moment, month_of(dataset)).select(*dataset.names, OBSERVED_AT, MONTH)
    return rows.to_arrow().cast(_ledger_schema(dataset, rows.columns))


def _ledger_schema(dataset: Dataset, columns: Sequence[str]) -> pa.Schema:
    full = stored_schema(dataset).append(pa.field(OBSERVED_AT, pa.timestamp("us", tz="UTC")))
    return pa.schema([full.field(name) for name in columns])


def _batches(rows: pl.LazyFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for frame in rows.collect_batches():
        yield from frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches()


def _newest(dataset: Dataset, rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.sort(OBSERVED_AT).unique(list(dataset.identity), keep="last", maintain_order=True)


def _between(rows: pl.LazyFrame, since: date | None, until: date | None) -> pl.LazyFrame:
    if since:
        rows = rows.filter(pl.col("date") >= since)
    if until:
        rows = rows.filter(pl.col("date") <= until)
    return rows


def _written(table: DeltaTable) -> list[Written]:
    """The files that the log names."""
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if not actions.height:
        return []
    return [Written(*row) for row in actions.select("path", "size_bytes", "num_records").iter_rows()]


def _crowded_months(table: DeltaTable, files: int) -> list[str]:
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    months = actions.group_by(f"partition.{MONTH}").len().filter(pl.col("len") > files)
    return sorted(months[f"partition.{MONTH}"].to_list())


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
