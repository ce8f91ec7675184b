"""Load against the forecasts made of it."""

from collections.abc import Iterator, Mapping
from typing import Final

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries import forecast_slots
from watthouse.serve.queries.base import (
    energies_of,
    meant,
    named,
    refuse_longer,
    refuse_share,
    span_of,
)
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.mix import POWER
from watthouse.serve.queries.params import Flows
from watthouse.serve.queries.series import (
    COMPLETE,
    MEASURED,
    STARTS,
    Mean,
)
from watthouse.serve.queries.slots import BEGINS, CLOCK, SLOT_MINUTES
from watthouse.serve.queries.units import BY_DAY, BY_SLOT, Interval
from watthouse.warehouse.snapshots import Snapshot


def forecast_of(snapshot: Snapshot, params: Flows, *, any_number: bool = False) -> RowSet:
    """Load, its forecasts and their errors by interval; raises a problem for shares."""
    refuse_share(params.unit, "load is")
    most = None if any_number else snapshot.settings.max_points
    span = span_of(most, snapshot, "forecast_daily", params, params.interval, BY_SLOT, BY_DAY)
    mart, title, unit = snapshot.marts["forecast_daily"], "Load forecasts of France", params.counted_in
    errors = [AnswerColumn(name, "%", mart.by_name[name].meaning) for name in _ERRORS]
    if span.interval.length is None:
        return energies_of(mart, snapshot.table(mart.name), span, unit, title, _MISSED, errors)
    tables = (snapshot.table("core_national_forecast", "core"), snapshot.table(POWER, "core"))
    if span.interval is Interval.QUARTER_HOUR:
        refuse_longer(snapshot.rows(forecast_slots.longest(span, *tables)))
    names = named(mart, unit)
    if span.interval is Interval.SLOT:
        # forecast and load may last unlike long, so errors are given by interval only
        names = [column for column in names if not column.name.endswith("_error")]
    values = {
        column.name: AnswerColumn(f"{column.name}{unit.suffix}", unit.label, column.description) for column in names
    }
    columns = (
        (BEGINS, CLOCK, *_lasting(values))
        if span.interval is Interval.SLOT
        else (STARTS, *values.values(), *errors, MEASURED, COMPLETE)
    )
    more, stands_on = meant(span, unit=unit.value), ("core_national_forecast", POWER)
    rows = forecast_slots.cut(span, *tables, unit)
    return RowSet(title, rows, columns, more, stands_on, ((span.since, span.until),))


def _lasting(values: Mapping[str, AnswerColumn]) -> Iterator[AnswerColumn]:
    """Each forecast, and the load that stands at its instant, after how long it lasts."""
    for name in forecast_slots.HORIZONS:
        yield AnswerColumn(f"{name}_minutes", "min", f"Duration of {name}: 15 or 30")
        yield values[name]
    yield SLOT_MINUTES
    yield values["consommation"]


_ERRORS: Final = ("prevision_j1_mape_pct", "prevision_j_mape_pct")
_MISSED: Final = tuple(Mean(name, name.replace("mape_pct", "compared_slots")) for name in _ERRORS)


FORECAST: Final = Call(
    "/forecast",
    Flows,
    forecast_of,
    summary="Load forecasts and their errors",
    detail="Load, its forecasts of the day before and of the day, and their errors; future days included.",
    row="One row per interval: load, forecasts of the day before and of the day, and their errors",
    series=True,
)
