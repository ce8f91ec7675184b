"""What France really consumed, generated and exchanged in each slot: the truth that éCO2mix measures.

Regions come first (load, wind, sun, what the reactors could run), the flexible rest is dispatched for the whole country
against the residual load. Exchanges close the balance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from watthouse.sample.country import demand
from watthouse.sample.country.calendar import (
    QUARTER_HOUR,
    instants,
    month_end,
    month_start,
    quarter_of,
    with_clock,
    years_since,
)
from watthouse.sample.country.clockwork import shown, with_words
from watthouse.sample.country.noise import HOURS, hashed, jitter, salt
from watthouse.sample.country.regions import MAINLAND, table
from watthouse.sample.country.trends import within
from watthouse.sample.country.weather import Weather, season, sigmoid, softplus, sun, temperature, wind, with_sky

SUMMED: Final = ("load", "wind", "sun", "sea", "ready")
_NUCLEAR_CAPACITY: Final = sum(region.nuclear for region in MAINLAND)


@dataclass(frozen=True)
class Truth:
    """A month or more of it, MW as Float64.

    ``country`` has one row per slot; ``regions`` the slots of the first region, then those of the next, each with the
    country's columns from before the dispatch, its own columns, and its constants (``r_``).
    """

    country: pl.DataFrame
    regions: pl.DataFrame

    def dispatched(self) -> pl.DataFrame:
        """The regions' rows with what was dispatched for the whole country; its sums as ``all_``."""
        sums = [pl.col(name).alias(f"all_{name}") for name in SUMMED]
        lacking = [name for name in self.country.columns if name not in self.regions.columns]
        return self.regions.hstack(pl.concat([self.country.select(*sums, *lacking)] * len(MAINLAND)))


class Power:
    """The truth by month; each can be made alone, and is the same when several are made at once."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self._salt: Final = salt(seed, "slots")
        self._rows_salt: Final = salt(seed, "rows")
        self._weather: Final = weather
        self._places: Final = table(MAINLAND)
        self._country: Final = list(_country())
        self._regional: Final = [list(stage) for stage in (_climate(), _regional())]
        self._dispatch: Final = [list(stage) for stage in (_left_over(), _tight(), _dispatched())]

    def months(self, month: str, step: timedelta = QUARTER_HOUR, months: int = 1) -> Truth:
        """Every slot of a UTC month (or of up to three, within a quarter) that is ever published, ``step`` apart."""
        # Trends are straight lines over the quarter: a month alone and a quarter in one go give the same numbers.
        slots = with_words(shown(with_clock(instants(month, step, months).to_frame())))
        quarter = quarter_of(month)
        starts, ends = (years_since(moment) for moment in (month_start(quarter), month_end(quarter, 3)))
        slots = slots.with_columns(hashed(slots["_slot"], self._salt).alias("_dice"), *within(starts, ends))
        slots = with_sky(slots).hstack(self._weather.everywhere(slots[HOURS])).with_columns(self._country)
        rows = self._places.join(slots, how="cross").hstack(self._weather.fields(slots[HOURS]))
        rows = rows.with_columns(hashed(rows["_slot"] * 16 + rows["_region"], self._rows_salt).alias("_dice"))
        for stage in self._regional:
            rows = rows.with_columns(stage)
        slots = slots.with_columns(_total(rows[name], len(slots)) for name in SUMMED)
        for stage in self._dispatch:
            slots = slots.with_columns(stage)
        return Truth(slots, rows)


def _total(stacked: pl.Series, slots: int) -> pl.Series:
    """The regions' values added, slot by slot."""
    total = stacked.slice(0, slots)
    for place in range(1, len(MAINLAND)):
        total = total + stacked.slice(place * slots, slots)
    return total


def _country() -> Iterator[pl.Expr]:
    yield demand.habits().alias("_habits")
    yield demand.base().alias("_base")
    usual = pl.col("_fleet") * 1000 / _NUCLEAR_CAPACITY
    yield (usual * (0.945 + 0.175 * season(0.003) + 0.105 * season(0.003) ** 2)).alias("_runs")
    yield ((4800 + 1000 * season(0.2) + 380 * season(0.1)) * (1 + 0.17 * pl.col("wet")).clip(0.55, 1.5)).alias(
        "_rivers"
    )


