"""DuckDB: no server, one file. A build writes another one beside it and renames that into place.

A reader keeps the file it opened: it never waits, and never sees half a build. What a refresh writes to is the file
that was published before, brought up to date: to copy one of some GB would take longer than all the rest.
"""

import os
import re
import shutil
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import UTC, date, datetime
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Final, TypeVar

import duckdb
import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.errors import NoWarehouseError, UsageError, WarehouseError
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.settings import PROJECT
from watthouse.transform import Step, fingerprint, steps_of, tests_of
from watthouse.warehouse import marts, steps
from watthouse.warehouse.base import BuildReader, Kept, Loaded, Tested
from watthouse.warehouse.duckdb import checks, predecessor
from watthouse.warehouse.duckdb.draft import DuckDBDraft
from watthouse.warehouse.duckdb.extract import DuckDBExtract
from watthouse.warehouse.duckdb.file import REBUILD, Settings, builds, columns_of, explain, loads, noted, reading
from watthouse.warehouse.duckdb.tables import FileMarts
from watthouse.warehouse.identity import identity

_BUILDING: Final = "building-"
_KEPT: Final = "kept-"
_MARK: Final = ".watthouse-build"
"""The file that tells a build's own folder from a user's whose name looks like one."""
_IN_WORDS: Final = re.compile(r"published by the operators|synthetic sample \((.+?)\)")
_REPLAY: Final = (Path(__file__).with_name("replay.py"), Path(steps.__file__))

T = TypeVar("T")


