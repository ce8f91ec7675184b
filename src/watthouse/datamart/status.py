"""What a datamart holds, as it says itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from watthouse.datamart.facts import FACTS
from watthouse.datamart.place import Datamart, Mart


@dataclass(frozen=True)
class Held:
    """A fact: the days of its subject, the first and the last of them, and its size [bytes], indexes included."""

    fact: str
    days: int
    first: date | None
    last: date | None
    bytes: int


@dataclass(frozen=True)
class Status:
    """``about`` is what the datamart is; ``shipments`` and the newest one [UTC] count those that changed something."""

    place: str
    about: Mapping[str, str]
    facts: tuple[Held, ...]
    shipments: int
    shipped_at: datetime | None


def status(datamart: Datamart) -> Status:
    """Raises :class:`~watthouse.errors.WarehouseError` where there is no datamart."""
    with datamart.reading() as mart:
        ((shipments, shipped_at),) = mart.run("select count(*), max(shipped_at) from datamart.shipment")
        return Status(mart.place, mart.about(), tuple(_facts(mart)), shipments, shipped_at)


def _facts(mart: Mart) -> list[Held]:
    days = "select subject, count(*), min(civil_date), max(civil_date) from datamart.shipped_day group by subject"
    known = {subject: (count, first, last) for subject, count, first, last in mart.run(days)}
    parts = "select sum(pg_total_relation_size(relid)) from pg_partition_tree('datamart.{table}') where isleaf"
    sizes = {fact.table: mart.run(parts.format(table=fact.table))[0][0] for fact in FACTS}
    held: list[Held] = []
    for fact in FACTS:
        count, first, last = known.get(fact.subject.name, (0, None, None))
        held.append(Held(fact.table, count, first, last, int(sizes[fact.table] or 0)))
    return held
