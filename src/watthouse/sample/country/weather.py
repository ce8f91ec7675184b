"""The weather over France: warmth, wind and cloud as fields that drift over the map, and the height of the sun."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from watthouse.sample.country.noise import HOURS, Bank, Field, Process, field
from watthouse.sample.country.regions import MAINLAND, REGIONS, Region
from watthouse.sample.country.trends import YEAR

_TURN: Final = 2 * math.pi
LATTICE: Final = 6
"""Hours between two readings of a field."""


def sigmoid(value: pl.Expr) -> pl.Expr:
    """From 0 to 1, a half at 0."""
    return 1 / (1 + (-value).exp())


def softplus(value: pl.Expr) -> pl.Expr:
    """Nothing below 0, the value itself above, rounded at the corner."""
    return value.clip(0) + (-value.abs()).exp().log1p()


def season(peak: float) -> pl.Expr:
    """From -1 to 1 over the year, highest at the share ``peak`` of it (0.05 is mid-January)."""
    return pl.col("_cos1") * math.cos(_TURN * peak) + pl.col("_sin1") * math.sin(_TURN * peak)


def with_sky(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds where the year and the sun stand, from ``_year`` and ``_hours``.

    Cooper's declination; the equation of time to two terms; the hour at Greenwich, in the middle of the quarter hour.
    """
    turn = _TURN * pl.col(YEAR)
    frame = frame.with_columns(
        turn.cos().alias("_cos1"),
        turn.sin().alias("_sin1"),
        (2 * turn).cos().alias("_cos2"),
        (2 * turn).sin().alias("_sin2"),
    )
    tilt = -math.radians(23.45) * season(1 - 10 / 365.25)
    twice = pl.col("_sin2") * math.cos(3.588) + pl.col("_cos2") * math.sin(3.588)
    late = (-7.66 * pl.col("_sin1") + 9.87 * twice) / 60
    hour = _TURN / 24 * (pl.col(HOURS) + 0.125 + late)
    return frame.with_columns(
        tilt.sin().alias("_high"), tilt.cos().alias("_low"), hour.cos().alias("_noon"), hour.sin().alias("_dusk")
    )


class Weather:
    """The fields over the regions' rows, read every few hours and drawn straight between.

    Memory and reach are tuned on ODRÉ's temperatures (anomalies correlate 0.85 from day to day, 0.8 over 400 km, 0.35
    over 1,000 km) and to éCO2mix's wind (0.55 from day to day).
    """

    def __init__(self, seed: int) -> None:
        fields = {
            "warm": field(seed, "warmth", memory=72, reach=580),
            "windy": field(seed, "wind", memory=54, reach=520, calm=0.93),
            "clear": field(seed, "cloud", memory=22, reach=420),
            "brisk": field(seed, "demand", memory=30, reach=200),
            "fleet": field(seed, "fleet", memory=700, reach=180),
        }
        daily = {"warm": fields["warm"], "calm": field(seed, "clear nights", memory=60, reach=500)}
        everywhere = {"wet": field(seed, "rain", memory=900).at(), "dear": field(seed, "prices", memory=40).at()}
        self._everywhere: Final = Bank(everywhere)
        self._fields: Final = tuple(fields)
        self._bank: Final = Bank(_at_places(fields, MAINLAND))
        self._daily: Final = Bank(_at_places(daily, REGIONS))

    def everywhere(self, hours: pl.Series) -> pl.DataFrame:
        """``wet`` and ``dear`` (rain of the last weeks, prices abroad) at those hours: mean 0, variance 1."""
        lattice, bank = Lattice(hours), self._everywhere
        read = bank.readings(lattice.points)
        return pl.DataFrame(
            [lattice.between(read, len(bank), [place]).alias(name) for place, name in enumerate(("wet", "dear"))]
        )

    def fields(self, hours: pl.Series) -> pl.DataFrame:
        """``warm``, ``windy``, ``clear``, ``brisk`` and ``fleet``, mean 0, variance 1.

        At those hours in the first mainland region, then in the next, and so on.
        """
        lattice, bank, places = Lattice(hours), self._bank, len(MAINLAND)
        read = bank.readings(lattice.points)
        return pl.DataFrame(
            [
                lattice.between(read, len(bank), range(number * places, (number + 1) * places)).alias(name)
                for number, name in enumerate(self._fields)
            ]
        )

    def daily(self, hours: pl.Series) -> pl.DataFrame:
        """``warm`` and ``calm`` (clear, still days) at those hours in each of all thirteen regions in turn."""
        wide, places = self._daily.at(hours), range(len(REGIONS))
        return pl.DataFrame(
            [pl.concat([wide[f"{name}_{place}"] for place in places]).alias(name) for name in ("warm", "calm")]
        )


class Lattice:
    """The readings around some hours, which are in order."""

    def __init__(self, hours: pl.Series) -> None:
        steps = hours / LATTICE
        first, last = (math.floor(step) for step in (steps[0], steps[-1]))
        self.points: Final = pl.Series([float(LATTICE * step) for step in range(first, last + 2)])
        self._place: Final = (steps.floor() - first).cast(pl.UInt32)
        self._share: Final = steps - steps.floor()

    def between(self, readings: pl.Series, width: int, processes: Sequence[int]) -> pl.Series:
        """Straight from one reading to the next: one process at each of the hours, then the next process.

        ``readings`` are those of ``width`` processes, point by point.
        """
        low = pl.concat([self._place * width + process for process in processes])
        share = pl.concat([self._share] * len(processes)) if len(processes) > 1 else self._share
        start = readings.gather(low)
        return start + (readings.gather(low + width) - start) * share


def _at_places(fields: Mapping[str, Field], regions: Sequence[Region]) -> dict[str, Process]:
    return {
        f"{name}_{place}": its_field.at(region.east, region.north)
        for name, its_field in fields.items()
        for place, region in enumerate(regions)
    }


def temperature() -> pl.Expr:
    """°C of a region's row, without the time of day."""
    yearly = pl.col("r_c1") * pl.col("_cos1") + pl.col("r_s1") * pl.col("_sin1")
    half_yearly = pl.col("r_c2") * pl.col("_cos2") + pl.col("r_s2") * pl.col("_sin2")
    anomaly = pl.col("r_spread") * (0.96 + 0.09 * season(0.05)) * pl.col("warm")
    return pl.col("r_mean") + yearly + half_yearly + anomaly


def daily_range() -> pl.Expr:
    """°C between the lowest and the highest of a region's day."""
    usual = pl.col("r_range") + 1.05 * pl.col("r_swing") * season(0.55)
    return usual * (0.42 * pl.col("calm")).clip(-0.8, 1.2).exp() * 0.93


def wind() -> pl.Expr:
    """Load factor of a region's wind farms, 0 to 1."""
    return sigmoid(-1.78 + 0.42 * season(0.06) + 1.42 * pl.col("windy")) * 0.97


def sun() -> pl.Expr:
    """Load factor of a region's solar farms, 0 to about 0.85."""
    clear = 0.72 + 0.08 * season(0.54) + 0.07 * (46.5 - pl.col("r_latitude")) + 1.25 * pl.col("clear")
    return sun_height().clip(0) ** 1.15 * (0.17 + 0.72 * sigmoid(clear))


def sun_height() -> pl.Expr:
    """Sine of the sun's height over a region."""
    noon = pl.col("_noon") * pl.col("r_cos_longitude") - pl.col("_dusk") * pl.col("r_sin_longitude")
    return pl.col("r_sin_latitude") * pl.col("_high") - pl.col("r_cos_latitude") * pl.col("_low") * noon
