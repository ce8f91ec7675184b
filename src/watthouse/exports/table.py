"""The tables of schema ``raw_exports``: one a dataset, and ``files``, which says what each of them was loaded from."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.clock import month_end, month_start
from watthouse.database import Session, quoted
from watthouse.errors import DatabaseError, SourceError, UsageError
from watthouse.exports import columns
from watthouse.home import described

SCHEMA: Final = "raw_exports"
_FILES: Final = quoted(SCHEMA, "files")
_LOCK: Final = 1_463_899_720
"""The first number of the advisory locks taken here: those of another program are unlikely to have the same."""

_COLUMNS: Final = """
select attname::text, format_type(atttypid, atttypmod)
from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum
"""
_TRACK: Final = f"""
insert into {_FILES} (dataset, month, data, sha256, rows, loaded_at) values ($1, $2, $3, $4, $5, now())
on conflict (dataset, month) do update set
  data = excluded.data, sha256 = excluded.sha256, rows = excluded.rows, loaded_at = excluded.loaded_at
"""


def prepare(session: Session, kind: str) -> None:
    """Make the schema and its table ``files`` where they are missing.

    Raises :class:`~watthouse.errors.UsageError` where exports of another kind were loaded there.
    """
    with locked(session, "files"):
        # asked for first: `create … if not exists` wants the right to create, even where there is nothing to do
        if not session.run(f"select 1 from pg_namespace where nspname = '{SCHEMA}'"):
            session.run(f"create schema {SCHEMA}")
        if not session.run("select 1 where to_regclass($1) is not null", _FILES):
            session.run(
                f"create table {_FILES} (dataset text, month text, data text not null, sha256 text not null,"
                " rows bigint not null, loaded_at timestamptz not null, primary key (dataset, month))"
            )
        for (held,) in session.run(f"select distinct data from {_FILES}"):
            if held != kind:
                raise UsageError(
                    f"{session.database} holds {described(held)} in schema {SCHEMA}, and this is {described(kind)}:"
                    " they never share a database; give another one with --to"
                )


@contextmanager
def locked(session: Session, what: str) -> Iterator[None]:
    """A transaction that nobody else who dumps is in at the same time, as far as ``what`` is concerned."""
    with session.transaction():
        session.run(f"select pg_advisory_xact_lock({_LOCK}, hashtext($1))", what)
        yield


class RawTable:
    """The table of one dataset."""

    def __init__(self, session: Session, dataset: Dataset) -> None:
        self._session, self._dataset = session, dataset
        self._columns: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        return f"{SCHEMA}.{self._dataset.table}"

    def loaded(self) -> dict[str, str]:
        """Month → SHA-256 of the file that it was loaded from; nothing where the table is gone."""
        with self._session.transaction():
            statement = f"select month, sha256 from {_FILES} where dataset = $1 and to_regclass($2) is not null"
            return dict(self._session.run(statement, self._dataset.id, self._quoted))

    def fit(self, schema: pa.Schema, origin: str) -> pa.Schema:
        """Make the table, or the columns that it lacks; returns a file's columns with the types that the table has.

        Raises :class:`~watthouse.errors.SourceError` where a column's type is another one there.
        """
        wanted = columns.declared(schema, origin)
        time = wanted.get(self._dataset.time, "")
        if time != "date" and not time.startswith("timestamp"):
            raise SourceError(f"{origin}: its column {self._dataset.time} is {time or 'missing'}, and no time")
        if not self._columns.keys() >= wanted.keys():
            with locked(self._session, self._dataset.id):
                self._extend(wanted)
        fields = []
        for name, kind in wanted.items():
            held = self._columns[name]
            arrow = columns.arrow_of(held)
            if arrow is None or not columns.fits(kind, held):
                raise SourceError(
                    f"{origin}: its column {name} is {kind}, and {held} in {self.name}:"
                    f" give that column a type that holds both, or drop the table and dump again"
                )
            fields.append((name, arrow))
        return pa.schema(fields)

    def replace(self, month: str, sha256: str, count: int, kind: str, rows: pa.RecordBatchReader) -> bool:
        """Put the ``count`` rows of a month in place of those that it has; returns False where it has them already.

        Two dumps at once take turns: what the other has loaded in the meantime is not loaded again.
        """
        session, dataset = self._session, self._dataset
        with locked(session, f"{dataset.id} {month}"):
            before = session.run(f"select sha256 from {_FILES} where dataset = $1 and month = $2", dataset.id, month)
            if before == [(sha256,)]:
                return False
            if before:
                self._clear(month)
            taken = session.copy(rows, SCHEMA, dataset.table)
            if taken != count:
                raise DatabaseError(f"{self.name} took {taken:,} of {count:,} rows of {month}: run again")
            session.run(_TRACK, dataset.id, month, kind, sha256, count)
        return True

    @property
    def _quoted(self) -> str:
        return quoted(SCHEMA, self._dataset.table)

    def _clear(self, month: str) -> None:
        # By its time, for which a BRIN index does: months lie together, and one costs a few pages where a B-tree would
        # take a fifth of the load. Tables of their own for months would be truncated faster, and shut out who reads.
        time = quoted(self._dataset.time)
        bounds = f"'{month_start(month):%Y-%m-%d}'", f"'{month_end(month):%Y-%m-%d}'"
        if self._columns[self._dataset.time] == "timestamp with time zone":
            bounds = f"'{month_start(month):%Y-%m-%d}T00:00Z'", f"'{month_end(month):%Y-%m-%d}T00:00Z'"
        self._session.run(f"delete from {self._quoted} where {time} >= {bounds[0]} and {time} < {bounds[1]}")

    def _extend(self, wanted: Mapping[str, str]) -> None:
        session, time = self._session, self._dataset.time
        held = dict(session.run(_COLUMNS, self._quoted))
        if not held:
            session.run(f"create table {self._quoted} ({_declared(wanted)})")
            session.run(f"create index on {self._quoted} using brin ({quoted(time)}) with (pages_per_range = 32)")
            # the table may have been dropped to be loaded again
            session.run(f"delete from {_FILES} where dataset = $1", self._dataset.id)
        elif missing := {name: kind for name, kind in wanted.items() if name not in held}:
            added = ", ".join(f"add column {_declared({name: kind})}" for name, kind in missing.items())
            session.run(f"alter table {self._quoted} {added}")
        self._columns = {**wanted, **held}


def _declared(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
