"""Temperature of France, weighted by load, or of a region."""

from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.catalog import CORSE, REGIONS
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.attribution import TEMPERATURE_OF_FRANCE
from watthouse.serve.queries.base import meant, region_of, span_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.fields import Region
from watthouse.serve.queries.params import SeriesByDay
from watthouse.serve.queries.series import (
    STARTS,
    days_in_period,
    of_region,
    starts,
    within,
)
from watthouse.serve.queries.units import BY_DAY, Interval
from watthouse.warehouse.snapshots import Snapshot


class TemperatureParams(SeriesByDay):
    """Temperature of France, or of a region."""

    region: Region = None


def temperature_of(snapshot: Snapshot, params: TemperatureParams) -> RowSet:
    """Lowest, mean and highest temperature of France or of a region, by interval."""
    code = region_of(params.region)
    regional = snapshot.table("temperature_daily")
    span = span_of(snapshot.settings.max_points, snapshot, "temperature_daily", params, params.interval, BY_DAY)
    rows = (
        span.fill(_temperature, regional, code)
        if code
        else span.fill(_temperature_of_france, snapshot.table("daily_merged"), regional.op())
    )
    place = REGIONS[code] if code else "France, weighted by load"
    of = "temperature_daily" if code else TEMPERATURE_OF_FRANCE
    return RowSet(f"Temperature of {place}", rows, _TEMPERATURE, meant(span), (of,))


def _temperature(table: ops.Relation, interval: Interval, region: str) -> ir.Table:
    return _by_interval(within(of_region(table.to_expr(), region)), interval)


def temperature_of_france(merged: ir.Table, regional: ir.Table) -> ir.Table:
    """``civil_date``, ``tmin_c``, ``tmoy_c``, ``tmax_c`` [°C]: as ``daily_merged`` has them, and the plain mean of the
    mainland's regions in ``temperature_daily`` on days of which it has no temperature."""
    names = ("tmin_c", "tmoy_c", "tmax_c")
    # éCO2mix has no load to weigh Corsica by
    mainland = regional.filter(regional.code_insee_region != CORSE)
    plain = mainland.group_by("civil_date").aggregate(**{f"{name}_plain": mainland[name].mean() for name in names})
    days = merged.select("civil_date", *names).outer_join(plain, "civil_date")
    known = {name: ibis.coalesce(days[name].cast("float64"), days[f"{name}_plain"].cast("float64")) for name in names}
    return days.select(civil_date=ibis.coalesce(days.civil_date, days.civil_date_right), **known)


def _temperature_of_france(merged: ops.Relation, interval: Interval, regional: ops.Relation) -> ir.Table:
    return _by_interval(temperature_of_france(within(merged.to_expr()), within(regional.to_expr())), interval)


def _by_interval(rows: ir.Table, interval: Interval) -> ir.Table:
    sums = rows.group_by(starts(rows, interval)).aggregate(
        # the extremes of days, not of hours: nothing finer is published
        tmin_c=rows.tmin_c.min(),
        # of the days that are known: nearly every month lacks its last one
        tmoy_c=rows.tmoy_c.cast("float64").mean(),
        tmax_c=rows.tmax_c.max(),
        days=rows.tmoy_c.count(),
    )
    complete = sums.days == days_in_period(sums.starts, interval)
    return sums.mutate(complete=complete).order_by("starts")


_TEMPERATURE: Final = (
    STARTS,
    AnswerColumn("tmin_c", "°C", "Lowest temperature of the interval"),
    AnswerColumn("tmoy_c", "°C", "Mean of the days' mean temperatures"),
    AnswerColumn("tmax_c", "°C", "Highest temperature of the interval"),
    AnswerColumn("days", "days", "Days with a mean temperature"),
    AnswerColumn("complete", "", "Whether every day of the interval, within the period, has one"),
)


DAILY_TEMPERATURE: Final = Call(
    "/temperature",
    TemperatureParams,
    temperature_of,
    summary="Temperature of France, weighted by load, or of a region",
    detail=(
        "Lowest, mean and highest temperature by interval, of the civil days.\n\nThat of France is the mean of "
        "its mainland regions, weighted by their load on days that know it."
    ),
    row="One row per interval: lowest, mean and highest temperature",
)
