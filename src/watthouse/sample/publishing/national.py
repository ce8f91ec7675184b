"""The truth as the national éCO2mix publishes it: whole megawatts, sub-sources, borders, forecasts, the CO₂ rate."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import polars as pl

from watthouse.catalog import COMMERCIAL, NATIONAL_SOURCES
from watthouse.sample.country.calendar import HALF_HOUR
from watthouse.sample.country.noise import HOURS, Bank, chance, field, jitter
from watthouse.sample.country.power import Power, Truth
from watthouse.sample.publishing.layout import FORECASTS, PARTS

QUARTERS_SINCE: Final = date(2024, 6, 27)
"""Commercial exchanges stand on :15 and :45 from then on, as in RTE's consolidated file of 2024."""
OWN_QUARTERS_SINCE: Final = date(2025, 1, 2)
"""Until then a second quarter repeats its half hour; ODRÉ's export of 2025-Q1 has the first that differ."""

_EMISSIONS: Final = {
    "gaz": 429.0, "charbon": 986.0, "fioul": 777.0, "bioenergies_dechets": 919.0, "bioenergies_biomasse": 473.0
}  # fmt: skip
"""g/kWh; fitted to éCO2mix 2025-Q1."""

_PRODUCERS: Final = tuple(NATIONAL_SOURCES)
_BORDERS: Final = {
    "angleterre": (-2000, 1550, 0.20, -200), "espagne": (300, 1700, 0.12, 700), "italie": (-3000, 700, 0.07, -250),
    "suisse": (-2100, 550, 0.05, -150),
}  # fmt: skip
"""Mean, spread, part of the whole exchange's departure, winter: MW. The last border takes the rest."""
_OWN_QUARTERS: Final = {
    "ech_comm_angleterre": (0.0, 0), "ech_comm_espagne": (0.10, 160), "ech_comm_italie": (0.32, 150),
    "ech_comm_suisse": (0.01, 120), "ech_comm_allemagne_belgique": (0.69, 170),
}  # fmt: skip
"""How often a second quarter differs from its half hour, and by how much (MW), as in ODRÉ's export of 2025-Q1."""


class National:
    """National rows by month, before anything is published; measures in MW as Int64.

    Forecasts are made by the half hour and halved between, as in ODRÉ's export of 2025-Q1. Commercial exchanges stand
    on half hours alone until :data:`QUARTERS_SINCE`, in real time and settled.
    """

    def __init__(self, seed: int, power: Power) -> None:
        self._power: Final = power
        self._borders: Final = Bank({name: field(seed, name, memory=28).at() for name in (*_BORDERS, "ahead")})
        self._measured: Final = list(_measured())

    def month(self, month: str) -> pl.DataFrame:
        """Quarter hours of a month."""
        rows, between = self._rows(self._power.months(month)), pl.col("_slot") % 2 == 1
        second = {name: _halfway(pl.col(name).shift(1), name) for name in FORECASTS}
        second |= {name: _second_quarter(name).shift(1) for name in COMMERCIAL}
        return rows.with_columns(
            pl.when(between).then(value).otherwise(pl.col(name)).alias(name) for name, value in second.items()
        )

    def settled(self, month: str, months: int = 1) -> pl.DataFrame:
        """A month, or up to three within a quarter: measures on the half hour, forecasts and exchanges between too."""
        halves = self._rows(self._power.months(month, HALF_HOUR, months))
        between = halves.select(
            pl.col("date_heure").dt.offset_by("15m"),
            pl.col("heure").str.replace(":00", ":15", literal=True).str.replace(":30", ":45", literal=True),
            "date", "_day", "_slot", "_dice", "_copied",
            *(_halfway(pl.col(name), name).alias(name) for name in FORECASTS),
            *(_second_quarter(name).alias(name) for name in COMMERCIAL),
        )  # fmt: skip
        return pl.concat([halves, between], how="diagonal")

    def _rows(self, truth: Truth) -> pl.DataFrame:
        frame = truth.country.hstack(self._hourly(truth.country))
        frame = frame.select(
            "date_heure", "date", "heure", "_day", "_slot", "_dice", "_copied", *self._measured
        ).with_columns(list(_summed()))
        frame = frame.with_columns(_closed().alias("ech_physiques"), _co2().alias("taux_co2"))
        frame = frame.with_columns(list(_commercial())).with_columns(_rest_of_exchange().alias(COMMERCIAL[-1]))
        return frame.drop("_whole", "_cos1", *_BORDERS)

    def _hourly(self, frame: pl.DataFrame) -> pl.DataFrame:
        hours = frame[HOURS].floor()
        first = hours.item(0)
        read = self._borders.at(pl.Series([first + hour for hour in range(int(hours.item(-1) - first) + 1)]))
        return read.select(pl.all().gather((hours - first).cast(pl.UInt32)))