class DuckDB:
    """The default warehouse: the file at ``path``, made by the models of the dbt ``project``.

    What does not fit into memory is spilled beside it.
    """

    engine = "DuckDB"
    replays = True
    answers = True

    def __init__(self, path: Path, *, threads: int = 2, memory_limit: str = "350MB", project: Path = PROJECT) -> None:
        self.path = path
        self._threads = threads
        self._memory_limit = memory_limit
        self._project = project

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def aside(self) -> Path:
        """Where this process builds before it publishes: in a folder, as dbt's profile has only the file's name."""
        return self.path.parent / f"{_BUILDING}{os.getpid()}" / self.path.name

    @property
    def _scratch(self) -> Path:
        return self.path.parent / "scratch"

    def loaded(self) -> dict[str, Loaded]:
        return dict(self._noted(loads) or ())

    def kind(self) -> str | None:
        rows = self._noted(lambda connection: connection.execute("select name, value from main.about").fetchall())
        about = dict(rows or ())
        # an older watthouse wrote it in words alone
        words = _IN_WORDS.search(about.get("data", ""))
        return about.get("kind") or ((words[1] or "published") if words else None)

    def is_readable(self) -> bool:
        return not self.path.exists() or self._noted(loads) is not None

    def steps(self) -> list[Step] | None:
        text = dict(self._noted(builds) or ()).get(self._fingerprint)
        return steps_of(text) if text else None

    def tested(self) -> list[Tested]:
        with self._testing() as (connection, steps):
            return [*checks.tested(connection, steps)]

    def breaking(self, test: str) -> pa.Table:
        with self._testing() as (connection, steps):
            if test not in (known := tests_of(steps)):
                raise UsageError(f"unknown test '{test}': there are {', '.join(known)}")
            return checks.breaking(connection, known[test])

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:
        if dataset.id not in self.loaded():
            return
        table = f"raw.{dataset.table}"
        with self._reading() as connection:
            columns = columns_of(connection, table)
            names = ", ".join(name for name in [*dataset.names, OBSERVED_AT] if name in columns)
            years = connection.execute(f"select distinct year({dataset.time}) from {table} order by 1").fetchall()
            for (year,) in years:
                rows = connection.sql(f"select {names} from {table} where year({dataset.time}) = $1", params=[year])
                yield rows.to_arrow_table()

    def keep(self) -> Kept | None:
        if not self.path.exists():
            return None
        # Under its own name, and with the home's note, in a folder that `watthouse serve --home` can show.
        copy = self.path.parent / f"{_KEPT}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}" / self.path.name
        try:
            copy.parent.mkdir(parents=True)
            _duplicate(self.path, copy)
            for note in self.path.parent.glob("home.json"):
                shutil.copyfile(note, copy.parent / note.name)
        except OSError as error:
            raise WarehouseError(explain(self.path, error, "the warehouse stays as it was")) from error
        return Kept(str(copy), copy.parent)

    def sweep(self) -> None:
        for folder in self.path.parent.glob(f"{_BUILDING}*"):
            if _is_ours(folder):
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def draft(
        self,
        *,
        empty: bool = False,
        on_wait: Callable[[str], None] | None = None,  # noqa: ARG002 - the home's lock has let one writer in
    ) -> Iterator[DuckDBDraft]:
        """Raises :class:`WarehouseError` where the disk is full; the published file stays as it was."""
        aside, begin = self.aside, partial(DuckDBDraft, self.aside, self._settings(), self.path, self._fingerprint)
        scratch = self._scratch
        try:
            aside.parent.mkdir(parents=True)
            (aside.parent / _MARK).touch()
            with self._begun(begin, empty=empty) as draft:
                yield draft
                draft.finish()
            if draft.is_near:
                predecessor.leave(self.path, aside, scratch)
            aside.replace(self.path)  # atomic: readers that are open keep the old file
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(explain(self.path, error, "the warehouse stays as it was")) from error
        finally:
            if _is_ours(aside.parent):
                shutil.rmtree(aside.parent, ignore_errors=True)

    @contextmanager
    def _begun(self, begin: Callable[..., DuckDBDraft], *, empty: bool) -> Iterator[DuckDBDraft]:
        """A draft that holds nothing, or all that is published."""
        if empty:  # three files of that size would lie there else
            predecessor.clear(self._scratch)
        draft = None if empty else predecessor.caught_up(self.path, self._scratch, self.aside, begin)
        copying = nullcontext() if empty or draft else _copied(self.path, self.aside)
        with copying, closing(draft or begin()) as begun:
            yield begun

    def dbt(self) -> Mapping[str, str]:
        return {
            "WATTHOUSE_DBT_TARGET": "duckdb",
            "WATTHOUSE_DBT_PATH": self.path.name,
            "WATTHOUSE_DBT_THREADS": str(self._threads),
            "WATTHOUSE_DBT_MEMORY": self._memory_limit,
        }

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        return pa.concat_tables(self.pieces(mart, since=since, until=until, columns=columns))

    def pieces(
        self,
        mart: str,
        *,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
        schema: str = "marts",
    ) -> Iterator[pa.Table]:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        self._refuse_missing()
        with self._reading() as connection:
            yield from marts.pieces(FileMarts(connection, schema), mart, since, until, columns)

    def tables(self, schema: str) -> list[str]:
        return self._noted(lambda connection: FileMarts(connection, schema).names()) or []

    @contextmanager
    def extract(self) -> Iterator[DuckDBExtract]:
        self._refuse_missing()
        kind = self.kind()
        with self._reading() as connection:
            if not (built := builds(connection)):
                raise WarehouseError(f"{self.path} was never built completely: run `watthouse build --full`")
            yield DuckDBExtract(self.place, identity(built[0][0], dict(loads(connection))), kind, connection)

    def stamp(self) -> Hashable:
        """The identity of the published file: publishing gives its name to another one."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            raise NoWarehouseError(f"there is no warehouse at {self.path} yet: run `watthouse refresh`") from None
        except OSError as error:
            raise WarehouseError(f"{self.path} cannot be read ({error.strerror}): run `watthouse refresh`") from error
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def open(self, seconds: float) -> BuildReader:
        from watthouse.warehouse.duckdb.reader import DuckDBReader  # Ibis comes with the extra `serve`

        try:
            return DuckDBReader(self.path, seconds, self._scratch / "serve")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise WarehouseError(f"{self.path} cannot be read ({reason}): {REBUILD}") from error

    def warm_up(self) -> None:
        import_module("ibis.backends.duckdb")

    @cached_property
    def _fingerprint(self) -> str:
        """Differs once the models have changed, or the way in which a refresh replays them."""
        return fingerprint(self._project, *_REPLAY)

    @contextmanager
    def _testing(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[Step]]]:
        """The warehouse, and the steps that its last full build recorded."""
        self._refuse_missing()
        with self._reading() as connection:
            if not (built := builds(connection)):
                raise WarehouseError(f"{self.path} was never built completely: run `watthouse build --full`")
            yield connection, steps_of(built[0][1])

    def _refuse_missing(self) -> None:
        if not self.path.exists():
            raise WarehouseError(f"there is no warehouse at {self.path} yet: run `watthouse refresh` first")

    def _noted(self, read: Callable[[duckdb.DuckDBPyConnection], list[T]]) -> list[T] | None:
        return noted(self.path, self._threads, read)

    def _reading(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return reading(self.path, self._threads)

    def _settings(self) -> Settings:
        return {"threads": self._threads, "memory_limit": self._memory_limit, "preserve_insertion_order": False}


def _is_ours(folder: Path) -> bool:
    """Whether a build of watthouse's own made this folder."""
    named = folder.name.removeprefix(_BUILDING).isdecimal() and not folder.is_symlink()
    return named and (folder / _MARK).is_file()


def _duplicate(source: Path, target: Path) -> None:
    """Give the file a second name; copy it where the file system has no links."""
    # a file with two names is never written to again, so a link is as good as a copy of some GB
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def _copied(source: Path, target: Path) -> Iterator[None]:
    """Copy the file, and flush the copy to the disk while the block runs."""
    # The checkpoint at the end of a build would otherwise wait for the disk to take the whole copy.
    shutil.copyfile(source, target)
    with target.open("rb") as file, ThreadPoolExecutor(1) as background:
        flushed = background.submit(os.fsync, file.fileno())
        yield
        flushed.result()  # the kernel reports a failed write only once, to the first fsync: this one may have got it
