"""Chance without state: the same seed, name and slot always give the same number, in any order and alone.

White noise comes from an integer hash of a slot's number (SplitMix64's finaliser; Steele, Lea and Flood, 2014). Smooth
noise is a sum of sines whose frequencies are drawn so that its memory fades as weather's does, and whose phases turn
over the map so that neighbours see nearly the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Final

import polars as pl

HOURS: Final = "_hours"
"""The column of a row's moment: hours since 2000-01-01 UTC, Float64."""
WAVES: Final = 18
"""Sines in a field."""

_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
_WORD: Final = 2**64


def salt(seed: int, name: str) -> int:
    """A 64-bit salt for one use of chance."""
    return int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=8).digest(), "big")


def hashed(index: pl.Series, its_salt: int) -> pl.Series:
    """A UInt64 that looks random for each whole number ≥ 0 of ``index``; polars' integers wrap."""
    mixed = index.cast(pl.UInt64) * _word(_GOLDEN) + _word(its_salt)
    mixed = (mixed ^ (mixed // _word(2**30))) * _word(_FIRST)
    mixed = (mixed ^ (mixed // _word(2**27))) * _word(_SECOND)
    return mixed ^ (mixed // _word(2**31))


def hash_of(index: int, its_salt: int) -> int:
    """:func:`hashed` of one number."""
    mixed = (index * _GOLDEN + its_salt) % _WORD
    mixed = (mixed ^ (mixed >> 30)) * _FIRST % _WORD
    mixed = (mixed ^ (mixed >> 27)) * _SECOND % _WORD
    return mixed ^ (mixed >> 31)


def chance_of(index: int, its_salt: int) -> float:
    """A float in [0, 1), evenly spread over the whole numbers."""
    return (hash_of(index, its_salt) >> 11) / 2.0**53


def chance(dice: pl.Expr, use: str) -> pl.Expr:
    """A Float64 in [0, 1) from a column of :func:`hashed`; each use draws another number from the same word."""
    # one hash per row and one multiplication per use: a row of éCO2mix takes dozens of numbers
    return (_turned(dice, use) // 2**32).cast(pl.Float64) / 2.0**32


def whole(dice: pl.Expr, use: str, below: int) -> pl.Expr:
    """An Int64 in [0, below) from a column of :func:`hashed`."""
    return (chance(dice, use) * below).floor().cast(pl.Int64)


def jitter(dice: pl.Expr, use: str) -> pl.Expr:
    """Bell-shaped white noise from a column of :func:`hashed`: mean 0, variance 1, within ±3."""
    return (chance(dice, use) + chance(dice, use + "'") + chance(dice, use + "''") - 1.5) * 2.0


def _turned(dice: pl.Expr, use: str) -> pl.Expr:
    """The upper half of a product with an odd constant is as good as another hash (multiply-shift; Dietzfelbinger)."""
    return dice * pl.lit(salt(0, use) | 1, pl.UInt64)


def _word(value: int) -> pl.Series:
    return pl.Series([value], dtype=pl.UInt64)


@dataclass(frozen=True)
class Field:
    """Smooth noise over time and the map: mean 0, variance 1, nearly normal.

    Each wave: radians an hour, radians at the start, radians a kilometre eastward and northward.
    """

    waves: tuple[tuple[float, float, float, float], ...]

    def at(self, east: float = 0.0, north: float = 0.0) -> "Process":
        """The field at one place, km from the middle of France."""
        return Process(tuple((pace, phase + there * east + up * north) for pace, phase, there, up in self.waves))


@dataclass(frozen=True)
class Process:
    """Smooth noise over time alone: of each wave its radians an hour and at the start."""

    waves: tuple[tuple[float, float], ...]


def field(seed: int, name: str, memory: float, reach: float = math.inf, calm: float = 0.9) -> Field:
    """A field whose correlation falls like exp(-t / memory hours) in time and exp(-d² / 2 reach² km) over the map.

    Cauchy-drawn frequencies give the first, normal wave numbers the second; ``calm`` cuts off the fastest waves.
    """
    # one pace from each slice of the distribution, not free draws: a few waves would often miss the slow or the fast
    dice = Random(salt(seed, name))
    paces = [math.tan(math.pi / 2 * (wave + dice.random()) / WAVES * calm) / memory for wave in range(WAVES)]
    return Field(
        tuple(
            (pace, dice.uniform(0, 2 * math.pi), dice.gauss(0, 1) / reach, dice.gauss(0, 1) / reach) for pace in paces
        )
    )


class Bank:
    """Many processes, read together."""

    def __init__(self, processes: Mapping[str, Process]) -> None:
        self._names: Final = list(processes)
        waves = [wave for process in processes.values() for wave in process.waves]
        self._waves: Final = pl.DataFrame(waves, schema={"pace": pl.Float64, "phase": pl.Float64}, orient="row")

    def __len__(self) -> int:
        return len(self._names)

    def at(self, hours: pl.Series) -> pl.DataFrame:
        """Each process at each of the ``hours`` since 2000-01-01 UTC (Float64), one column a process."""
        read = self.readings(hours)
        return pl.DataFrame([read.gather_every(len(self), place).alias(name) for place, name in enumerate(self._names)])

    def readings(self, hours: pl.Series) -> pl.Series:
        """Every process at the first of the ``hours``, then every one at the next, and so on."""
        angles = hours.alias("hours").to_frame().join(self._waves, how="cross")
        sines = angles.select((pl.col("hours") * pl.col("pace") + pl.col("phase")).sin()).to_series()
        return sines.reshape((len(hours) * len(self), WAVES)).arr.sum() * math.sqrt(2 / WAVES)
