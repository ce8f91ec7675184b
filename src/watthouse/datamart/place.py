"""The second server: what a datamart is there, and one shipment at a time into it."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from watthouse.database import Database, LockedError
from watthouse.datamart.days import Changes, Stamps
from watthouse.errors import BusyError, WarehouseError

if TYPE_CHECKING:  # psycopg comes with the extra `postgres`
    from psycopg import Connection

SETTING: Final = "WATTHOUSE_DATAMART"
LAYOUT: Final = "1"
"""The version of creation.sql: another one has other tables, and is refused."""
CREATION: Final = Path(__file__).with_name("creation.sql")
INSERTION: Final = Path(__file__).with_name("insertion.sql")

_LOCK: Final = 1_463_899_723
"""The advisory lock of whoever ships; insertion.sql takes it too."""
_PATIENCE: Final = "600s"
_LOCK_PATIENCE: Final = "60s"
_SETTINGS: Final[Mapping[str, str]] = {
    "timezone": "UTC",
    "jit": "off",  # compiling takes longer than statements this short
    "work_mem": "64MB",
    "maintenance_work_mem": "128MB",
    "max_parallel_maintenance_workers": "0",  # a year's key is made sooner than they are started
    # a server's limits for people who ask: a shipment waits for another server in between
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": _LOCK_PATIENCE,
    # a machine that is gone without a word must not keep the lock for hours
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
}


@dataclass(frozen=True)
class Mart:
    """A datamart while a transaction is open on it: what is done counts whole or not at all."""

    place: str
    connection: "Connection[tuple[Any, ...]]"

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        cursor = self.connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def script(self, path: Path) -> None:
        """Run a file, as ``psql -f`` does."""
        self.connection.execute(path.read_bytes())

    def copy(self, table: str, pieces: Iterable[bytes]) -> int:
        """Append rows in the form of binary COPY; returns how many."""
        with self.connection.cursor() as cursor:
            with cursor.copy(f"copy {table} from stdin (format binary)".encode()) as into:
                for piece in pieces:
                    into.write(piece)
            return cursor.rowcount

    def about(self) -> dict[str, str]:
        """What this datamart says of itself; nothing where there is none."""
        if not self.run("select 1 where to_regclass('datamart.about') is not null"):
            return {}
        return dict(self.run("select name, value from datamart.about"))

    def describe(self, about: Mapping[str, str]) -> None:
        """Write down what it is."""
        self.connection.cursor().executemany(
            "insert into datamart.about (name, value) values (%s, %s) on conflict (name) do update"
            " set value = excluded.value where about.value <> excluded.value",
            [*about.items()],
        )

    def shipped(self) -> Mapping[str, Stamps]:
        """The days that its facts hold, by subject."""
        found: dict[str, dict[date, str]] = {}
        for subject, day, stamp in self.run("select subject, civil_date, stamp from datamart.shipped_day"):
            found.setdefault(subject, {})[day] = stamp
        return found

    def years(self, fact: str) -> set[int]:
        """The years that a fact has partitions of."""
        year, of_fact = "right(inhrelid::regclass::text, 4)::integer", f"inhparent = 'datamart.{fact}'::regclass"
        return {year for (year,) in self.run(f"select {year} from pg_inherits where {of_fact}")}

    def empty_staging(self) -> None:
        """Remove what somebody who worked by hand has left there."""
        ours = "relnamespace = 'staging'::regnamespace and relkind = 'r'"
        for (table,) in self.run(f"select oid::regclass::text from pg_class where {ours}"):
            whole_year = re.fullmatch(r"staging\.\w+_\d{4}", table)
            self.run(f"drop table {table}" if whole_year else f"delete from {table}")

    def name_days(self, changed: Changes) -> None:
        """Have insertion.sql replace these days."""
        columns = "(subject, civil_date, stamp)"
        with self.connection.cursor() as cursor, cursor.copy(f"copy staging.day {columns} from stdin".encode()) as into:
            for name, subject in changed.items():
                for day, stamp in subject.items():
                    into.write_row((name, day, stamp))

    def create_year(self, name: str, year: int) -> str:
        """Make the table of a year that a fact has no partition of, without keys; returns its name."""
        table = f"staging.{name}_{year}"
        # with the bounds of its year, it need not be read once more to become the partition
        bounds = f"check (civil_date >= date '{year}-01-01' and civil_date < date '{year + 1}-01-01')"
        columns = f"like datamart.fact_{name} including constraints including comments"
        self.run(f"create table {table} ({columns}, constraint {name}_year {bounds})")
        return table

    def add_key(self, table: str, fact: str) -> None:
        """Give such a table the fact's primary key."""
        of_fact = f"conrelid = 'datamart.{fact}'::regclass and contype = 'p'"
        ((key,),) = self.run(f"select pg_get_constraintdef(oid) from pg_constraint where {of_fact}")
        self.run(f"alter table {table} add {key}")

    def prepare(self) -> None:
        """Make the tables that are missing; raises :class:`~watthouse.errors.WarehouseError` for another layout."""
        about, digest = self.about(), hashlib.sha256(CREATION.read_bytes()).hexdigest()
        if not about and self.run("select 1 where to_regnamespace('datamart') is not null"):
            raise WarehouseError(
                f"{self.place} has a schema datamart that watthouse did not make: use another database"
            )
        self.refuse_other(about)
        if about.get("creation") != digest:
            self.script(CREATION)
            self.describe({"creation": digest})

    def refuse_other(self, about: Mapping[str, str]) -> None:
        """Raise :class:`~watthouse.errors.WarehouseError` where another version of watthouse made it."""
        layout = about.get("layout", LAYOUT)
        if layout == LAYOUT:
            return
        older = layout.isdecimal() and int(layout) < int(LAYOUT)
        advice = "run `watthouse datamart drop --yes` and ship again" if older else "upgrade watthouse on this machine"
        known = f"{self.place} holds a datamart of layout {layout}, and this watthouse knows layout {LAYOUT}"
        raise WarehouseError(f"{known}: {advice}")


