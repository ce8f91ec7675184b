"""A warehouse being written: a file beside the published one, which takes its place when it is complete."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.errors import TableError, WatthouseError
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.transform import Node, Step, steps_as_text
from watthouse.warehouse.duckdb.file import (
    WRITTEN,
    Settings,
    catch_up,
    columns_of,
    connected,
    explain,
    loads,
    noted,
    prepare_raw,
    quoted,
)
from watthouse.warehouse.duckdb.replay import Replay
from watthouse.warehouse.steps import replayed

_NEAR_DAYS: Final = 31
"""Days up to which the file that a draft replaces is soon brought up to date: above, copying the new one is faster."""


class DuckDBDraft:
    """A file beside the published one.

    It ``is_near`` that one where it differs from it by a few days, appended and rebuilt. One that is ``behind`` is its
    predecessor, and is first brought up to date; raises :class:`duckdb.Error` where that cannot be.
    """

    def __init__(
        self, path: Path, settings: Settings, published: Path, fingerprint: str, *, behind: bool = False
    ) -> None:
        self.path = path
        self.is_near = False
        self._fingerprint = fingerprint
        self._published = published
        self._settings = settings
        self._unread: WatthouseError | None = None
        self._appended_only = True
        self._written: dict[str, str] = {}
        self._connection = self._connect()
        try:
            prepare_raw(self._connection)
            if behind:
                catch_up(self._connection, published)
        except duckdb.Error:
            self.close()
            raise

    def load(self, lake: Lake, dataset: Dataset, head: Head, *, anew: bool = False) -> int:
        """Append the observations stamped after the last load, and mark their days, in one transaction."""
        load = dict(loads(self._connection)).get(dataset.id)
        if anew and load:
            self._forget(dataset)
            load = None
        if load and load.head == head:
            return 0
        self._connection.execute("begin")
        self._unread = None
        try:
            count = self._append(lake, dataset, head, load.head if load else None)
            self._connection.execute("commit")
        except (WatthouseError, duckdb.Error) as error:
            with suppress(duckdb.TransactionException):  # a full disk has ended the transaction already
                self._connection.execute("rollback")
            # DuckDB reads the lake's files itself, and its error names neither the dataset nor what to do: where the
            # lake is damaged that is the cause, and only this dataset is left out.
            if self._unread:
                raise self._unread from None
            if isinstance(error, WatthouseError) or not lake.faults(dataset, whole=True):
                raise
            raise TableError(explain(lake.uri(dataset), error, "see `watthouse repair`")) from error
        return count

    def _append(self, lake: Lake, dataset: Dataset, head: Head, loaded: Head | None) -> int:
        """Raises TableError where the ledger has lost rows, whatever was appended to it since."""
        count = self._insert(lake, dataset, head, loaded.observed_until if loaded else None)
        before = head.rows - count  # the ledger's observations up to the last load
        if loaded and before < loaded.rows:
            raise lake.loss(dataset, loaded, before)
        if loaded and before > loaded.rows:  # a repair gave it older observations: what comes after the stamp is short
            self._forget(dataset)
            return self._append(lake, dataset, head, None)
        self._connection.execute("delete from raw.loads where dataset = $1", [dataset.id])
        state = [dataset.id, head.ledger, head.version, head.observed_until, datetime.now(UTC), head.rows]
        self._connection.execute(
            "insert into raw.loads (dataset, ledger, lake_version, observed_until, loaded_at, observations)"
            " values ($1, $2, $3, $4, $5, $6)",
            state,
        )
        return count

    def _insert(self, lake: Lake, dataset: Dataset, head: Head, since: datetime | None) -> int:
        # A whole ledger is read by DuckDB itself, in parallel; what is new since the last load is little, and comes
        # through Arrow. A commit after ``head`` waits for the next load: its rows would not be in ``raw.loads``.
        run = self._connection.execute
        files = lake.local_files(dataset) if since is None else None
        into = f"insert into raw.{dataset.table} by name from"
        if files:
            whole = "read_parquet($2, union_by_name = true, hive_partitioning = false)"
            rows = run(f"{into} {whole} where observed_at <= $1", [head.observed_until, files])
        else:
            incoming = self._kept(lake.rows(dataset, since=since))  # noqa: F841 (DuckDB finds it by its name)
            rows = run(f"{into} incoming where observed_at <= $1", [head.observed_until])
        ((count,),) = rows.fetchall()
        run(
            f"insert into raw.changed_days select distinct $1, date from raw.{dataset.table}"
            " where $2::timestamptz is null or observed_at > $2",
            [dataset.table, since],
        )
        return int(count)

    def _kept(self, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same rows; an error in reading them is kept, as DuckDB makes a text of it."""

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from rows
            except WatthouseError as error:
                self._unread = error
                raise

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    def _forget(self, dataset: Dataset) -> None:
        self._appended_only = False
        run = self._connection.execute
        run(f"insert into raw.changed_days select distinct $1, date from raw.{dataset.table}", [dataset.table])
        run(f"delete from raw.{dataset.table}")
        run("delete from raw.loads where dataset = $1", [dataset.id])

    def bring(self, table: str, pieces: Iterable[pa.Table]) -> None:
        run, made = self._connection.execute, f"brought.{table}"
        run("create schema if not exists brought")
        for number, piece in enumerate(pieces):  # noqa: B007 (DuckDB finds the piece by its name)
            run(f"insert into {made} by name from piece" if number else f"create table {made} as from piece")

    def carry_over(self, dataset: Dataset) -> bool:
        if dataset.id not in dict(noted(self._published, 1, loads) or ()):
            return False
        run, table = self._connection.execute, f"raw.{dataset.table}"
        run(f"attach '{quoted(self._published)}' as published (read_only)")
        published = columns_of(self._connection, f"published.{table}")
        shared = ", ".join(name for name in columns_of(self._connection, table) if name in published)
        run("begin")
        run(f"insert into {table} by name select {shared} from published.{table}")
        run("insert into raw.loads by name select * from published.raw.loads where dataset = $1", [dataset.id])
        run("commit")
        run("detach published")
        return True

    def replay(
        self, steps: Sequence[Step], datasets: Iterable[Dataset], on_node: Callable[[Node], None] = lambda _: None
    ) -> list[Node]:
        ((days,),) = self._connection.execute("select count(distinct civil_date) from raw.changed_days").fetchall()
        self.is_near = self._appended_only and days <= _NEAR_DAYS
        return replayed(steps, datasets, on_node, Replay(self._connection, written=self._written))

    def describe(self, about: Mapping[str, str]) -> None:
        self._connection.execute("create or replace table main.about (name varchar, value varchar)")
        self._connection.executemany("insert into main.about values ($1, $2)", [list(pair) for pair in about.items()])

    def release(self) -> Path:
        self.is_near = False
        self.close()
        return self.path.parent

    def remember(self, steps: Sequence[Step]) -> None:
        self._connection = self._connect()
        self._connection.execute("drop schema if exists brought cascade")
        self._connection.execute("delete from raw.builds")
        build = [self._fingerprint, steps_as_text(steps), datetime.now(UTC)]
        self._connection.execute("insert into raw.builds values ($1, $2, $3)", build)

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._connection.close()

    def finish(self) -> None:
        """Complete the file, and force it to the disk."""
        # Without the checkpoint part of the build would stay in a .wal file, which the rename leaves behind.
        self._connection.execute("delete from raw.changed_days")
        self._note_written()
        self._connection.execute("checkpoint")
        self.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def _note_written(self) -> None:
        """Where it differs from the build that it replaces."""
        self._connection.execute("create schema if not exists builds")
        self._connection.execute(f"create or replace table {WRITTEN} (relation varchar, condition varchar)")
        for written in self._written.items():
            self._connection.execute(f"insert into {WRITTEN} values ($1, $2)", list(written))

    def _connect(self) -> duckdb.DuckDBPyConnection:
        return connected(self.path, self._settings)
