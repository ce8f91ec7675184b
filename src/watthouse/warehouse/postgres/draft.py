"""A warehouse being written: schemas of a new build, or the current build's own tables in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from watthouse.ahead import ahead
from watthouse.catalog import Dataset
from watthouse.database import Session
from watthouse.errors import WarehouseError
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import Head
from watthouse.transform import Node, Step, steps_as_text, steps_of
from watthouse.warehouse.postgres import builds, raw
from watthouse.warehouse.postgres.builds import Published
from watthouse.warehouse.postgres.replay import Replay
from watthouse.warehouse.steps import replayed

_PIECE_ROWS: Final = 200_000
"""Rows of a COPY: a file of the lake has some thousands, and each COPY asks the server for the table's types."""
_SENT_ROWS: Final = 500
"""Rows that are encoded, then sent: the server stores them while the next are encoded, if they fit into a socket."""


class PostgresDraft:
    """The build of that number. ``published`` is the one that is read meanwhile, None where there is none."""

    def __init__(
        self, session: Session, build: int, published: Published | None, fingerprint: str, folder: Path
    ) -> None:
        self._session = session
        self._build = build
        self._published = published
        self._fingerprint = fingerprint
        self._folder = folder
        self._raw = f"raw_b{build}"
        if published is None or published.build != build:
            builds.begin(session, build)
            raw.create(session, self._raw)

    def load(self, lake: Lake, dataset: Dataset, head: Head, *, anew: bool = False) -> int:
        load = raw.loads(self._session, self._raw).get(dataset.id)
        if anew and load:
            self._forget(dataset)
            load = None
        if load and load.head == head:
            return 0
        with self._session.savepoint():
            return self._append(lake, dataset, head, load.head if load else None)

    def _append(self, lake: Lake, dataset: Dataset, head: Head, loaded: Head | None) -> int:
        """Raises TableError where the ledger has lost rows, whatever was appended to it since."""
        count = self._insert(lake, dataset, head, loaded.observed_until if loaded else None)
        before = head.rows - count  # the ledger's observations up to the last load
        if loaded and before < loaded.rows:
            raise lake.loss(dataset, loaded, before)
        if loaded and before > loaded.rows:  # a repair gave it older observations: what comes after the stamp is short
            self._forget(dataset)
            return self._append(lake, dataset, head, None)
        self._session.run(f"delete from {self._raw}.loads where dataset = $1", dataset.id)
        self._session.run(
            f"insert into {self._raw}.loads values ($1, $2, $3, $4, $5, $6)",
            *(dataset.id, head.ledger, head.version, head.observed_until, datetime.now(UTC), head.rows),
        )
        return count

    def _insert(self, lake: Lake, dataset: Dataset, head: Head, since: datetime | None) -> int:
        # a commit after ``head`` waits for the next load: its rows would not be in ``loads``
        until = pa.scalar(head.observed_until, pa.timestamp("us", "UTC"))
        count, changed = 0, set[date]()
        for piece in ahead(_pieces(lake.rows(dataset, since=since))):
            known = piece.filter(pc.less_equal(piece.column(OBSERVED_AT), until))
            days: list[Any] = known.column("date").unique().to_pylist()
            raw.make_room(self._session, self._raw, dataset, days)
            count += self._session.copy(known.to_reader(_SENT_ROWS), self._raw, dataset.table)
            changed.update(days)
        raw.mark(self._session, self._raw, dataset, changed)
        return count

    def _forget(self, dataset: Dataset) -> None:
        table, run = f"{self._raw}.{dataset.table}", self._session.run
        raw.mark(self._session, self._raw, dataset, raw.days(self._session, self._raw, dataset))
        run(f"delete from {table}")
        run(f"delete from {self._raw}.loads where dataset = $1", dataset.id)

    def bring(self, table: str, pieces: Iterable[pa.Table]) -> None:
        brought = builds.aside(builds.BROUGHT, self._build)
        self._session.run(f"create schema if not exists {brought}")
        for number, piece in enumerate(pieces):
            if not number:
                columns = ", ".join(f"{field.name} {_type(field.type)}" for field in piece.schema)
                self._session.run(f"create table {brought}.{table} ({columns})")
            self._session.copy(piece.to_reader(_SENT_ROWS), brought, table)

    def carry_over(self, dataset: Dataset) -> bool:
        if self._published is None:
            return False
        before = self._published.schema("raw")
        if dataset.id not in raw.loads(self._session, before):
            return False
        table, run = dataset.table, self._session.run
        raw.make_room(self._session, self._raw, dataset, raw.days(self._session, before, dataset))
        # what is published may be an older watthouse's, which knew fewer columns
        there = raw.columns(self._session, before, dataset)
        columns = ", ".join(name for name in (*dataset.names, OBSERVED_AT) if name in there)
        run(f"insert into {self._raw}.{table} ({columns}) select {columns} from {before}.{table}")
        run(f"insert into {self._raw}.loads select * from {before}.loads where dataset = $1", dataset.id)
        return True

    def replay(
        self, steps: Sequence[Step], datasets: Iterable[Dataset], on_node: Callable[[Node], None] = lambda _: None
    ) -> list[Node]:
        nodes = replayed(self._own(steps), datasets, on_node, Replay(self._session, self._raw))
        self._session.run(f"delete from {self._raw}.changed_days")
        return nodes

    def _own(self, steps: Sequence[Step]) -> Sequence[Step]:
        """These steps, or those of another build that another machine has published since they were read."""
        schemas = {step.relation.partition(".")[0] for step in steps if step.relation} - {builds.SHOWN}
        if all(schema.endswith(f"_b{self._build}") for schema in schemas):
            return steps
        query = "select fingerprint, steps from watthouse.builds where build = $1"
        ((fingerprint, text),) = self._session.run(query, self._build)
        if fingerprint != self._fingerprint:
            raise WarehouseError(f"{self._session.database} was built by another watthouse in the meantime: run again")
        return steps_of(text)

    def describe(self, about: Mapping[str, str]) -> None:
        known = builds.kind(self._session)
        if known not in {None, about["kind"]}:  # since the caller looked, another machine has built something else
            raise WarehouseError(f"{self._session.database} holds {known} by now, not {about['kind']}: name another")
        self._session.run("delete from watthouse.about")
        for name, value in about.items():
            self._session.run("insert into watthouse.about values ($1, $2)", name, value)

    def release(self) -> Path:
        self._session.connection.commit()
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def remember(self, steps: Sequence[Step]) -> None:
        self._session.run(f"drop schema if exists {builds.aside(builds.BROUGHT, self._build)} cascade")
        self._session.run(f"delete from {self._raw}.changed_days")
        self._session.run(
            "update watthouse.builds set fingerprint = $2, steps = $3 where build = $1",
            *(self._build, self._fingerprint, builds.as_shown(steps_as_text(steps), self._build)),
        )


_TYPES: Final = (
    (pa.types.is_int8, "smallint"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_int32, "integer"),
    (pa.types.is_integer, "bigint"),
    (pa.types.is_floating, "double precision"),
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (pa.types.is_timestamp, "timestamptz"),
)


def _type(kind: pa.DataType) -> str:
    """What PostgreSQL calls a column of this type; a COPY takes no other."""
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    return next((name for fits, name in _TYPES if fits(kind)), "text")


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in pieces of about :data:`_PIECE_ROWS`."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= _PIECE_ROWS:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)