def _climate() -> Iterator[pl.Expr]:
    """What the weather makes of each region, and what it has installed, MW."""
    yield temperature().alias("warmth")
    yield wind().alias("_windy")
    yield sun().alias("_sunny")
    yield ((pl.col("r_wind") + pl.col("r_wind_shift") * pl.col("_shift")) * pl.col("_onshore")).alias("_onshore_here")
    yield ((pl.col("r_solar") + pl.col("r_solar_shift") * pl.col("_shift")) * pl.col("_solar")).alias("_solar_here")
    yield (pl.col("_offshore") * pl.col("r_offshore")).alias("_offshore_here")


def _regional() -> Iterator[pl.Expr]:
    gust = 1 + 0.02 * jitter(pl.col("_dice"), "gust")
    yield demand.load().alias("load")
    yield (pl.col("_onshore_here") * pl.col("_windy") * gust).alias("wind")
    yield (pl.col("_solar_here") * pl.col("_sunny") * gust).alias("sun")
    yield (pl.col("_offshore_here") * (pl.col("_windy") * 1.25).clip(0, 0.96)).alias("sea")
    runs = (pl.col("_runs") * (1 + 0.07 * pl.col("fleet"))).clip(0.05, 0.965)
    yield (pl.col("r_nuclear") * runs).alias("ready")


def _left_over() -> Iterator[pl.Expr]:
    """Generation that cannot be dispatched, MW, and how the hour compares with its day."""
    yield (pl.col("_habits") * pl.col("_base") - 1.15 * pl.col("sun") + 0.075 * pl.col("_solar")).alias("_swing")
    yield (330 + 1500 * sigmoid((season(0.045) - 0.12) / 0.2) * (1 + 0.08 * pl.col("wet"))).alias("_cogeneration")
    yield (pl.col("_wastes") * (1 + 0.05 * season(0.0) + 0.05 * pl.col("wet"))).alias("_bio")


def _tight() -> Iterator[pl.Expr]:
    """GW that the flexible plants and the borders have to cover; negative where there is more than enough."""
    rivers = pl.col("_rivers") * (1 + 0.13 * (pl.col("_swing") / 5000).tanh())
    made = pl.sum_horizontal("wind", "sea", "sun", "ready", "_cogeneration", "_bio") + rivers
    yield rivers.alias("_river")
    yield ((pl.col("load") - made) / 1000).alias("_tight")


def _dispatched() -> Iterator[pl.Expr]:
    swing, prices = pl.col("_swing") / 1000, pl.col("dear")
    tight = pl.col("_tight")
    yield (pl.col("ready") * (0.012 + _slowdown(tight + 0.5 * prices))).clip(0, 0.6 * pl.col("ready")).alias("_slow")
    yield (5700 * pl.col("_gases") * sigmoid((tight + 2.1 + 1.3 * prices + 0.12 * swing) / 2.4) + 20).alias("_cycles")
    released = sigmoid((swing + 0.3 * (tight + 4) - 1.5) / 4.4) * (0.86 + 0.14 * season(0.12))
    yield (350 + 4700 * released * (1 + 0.15 * prices).clip(0.4, 1.6)).alias("_lakes")
    yield (5400 * sigmoid((swing + 0.25 * prices - 6.0) / 1.9) + 40).alias("_turbines")
    yield (-3500 * sigmoid((-swing - 0.25 * (tight + 4) - 5.9) / 1.8)).alias("_pumping")
    yield (pl.col("_coals") * 2600 * sigmoid((tight + 2.5 + 0.5 * prices) / 1.8)).alias("_coal")
    yield (55 + 55 * sigmoid(season(0.045) * 5)).alias("_oil_cogeneration")
    yield (1400 * sigmoid((tight - 8.0) / 1.0)).alias("_oil_turbines")
    yield (600 * sigmoid((tight - 7.5) / 0.9)).alias("_gas_turbines")
    cells = pl.col("_batteries")
    yield (-cells * (0.06 + 0.75 * sigmoid((-swing - 5) / 1.5))).alias("_charging")
    yield (cells * 0.8 * sigmoid((swing - 5.5) / 1.2)).alias("_discharging")


def _slowdown(tight: pl.Expr) -> pl.Expr:
    """The share of the fleet's power given up when there is more than enough."""
    return 0.015 * softplus((-tight - 12) / 1.5) + 0.025 * softplus((-tight - 20) / 1.5)
