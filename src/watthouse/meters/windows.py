"""Off-peak windows of a tariff, and the energy of a curve by window and by colour of the Tempo day."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from typing import Final

import polars as pl

from watthouse.meters.parts import MINUTES, by_clock, civil_date, clock_minutes, cut

PEAK: Final = "HP"
OFF_PEAK: Final = "HC"
TEMPO_HOUR: Final = 6
"""A Tempo day lasts from 06:00 to 06:00: the hours after midnight have the colour of the day before."""

_WINDOW: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class Window:
    """A stretch of the day by the clock; it may go past midnight."""

    since: time
    until: time

    def parts(self) -> list[tuple[int, int]]:
        """The same in minutes of the day, in one part or two."""
        first, last = (moment.hour * 60 + moment.minute for moment in (self.since, self.until))
        return [(first, last)] if first < last else [(first, 24 * 60), (0, last)]


def windows_of(texts: Iterable[str]) -> tuple[Window, ...]:
    """Windows as people write them, ``22:00-06:00``; raises ValueError for what is none, or where two overlap."""
    windows = tuple(_window(text) for text in texts)
    minutes = sorted(part for window in windows for part in window.parts())
    for (_, before), (after, _) in pairwise(minutes):
        if after < before:
            raise ValueError(f"two windows overlap at {after // 60:02}:{after % 60:02}")
    return windows


def _window(text: str) -> Window:
    match = _WINDOW.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text[:40]}' is not a window: use HH:MM-HH:MM, as 22:00-06:00")
    since, until = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if since == until:
        raise ValueError(f"'{text[:40]}' begins where it ends: a whole day has no off-peak window")
    return Window(since, until)


def by_window(
    curve: pl.DataFrame, windows: Sequence[Window], colours: Mapping[date, str], zone: str, day: str = "civil_date"
) -> pl.DataFrame:
    """``kwh`` and ``minutes`` by ``day`` (civil_date or tempo_date), ``window`` (HP, HC) and ``colour``.

    ``colour`` is that of the Tempo day, null where ``colours`` do not have it: a day of no colour is no blue one.
    """
    marks = [moment for window in windows for moment in (window.since, window.until)]
    parts = cut(curve, by_clock(curve, zone, marks))
    minutes = clock_minutes(zone)
    spans = [minutes.is_between(first, last, closed="left") for window in windows for first, last in window.parts()]
    is_off_peak = pl.any_horizontal(spans) if spans else pl.lit(value=False)
    named = pl.DataFrame(
        {"tempo_date": list(colours), "colour": list(colours.values())},
        {"tempo_date": pl.Date(), "colour": pl.String()},
    )
    labelled = parts.with_columns(
        civil_date=civil_date(zone),
        tempo_date=civil_date(zone, TEMPO_HOUR),
        window=pl.when(is_off_peak).then(pl.lit(OFF_PEAK)).otherwise(pl.lit(PEAK)),
        minutes=MINUTES,
    ).join(named, on="tempo_date", how="left", maintain_order="left")
    keys = (day, "window", "colour")
    return labelled.group_by(keys, maintain_order=True).agg(pl.col("kwh", "minutes").sum()).sort(keys)
