"""France as a whole: the mix, exchanges, forecasts, gas, temperature, the newest day, two periods side by side."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Self

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from dateutil.relativedelta import relativedelta
from fastapi import APIRouter, Query, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from watthouse.catalog import REGIONS
from watthouse.serve import known
from watthouse.serve.api.base import Rows, TheDesk, meant, region_of, rows_of, span_of
from watthouse.serve.asking import (
    Energy,
    EnergyAsOf,
    Interval,
    Period,
    Region,
    Series,
    Unit,
    Written,
    instant,
    newest_first,
)
from watthouse.serve.delivery import Shown
from watthouse.serve.desk import Desk, Question
from watthouse.serve.dictionary import Mart
from watthouse.serve.problems import documented, wrong
from watthouse.serve.series import COMPLETE, MEASURED, STARTS, Span, energy, last, measured_hours, shown, weighted
from watthouse.serve.snapshots import Snapshot

router = APIRouter(tags=["France"])

BY_HOUR: Final = (Interval.HOUR, Interval.DAY, Interval.WEEK, Interval.MONTH, Interval.YEAR)
BY_DAY: Final = BY_HOUR[1:]
BORDERS: Final = ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
_RATE: Final = Shown("taux_co2_g_kwh", "g/kWh", "CO₂ intensity of production: mean weighted by production")


def sources(mart: Mart) -> list[str]:
    """The columns of a mart that are part of production: those that have a share."""
    return [name.removesuffix("_share") for name in mart.names if name.endswith("_share")]


def energies(mart: Mart, unit: Unit) -> list[str]:
    """The columns of a mart that can be shown in this unit."""
    if unit is Unit.SHARE:
        return sources(mart)
    return [name.removesuffix("_mwh") for name in mart.names if name.endswith("_mwh")]


@router.get(
    "/mix",
    summary="Load and generation mix of France",
    response_model=Rows,
    responses=rows_of("A row an interval: load, each source, production, storage, CO₂ intensity") | documented(),
)
def mix(desk: TheDesk, request: Request, asked: Annotated[EnergyAsOf, Query()]) -> Response:
    """Energy of each source, of load and of storage, by interval; mean power or shares where these are asked for."""

    def ask(snapshot: Snapshot) -> Question:
        span = span_of(desk.settings.max_points, snapshot, "daily_mix", asked, asked.interval, BY_HOUR)
        if asked.as_of is None:
            return _mix(desk, snapshot.table, span, asked.unit)
        question = _mix(desk, known.tables_then(snapshot), span, asked.unit)
        rows = known.rows_then(snapshot, asked.as_of, span, known.NATIONAL, question.rows)
        return question.with_rows(rows, as_of=instant(asked.as_of))

    return desk.answer(request, asked.format, ask, "mix")


def _mix(desk: Desk, table: known.Tables, span: Span, unit: Unit) -> Question:
    mart = desk.marts["daily_mix"]
    names = energies(mart, unit)
    rows = table("hourly_national" if span.interval is Interval.HOUR else "daily_mix")
    found = energy(rows, span, names, unit, also=_rate)
    columns = (STARTS, *shown(mart, names, unit), _RATE, MEASURED, COMPLETE)
    return Question("Load and generation mix of France", found, columns, meant(span, unit=unit.value))


def _rate(rows: ir.Table) -> dict[str, ir.Value]:
    return {"taux_co2_g_kwh": weighted(rows, "taux_co2_g_kwh", "production_mwh")}


@router.get(
    "/exchanges",
    summary="Exchanges with other countries, by border",
    response_model=Rows,
    responses=rows_of("A row an interval: net, imports and exports by border; net values are negative for exports")
    | documented(),
)
def exchanges(desk: TheDesk, request: Request, asked: Annotated[Energy, Query()]) -> Response:
    """Commercial exchanges by border, net and gross, and the physical balance; kept by day."""
    if asked.unit is Unit.SHARE:
        raise wrong("unit", "exchanges are no part of production: ask for MW, MWh or GWh")

    def ask(snapshot: Snapshot) -> Question:
        span = span_of(desk.settings.max_points, snapshot, "exchanges_daily", asked, asked.interval, BY_DAY)
        mart = desk.marts["exchanges_daily"]
        names = energies(mart, asked.unit)
        found = energy(snapshot.table(mart.name), span, names, asked.unit)
        columns = (STARTS, *shown(mart, names, asked.unit), MEASURED, COMPLETE)
        return Question("Exchanges with other countries", found, columns, meant(span, unit=asked.unit.value))

    return desk.answer(request, asked.format, ask, "exchanges")


@router.get(
    "/forecast",
    summary="Load forecasts and their errors",
    response_model=Rows,
    responses=rows_of("A row an interval: load, forecasts of the day before and of the day, and their errors")
    | documented(),
)
def forecast(desk: TheDesk, request: Request, asked: Annotated[Energy, Query()]) -> Response:
    """Load as it was forecast the day before and on the day, and how far off; days to come included, kept by day."""
    if asked.unit is Unit.SHARE:
        raise wrong("unit", "load is no part of production: ask for MW, MWh or GWh")

    def ask(snapshot: Snapshot) -> Question:
        span = span_of(desk.settings.max_points, snapshot, "forecast_daily", asked, asked.interval, BY_DAY)
        mart = desk.marts["forecast_daily"]
        names = energies(mart, asked.unit)
        found = energy(snapshot.table(mart.name), span, names, asked.unit, also=_mape)
        errors = tuple(Shown(name, "%", mart[name].meaning) for name in _ERRORS)
        columns = (STARTS, *shown(mart, names, asked.unit), *errors, MEASURED, COMPLETE)
        return Question("Load forecasts of France", found, columns, meant(span, unit=asked.unit.value))

    return desk.answer(request, asked.format, ask, "forecast")


_ERRORS: Final = ("prevision_j1_mape_pct", "prevision_j_mape_pct")


def _mape(rows: ir.Table) -> dict[str, ir.Value]:
    return {name: weighted(rows, name, "measured_slots") for name in _ERRORS}


@router.get(
    "/gas",
    summary="Gas in storage",
    response_model=Rows,
    responses=rows_of("A row an interval: the stock at its last complete day, and the mean of its complete days")
    | documented(),
)
def gas(desk: TheDesk, request: Request, asked: Annotated[Series, Query()]) -> Response:
    """A day on which an operator has not reported yet counts as incomplete, never as less gas."""

    def ask(snapshot: Snapshot) -> Question:
        span = span_of(desk.settings.max_points, snapshot, "gas_daily", asked, asked.interval, BY_DAY)
        rows = span.of(snapshot.table("gas_daily"))
        sums = rows.group_by("starts").aggregate(
            stock_gaz_gwh=last(rows.stock_gaz_gwh, rows.civil_date),
            stock_gaz_mean_gwh=rows.stock_gaz_gwh.cast("float64").mean(),
            days=rows.count(),
            complete_days=rows.stock_gaz_complete.cast("int64").sum(),
        )
        found = sums.mutate(complete=sums.complete_days == span.days(sums.starts)).order_by("starts")
        return Question("Gas in storage in France", found, _GAS, meant(span))

    return desk.answer(request, asked.format, ask, "gas")


_GAS: Final = (
    STARTS,
    Shown("stock_gaz_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the last complete day of the interval"),
    Shown("stock_gaz_mean_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the day, mean of the complete days"),
    Shown("days", "days", "Days that any operator reported"),
    Shown("complete_days", "days", "Days that every operator and storage point reported"),
    Shown("complete", "", "Whether every day of the interval that lies in the period is complete"),
)


class TemperatureAsked(Series):
    """Temperature of France, or of a region."""

    region: Region = None


@router.get(
    "/temperature",
    summary="Temperature of France, weighted by load, or of a region",
    response_model=Rows,
    responses=rows_of("A row an interval: lowest, mean and highest temperature") | documented(),
)
def temperature(desk: TheDesk, request: Request, asked: Annotated[TemperatureAsked, Query()]) -> Response:
    """Lowest, mean and highest temperature by interval, of the civil days."""
    code = region_of(asked.region)

    def ask(snapshot: Snapshot) -> Question:
        name = "temperature_daily" if code else "daily_merged"
        span = span_of(desk.settings.max_points, snapshot, name, asked, asked.interval, BY_DAY)
        table = snapshot.table(name)
        rows = span.of(table.filter(table.code_insee_region == code) if code else table)
        sums = rows.group_by("starts").aggregate(
            tmin_c=rows.tmin_c.min(),
            tmoy_c=rows.tmoy_c.cast("float64").mean(),
            tmax_c=rows.tmax_c.max(),
            days=rows.tmoy_c.count(),
        )
        found = sums.mutate(complete=sums.days == span.days(sums.starts)).order_by("starts")
        whose = REGIONS[code] if code else "France, weighted by load"
        return Question(f"Temperature of {whose}", found, _TEMPERATURE, meant(span))

    return desk.answer(request, asked.format, ask, "temperature")


_TEMPERATURE: Final = (
    STARTS,
    Shown("tmin_c", "°C", "Lowest temperature of the interval"),
    Shown("tmoy_c", "°C", "Mean of the days' mean temperatures"),
    Shown("tmax_c", "°C", "Highest temperature of the interval"),
    Shown("days", "days", "Days with a mean temperature"),
    Shown("complete", "", "Whether every day of the interval that lies in the period has one"),
)


@router.get(
    "/now",
    summary="The newest measured day, quarter hour by quarter hour",
    response_model=Rows,
    responses=rows_of("A row a slot: load, its forecasts, each source, exchanges, CO₂ intensity; forecasts run ahead")
    | documented(),
)
def now(desk: TheDesk, request: Request, asked: Annotated[Written, Query()]) -> Response:
    """Load, forecasts, sources, exchanges and CO₂ intensity of the newest civil day with a measurement, in MW."""

    def ask(snapshot: Snapshot) -> Question:
        _, day = snapshot.extent("daily_mix")
        measured = _of_day(snapshot, "core_national_power", day).drop("civil_date", "heure", "quarter_hours", "nature")
        found = measured
        for horizon in _HORIZONS:
            forecast = _of_day(snapshot, "core_national_forecast", day)
            forecast = forecast.filter(forecast.horizon == horizon).select("date_heure", **{horizon: "forecast_mw"})
            found = found.outer_join(forecast, "date_heure", rname="{name}_right")
            found = found.mutate(date_heure=ibis.coalesce(found.date_heure, found.date_heure_right))
            found = found.drop("date_heure_right")
        found = found.order_by("date_heure")
        more = {"since": day.isoformat(), "until": day.isoformat()}
        return Question("The newest measured day of France", found, _NOW, more)

    return desk.answer(request, asked.format, ask, "now")


_HORIZONS: Final = ("prevision_j1", "prevision_j")


def _of_day(snapshot: Snapshot, table: str, day: date) -> ir.Table:
    rows = snapshot.table(table, "core")
    return rows.filter(rows.civil_date == ibis.date(day))


_NOW: Final = (
    Shown("date_heure", "", "Instant the slot begins (UTC)"),
    Shown("prevision_j1", "MW", "Load forecast made the day before"),
    Shown("prevision_j", "MW", "Load forecast made on the day"),
    Shown("consommation", "MW", "Load; null where it is not measured yet"),
    Shown("taux_co2", "g/kWh", "CO₂ intensity of production"),
    Shown("slot_minutes", "min", "How long the slot lasts"),
)


class Compared(Period):
    """Two periods."""

    with_since: Annotated[
        date | None,
        Field(
            description="First civil day of the other period; the same days a year before where it is left out",
            examples=["2024-01-01"],
        ),
    ] = None
    with_until: Annotated[
        date | None, Field(description="Last civil day of the other period, included", examples=["2024-01-31"])
    ] = None
    unit: Annotated[Unit, Field(description="MWh, GWh, mean MW, or share of production (0 to 1)", examples=["GWh"])] = (
        Unit.GWH
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.with_since is None) != (self.with_until is None):
            raise ValueError("with_since and with_until go together: give both, or neither")
        if self.with_since and self.with_until and self.with_until < self.with_since:
            raise ValueError(f"with_until {self.with_until} is before with_since {self.with_since}: turn them round")
        return self


@router.get(
    "/compare",
    summary="Load and mix of two periods, side by side",
    response_model=Rows,
    responses=rows_of("A row a quantity: its value in both periods and the difference") | documented(),
)
def compare(desk: TheDesk, request: Request, asked: Annotated[Compared, Query()]) -> Response:
    """Any two periods, of any length: mean power and shares compare them whatever their lengths."""

    def ask(snapshot: Snapshot) -> Question:
        since, until = newest_first(snapshot.extent("daily_mix"), asked)
        other = _other(asked, since, until)
        mart = desk.marts["daily_mix"]
        names = energies(mart, asked.unit)
        totals = [_total(snapshot, names, asked.unit, *days) for days in ((since, until), other)]
        found = _side_by_side(mart, names, asked.unit, *totals)
        more = {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "unit": asked.unit.value,
            "with_since": other[0].isoformat(),
            "with_until": other[1].isoformat(),
        }
        return Question("Load and mix of two periods", found, _COMPARED, more)

    return desk.answer(request, asked.format, ask, "compare")


_COMPARED: Final = (
    Shown("name", "", "The publisher's name of the quantity"),
    Shown("meaning", "", "What it is"),
    Shown("unit", "", "The unit of its values"),
    Shown("value", "", "In the period"),
    Shown("with_value", "", "In the other period"),
    Shown("difference", "", "The first less the second"),
    Shown("change_pct", "%", "The difference, of the value in the other period"),
)


def _other(asked: Compared, since: date, until: date) -> tuple[date, date]:
    if asked.with_since and asked.with_until:
        return asked.with_since, asked.with_until
    return since + relativedelta(years=-1), until + relativedelta(years=-1)


def _total(snapshot: Snapshot, names: Sequence[str], unit: Unit, since: date, until: date) -> dict[str, float | None]:
    """The whole period as one interval: its quantities, their CO₂ intensity, and the hours measured."""
    table = snapshot.table("daily_mix")
    rows = table.filter(table.civil_date >= ibis.date(since), table.civil_date <= ibis.date(until))
    sums = rows.aggregate(
        **{name: rows[f"{name}_mwh"].cast("float64").sum() for name in {*names, "production"}},
        **_rate(rows),
        measured_hours=measured_hours(rows),
    )
    (found,) = snapshot.engine.rows(sums).to_pylist()
    by = {Unit.MWH: 1.0, Unit.GWH: 1000.0, Unit.MW: found["measured_hours"], Unit.SHARE: found["production"]}[unit]
    scaled = {name: found[name] / by if found[name] is not None and by else None for name in names}
    return {**scaled, "taux_co2_g_kwh": found["taux_co2_g_kwh"], "measured_hours": found["measured_hours"]}


def _side_by_side(
    mart: Mart, names: Sequence[str], unit: Unit, one: dict[str, float | None], two: dict[str, float | None]
) -> pa.Table:
    about = [
        Shown(name, said.unit, said.description) for name, said in zip(names, shown(mart, names, unit), strict=True)
    ]
    rows = []
    for column in (*about, _RATE, MEASURED):
        value, other = one[column.name], two[column.name]
        difference = value - other if value is not None and other is not None else None
        change = 100 * difference / abs(other) if difference is not None and other else None
        rows.append((column.name, column.description, column.unit, value, other, difference, change))
    return pa.Table.from_pylist([dict(zip(_TYPES.names, row, strict=True)) for row in rows], _TYPES)


_TYPES: Final = pa.schema(
    [(name, pa.string()) for name in ("name", "meaning", "unit")]
    + [(name, pa.float64()) for name in ("value", "with_value", "difference", "change_pct")]
)
