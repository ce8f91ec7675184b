"""Thermosensitivity: how load follows temperature on cold days."""

from typing import Annotated, Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from pydantic import Field

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.attribution import TEMPERATURE_OF_FRANCE
from watthouse.serve.queries.base import days
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.fields import FirstHeld
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.serve.queries.series import quarter_hours, within
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

# No slope is given for fewer days.
_FEWEST: Final = 10


class SensitivityParams(Period):
    """Years, and which of their days are cold."""

    since: FirstHeld = None
    below: Annotated[
        float,
        Field(description="Days with a daily mean temperature below this count, °C", examples=[15], gt=-50, lt=50),
    ] = 15.0


def sensitivity_of(snapshot: Snapshot, params: SensitivityParams) -> RowSet:
    """Thermosensitivity by civil year, over fully measured days with a temperature; the standard error assumes
    independent days."""
    first, last = snapshot.extent("daily_merged")
    since, until = period_or_newest((first, last), params)
    if params.since is None:
        since = min(first, until)
    fits = Prepared(_fitted, (snapshot.table("daily_merged").op(), params.below), since, until)
    marts = ("daily_mix", TEMPERATURE_OF_FRANCE)
    return RowSet("Thermosensitivity of load, by year", fits, _COLUMNS, days(since, until), marts, among="daily_merged")


def _fitted(table: ops.Relation, below: float) -> ir.Table:
    rows = _cold_working_days(within(table.to_expr()), below)
    warm, power = rows.tmoy_c.cast("float64"), rows.load_mw
    sums = rows.group_by("year").aggregate(
        days=rows.count(),
        slope=warm.cov(power, how="sample") / warm.var(how="sample").nullif(0),
        ratio=power.std(how="sample") / warm.std(how="sample").nullif(0),
        r2=warm.corr(power, how="pop") ** 2,
        tmoy_c=warm.mean(),
        load_mw=power.mean(),
    )
    # a slope through a handful of days is weather, not sensitivity
    enough = sums.days >= _FEWEST
    error = sums.ratio * ((1 - sums.r2) / (sums.days - 2).nullif(0)).sqrt()
    fits = sums.select(
        "year",
        ibis.ifelse(enough, -sums.slope, ibis.null("float64")).name("slope_mw_per_c"),
        ibis.ifelse(enough, error, ibis.null("float64")).name("standard_error_mw_per_c"),
        ibis.ifelse(enough, sums.r2, ibis.null("float64")).name("r2"),
        sums.days.cast("int64").name("days"),
        "tmoy_c",
        "load_mw",
    )
    return fits.order_by("year")


def _cold_working_days(rows: ir.Table, below: float) -> ir.Table:
    cold = rows.filter(
        # weekends use less power whatever the temperature
        rows.tmoy_c < below,
        rows.measured_slots == rows.expected_slots,
        rows.civil_date.day_of_week.index() < 5,
    )
    hours = cold.measured_slots * quarter_hours(cold) / 4
    return cold.mutate(year=cold.civil_date.year(), load_mw=cold.consommation_mwh.cast("float64") / hours)


_COLUMNS: Final = (
    AnswerColumn("year", "", "Civil year"),
    AnswerColumn(
        "slope_mw_per_c", "MW/°C", f"MW of load that each °C colder adds; null with fewer than {_FEWEST} days"
    ),
    AnswerColumn("standard_error_mw_per_c", "MW/°C", "Standard error of that slope, assuming independent days"),
    AnswerColumn("r2", "", "Share of the variance of load explained by temperature"),
    AnswerColumn("days", "days", "Fully measured cold weekdays behind the slope"),
    AnswerColumn("tmoy_c", "°C", "Mean temperature of these days"),
    AnswerColumn("load_mw", "MW", "Mean load of these days"),
)


SENSITIVITY: Final = Call(
    "/sensitivity",
    SensitivityParams,
    sensitivity_of,
    summary="Thermosensitivity of load (MW per °C), by year",
    detail="Slope of daily mean load on daily mean temperature over cold weekdays, public holidays included.",
    row="One row per civil year: MW of load that each °C colder adds, over its cold weekdays",
)
