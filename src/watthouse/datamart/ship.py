"""A shipment: the days that differ, from the warehouse into the datamart, and both sides summed up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from watthouse.datamart import days
from watthouse.datamart.days import Changes, condition
from watthouse.datamart.facts import FACTS, MEMBERS, Fact
from watthouse.datamart.place import INSERTION, Datamart, Mart
from watthouse.datamart.reconciliation import Line, reconciled
from watthouse.errors import UsageError
from watthouse.home import described
from watthouse.warehouse.base import Extract, Warehouse


@dataclass(frozen=True)
class Shipment:
    """What was shipped: by subject the days, and by fact the rows; ``lines`` are both sides summed up."""

    place: str
    days: Mapping[str, int]
    rows: Mapping[str, int]
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
        changed = days.changes(
            days.observed(extract), mart.shipped(), anew=anew or about.get("identity") != extract.identity
        )
        rows = _shipped(extract, mart, changed, on_stage) if any(changed.values()) else {}
        on_stage("adding up both sides")
        lines = reconciled(extract, mart)
        if any(changed.values()):
            _describe(extract, mart, changed, sum(rows.values()))
        removed = sum(stamp is None for subject in changed.values() for stamp in subject.values())
        return Shipment(mart.place, {name: len(subject) for name, subject in changed.items()}, rows, removed, lines)


def _refuse_mixture(about: Mapping[str, str], extract: Extract, mart: Mart) -> None:
    held = about.get("kind")
    if held not in {None, extract.kind}:
        raise UsageError(
            f"{mart.place} holds {described(str(held))}, and this is {described(str(extract.kind))}: they never share a"
            " datamart; name another database, or run `watthouse datamart drop --yes` first"
        )


def _shipped(extract: Extract, mart: Mart, changed: Changes, on_stage: Callable[[str], None]) -> Mapping[str, int]:
    """Fill staging, and have insertion.sql take it; returns the rows of each fact that were copied."""
    mart.empty_staging()
    _name_days(mart, changed)
    everything = {day for subject in changed.values() for day, stamp in subject.items() if stamp is not None}
    for name, query in MEMBERS.items():
        mart.copy(f"staging.{name}", extract.binary(_filled(query, extract, everything)))
    rows = {}
    for fact in FACTS:
        on_stage(f"copying {fact.table}")
        chosen = [day for day, stamp in changed[fact.subject.name].items() if stamp is not None]
        rows[fact.table] = _copied(extract, mart, fact, chosen)
    on_stage("inserting")
    mart.script(INSERTION)
    return rows


def _name_days(mart: Mart, changed: Changes) -> None:
    with (
        mart.connection.cursor() as cursor,
        cursor.copy("copy staging.day (subject, civil_date, stamp) from stdin") as into,
    ):
        for name, subject in changed.items():
            for day, stamp in subject.items():
                into.write_row((name, day, stamp))


def _copied(extract: Extract, mart: Mart, fact: Fact, chosen: Sequence[date]) -> int:
    rows = 0
    years = {day.year for day in chosen} - mart.years(fact.table) if fact.is_large else set()
    for year in sorted(years):
        table = f"staging.{fact.name}_{year}"
        mart.run(f"create table {table} (like datamart.{fact.table} including constraints including comments)")
        query = _filled(fact.rows, extract, [day for day in chosen if day.year == year])
        rows += mart.copy(table, extract.binary(query))
    if rest := [day for day in chosen if day.year not in years]:
        rows += mart.copy(f"staging.{fact.name}", extract.binary(_filled(fact.rows, extract, rest)))
    return rows


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
