"""One dataset's Delta table: opened once, its files checked before they are read, its storage's errors in one line."""

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import Final

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from watthouse.catalog import Dataset
from watthouse.errors import LakeError, StoreError, TableError
from watthouse.lake.compare import TURN
from watthouse.lake.integrity import (
    Damage,
    LoggedFile,
    Store,
    Written,
    fault_within,
    faults_of_files,
    faults_of_log,
    keep_digests,
    kept_digests,
    write_rows,
)
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.storage import Place

FORMAT: Final = 1
"""Version of the lake's own layout; a higher one in a table means that a newer watthouse wrote it."""
MONTH: Final = "month"
"""The partition: ``YYYY-MM`` (UTC) of a row."""
STORAGE_ERRORS: Final = (
    DeltaError,
    OSError,
    pa.ArrowException,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)

_FORMAT_KEY: Final = "watthouse.format"
_KIND_KEY: Final = "watthouse.data"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Head:
    """The state of a ledger: which one it is, its Delta version, its newest stamp (UTC), and its observations.

    Two are equal where nothing was observed in between: compaction and repair make versions without news.
    """

    ledger: str = field(compare=False)
    version: int = field(compare=False)
    observed_until: datetime
    rows: int


@dataclass
class Table:
    """The ledger of ``dataset`` in ``place``; what ``kind`` answers (published, or which sample) is written into it."""

    dataset: Dataset
    place: Place
    kind: Callable[[], str | None] = lambda: None
    _opened: DeltaTable | None = None
    _sound: set[str] = field(default_factory=set)

    @property
    def uri(self) -> str:
        """The place, as a path or a URL."""
        return self.place.url

    @cached_property
    def store(self) -> Store:
        """Its files; raises :class:`deltalake.exceptions.TableNotFoundError` for a folder that is not there."""
        return Store(self.place)

    @cached_property
    def schema(self) -> pa.Schema:
        """The catalog's columns and ``observed_at``."""
        return self.dataset.schema.append(pa.field(OBSERVED_AT, pa.timestamp("us", tz="UTC")))

    @cached_property
    def stored_schema(self) -> pa.Schema:
        """The same with :data:`MONTH`."""
        return self.schema.append(pa.field(MONTH, pa.string()))

    def open(self) -> DeltaTable | None:
        """The table as it is now; opened once and updated from there, which takes a tenth of the time."""
        if self._opened is not None:
            self._opened.update_incremental()
        else:
            try:
                # deltalake passes over an empty entry as if nothing had been committed in it: after a power cut the
                # rows of that commit would be missing without a word
                self._refuse(faults_of_log(self.store, whole=False))
                self._opened = self._reopened()
            except TableNotFoundError:
                return None
        self._refuse_newer(self._opened)
        return self._opened

    def open_to_write(self) -> DeltaTable:
        """The table, created if it does not exist."""
        if (table := self.open()) is not None:
            return table
        try:
            return DeltaTable.create(
                self.uri,
                self.stored_schema,
                partition_by=[MONTH],
                configuration={
                    _FORMAT_KEY: str(FORMAT),
                    **({_KIND_KEY: kind} if (kind := self.kind()) else {}),
                    "delta.dataSkippingStatsColumns": ",".join([OBSERVED_AT, self.dataset.time]),
                },
                storage_options=self.place.delta_options,
                raise_if_key_not_exists=False,
            )
        except DeltaError:
            if (table := self.open()) is None:  # another writer was first
                raise
            return table

    def forget(self) -> None:
        """Open it again the next time."""
        self._opened = None

    def kind_written(self) -> str | None:
        """The kind of data that is written into the table."""
        table = self.open()
        return table.metadata().configuration.get(_KIND_KEY) if table else None

    def batches(self, frames: Iterable[pl.DataFrame], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Their rows that are stamped after ``since``, in :attr:`schema`."""
        with self.errors():
            for frame in frames:
                fresh = frame.filter(pl.col(OBSERVED_AT) > since) if since else frame
                rows = fresh.select(self.schema.names).to_arrow(compat_level=pl.CompatLevel.oldest())
                yield from rows.cast(self.schema).to_batches()

    def stamped(self, additions: pl.DataFrame, stamp: int) -> Iterator[Written]:
        """Write rows ahead of their commit: a document's turn counts microseconds after ``stamp``."""
        moment = (pl.lit(stamp, pl.Int64) + pl.col(TURN)).cast(pl.Datetime("us", "UTC")).alias(OBSERVED_AT)
        return self.write(additions.with_columns(moment, month_of(self.dataset)).select(self.stored_schema.names))

    def write(self, rows: pl.DataFrame) -> Iterator[Written]:
        """Write rows of :attr:`stored_schema`, whole months at a time, ahead of the commit that names them all."""
        # delta-rs keeps every month that it has begun in memory until the last row has come: for 13 years of regional
        # rows that was 2 GB.
        months = rows.partition_by(MONTH, as_dict=True, include_key=False).items()
        counted = (OBSERVED_AT, self.dataset.time)
        for (month,), part in months:
            yield write_rows(self.store, {MONTH: month}, part, self.schema, counted)

    def append(self, table: DeltaTable, files: Sequence[Written], last: int) -> None:
        """Commit files; ``last`` is their newest stamp [µs since 1970]. Without files nothing is committed.

        Raises CommitFailedError where another writer has committed since ``table`` was opened.
        """
        if not files:  # an empty commit would give the table a new version, and have everything built again
            return
        known, declared = {field.name for field in table.schema().fields}, Schema.from_arrow(self.stored_schema).fields
        if gained := [field for field in declared if field.name not in known]:
            table.alter.add_columns(gained)
        actions: list[AddAction | RemoveAction] = [file.action() for file in files]
        properties = CommitProperties(app_transactions=[Transaction(self.dataset.id, last)])
        table.create_write_transaction(actions, "append", table.schema(), [MONTH], commit_properties=properties)
        table.update_incremental()
        keep_digests(self.store, written_files(table), {file.path: file.digest for file in files})

    @contextmanager
    def discarding(self, files: Sequence[Written]) -> Iterator[None]:
        """Remove files where the block fails and no commit names them."""
        try:
            yield
        except BaseException:
            # A commit may stand although it raised: its answer was lost, or the disk was full for what follows it. What
            # cannot be looked at is kept.
            with suppress(Exception):
                named = {logged.path for logged in written_files(self._reopened())}
                for file in files:
                    if file.path not in named:
                        self.store.remove(file.path)
            raise

    def head(self, opened: DeltaTable | None = None) -> Head | None:
        """The state of the ledger, as it is now or as it was ``opened``; None where nothing was observed."""
        with self.errors():
            table = opened or self.open()
            stamp = self.last_stamp(table) if table else None
            if table is None or stamp is None:
                return None
            rows = sum(logged.rows for logged in written_files(table))
            until = _EPOCH + timedelta(microseconds=stamp)
            return Head(str(table.metadata().id), table.version(), until, rows)

    def last_stamp(self, table: DeltaTable) -> int | None:
        """The newest stamp committed [µs since 1970]: the version of the table's own application transaction."""
        return table.transaction_version(self.dataset.id)

    def files(
        self, table: DeltaTable | None, months: Sequence[str] | None = None, since: datetime | None = None
    ) -> list[str]:
        """The files that may hold rows of these months, stamped after ``since``: paths as they are, never encoded.

        ``table`` is what was opened: what is compared with it must be what a commit is checked against.
        """
        actions = pl.DataFrame(table.get_add_actions(flatten=True)) if table else pl.DataFrame()
        if months is not None and actions.height:
            actions = actions.filter(pl.col(f"partition.{MONTH}").is_in(list(months)))
        if since is not None and f"max.{OBSERVED_AT}" in actions.columns:
            # Delta's statistics are cut to the millisecond, and stamps within one millisecond happen when the clock was
            # stepped back: the warehouse once missed such rows.
            cut = since.replace(microsecond=since.microsecond // 1000 * 1000)
            actions = actions.filter((pl.col(f"max.{OBSERVED_AT}") >= cut).fill_null(value=True))
        return [f"{self.uri}/{path}" for path in (actions["path"] if actions.height else ())]

    def scan(
        self, table: DeltaTable | None, months: Sequence[str] | None = None, since: datetime | None = None
    ) -> pl.LazyFrame:
        """The rows of these files that are stamped after ``since``, with ``month``."""
        ledger = self.scan_files(self.files(table, months, since))
        return ledger if since is None else ledger.filter(pl.col(OBSERVED_AT) > since)

    def scan_files(self, files: Sequence[str] | Sequence[BytesIO]) -> pl.LazyFrame:
        """The rows of these files, or contents; a column that the catalog gained after they were written is empty."""
        empty = pl.DataFrame(self.schema.empty_table())
        if not files:
            return empty.lazy().with_columns(month_of(self.dataset))
        ledger = pl.scan_parquet(
            files,  # type: ignore[arg-type]
            schema=empty.schema,
            glob=False,
            hive_partitioning=False,
            missing_columns="insert",
            extra_columns="ignore",
            storage_options=self.place.polars_options,
            credential_provider=None,  # of its own it would ask the libraries of the clouds, where one is installed
        )
        return ledger.with_columns(month_of(self.dataset))

    def refuse_faulty(self, table: DeltaTable | None, files: Sequence[str]) -> None:
        """Check these files before their rows are used; each is read once.

        Raises :class:`~watthouse.errors.TableError` for one that is not as it was written.
        """
        fresh = set(files) - self._sound
        if table is None or not fresh:
            return
        digests = kept_digests(self.store)
        for written in written_files(table):
            if (file := f"{self.uri}/{written.path}") in fresh:
                fault = fault_within(self.store, written, digests)
                self._refuse([fault] if fault else [])
                self._sound.add(file)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the storage raises into one line, which names the file if one is to blame."""
        try:
            yield
        except CommitFailedError:
            raise
        except DeltaProtocolError as error:
            raise LakeError(
                f"{self.uri} uses Delta features this watthouse cannot read ({_first_line(error)}): upgrade watthouse"
            ) from error
        except STORAGE_ERRORS as error:
            if cause := self.place.cause(error):
                raise StoreError(cause) from error
            if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
                raise LakeError(
                    f"the disk is full at {self.uri}: free some space and run again; {self.dataset.id} stays as it was"
                ) from error
            self._blame()
            raise TableError(f"{self.uri} cannot be used: {_first_line(error)}") from error

    def error_of(self, faults: Sequence[Damage]) -> TableError:
        """The error that names the first of these faults."""
        more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
        return TableError(f"{self.uri}/{faults[0]}{more}: `watthouse repair` says what can be restored")

    def _reopened(self) -> DeltaTable:
        return DeltaTable(self.uri, storage_options=self.place.delta_options)

    def _refuse_newer(self, table: DeltaTable) -> None:
        written = int(table.metadata().configuration.get(_FORMAT_KEY, FORMAT))
        if written > FORMAT:
            raise LakeError(
                f"{self.uri} was written by a newer watthouse (lake format {written}, this one knows"
                f" {FORMAT}): upgrade watthouse"
            )

    def _refuse(self, faults: Sequence[Damage]) -> None:
        if faults:
            raise self.error_of(faults)

    def _blame(self) -> None:
        """Raise TableError for the file that is at fault, where one is."""
        try:
            faults = faults_of_log(self.store, whole=True)
            table = None if faults else self._reopened()
            faults += faults_of_files(self.store, written_files(table), whole=False) if table else []
        except STORAGE_ERRORS:
            return  # the storage itself is at fault: its first error is the one to report
        self._refuse(faults)


def written_files(table: DeltaTable) -> list[LoggedFile]:
    """The files that the log names."""
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if not actions.height:
        return []
    return [LoggedFile(*row) for row in actions.select("path", "size_bytes", "num_records").iter_rows()]


def month_of(dataset: Dataset) -> pl.Expr:
    """The :data:`MONTH` of a row."""
    return pl.col(dataset.time).dt.strftime("%Y-%m").alias(MONTH)


def newest(dataset: Dataset, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The last observation of each identity."""
    return rows.sort(OBSERVED_AT).unique(list(dataset.identity), keep="last", maintain_order=True)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, as stamps are counted."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
