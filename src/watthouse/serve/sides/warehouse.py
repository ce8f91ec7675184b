"""Schema ``energy_consumption`` of the warehouse: settled power of the regions, half hour by half hour."""

from datetime import date
from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl

from watthouse.catalog import CATALOG
from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.locale import Text
from watthouse.serve.queries.attribution import Used
from watthouse.serve.queries.units import BY_DAY, Interval, finest
from watthouse.serve.sides import sums
from watthouse.serve.sides.base import Rows
from watthouse.warehouse.query import SINCE, UNTIL, Prepared
from watthouse.warehouse.snapshots import Snapshot

SCHEMA: Final = "energy_consumption"
_DATASET: Final = "eco2mix-regional-cons-def"
_QUARTERS: Final = 2
"""How many quarter hours a slot lasts: settled power of the regions stands on half hours."""
_PARTS: Final = {Interval.DAY: "D", Interval.WEEK: "W", Interval.MONTH: "M", Interval.YEAR: "Y"}
_DAY: Final = ("code_insee", "date_enreg")


class Warehouse:
    """One build of the warehouse, on either engine."""

    title = Text(en="schema energy_consumption of the warehouse", fr="le schéma energy_consumption de l'entrepôt")
    left_out = Text(
        en="This schema has the regions' consolidated and definitive data alone: real time, and the sources of France,"
        " are in the marts.",
        fr="Ce schéma n'a que les données consolidées et définitives des régions : le temps réel et les filières de la"
        " France sont dans les marts.",
    )
    france = None

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @property
    def sample(self) -> str | None:
        return self._snapshot.sample

    @property
    def extent(self) -> tuple[date, date]:
        return self._snapshot.once(_extent)

    def means(self, measure: str, since: date, until: date) -> Rows:
        found = self._by_region(since, until)
        return Rows(sums.means(found, measure), _used(found))

    def shares(self, since: date, until: date) -> Rows:
        found = self._by_region(since, until)
        return Rows(sums.shares(found), _used(found))

    def years(self, region: str) -> Rows:
        found = self._summed(*self.extent, region, "Y")
        return Rows(sums.years(found), _used(found))

    def through(self, region: str, since: date, until: date) -> Rows:
        interval = finest(since, until, BY_DAY)
        found = self._summed(since, until, region, _PARTS[interval])
        return Rows(sums.powers(found, interval, since, until), _used(found))

    def _by_region(self, since: date, until: date) -> pl.DataFrame:
        regions = pl.DataFrame(self._snapshot.rows(self._snapshot.table("region", SCHEMA)))
        by_region = self._summed(since, until).join(regions, on="code_insee")
        return by_region.rename({"code_insee": "code_insee_region"})

    def _summed(self, since: date, until: date, region: str | None = None, part: str | None = None) -> pl.DataFrame:
        table = self._snapshot.table("consumption", SCHEMA)
        return pl.DataFrame(self._snapshot.rows(Prepared(_sums, (table.op(), region, part), since, until)))


def _used(found: pl.DataFrame) -> tuple[Used, ...]:
    """The dataset of the schema, on the days of which there were rows."""
    if found.is_empty():
        return ()
    return (Used(CATALOG[_DATASET], found["since"].min(), found["until"].max()),)  # type: ignore[arg-type]


def _extent(snapshot: Snapshot) -> tuple[date, date]:
    table = snapshot.table("consumption", SCHEMA)
    days = table.filter(table.consommation.notnull())
    bounds = days.aggregate(first=days.date_enreg.min(), last=days.date_enreg.max())
    first, last = snapshot.rows(bounds).to_pylist()[0].values()
    # of a warehouse without consolidated data there is nothing to choose from: the pages say so, a day at a time
    return (first, last) if first else snapshot.extent()


def _sums(table: ops.Relation, region: str | None, part: str | None) -> ir.Table:
    """The :data:`~watthouse.serve.sides.sums.COLUMNS` of the period, by region (``code_insee``), or of one ``region``
    by ``part`` of the calendar (``starts``); and the days of its rows, from ``since`` to ``until``."""
    rows = table.to_expr()
    rows = rows.filter(rows.date_enreg >= SINCE, rows.date_enreg <= UNTIL)
    if region:
        rows = rows.filter(rows.code_insee == region)
    days = _with_production(_by_known(rows))
    key = days.date_enreg.cast("timestamp").truncate(part).cast("date").name("starts") if part else days.code_insee
    return days.group_by(key).aggregate(
        since=days.date_enreg.min(),
        until=days.date_enreg.max(),
        **{name: days[name].sum().cast("float64") for name in sums.COLUMNS},
    )


def _by_known(rows: ir.Table) -> ir.Table:
    """The sums of the slots of a region and day that know the same sources (``<source>_known``).

    Few groups: whether a slot knows the whole mix is asked of them, not of every slot.
    """
    known = {f"{source}_known": rows[source].notnull() for source in REGIONAL}
    names = [name for name in sums.NAMES if name != "production"]
    rows = rows.mutate(**known)
    return rows.group_by([*_DAY, *known]).aggregate(
        slots=rows.count(),
        **{f"{name}_sum": _QUARTERS * rows[name].sum() for name in names},
        **{f"{name}_quarters": _QUARTERS * rows[name].count() for name in names},
    )


def _with_production(groups: ir.Table) -> ir.Table:
    """With the sums of production: that of a slot is known where every source is that its region and day publish, as
    long as the day knows any load."""
    day = ibis.window(group_by=_DAY)
    missing = [(groups[f"{source}_known"].any().over(day)) & ~groups[f"{source}_known"] for source in REGIONAL]
    known = ibis.or_(*(groups[f"{source}_known"] for source in REGIONAL))
    groups = groups.mutate(whole=known & ~ibis.or_(*missing) & (groups.consommation_quarters.sum().over(day) > 0))
    production = sum(
        (groups[f"{source}_sum"].fill_null(0) for source in REGIONAL[1:]), groups[f"{REGIONAL[0]}_sum"].fill_null(0)
    )
    return groups.mutate(
        production_sum=ibis.ifelse(groups.whole, production, None),
        production_quarters=ibis.ifelse(groups.whole, _QUARTERS * groups.slots, 0),
        **{f"{source}_mixed": ibis.ifelse(groups.whole, groups[f"{source}_sum"], None) for source in REGIONAL},
    )
