"""The newest measured day, another one, or the last hours, slot by slot."""

from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Final, Self

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl
from pydantic import Field, model_validator

from watthouse.catalog import CATALOG
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.base import days
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.fields import Day
from watthouse.serve.queries.mix import POWER
from watthouse.serve.queries.params import FormatParams, Moments, days_of, instant
from watthouse.serve.queries.series import (
    between,
    within,
)
from watthouse.serve.queries.slots import bucket
from watthouse.serve.queries.units import Interval
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


class Rolling(IntEnum):
    """How many hours up to the end of the newest measured slot."""

    DAY = 24
    TWO_DAYS = 48


class NowParams(FormatParams):
    """A civil day or the last hours, slot by slot."""

    day: Annotated[
        Day | None,
        Field(
            description="Civil day (Europe/Paris); the newest measured day by default",
            examples=["2025-01-31"],
        ),
    ] = None
    hours: Annotated[
        Rolling | None,
        Field(description="The last 24 or 48 hours up to the end of the newest measured slot", examples=[24]),
    ] = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.day and self.hours:
            raise ValueError("day and hours exclude each other: give one of them")
        return self


def now_of(snapshot: Snapshot, params: NowParams) -> RowSet:
    """A civil day (by default the newest measured one) or the last hours, one row per slot, in MW."""
    if params.hours:
        # the same for every visitor of one version
        return snapshot.once(_rolling, int(params.hours))
    newest = snapshot.extent("daily_mix")[1]
    if params.day is None or params.day == newest:
        return snapshot.once(_newest, newest)
    return _slots_now(snapshot, f"France on {params.day}, slot by slot", params.day, params.day)


def _newest(snapshot: Snapshot, day: date) -> RowSet:
    return _slots_now(snapshot, "The newest measured day of France", day, day)


def _rolling(snapshot: Snapshot, hours: int) -> RowSet:
    """The hours up to the end of the newest slot with a known load: scheduled exchanges continue after it."""
    newest = snapshot.extent("daily_mix")[1]
    form = Prepared(_last_measured, (snapshot.table(POWER, "core").op(),), newest, newest)
    (newest_slot,) = snapshot.rows(form).to_pylist()
    title = f"The last {hours} hours measured of France"
    # a day may have exchanges scheduled and nothing measured yet
    if newest_slot["date_heure"] is None:
        return _slots_now(snapshot, title, newest, newest)
    # the end of the slot, so that 24 hours are 24 hours of measurements
    end = newest_slot["date_heure"] + timedelta(minutes=newest_slot["slot_minutes"])
    first = end - timedelta(hours=hours)
    since, until = days_of(Moments(since=first, until=end))
    return _slots_now(snapshot, title, since or newest, until or newest, first, end)


def _last_measured(power: ops.Relation) -> ir.Table:
    rows = within(power.to_expr())
    rows = rows.filter(rows.consommation.notnull())
    return rows.aggregate(date_heure=rows.date_heure.max(), slot_minutes=rows.slot_minutes.argmax(rows.date_heure))


def _slots_now(
    snapshot: Snapshot,
    title: str,
    since: date,
    until: date,
    first: datetime | None = None,
    end: datetime | None = None,
) -> RowSet:
    """Power and forecasts of civil days, between two instants where they are given."""
    power, forecasts = (snapshot.table(f"core_national_{name}", "core") for name in ("power", "forecast"))
    # documented from the catalog, so that a column added there is documented here
    columns = tuple(map(_of_now, (*_shown_now(power), *_HORIZONS)))
    measured, ahead = (
        pl.DataFrame(snapshot.rows(Prepared(draw, (table.op(),), since, until, first, end)))
        for draw, table in ((_measured, power), (_ahead, forecasts))
    )
    # in full: forecasts run ahead of the load, and settled exchanges stand where no forecast does
    rows = measured.join(ahead, on="date_heure", how="full", coalesce=True).sort("date_heure")
    rows = rows.rename({name: _of_now(name).name for name in rows.columns})
    marts = ("core_national_power", "core_national_forecast")
    ends = {name: instant(moment) for name, moment in {"since": first, "until": end}.items() if moment}
    return RowSet(title, rows.to_arrow(), columns, days(since, until) | ends, marts, ((since, until),))


_HORIZONS: Final = ("prevision_j1", "prevision_j")


def _measured(power: ops.Relation) -> ir.Table:
    """The slots that know load or mix, and settled exchanges that stand on the second quarter of such a half hour."""
    rows = within(power.to_expr())
    shown = _shown_now(rows)
    of_half_hour = rows.slot_minutes.max().over(ibis.window(group_by=bucket(rows.date_heure, Interval.HALF_HOUR)))
    rows = between(rows.mutate(lasts=of_half_hour))  # then: the last hours may begin within a half hour
    return rows.filter(rows.slot_minutes.notnull() | (rows.lasts == 30)).select(shown)


def _shown_now(power: ir.Table) -> list[str]:
    """The columns of power that are shown: all but the day, its nature and how long each value lasts."""
    hidden = ("civil_date", "heure", "nature", "commercial_minutes")
    return [name for name in power.columns if name not in hidden and not name.endswith("quarter_hours")]


def _ahead(forecasts: ops.Relation) -> ir.Table:
    made = between(forecasts.to_expr())
    return made.group_by("date_heure").aggregate(
        **{horizon: made.forecast_mw.max(where=made.horizon == horizon) for horizon in _HORIZONS}
    )


_NOW: Final = (
    AnswerColumn("date_heure", "", "Instant the slot begins (UTC)"),
    AnswerColumn("slot_minutes", "min", "How long the slot lasts"),
    AnswerColumn("consommation_mw", "MW", "Load; null if not measured yet"),
    AnswerColumn("production_mw", "MW", "Production: the sum of the sources; null if one of them is unknown"),
)


def _of_now(name: str) -> AnswerColumn:
    """A column of a slot, described here or by the catalog."""
    described = next((column for column in _NOW if column.name in {name, f"{name}_mw"}), None)
    if described is not None:
        return described
    published = CATALOG["eco2mix-national-tr"].by_name[name]
    return AnswerColumn(f"{name}_{published.unit.lower().replace('/', '_')}", published.unit, published.meaning)


NOW: Final = Call(
    "/now",
    NowParams,
    now_of,
    summary="The newest measured day, another one, or the last 24 or 48 hours, slot by slot",
    detail=(
        "Load, forecasts, sources, exchanges and CO₂ intensity in MW and g/kWh, of the newest measured civil day by "
        "default."
    ),
    row="One row per slot: load, its forecasts, each source, exchanges, CO₂ intensity; forecasts run ahead of the load",
)
