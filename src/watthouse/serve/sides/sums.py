"""From sums to what pages show: the sides that have no marts sum up slots in SQL, and divide here, once and alike.

A sum of power is in MW times quarter hours, so that rows of 15 and of 30 minutes add up: a whole number. Beside it
stands in how many quarter hours the value is known.
"""

from datetime import date
from typing import Final

import polars as pl

from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.queries.units import Interval
from watthouse.serve.sides.periods import hours_by, whole_years

NAMES: Final = ("consommation", "production", *REGIONAL, "pompage")
"""What is summed up: ``<name>_sum`` [MW × quarter hours] and ``<name>_quarters``; production is that of all sources, in
the slots in which every source that the day publishes is known."""
COLUMNS: Final = (
    *(f"{name}_{what}" for name in NAMES for what in ("sum", "quarters")),
    *(f"{source}_mixed" for source in REGIONAL),
)
"""The columns of sums. ``<source>_mixed`` is the sum of a source over the slots that production knows."""
_PLACE: Final = ("code_insee_region", "libelle_region")
_HOURS: Final = {
    "measured_hours": pl.col("consommation_quarters").fill_null(0) / 4,
    "mix_hours": pl.col("production_quarters").fill_null(0) / 4,
}


def added(sums: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Sums of several groups as those of their ``keys``."""
    # a sum of nothing is null, not 0
    known = {name: pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()) for name in COLUMNS}
    return sums.group_by(keys).agg(**known)


def means(sums: pl.DataFrame, measure: str) -> pl.DataFrame:
    """A measure by region, MW, from the sums of each."""
    mean = _mw("production") - _mw("consommation") if measure == "difference" else _mw(measure)
    return sums.sort("code_insee_region").select(
        *_PLACE, mean.alias(f"{measure}_mw"), measured_hours=_HOURS["measured_hours"]
    )


def shares(sums: pl.DataFrame) -> pl.DataFrame:
    """Each source's share of production by region, from the sums of each."""
    parts = {f"{source}_share": _over(pl.col(f"{source}_mixed"), pl.col("production_sum")) for source in REGIONAL}
    return sums.sort("code_insee_region").select(*_PLACE, **parts, **_HOURS)


def years(sums: pl.DataFrame) -> pl.DataFrame:
    """Load, production, sources and pumping by calendar year, GWh, from the sums of each (``starts``); a year between
    the first and the last of which nothing is known is a row of nulls."""
    starts = sums["starts"].to_list() or [date.min]
    known = {name: pl.when(pl.col(f"{name}_quarters") > 0).then(pl.col(f"{name}_sum")) for name in NAMES}
    energies = {f"{name}_gwh": known[name] / 4000 for name in NAMES}
    return _through(sums, Interval.YEAR, *whole_years(min(starts), max(starts)), energies)


def powers(sums: pl.DataFrame, interval: Interval, since: date, until: date) -> pl.DataFrame:
    """The same as mean power, MW, by interval of a period; no rows where nothing is known of all of it."""
    return _through(sums, interval, since, until, {f"{name}_mw": _mw(name) for name in NAMES})


def _through(
    sums: pl.DataFrame, interval: Interval, since: date, until: date, values: dict[str, pl.Expr]
) -> pl.DataFrame:
    known = sums.select("starts", **values, **_HOURS)
    whole = pl.min_horizontal("measured_hours", "mix_hours") == pl.col("expected_hours")
    rows = hours_by(interval, since, until).join(known, on="starts", how="left", maintain_order="left")
    filled = rows.with_columns(complete=whole.fill_null(False)).drop("expected_hours")
    return filled if known.height else filled.clear()  # a period without any data is no hole


def _mw(name: str) -> pl.Expr:
    return _over(pl.col(f"{name}_sum"), pl.col(f"{name}_quarters"))


def _over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    # division by 0 is infinite in Polars, not null
    return part / pl.when(whole != 0).then(whole)