def _measured() -> Iterator[pl.Expr]:
    dice = pl.col("_dice")
    yield _mw(pl.col("load")).alias("consommation")
    yield _mw(pl.col("_oil_turbines") + 3 * chance(dice, "tac")).alias("fioul_tac")
    yield _mw(pl.col("_oil_cogeneration") + 0.4 * jitter(dice, "oil")).alias("fioul_cogen")
    yield pl.lit(0, pl.Int64).alias("fioul_autres")
    yield _mw((pl.col("_coal") - 12).clip(0)).alias("charbon")
    yield _mw((pl.col("_gas_turbines") - 5).clip(0)).alias("gaz_tac")
    yield _mw(pl.col("_cogeneration") * (1 + 0.006 * jitter(dice, "cogen"))).alias("gaz_cogen")
    yield _mw(pl.col("_cycles") * (1 + 0.02 * jitter(dice, "ccg"))).alias("gaz_ccg")
    yield pl.lit(0, pl.Int64).alias("gaz_autres")
    yield _mw(pl.col("ready") - pl.col("_slow") + 60 * jitter(dice, "nuclear")).alias("nucleaire")
    yield _mw(pl.col("wind")).alias("eolien_terrestre")
    yield _mw(pl.col("sea")).alias("eolien_offshore")
    yield _mw(pl.col("sun")).alias("solaire")
    yield _mw(pl.col("_river") * (1 + 0.008 * jitter(dice, "river"))).alias("hydraulique_fil_eau_eclusee")
    yield _mw(pl.col("_lakes") * (1 + 0.03 * jitter(dice, "lakes"))).alias("hydraulique_lacs")
    yield _mw(pl.col("_turbines") * (1 + 0.05 * jitter(dice, "turbines"))).alias("hydraulique_step_turbinage")
    yield _mw(pl.col("_pumping") * (1 + 0.04 * jitter(dice, "pumps"))).alias("pompage")
    for part, share in (("dechets", 0.33), ("biomasse", 0.38), ("biogaz", 0.29)):
        yield _mw(pl.col("_bio") * share * (1 + 0.012 * jitter(dice, part))).alias(f"bioenergies_{part}")
    yield _mw(pl.col("_charging") * (1 + 0.3 * jitter(dice, "charging"))).alias("stockage_batterie")
    yield _mw(pl.col("_discharging") * (1 + 0.3 * jitter(dice, "discharging"))).alias("destockage_batterie")
    ahead = pl.col("load") + 950 * pl.col("ahead")
    yield _rounded(ahead + 650 * jitter(dice, "day before"), 50).alias("prevision_j1")
    yield _rounded(pl.col("load") + 0.45 * 950 * pl.col("ahead") + 420 * jitter(dice, "same day"), 50).alias(
        "prevision_j"
    )
    yield from (pl.col(name) for name in (*_BORDERS, "_cos1"))


def _summed() -> Iterator[pl.Expr]:
    for source, parts in PARTS.items():
        yield pl.sum_horizontal(parts).alias(source)


def _closed() -> pl.Expr:
    """The physical exchange that balances load and production."""
    return pl.col("consommation") - pl.sum_horizontal(*_PRODUCERS, "pompage")


def _co2() -> pl.Expr:
    emitted = sum((pl.col(name) * factor for name, factor in _EMISSIONS.items()), pl.lit(0.0))
    return (emitted / pl.sum_horizontal(_PRODUCERS)).round().cast(pl.Int64)


def _commercial() -> Iterator[pl.Expr]:
    """Programmes are agreed by the hour, against the mean of its half hours."""
    on_the_half = pl.when(pl.col("_slot") % 2 == 0).then("ech_physiques")
    whole = on_the_half.mean().over(pl.col("_slot") // 4)
    yield (whole + 470 + 480 * jitter(pl.col("_dice"), "loop flows")).alias("_whole")
    for border, (mean, spread, part, winter) in _BORDERS.items():
        agreed = mean + winter * pl.col("_cos1") + spread * pl.col(border) + part * (whole + 7500)
        low, high = (-4028, 4028) if border == "angleterre" else (-5200, 3700)
        yield _mw(agreed.clip(low, high)).alias(f"ech_comm_{border}")


def _rest_of_exchange() -> pl.Expr:
    return _mw(pl.col("_whole") - pl.sum_horizontal(COMMERCIAL[:-1]))


def _halfway(before: pl.Expr, name: str) -> pl.Expr:
    """Between the half hour before and the next one; the last of a month repeats its half hour."""
    # so that no month needs the next one: a month of the sample is made alone, at any moment
    month = pl.col("date_heure").dt.month()
    after = pl.when(month.shift(-1) == month).then(pl.col(name).shift(-1)).otherwise(before)
    return (before + after) // 2


def _second_quarter(name: str) -> pl.Expr:
    """The value of an exchange at :15 or :45, from the row of its half hour."""
    often, by = _OWN_QUARTERS[name]
    is_own = (pl.col("_day") >= OWN_QUARTERS_SINCE) & (chance(pl.col("_dice"), f"own quarter {name}") < often)
    moved = pl.when(is_own).then(_mw(by * jitter(pl.col("_dice"), f"quarter of {name}"))).otherwise(0)
    return pl.when(pl.col("_day") >= QUARTERS_SINCE).then(pl.col(name) + moved)


def _mw(value: pl.Expr) -> pl.Expr:
    return value.round().cast(pl.Int64)


def _rounded(value: pl.Expr, step: int) -> pl.Expr:
    return (value / step).round().cast(pl.Int64) * step
