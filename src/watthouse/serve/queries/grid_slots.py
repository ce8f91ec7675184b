"""What meters are set against: national slots whose CO₂ intensity or load is known, and the colours of Tempo days."""

from datetime import date, timedelta
from typing import Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl

from watthouse.meters.readings import INSTANT
from watthouse.serve.queries.series import within
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

POWER: Final = "core_national_power"
COLOURS: Final = "tempo_days"
_A_DAY: Final = timedelta(days=1)


def rates(snapshot: Snapshot, since: date, until: date) -> pl.DataFrame:
    """The slots whose CO₂ intensity is known: ``start``, ``end``, ``g_per_kwh``, ``nature``."""
    return _slots(snapshot, "taux_co2", since, until).rename({"value": "g_per_kwh"})


def loads(snapshot: Snapshot, since: date, until: date) -> pl.DataFrame:
    """The slots whose load is known: ``start``, ``end``, ``mw``, ``nature``."""
    return _slots(snapshot, "consommation", since, until).rename({"value": "mw"})


def colours(snapshot: Snapshot, since: date, until: date) -> dict[date, str]:
    """The colours that are known, by the civil day on which a Tempo day begins; that before ``since`` lasts into it."""
    rows = snapshot.rows(Prepared(_days, (snapshot.table(COLOURS).op(),), *_around(since, until)))
    return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def _slots(snapshot: Snapshot, name: str, since: date, until: date) -> pl.DataFrame:
    table = snapshot.table(POWER, "core").op()
    rows = pl.DataFrame(snapshot.rows(Prepared(_known, (table, name), *_around(since, until))))
    start = pl.col("start").cast(INSTANT)
    return rows.select(
        start,
        end=start + pl.duration(minutes=15 * pl.col("quarter_hours")),
        value=pl.col("value").cast(pl.Float64),
        nature="nature",
    ).sort("start")


def _around(since: date, until: date) -> tuple[date, date]:
    """The days of a meter's own clock, whatever its zone, and the nights before and after them."""
    return max(since, date.min + _A_DAY) - _A_DAY, min(until, date.max - _A_DAY) + _A_DAY


def _known(table: ops.Relation, name: str) -> ir.Table:
    rows = within(table.to_expr())
    lasts = rows[f"{name}_quarter_hours"]
    return rows.filter(rows[name].notnull(), lasts > 0).select(
        start=rows.date_heure, quarter_hours=lasts.cast("int32"), value=rows[name], nature=rows.nature
    )


def _days(table: ops.Relation) -> ir.Table:
    rows = within(table.to_expr())
    return rows.select("civil_date", "tempo_colour")
