"""A shipment: the days that differ, from the warehouse into the datamart, and both sides summed up."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from watthouse.ahead import ahead
from watthouse.datamart import days
from watthouse.datamart.days import Changes, condition
from watthouse.datamart.facts import FACTS, MEMBERS, Fact
from watthouse.datamart.place import INSERTION, Datamart, Mart
from watthouse.datamart.reconciliation import Line, reconciled, totals
from watthouse.errors import UsageError
from watthouse.home import described
from watthouse.warehouse.base import Extract, Warehouse

_WAITING: Final = 8
"""Pieces that are read ahead: what the first server sends while the second one makes the key of a year."""


@dataclass(frozen=True)
class Copy:
    """A table of schema ``staging`` to fill by a query of the warehouse.

    ``becomes`` is the fact that it will be a partition of, where its year is new there.
    """

    table: str
    query: str
    becomes: str | None = None


@dataclass(frozen=True)
class Shipment:
    """What was shipped: the days by subject, removed ones included, and rows; ``lines`` are both sides summed up."""

    place: str
    days: Mapping[str, int]
    rows: int
    removed: int
    lines: Sequence[Line]


def ship(
    warehouse: Warehouse,
    datamart: Datamart,
    *,
    anew: bool = False,
    on_wait: Callable[[str], None],
    on_stage: Callable[[str], None],
) -> Shipment:
    """Bring the datamart up to the warehouse, in one transaction; nothing is written where no day differs.

    ``anew`` ships every day, whatever was shipped before. Raises :class:`~watthouse.errors.UsageError` where the
    datamart holds another kind of data, and :class:`UnreconciledError` where both sides do not add up.
    """
    # the build is taken last: a shipment that had to wait ships what is there by then
    with datamart.writing(on_wait) as mart, warehouse.extract() as extract:
        mart.prepare()
        about = mart.about()
        _refuse_mixture(about, extract, mart)
        every_day = anew or about.get("identity") != extract.identity
        changed = days.changes(days.observed(extract), mart.shipped(), anew=every_day)
        rows, lines = _shipped(extract, mart, changed, on_stage)
        if any(changed.values()):
            _describe(extract, mart, changed, rows)
        removed = sum(stamp is None for subject in changed.values() for stamp in subject.values())
        return Shipment(mart.place, {name: len(subject) for name, subject in changed.items()}, rows, removed, lines)


def _refuse_mixture(about: Mapping[str, str], extract: Extract, mart: Mart) -> None:
    held = about.get("kind")
    if held not in {None, extract.kind}:
        raise UsageError(
            f"{mart.place} holds {described(str(held))}, and this is {described(str(extract.kind))}: they never share a"
            " datamart; name another database, or run `watthouse datamart drop --yes` first"
        )


def _shipped(
    extract: Extract, mart: Mart, changed: Changes, on_stage: Callable[[str], None]
) -> tuple[int, Sequence[Line]]:
    """Bring the days over; returns how many rows were copied, and both sides summed up."""
    rows = _staged(extract, mart, changed, on_stage) if any(changed.values()) else 0
    with ThreadPoolExecutor(1, "totals") as beside:
        there = beside.submit(totals, extract)  # by a server that has nothing else to do while the other one inserts
        if any(changed.values()):
            on_stage("inserting")
            mart.script(INSERTION)
        on_stage("adding up both sides")
        return rows, reconciled(there.result, mart)


def _staged(extract: Extract, mart: Mart, changed: Changes, on_stage: Callable[[str], None]) -> int:
    """Fill staging; returns the rows of facts that were copied."""
    mart.empty_staging()
    mart.name_days(changed)
    everything = {day for subject in changed.values() for day, stamp in subject.items() if stamp is not None}
    for name, query in MEMBERS.items():
        mart.copy(f"staging.{name}", extract.binary(_filled(query, extract, everything)))
    copies = [copy for fact in FACTS for copy in _copies(extract, mart, fact, changed[fact.subject.name])]
    rows = 0
    # read ahead: the first server goes on while the second makes the key of a year
    for copy, pieces in groupby(ahead(_pieces(extract, copies), _WAITING), key=itemgetter(0)):
        on_stage(f"copying {copy.table}")
        rows += mart.copy(copy.table, (piece for _, piece in pieces))
        if copy.becomes:
            mart.add_key(copy.table, copy.becomes)
    return rows


def _pieces(extract: Extract, copies: Iterable[Copy]) -> Iterator[tuple[Copy, bytes]]:
    for copy in copies:
        for piece in extract.binary(copy.query):
            yield copy, piece


def _copies(extract: Extract, mart: Mart, fact: Fact, changed: Mapping[date, str | None]) -> Iterator[Copy]:
    chosen = [day for day, stamp in changed.items() if stamp is not None]
    years = {day.year for day in chosen} - mart.years(fact.table) if fact.is_large else set()
    for year in sorted(years):
        query = _filled(fact.rows, extract, [day for day in chosen if day.year == year])
        yield Copy(mart.create_year(fact.name, year), query, becomes=fact.table)
    if rest := [day for day in chosen if day.year not in years]:
        yield Copy(f"staging.{fact.name}", _filled(fact.rows, extract, rest))


def _filled(query: str, extract: Extract, chosen: Iterable[date]) -> str:
    return query.format(core=extract.schema("core"), marts=extract.schema("marts"), days=condition(chosen))


def _describe(extract: Extract, mart: Mart, changed: Changes, rows: int) -> None:
    mart.describe(
        {
            "identity": extract.identity,
            "kind": extract.kind or "",
            "warehouse": extract.place,
            "shipped_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    mart.connection.execute(
        "insert into datamart.shipment (warehouse, days, rows) values (%s, %s, %s)",
        [extract.place, sum(map(len, changed.values())), rows],
    )