def read_only(url: str, setting: str) -> Database:
    """A datamart for whoever only reads it; ``setting`` is the variable that names it."""
    rights = "ask its owner for USAGE on schema datamart and SELECT on its tables"
    return Database(url, setting, "nothing is lost, try again", rights)


class Datamart:
    """The database at ``url`` (libpq's, as ``postgresql://user@host/database``), read by way of ``reader``."""

    def __init__(self, url: str, reader: str | None = None) -> None:
        self.database = Database(
            url,
            SETTING,
            "the datamart stays as it was, run again",
            "its owner has to grant CREATE on the database, or run `watthouse init-db` there and ship as the loader",
        )
        self._as_reader = read_only(reader, f"{SETTING}_READER") if reader else self.database

    @contextmanager
    def writing(self, on_wait: Callable[[str], None]) -> Iterator[Mart]:
        """One transaction of one writer; where another one is at work, ``on_wait`` is told, and it is waited for.

        Raises :class:`~watthouse.errors.BusyError` where that takes too long, and
        :class:`~watthouse.database.LockedError` where anybody locks for a minute what is to be written.
        """
        with self.database.linked(**_SETTINGS) as connection:
            mart = Mart(str(self.database), connection)
            self._take_turn(mart, on_wait)
            yield mart

    @contextmanager
    def reading(self) -> Iterator[Mart]:
        """One snapshot, as the reader; raises :class:`~watthouse.errors.WarehouseError` where there is no datamart."""
        with self._as_reader.linked(timezone="UTC") as connection:
            mart = Mart(str(self._as_reader), connection)
            mart.run("set transaction isolation level repeatable read read only")
            about = mart.about()
            if not about:
                raise WarehouseError(f"there is no datamart at {mart.place} yet: run `watthouse datamart ship`")
            mart.refuse_other(about)
            yield mart

    def drop(self, on_wait: Callable[[str], None]) -> bool:
        """Remove it; False where there was none."""
        with self.writing(on_wait) as mart:
            if not mart.about():
                return False
            mart.run("drop schema datamart, staging cascade")
            return True

    def _take_turn(self, mart: Mart, on_wait: Callable[[str], None]) -> None:
        ((taken,),) = mart.run(f"select pg_try_advisory_xact_lock({_LOCK})")
        if taken:
            return
        busy = f"another shipment is writing to {self.database}"
        on_wait(f"{busy}: waiting for it to end")
        mart.run(f"set local lock_timeout = '{_PATIENCE}'")
        try:
            with self.database.driver_errors():
                mart.run(f"select pg_advisory_xact_lock({_LOCK})")
        except LockedError:
            raise BusyError(f"{busy} for over {_PATIENCE}: wait for it to end") from None
        mart.run(f"set local lock_timeout = '{_LOCK_PATIENCE}'")
