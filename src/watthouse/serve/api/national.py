"""France as a whole: the mix, exchanges, forecasts, gas, temperature, the newest day, two periods side by side."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Final, Self

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl
from dateutil.relativedelta import relativedelta
from fastapi import APIRouter, Query, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from watthouse.catalog import CATALOG, REGIONS
from watthouse.serve.api.base import (
    CARBON,
    TheService,
    answer_series,
    as_known,
    by_slot,
    days,
    energies_of,
    gives_rows,
    meant,
    named,
    refuse_longer,
    refuse_share,
    region_of,
    span_of,
    unbounded,
)
from watthouse.serve.formats import Shown
from watthouse.serve.problems import wrong
from watthouse.serve.queries import forecasts
from watthouse.serve.queries.as_of import NATIONAL, Tables
from watthouse.serve.queries.attribution import TEMPERATURE_OF_FRANCE
from watthouse.serve.queries.comparison import COLUMNS, Side, side_by_side
from watthouse.serve.queries.params import (
    BY_DAY,
    BY_HOUR,
    BY_SLOT,
    Daily,
    Day,
    Energy,
    EnergyAsOf,
    Flows,
    Interval,
    Moments,
    Period,
    Region,
    Series,
    Unit,
    Written,
    days_of,
    instant,
    newest_first,
)
from watthouse.serve.queries.prepared import Prepared
from watthouse.serve.queries.series import (
    COMPLETE,
    MEASURED,
    STARTS,
    Mean,
    Span,
    between,
    days_asked,
    energies,
    known_hours,
    last,
    measured_hours,
    of_region,
    shown,
    starts,
    temperature_of_france,
    total,
    weighted,
    within,
)
from watthouse.serve.queries.slots import BEGINS, CLOCK, SLOT_MINUTES, Kind, bucket
from watthouse.serve.service import Question, Service
from watthouse.serve.snapshots import Snapshot

router = APIRouter(tags=["France"])


@gives_rows(
    router,
    "/mix",
    "Load and generation mix of France",
    "A row an interval: load, each source, production, storage, CO₂ intensity",
)
def mix(service: TheService, request: Request, params: Annotated[EnergyAsOf, Query()]) -> Response:
    """Energy of each source, of load and of storage, by interval; mean power or shares where these are asked for."""
    any_number = unbounded(request, params)
    return answer_series(
        service, request, params, lambda snapshot: mix_of(service, snapshot, params, any_number=any_number), "mix"
    )


def mix_of(service: Service, snapshot: Snapshot, params: EnergyAsOf, *, any_number: bool = False) -> Question:
    """Load, sources, storage and CO₂ intensity of France by interval: of any number of points, or a bounded one."""
    most = None if any_number else service.settings.max_points
    span = span_of(most, snapshot, "daily_mix", params, params.interval, BY_SLOT, BY_HOUR)
    unit = params.counted_in
    if span.interval in BY_HOUR:
        return as_known(snapshot, params.as_of, span, NATIONAL, lambda table: _mix(service, table, span, unit))
    names = named(service.marts["daily_mix"], unit)
    return by_slot(snapshot, params.as_of, span, _MIX, _POWER, unit, _TITLE, names)


_TITLE: Final = "Load and generation mix of France"
_POWER: Final = "core_national_power"
_MIX: Final = Kind(("consommation",), rated=True)


def _mix(service: Service, table: Tables, span: Span, unit: Unit) -> Question:
    rows = table("daily_mix")
    if span.interval is Interval.HOUR:
        hours = table("hourly_national")
        rows = hours.filter((hours.measured_slots > 0) | (hours.mix_slots > 0))  # not those of scheduled exchanges only
    return energies_of(service.marts["daily_mix"], rows, span, unit, _TITLE, [_CARBON], [CARBON])


_CARBON: Final = Mean("taux_co2_g_kwh", "production_mwh")


@gives_rows(
    router,
    "/exchanges",
    "Exchanges with other countries, by border",
    "A row an interval: net, imports and exports by border; net values are negative for exports",
)
def exchanges(service: TheService, request: Request, params: Annotated[Flows, Query()]) -> Response:
    """Commercial exchanges by border, net and gross, and the physical balance."""
    refuse_share(params.unit, "exchanges are")
    any_number = unbounded(request, params)
    return answer_series(
        service,
        request,
        params,
        lambda snapshot: exchanges_of(service, snapshot, params, any_number=any_number),
        "exchanges",
    )


def exchanges_of(service: Service, snapshot: Snapshot, params: Energy, *, any_number: bool = False) -> Question:
    """Exchanges by border, net and gross, by interval; ``asked.unit`` is none of shares."""
    most = None if any_number else service.settings.max_points
    span = span_of(most, snapshot, "exchanges_daily", params, params.interval, BY_SLOT, BY_DAY)
    mart, title, unit = service.marts["exchanges_daily"], "Exchanges with other countries", params.counted_in
    if span.interval.length is None:
        return energies_of(mart, snapshot.table(mart.name), span, unit, title)
    return by_slot(snapshot, None, span, _FLOWS, _POWER, unit, title, named(mart, unit))


def exchanged(snapshot: Snapshot, since: date, until: date, unit: Unit) -> dict[str, float | None]:
    """Exchanges of a whole period by column of ``exchanges_daily``: null where one is known for none of it, MW over the
    time in which it is known."""
    table = snapshot.table("exchanges_daily")
    names = tuple(name.removesuffix("_mwh") for name in table.columns if name.endswith("_mwh"))
    return _whole(snapshot, table, names, unit, since, until)


def mean_load(snapshot: Snapshot, since: date, until: date) -> float | None:
    """Mean load of a whole period [MW], over the time in which it is known."""
    return _whole(snapshot, snapshot.table("daily_mix"), ("consommation",), Unit.MW, since, until)["consommation"]


def _whole(
    snapshot: Snapshot, table: ir.Table, names: tuple[str, ...], unit: Unit, since: date, until: date
) -> dict[str, float | None]:
    (found,) = snapshot.engine.rows(Prepared(_summed_up, (table.op(), names, unit), since, until)).to_pylist()
    return found


def _summed_up(table: ops.Relation, names: tuple[str, ...], unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    return rows.aggregate(**{name: total(rows, name, unit).cast("float64") for name in names})


_FLOWS: Final = Kind(
    ("ech_physiques", *(name for name in CATALOG["eco2mix-national-tr"].names if name.startswith("ech_comm_"))),
    mixed=False,
)


@gives_rows(
    router,
    "/forecast",
    "Load forecasts and their errors",
    "A row an interval: load, forecasts of the day before and of the day, and their errors",
)
def forecast(service: TheService, request: Request, params: Annotated[Flows, Query()]) -> Response:
    """Load as it was forecast the day before and on the day, and how far off; days to come included."""
    refuse_share(params.unit, "load is")
    any_number = unbounded(request, params)
    return answer_series(
        service,
        request,
        params,
        lambda snapshot: forecast_of(service, snapshot, params, any_number=any_number),
        "forecast",
    )


def forecast_of(service: Service, snapshot: Snapshot, params: Energy, *, any_number: bool = False) -> Question:
    """Load, its forecasts and their errors by interval; ``asked.unit`` is none of shares."""
    most = None if any_number else service.settings.max_points
    span = span_of(most, snapshot, "forecast_daily", params, params.interval, BY_SLOT, BY_DAY)
    mart, title, unit = service.marts["forecast_daily"], "Load forecasts of France", params.counted_in
    errors = [Shown(name, "%", mart[name].meaning) for name in _ERRORS]
    if span.interval.length is None:
        return energies_of(mart, snapshot.table(mart.name), span, unit, title, _MISSED, errors)
    tables = (snapshot.table("core_national_forecast", "core"), snapshot.table(_POWER, "core"))
    if span.interval is Interval.QUARTER_HOUR:
        refuse_longer(snapshot.engine.rows(forecasts.longest(span, *tables)))
    names = named(mart, unit)
    if span.interval is Interval.SLOT:
        names = [one for one in names if not one.name.endswith("_error")]
    values = {one.name: Shown(f"{one.name}{unit.suffix}", unit.label, one.description) for one in names}
    columns = (
        (BEGINS, CLOCK, *_lasting(values))
        if span.interval is Interval.SLOT
        else (STARTS, *values.values(), *errors, MEASURED, COMPLETE)
    )
    more, stands_on = meant(span, unit=unit.value), ("core_national_forecast", _POWER)
    rows = forecasts.cut(span, *tables, unit)
    return Question(title, rows, columns, more, stands_on, ((span.since, span.until),))


def _lasting(values: Mapping[str, Shown]) -> Iterator[Shown]:
    """Each forecast, and the load that stands at its instant, after how long it lasts."""
    for name in forecasts.HORIZONS:
        yield Shown(f"{name}_minutes", "min", f"How long {name} lasts: 15 or 30")
        yield values[name]
    yield SLOT_MINUTES
    yield values["consommation"]


_ERRORS: Final = ("prevision_j1_mape_pct", "prevision_j_mape_pct")


_MISSED: Final = tuple(Mean(name, name.replace("mape_pct", "compared_slots")) for name in _ERRORS)


@gives_rows(
    router,
    "/gas",
    "Gas in storage",
    "A row an interval: the stock at its last complete day, and the mean of its complete days",
)
def gas(service: TheService, request: Request, params: Annotated[Daily, Query()]) -> Response:
    """A day on which an operator has not reported yet counts as incomplete, never as less gas."""
    return service.answer(request, params.format, lambda snapshot: gas_of(service, snapshot, params), "gas")


def gas_of(service: Service, snapshot: Snapshot, params: Series) -> Question:
    """Gas in storage in France by interval."""
    span = span_of(service.settings.max_points, snapshot, "gas_daily", params, params.interval, BY_DAY)
    found = span.fill(_gas, snapshot.table("gas_daily"))
    return Question("Gas in storage in France", found, _GAS, meant(span), ("gas_daily",))


def _gas(table: ops.Relation, interval: Interval) -> ir.Table:
    rows = within(table.to_expr())
    complete = rows.stock_gaz_gwh.notnull()
    sums = rows.group_by(starts(rows, interval)).aggregate(
        stock_gaz_gwh=last(rows.stock_gaz_gwh, rows.civil_date),
        last_complete_day=rows.civil_date.max(where=complete),
        stock_gaz_first_gwh=rows.stock_gaz_gwh.argmin(rows.civil_date, where=complete),
        first_complete_day=rows.civil_date.min(where=complete),
        stock_gaz_mean_gwh=rows.stock_gaz_gwh.cast("float64").mean(),
        stock_gaz_max_gwh=rows.stock_gaz_gwh.max(),
        days=rows.count(),
        complete_days=rows.stock_gaz_complete.cast("int64").sum().cast("int64"),
    )
    complete = sums.complete_days == days_asked(sums.starts, interval)
    return sums.mutate(complete=complete).order_by("starts")


_GAS: Final = (
    STARTS,
    Shown("stock_gaz_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the last complete day of the interval"),
    Shown("last_complete_day", "", "That civil day"),
    Shown("stock_gaz_first_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the first complete day of the interval"),
    Shown("first_complete_day", "", "That civil day"),
    Shown("stock_gaz_mean_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the day, mean of the complete days"),
    Shown("stock_gaz_max_gwh", "GWh PCS 0 °C", "The highest of the complete days"),
    Shown("days", "days", "Days that any operator reported"),
    Shown("complete_days", "days", "Days that every operator and storage point reported"),
    Shown("complete", "", "Whether every day of the interval that lies in the period is complete"),
)


class TemperatureParams(Daily):
    """Temperature of France, or of a region."""

    region: Region = None


@gives_rows(
    router,
    "/temperature",
    "Temperature of France, weighted by load, or of a region",
    "A row an interval: lowest, mean and highest temperature",
)
def temperature(service: TheService, request: Request, params: Annotated[TemperatureParams, Query()]) -> Response:
    """Lowest, mean and highest temperature by interval, of the civil days.

    That of France is the mean of its mainland regions, weighted by their load on days that know it.
    """
    region_of(params.region)
    return service.answer(
        request, params.format, lambda snapshot: temperature_of(service, snapshot, params), "temperature"
    )


def temperature_of(service: Service, snapshot: Snapshot, params: TemperatureParams) -> Question:
    """Lowest, mean and highest temperature of France or of a region, by interval."""
    code = params.region
    regional = snapshot.table("temperature_daily")
    span = span_of(service.settings.max_points, snapshot, "temperature_daily", params, params.interval, BY_DAY)
    found = (
        span.fill(_temperature, regional, code)
        if code
        else span.fill(_temperature_of_france, snapshot.table("daily_merged"), regional.op())
    )
    whose = REGIONS[code] if code else "France, weighted by load"
    of = "temperature_daily" if code else TEMPERATURE_OF_FRANCE
    return Question(f"Temperature of {whose}", found, _TEMPERATURE, meant(span), (of,))


def _temperature(table: ops.Relation, interval: Interval, region: str) -> ir.Table:
    return _by_interval(within(of_region(table.to_expr(), region)), interval)


def _temperature_of_france(merged: ops.Relation, interval: Interval, regional: ops.Relation) -> ir.Table:
    return _by_interval(temperature_of_france(within(merged.to_expr()), within(regional.to_expr())), interval)


def _by_interval(rows: ir.Table, interval: Interval) -> ir.Table:
    sums = rows.group_by(starts(rows, interval)).aggregate(
        tmin_c=rows.tmin_c.min(),
        tmoy_c=rows.tmoy_c.cast("float64").mean(),
        tmax_c=rows.tmax_c.max(),
        days=rows.tmoy_c.count(),
    )
    complete = sums.days == days_asked(sums.starts, interval)
    return sums.mutate(complete=complete).order_by("starts")


_TEMPERATURE: Final = (
    STARTS,
    Shown("tmin_c", "°C", "Lowest temperature of the interval"),
    Shown("tmoy_c", "°C", "Mean of the days' mean temperatures"),
    Shown("tmax_c", "°C", "Highest temperature of the interval"),
    Shown("days", "days", "Days with a mean temperature"),
    Shown("complete", "", "Whether every day of the interval that lies in the period has one"),
)


class Rolling(IntEnum):
    """How many hours up to the end of the newest measured slot."""

    DAY = 24
    TWO_DAYS = 48


class NowParams(Written):
    """A civil day or the last hours, slot by slot."""

    day: Annotated[
        Day | None,
        Field(
            description="Civil day (Europe/Paris); the newest with a measurement where it is left out",
            examples=["2025-01-31"],
        ),
    ] = None
    hours: Annotated[
        Rolling | None,
        Field(description="The last 24 or 48 hours up to the end of the newest measured slot", examples=[24]),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.day and self.hours:
            raise ValueError("day and hours exclude each other: give one of them")
        return self


@gives_rows(
    router,
    "/now",
    "The newest measured day, another one, or the last 24 or 48 hours, slot by slot",
    "A row a slot: load, its forecasts, each source, exchanges, CO₂ intensity; forecasts of a day run ahead",
)
def now(service: TheService, request: Request, params: Annotated[NowParams, Query()]) -> Response:
    """Load, forecasts, sources, exchanges and CO₂ intensity in MW and g/kWh, of the newest civil day with a measurement
    where neither a day nor hours are asked for."""
    return service.answer(request, params.format, lambda snapshot: now_of(snapshot, params), "now")


def now_of(snapshot: Snapshot, params: NowParams) -> Question:
    """A civil day (the newest with a measurement, where none is asked for) or the last hours, a row a slot, in MW."""
    if params.hours:
        return snapshot.once(_rolling, int(params.hours))
    newest = snapshot.extent("daily_mix")[1]
    if params.day is None or params.day == newest:
        return snapshot.once(_newest, newest)
    return _slots_now(snapshot, f"France on {params.day}, slot by slot", params.day, params.day)


def _newest(snapshot: Snapshot, day: date) -> Question:
    return _slots_now(snapshot, "The newest measured day of France", day, day)


def _rolling(snapshot: Snapshot, hours: int) -> Question:
    """The hours before the end of the newest slot whose load is known: scheduled exchanges run on after it."""
    newest = snapshot.extent("daily_mix")[1]
    form = Prepared(_last_measured, (snapshot.table(_POWER, "core").op(),), newest, newest)
    (found,) = snapshot.engine.rows(form).to_pylist()
    title = f"The last {hours} hours measured of France"
    if found["date_heure"] is None:
        return _slots_now(snapshot, title, newest, newest)
    end = found["date_heure"] + timedelta(minutes=found["slot_minutes"])
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
) -> Question:
    """Power and forecasts of civil days, between two instants where they are given."""
    power, forecasts = (snapshot.table(f"core_national_{name}", "core") for name in ("power", "forecast"))
    columns = tuple(map(_of_now, (*_shown_now(power), *_HORIZONS)))
    measured, ahead = (
        pl.DataFrame(snapshot.engine.rows(Prepared(draw, (table.op(),), since, until, first, end)))
        for draw, table in ((_measured, power), (_ahead, forecasts))
    )
    rows = measured.join(ahead, on="date_heure", how="full", coalesce=True).sort("date_heure")
    rows = rows.rename({name: _of_now(name).name for name in rows.columns})
    marts = ("core_national_power", "core_national_forecast")
    ends = {name: instant(one) for name, one in {"since": first, "until": end}.items() if one}
    return Question(title, rows.to_arrow(), columns, days(since, until) | ends, marts, ((since, until),))


_HORIZONS: Final = ("prevision_j1", "prevision_j")


def _measured(power: ops.Relation) -> ir.Table:
    """The slots that know load or mix, and settled exchanges that stand on the second quarter of such a half hour."""
    rows = between(power.to_expr())
    shown = _shown_now(rows)
    of_half_hour = rows.slot_minutes.max().over(ibis.window(group_by=bucket(rows.date_heure, Interval.HALF_HOUR)))
    rows = rows.mutate(lasts=of_half_hour)
    return rows.filter(rows.slot_minutes.notnull() | (rows.lasts == 30)).select(shown)


def _shown_now(power: ir.Table) -> list[str]:
    """The columns of power that are shown: all but the day, its nature and how long each value lasts."""
    hidden = ("civil_date", "heure", "nature", "commercial_minutes")
    return [name for name in power.columns if name not in hidden and not name.endswith("quarter_hours")]


def _ahead(forecasts: ops.Relation) -> ir.Table:
    said = between(forecasts.to_expr())
    return said.group_by("date_heure").aggregate(
        **{horizon: said.forecast_mw.max(where=said.horizon == horizon) for horizon in _HORIZONS}
    )


_NOW: Final = (
    Shown("date_heure", "", "Instant the slot begins (UTC)"),
    Shown("slot_minutes", "min", "How long the slot lasts"),
    Shown("consommation_mw", "MW", "Load; null where it is not measured yet"),
    Shown("production_mw", "MW", "Production: the sum of the sources; null where one of them is not known"),
)


def _of_now(name: str) -> Shown:
    """A column of a slot, in watthouse's words or its publisher's."""
    told = next((one for one in _NOW if one.name in {name, f"{name}_mw"}), None)
    if told is not None:
        return told
    published = CATALOG["eco2mix-national-tr"][name]
    return Shown(f"{name}_{published.unit.lower().replace('/', '_')}", published.unit, published.meaning)


class Compared(Period):
    """Two periods."""

    with_since: Annotated[
        Day | None,
        Field(
            description="First civil day of the other period; the same days a year before where it is left out",
            examples=["2024-01-01"],
        ),
    ] = None
    with_until: Annotated[
        Day | None, Field(description="Last civil day of the other period, included", examples=["2024-01-31"])
    ] = None
    unit: Annotated[Unit, Field(description="MWh, GWh, mean MW, or share of production (0 to 1)", examples=["GWh"])] = (
        Unit.GWH
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.with_since is None) != (self.with_until is None):
            raise ValueError("with_since and with_until go together: give both, or neither")
        if self.with_since and self.with_until and self.with_until < self.with_since:
            raise ValueError(f"with_until {self.with_until} is before with_since {self.with_since}: swap them")
        return self


@gives_rows(
    router,
    "/compare",
    "Load and mix of two periods, side by side",
    "A row a quantity: its value in both periods and the difference",
)
def compare(service: TheService, request: Request, params: Annotated[Compared, Query()]) -> Response:
    """Any two periods, of any length: mean power and shares compare them whatever their lengths."""
    return service.answer(request, params.format, lambda snapshot: compare_of(service, snapshot, params), "compare")


def compare_of(service: Service, snapshot: Snapshot, params: Compared) -> Question:
    """Load, sources and CO₂ intensity of two periods, a row a quantity."""
    since, until = newest_first(snapshot.extent("daily_mix"), params)
    other = _other(params, since, until)
    mart = service.marts["daily_mix"]
    names = energies(mart, params.unit)
    sides = [_side(snapshot, names, params.unit, period) for period in ((since, until), other)]
    quantities = [
        *zip(names, shown(mart, names, params.unit), strict=True),
        *((one.name, one) for one in (CARBON, MEASURED)),
    ]
    more = {
        **days(since, until),
        "unit": params.unit.value,
        "measured": sides[0].measured,
        "with_since": other[0].isoformat(),
        "with_until": other[1].isoformat(),
        "with_measured": sides[1].measured,
    }
    found = side_by_side(quantities, *sides)
    title = "Shares of production in two periods" if params.unit is Unit.SHARE else "Load and mix of two periods"
    return Question(title, found, COLUMNS, more, (mart.name,))


def _other(params: Compared, since: date, until: date) -> tuple[date, date]:
    if params.with_since and params.with_until:
        return params.with_since, params.with_until
    if since.year == date.min.year:
        raise wrong("since", "no year lies before this one: give with_since and with_until")
    return since + relativedelta(years=-1), until + relativedelta(years=-1)


def _side(snapshot: Snapshot, names: Sequence[str], unit: Unit, period: tuple[date, date]) -> Side:
    totals, means = (_total(snapshot, names, one, *period) for one in (unit, Unit.MW))
    known = {name: totals[f"{name}_known_hours"] or 0.0 for name in (*names, CARBON.name)}
    hours = totals[MEASURED.name] or 0.0
    return Side(period, totals, {name: means[name] for name in names}, {**known, MEASURED.name: hours}, hours)


def _total(snapshot: Snapshot, names: Sequence[str], unit: Unit, since: date, until: date) -> dict[str, float | None]:
    """The whole period as one interval: its quantities, their CO₂ intensity, the hours measured, and those in which
    each quantity is known."""
    form = Prepared(_totals, (snapshot.table("daily_mix").op(), tuple(names), unit), since, until)
    (found,) = snapshot.engine.rows(form).to_pylist()
    return found


def _totals(table: ops.Relation, names: tuple[str, ...], unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    return rows.aggregate(
        **{name: total(rows, name, unit).cast("float64") for name in names},
        **{f"{name}_known_hours": known_hours(rows, name, unit) for name in names},
        taux_co2_g_kwh=weighted(rows, _CARBON.name, _CARBON.weight),
        taux_co2_g_kwh_known_hours=known_hours(rows, "taux_co2", Unit.MW),
        measured_hours=measured_hours(rows),
    )
