"""DuckDB: no server, one file. A build writes a copy beside it and renames that into place.

A reader keeps the file it opened: it waits for nothing and never sees half a build.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import pyarrow as pa

from watthouse.catalog import CATALOG, Dataset, Kind
from watthouse.errors import TableError, UsageError, WarehouseError, WatthouseError
from watthouse.lake.ledger import Head, Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.transform import Node, Step, replay
from watthouse.transform.breaking import Tested, breaking, tested, tests_of
from watthouse.warehouse.base import Loaded

_TYPES: Final = {
    Kind.INSTANT: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
    Kind.WHOLE: "INTEGER",
    Kind.RATE: "DOUBLE",
    Kind.TEMPERATURE: "DECIMAL(9,3)",
    Kind.STOCK: "DECIMAL(18,6)",
}
_BUILDING: Final = "building-"
_KEPT: Final = "kept-"
_DAY_COLUMNS: Final = ("civil_date", "civil_month", "civil_year")
_WITHIN_A_DAY: Final = ("date_heure", "code_insee_region", "source", "pits", "dataset", "measure", "span")


_PIECE_ROWS: Final = 100_000

T = TypeVar("T")
Bounds = tuple[date | int | None, date | int | None]


class DuckDB:
    """The default warehouse: the file at ``path``."""

    def __init__(self, path: Path, *, threads: int = 2, memory_limit: str = "2GB") -> None:
        self.path = path
        self._threads = threads
        self._memory_limit = memory_limit

    @property
    def aside(self) -> Path:
        """Where this process's build writes before it is published: the same name, so that views stay true."""
        return self.path.parent / f"{_BUILDING}{os.getpid()}" / self.path.name

    def loaded(self) -> dict[str, Loaded]:
        return dict(self._books(_loads) or ())

    def is_readable(self) -> bool:
        return not self.path.exists() or self._books(_loads) is not None

    def steps(self, fingerprint: str) -> list[Step] | None:
        query = "select steps from raw.builds where fingerprint = $1"
        kept = self._books(lambda connection: connection.execute(query, [fingerprint]).fetchall())
        return [Step.of(said) for said in json.loads(kept[0][0])] if kept else None

    def tested(self) -> list[Tested]:
        with self._testing() as (connection, steps):
            return [*tested(connection, steps)]

    def breaking(self, test: str) -> pa.Table:
        with self._testing() as (connection, steps):
            if test not in (known := tests_of(steps)):
                raise UsageError(f"unknown test '{test}': there are {', '.join(known)}")
            return breaking(connection, known[test])

    @contextmanager
    def _testing(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[Step]]]:
        """The warehouse, and the steps that its last whole build left."""
        if not self.path.exists():
            raise WarehouseError(f"there is no warehouse at {self.path} yet: run `watthouse refresh` first")
        with self._reading() as connection:
            kept = connection.execute("select steps from raw.builds").fetchall()
            if not kept:
                raise WarehouseError(f"{self.path} was never built whole: run `watthouse build --full`")
            yield connection, [Step.of(said) for said in json.loads(kept[0][0])]

    def _books(self, read: Callable[[duckdb.DuckDBPyConnection], list[T]]) -> list[T] | None:
        """What it says of itself; None where there is no file, a broken one, or one that another watthouse laid out."""
        if not self.path.exists():
            return None
        try:
            with self._reading() as connection:
                return read(connection)
        except WarehouseError:
            return None

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:
        if dataset.id not in self.loaded():
            return
        table = f"raw.{dataset.table}"
        with self._reading() as connection:
            held = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            names = ", ".join(name for name in [*dataset.names, OBSERVED_AT] if name in held)
            years = connection.execute(f"select distinct year({dataset.time}) from {table} order by 1").fetchall()
            for (year,) in years:
                found = connection.sql(f"select {names} from {table} where year({dataset.time}) = $1", params=[year])
                yield found.to_arrow_table()

    def keep(self) -> Path | None:
        if not self.path.exists():
            return None
        # Under its own name, which its views carry, and in a folder that `watthouse serve --home` can show.
        kept = self.path.parent / f"{_KEPT}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}" / self.path.name
        try:
            kept.parent.mkdir(parents=True)
            _doubled(self.path, kept)
            for note in self.path.parent.glob("home.json"):
                shutil.copyfile(note, kept.parent / note.name)
        except OSError as error:
            raise WarehouseError(_explain(self.path, error, "the warehouse stays as it was")) from error
        return kept

    def sweep(self) -> None:
        for folder in self.path.parent.glob(f"{_BUILDING}*"):
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def draft(self, *, empty: bool = False) -> Iterator["DuckDBDraft"]:
        """Raises :class:`WarehouseError` where the disk is full; the published file stays as it was."""
        try:
            self.aside.parent.mkdir(parents=True)
            copied = nullcontext() if empty else _copied(self.path, self.aside)
            with copied, closing(DuckDBDraft(self.aside, self._settings(), self.path)) as draft:
                yield draft
                draft.finish()
            self.aside.replace(self.path)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(_explain(self.path, error, "the warehouse stays as it was")) from error
        finally:
            self.sweep()

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        return pa.concat_tables(self.pieces(mart, since=since, until=until, columns=columns))

    def pieces(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        if not self.path.exists():
            raise WarehouseError(f"there is no warehouse at {self.path} yet: run `watthouse refresh` first")
        with self._reading() as connection:
            if mart not in (known := _tables(connection, "marts")):
                raise UsageError(f"unknown mart '{mart}': there are {', '.join(known)}")
            held = [row[0] for row in connection.execute(f"describe marts.{mart}").fetchall()]
            chosen = _chosen(mart, held, columns)
            day = next(name for name in _DAY_COLUMNS if name in held)
            within = f"from marts.{mart} where ($1 is null or {day} >= $1) and ($2 is null or {day} <= $2)"
            bounds = (_bound(day, since), _bound(day, until))
            (extent,) = connection.execute(f"select count(*), min({day}), max({day}) {within}", bounds).fetchall()
            for piece in _spans(day, bounds, extent):
                rows = f"select {', '.join(chosen)} {within} order by {_order(held, day)}"
                yield connection.sql(rows, params=[*piece]).to_arrow_table()

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with duckdb.connect(self.path, read_only=True, config={"threads": self._threads}) as connection:
                connection.execute("set TimeZone = 'UTC'")
                yield connection
        except duckdb.Error as error:
            advice = "`watthouse build --full` makes it anew from the lake"
            raise WarehouseError(_explain(self.path, error, advice)) from error

    def _settings(self) -> dict[str, str | bool | int | float | list[str]]:
        return {"threads": self._threads, "memory_limit": self._memory_limit, "preserve_insertion_order": False}


def _doubled(source: Path, target: Path) -> None:
    """A second name for the file, which nobody writes to once it is published; a copy where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def _copied(source: Path, target: Path) -> Iterator[None]:
    """A copy that is being written to the disk meanwhile: a checkpoint would wait for all of it at the end."""
    shutil.copyfile(source, target)
    with target.open("rb") as file, ThreadPoolExecutor(1) as beside:
        written = beside.submit(os.fsync, file.fileno())
        yield
        written.result()  # what the disk refused is told once, to whoever asks first


class DuckDBDraft:
    """A file beside the published one."""

    def __init__(self, path: Path, settings: dict[str, str | bool | int | float | list[str]], published: Path) -> None:
        self.path = path
        self._published = published
        self._settings = settings
        self._connection = self._connect()
        self._prepare()

    def load(self, lake: Lake, dataset: Dataset, *, anew: bool = False) -> int:
        """Append the observations stamped after the last load, and mark their days, in one transaction."""
        held, head = dict(_loads(self._connection)).get(dataset.id), lake.head(dataset)
        if anew and held:
            self._forget(dataset)
            held = None
        if head is None or (held and held.head.observed_until == head.observed_until and held.head.rows == head.rows):
            return 0
        self._connection.execute("begin")
        try:
            count = self._append(lake, dataset, head, held.head if held else None)
            self._connection.execute("commit")
        except (WatthouseError, duckdb.Error) as error:
            with suppress(duckdb.TransactionException):  # a full disk has ended the transaction already
                self._connection.execute("rollback")
            if isinstance(error, WatthouseError) or not lake.faults(dataset, whole=True):
                raise
            raise TableError(_explain(Path(lake.uri(dataset)), error, "see `watthouse repair`")) from error
        return count

    def _append(self, lake: Lake, dataset: Dataset, head: Head, held: Head | None) -> int:
        """Raises TableError where the ledger has lost what it held, whatever was appended to it since."""
        count = self._insert(lake, dataset, head, held.observed_until if held else None)
        before = head.rows - count  # the ledger's observations up to the last load
        if held and before < held.rows:
            raise TableError(
                f"{lake.uri(dataset)} lacks {held.rows - before:,} of the {held.rows:,} observations that were loaded"
                f" from it until {held.observed_until:%Y-%m-%d %H:%MZ}: `watthouse repair` says what can be restored"
            )
        if held and before > held.rows:  # it was mended, and holds more of the past than when that was loaded
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
        run = self._connection.execute
        files = lake.local_files(dataset) if since is None else None
        into = f"insert into raw.{dataset.table} by name from"
        if files:
            whole = "read_parquet($2, union_by_name = true, hive_partitioning = false)"
            rows = run(f"{into} {whole} where observed_at <= $1", [head.observed_until, files])
        else:
            incoming = lake.rows(dataset, since=since)  # noqa: F841 (DuckDB finds it by its name)
            rows = run(f"{into} incoming where observed_at <= $1", [head.observed_until])
        (count,) = rows.fetchone() or (0,)
        run(
            f"insert into raw.changed_days select distinct $1, date from raw.{dataset.table}"
            " where $2::timestamptz is null or observed_at > $2",
            [dataset.table, since],
        )
        return int(count)

    def _forget(self, dataset: Dataset) -> None:
        run = self._connection.execute
        run(f"insert into raw.changed_days select distinct $1, date from raw.{dataset.table}", [dataset.table])
        run(f"delete from raw.{dataset.table}")
        run("delete from raw.loads where dataset = $1", [dataset.id])

    def carry_over(self, dataset: Dataset) -> bool:
        if dataset.id not in DuckDB(self._published).loaded():
            return False
        run, table = self._connection.execute, f"raw.{dataset.table}"
        run(f"attach '{_quoted(self._published)}' as published (read_only)")
        held = {row[0] for row in run(f"describe published.{table}").fetchall()}
        shared = ", ".join(row[0] for row in run(f"describe {table}").fetchall() if row[0] in held)
        run("begin")
        run(f"insert into {table} by name select {shared} from published.{table}")
        run("insert into raw.loads by name select * from published.raw.loads where dataset = $1", [dataset.id])
        run("commit")
        run("detach published")
        return True

    def replay(
        self, steps: Sequence[Step], sources: Iterable[str], on_node: Callable[[Node], None] = lambda _: None
    ) -> list[Node]:
        return replay(self._connection, steps, sources, on_node)

    def describe(self, about: Mapping[str, str]) -> None:
        self._connection.execute("create or replace table main.about (name varchar, value varchar)")
        self._connection.executemany("insert into main.about values ($1, $2)", [list(one) for one in about.items()])

    def release(self) -> None:
        self.close()

    def remember(self, fingerprint: str, steps: Sequence[Step]) -> None:
        self._connection = self._connect()
        self._connection.execute("delete from raw.builds")
        said = json.dumps([asdict(step) for step in steps])
        self._connection.execute("insert into raw.builds values ($1, $2, $3)", [fingerprint, said, datetime.now(UTC)])

    def close(self) -> None:
        """Let go of the file; closing twice is no harm."""
        self._connection.close()

    def finish(self) -> None:
        """Nothing is left to rebuild: make the file whole."""
        self._connection.execute("delete from raw.changed_days")
        self._connection.execute("checkpoint")
        self.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(self.path, config=self._settings)
        connection.execute("set TimeZone = 'UTC'")
        return connection

    def _prepare(self) -> None:
        run = self._connection.execute
        run("create schema if not exists raw")
        run(
            "create table if not exists raw.loads"
            " (dataset varchar primary key, ledger varchar, lake_version bigint, observed_until timestamptz,"
            " loaded_at timestamptz, observations bigint)"
        )
        run("alter table raw.loads add column if not exists observations bigint")
        run("create table if not exists raw.builds (fingerprint varchar, steps varchar, built_at timestamptz)")
        run("create table if not exists raw.changed_days (dataset varchar, civil_date date)")
        for dataset in CATALOG.values():
            columns = {name: _TYPES.get(dataset[name].kind, "VARCHAR") for name in dataset.names}
            columns[OBSERVED_AT] = "TIMESTAMPTZ"
            declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            run(f"create table if not exists raw.{dataset.table} ({declared})")
            held = {row[0] for row in run(f"describe raw.{dataset.table}").fetchall()}
            for name in columns.keys() - held:
                run(f"alter table raw.{dataset.table} add column {name} {columns[name]}")


def _loads(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, Loaded]]:
    """By dataset id. A warehouse that was built before observations were noted is counted."""
    noted = {row[0] for row in connection.execute("describe raw.loads").fetchall()}
    counted = "observations" if "observations" in noted else "null"
    query = f"select dataset, ledger, lake_version, observed_until, loaded_at, {counted} from raw.loads"
    return [
        (name, Loaded(Head(ledger, version, until, _count(connection, name) if rows is None else rows), at))
        for name, ledger, version, until, at, rows in connection.execute(query).fetchall()
        if name in CATALOG
    ]


def _count(connection: duckdb.DuckDBPyConnection, dataset_id: str) -> int:
    (count,) = connection.execute(f"select count(*) from raw.{CATALOG[dataset_id].table}").fetchone() or (0,)
    return int(count)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = $1 order by 1", [schema]
    )
    return [row[0] for row in rows.fetchall()]


def _chosen(mart: str, held: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    if not columns:
        return list(held)
    for name in columns:
        if name not in held:
            raise UsageError(f"{mart} has no column '{name}': it has {', '.join(held)}")
    return list(columns)


def _bound(day: str, bound: date | None) -> date | int | None:
    """A bound in the mart's own terms: a day, the first of its month, or its year."""
    if bound is None or day == "civil_date":
        return bound
    return bound.replace(day=1) if day == "civil_month" else bound.year


def _spans(day: str, bounds: Bounds, extent: tuple[int, Any, Any]) -> Iterator[Bounds]:
    """``bounds`` in spans of as many days as have :data:`_PIECE_ROWS` rows between them: sorting all of a mart by slot
    took 2.5 GB."""
    rows, first, last = extent
    if day != "civil_date" or rows <= _PIECE_ROWS:
        yield bounds
        return
    days = max(1, (last - first).days * _PIECE_ROWS // rows)
    while first <= last:
        yield first, min(first + timedelta(days=days - 1), last)
        first += timedelta(days=days)


def _order(held: Sequence[str], day: str) -> str:
    return ", ".join([day, *(name for name in _WITHIN_A_DAY if name in held)])


def _explain(path: Path, error: Exception, advice: str) -> str:
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    if "No space left" in said:
        return f"the disk is full at {path.parent}: free some space and run again; {advice}"
    return f"{path} cannot be used ({said}): {advice}"
