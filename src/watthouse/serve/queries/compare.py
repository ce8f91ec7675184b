"""Load and mix of two periods."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Self

import ibis.expr.operations as ops
import ibis.expr.types as ir
from dateutil.relativedelta import relativedelta
from pydantic import Field, model_validator

from watthouse.serve.problems import wrong
from watthouse.serve.queries.base import CARBON, days
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.comparison import COLUMNS, PeriodTotals, side_by_side
from watthouse.serve.queries.fields import Day
from watthouse.serve.queries.mix import MEAN_CARBON
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.serve.queries.series import (
    MEASURED,
    energies,
    known_hours,
    measured_hours,
    shown,
    total,
    weighted,
    within,
)
from watthouse.serve.queries.units import Unit
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


class Compared(Period):
    """Two periods."""

    with_since: Annotated[
        Day | None,
        Field(
            description="First civil day of the other period; by default the same period a year earlier",
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
        # one bound alone could mean several periods
        if (self.with_since is None) != (self.with_until is None):
            raise ValueError("with_since and with_until go together: give both, or neither")
        if self.with_since and self.with_until and self.with_until < self.with_since:
            raise ValueError(f"with_until {self.with_until} is before with_since {self.with_since}: swap them")
        return self


def compare_of(snapshot: Snapshot, params: Compared) -> RowSet:
    """Load, sources and CO₂ intensity of two periods, one row per quantity."""
    _refuse_ends(params)
    since, until = period_or_newest(snapshot.extent("daily_mix"), params)
    other = _other(params, since, until)
    mart = snapshot.marts["daily_mix"]
    names = energies(mart, params.unit)
    sides = [_side(snapshot, names, params.unit, period) for period in ((since, until), other)]
    quantities = [
        *zip(names, shown(mart, names, params.unit), strict=True),
        *((column.name, column) for column in (CARBON, MEASURED)),
    ]
    more = {
        **days(since, until),
        "unit": params.unit.value,
        "measured": sides[0].measured,
        "with_since": other[0].isoformat(),
        "with_until": other[1].isoformat(),
        "with_measured": sides[1].measured,
    }
    rows = side_by_side(quantities, *sides)
    title = "Shares of production in two periods" if params.unit is Unit.SHARE else "Load and mix of two periods"
    return RowSet(title, rows, COLUMNS, more, (mart.name,))


def _other(params: Compared, since: date, until: date) -> tuple[date, date]:
    if params.with_since and params.with_until:
        return params.with_since, params.with_until
    # relativedelta raises an error of its own there
    if since.year == date.min.year:
        raise wrong("since", "there is no earlier year: give with_since and with_until")
    return since + relativedelta(years=-1), until + relativedelta(years=-1)


def _refuse_ends(params: Compared) -> None:
    """Raises a problem for a day that has no beginning or no end in UTC, between which the hours of a period are."""
    for name in ("since", "until", "with_since", "with_until"):
        if (day := getattr(params, name)) in {date.min, date.max}:
            raise wrong(name, f"{day} is an end of the calendar: choose a day inside of it")


def _side(snapshot: Snapshot, names: Sequence[str], unit: Unit, period: tuple[date, date]) -> PeriodTotals:
    # one query a side: to plan ninety sums takes longer than to add them up
    energy = _total(snapshot, names, Unit.MWH, *period)
    # mean power too, as only that compares periods of unlike length
    means = {name: _mean(energy[name], energy[f"{name}_known_hours"]) for name in names}
    if unit is Unit.SHARE:
        totals = _total(snapshot, names, unit, *period)
    else:
        totals = {**energy, **{name: _counted(energy[name], means[name], unit) for name in names}}
    known = {name: totals[f"{name}_known_hours"] or 0.0 for name in (*names, CARBON.name)}
    hours = totals[MEASURED.name] or 0.0
    return PeriodTotals(period, totals, means, {**known, MEASURED.name: hours}, hours)


def _mean(mwh: float | None, hours: float | None) -> float | None:
    """MW, to the bit as :func:`~watthouse.serve.queries.series.total` has the engine compute it."""
    return mwh / hours if mwh is not None and hours else None


def _counted(mwh: float | None, mean: float | None, unit: Unit) -> float | None:
    if unit is Unit.MW:
        return mean
    return mwh / 1000 if mwh is not None and unit is Unit.GWH else mwh


def _total(snapshot: Snapshot, names: Sequence[str], unit: Unit, since: date, until: date) -> dict[str, float | None]:
    """The whole period as one interval: its quantities, their CO₂ intensity, the hours measured, and those in which
    each quantity is known."""
    form = Prepared(_totals, (snapshot.table("daily_mix").op(), tuple(names), unit), since, until)
    (totals,) = snapshot.rows(form).to_pylist()
    return totals


def _totals(table: ops.Relation, names: tuple[str, ...], unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    return rows.aggregate(
        **{name: total(rows, name, unit).cast("float64") for name in names},
        **{f"{name}_known_hours": known_hours(rows, name, unit) for name in names},
        taux_co2_g_kwh=weighted(rows, MEAN_CARBON.name, MEAN_CARBON.weight),
        taux_co2_g_kwh_known_hours=known_hours(rows, "taux_co2", Unit.MW),
        measured_hours=measured_hours(rows),
    )


COMPARE: Final = Call(
    "/compare",
    Compared,
    compare_of,
    summary="Load and mix of two periods, side by side",
    detail="Any two periods of any length: mean power and shares are comparable even if the lengths differ.",
    row="One row per quantity: its value in both periods and the difference",
)
