"""What a day has for being that day of the year and week: fitted, and taken off.

The fit is least squares on harmonics of the year, days of the week and a straight line; where three years or more are
known, the yearly swing may grow or shrink in a straight line too, as solar's does with its panels.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

YEAR_DAYS: Final = 365.2425
"""Mean Gregorian year: the phase of a date stays put, leap years or not."""
HARMONICS: Final = 3
_SWINGING: Final = 2
SWING_FROM_DAYS: Final = 3 * 365
_CONSTANT: Final = 1e-9


@dataclass(frozen=True)
class Calendar:
    """Consecutive days and the regressors that follow from their dates, one row per day.

    ``level`` is what repeats (a constant, harmonics, weekdays), ``line`` runs from −1 to 1, ``swing`` is the line times
    the slow harmonics.
    """

    level: Floats
    line: Floats
    swing: Floats


def calendar(first: int, days: int) -> Calendar:
    """``days`` days from the proleptic day ``first`` (``date.toordinal``) on."""
    ordinals = np.arange(first, first + days)
    angle = 2 * np.pi * ordinals / YEAR_DAYS
    waves = [wave(k * angle) for k in range(1, HARMONICS + 1) for wave in (np.cos, np.sin)]
    # six of the seven, centred: the seventh follows from the constant
    weekdays = [(ordinals % 7 == day) - 1 / 7 for day in range(6)]
    # of the size of the other columns, for the normal equations
    line = np.linspace(-1, 1, days)
    swing = [line * wave for wave in waves[: 2 * _SWINGING]]
    return Calendar(np.column_stack([np.ones(days), *waves, *weekdays]), line[:, None], np.column_stack(swing))


def anomalies(values: Floats, days: Calendar, fitted: Flags) -> Floats:
    """``values`` less their season, weekday and trend, estimated on the days ``fitted``; NaN where they are.

    All zero where nothing is left but rounding: such a series is constant.
    """
    known = fitted & ~np.isnan(values)
    places = np.flatnonzero(known)
    # with less, a growing swing and a trend cannot be told apart
    swings = len(places) > 0 and places[-1] - places[0] >= SWING_FROM_DAYS
    design = np.hstack([days.level, days.line, *([days.swing] if swings else [])])
    left: Floats = values - np.einsum("ij,j->i", design, _coefficients(design, values, known))
    # rounding correlates with rounding
    constant = left[known].std() <= _CONSTANT * np.abs(values[known]).max()
    departures: Floats = left * 0 if constant else left
    return departures


def without_trend(values: Floats, days: Calendar) -> Floats:
    """``values`` less their straight line over the years, fitted beside season and weekday; their mean stays."""
    known = ~np.isnan(values)
    coefficients = _coefficients(np.hstack([days.level, days.line]), values, known)
    line = days.line[:, 0]
    detrended: Floats = values - (line - line[known].mean()) * coefficients[-1]
    return detrended


def _coefficients(design: Floats, values: Floats, known: Flags) -> Floats:
    """Least squares by the normal equations: the columns are all of one size, and nearly at right angles.

    Summed by einsum: the threads of BLAS wait for each other where the machine is busy, twenty times as long as this.
    """
    rows, target = design[known], values[known]
    square, right = np.einsum("ij,ik->jk", rows, rows), np.einsum("ij,i->j", rows, target)
    solution: Floats = np.linalg.lstsq(square, right, rcond=None)[0]
    return solution
