"""What is odd about the curves in a file, before anybody reckons with them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from watthouse.meters.layouts.base import INTERVAL
from watthouse.meters.reading import Reading
from watthouse.meters.readings import CHANNEL
from watthouse.meters.steps import Run, StepChange, Stretch, changes, gaps, minutes_of, usual

_ZEROS: Final = timedelta(hours=6)
"""Time at zero that is worth a look: a meter that is not wired, or a site that is shut."""
_SLACK: Final = 2
"""Steps after which zeros are no longer one stretch."""
_COLUMNS: Final = ("line", *CHANNEL, "instant", "energy", "units")


@dataclass
class Curve:
    """One channel of a file; ``minutes`` is its most usual step, ``disagreeing`` intervals have more than one value."""

    meter_code: str
    data_type: str
    unit: str
    about: str
    readings: int
    first: datetime
    last: datetime
    minutes: int | None = None
    gaps: list[Stretch] = field(default_factory=list)
    duplicates: int = 0
    disagreeing: int = 0
    unsorted: int = 0
    steps: list[StepChange] = field(default_factory=list)
    zeros: list[Stretch] = field(default_factory=list)


@dataclass
class CurveReport:
    """What a file holds. ``mixed`` has the units of each data type that comes in several, as they are written."""

    origin: str
    layout: str
    readings: int
    rejected: int
    reasons: dict[int, str]
    units: list[str]
    mixed: dict[str, list[str]]
    curves: list[Curve]


def curves(reading: Reading) -> CurveReport:
    """Look a file over; raises as :meth:`~watthouse.meters.reading.Reading.batches` does.

    All of its readings are held in memory at a time, some 60 bytes each.
    """
    parts, rejects = [], []
    for batch in reading.batches():
        parts.append(batch.readings.select(_COLUMNS).with_columns(pl.col(*CHANNEL, "units").cast(pl.Categorical)))
        rejects.append(batch.rejects)
    rows = pl.concat(parts)
    found = pl.concat(rejects).select("line", "reason").head(100).rows()
    return CurveReport(
        reading.origin,
        reading.layout.name,
        reading.rows,
        reading.rejected,
        dict(found),
        sorted(rows["unit"].unique().cast(pl.String)),
        _mixed(rows),
        [_curve(channel, part) for channel, part in rows.partition_by(CHANNEL, as_dict=True).items()],
    )


def _mixed(rows: pl.DataFrame) -> dict[str, list[str]]:
    spellings = rows.select(pl.col("data_type", "units").cast(pl.String)).unique()
    by_type = spellings.group_by("data_type").agg(pl.col("units").sort()).filter(pl.col("units").list.len() > 1)
    return dict(by_type.sort("data_type").rows())


def _curve(channel: tuple[Any, ...], rows: pl.DataFrame) -> Curve:
    named = dict(zip(CHANNEL, map(str, channel), strict=True))
    about = " ".join(named[name] for name in ("stream", "period", "rate") if named[name])
    in_order = rows.sort("instant", maintain_order=True)
    once = in_order.unique("instant", keep="last", maintain_order=True)
    instants = once["instant"]
    curve = Curve(named["meter_code"], named["data_type"], named["unit"], about, rows.height, instants[0], instants[-1])
    values = in_order.group_by("instant").agg(pl.col("energy").n_unique())
    curve.duplicates = rows.height - once.height
    curve.disagreeing = values.filter(pl.col("energy") > 1).height
    curve.unsorted = int((rows["instant"].diff() < timedelta()).sum())
    if named["kind"] == INTERVAL and once.height > 1:
        _look_at_steps(curve, instants)
        curve.zeros = list(_zeros(once, _SLACK * timedelta(minutes=curve.minutes or 0)))
    return curve


def _look_at_steps(curve: Curve, instants: pl.Series) -> None:
    lengths = instants.diff().drop_nulls().rle().struct.unnest()
    starts = instants.gather(lengths["len"].cum_sum() - lengths["len"])
    runs = [Run(*run) for run in zip(starts, lengths["value"], lengths["len"], strict=True)]
    curve.minutes = minutes_of(usual(runs))
    curve.gaps, curve.steps = list(gaps(runs)), list(changes(runs))


def _zeros(once: pl.DataFrame, step: timedelta) -> Iterator[Stretch]:
    """Stretches at zero, each from its first zero to its last; a gap ends one."""
    is_zero = pl.col("energy") == 0
    begins = is_zero.ne_missing(is_zero.shift()) | (pl.col("instant").diff() > step)
    runs = once.with_columns(run=begins.cum_sum()).filter(is_zero).group_by("run", maintain_order=True)
    spans = runs.agg(since=pl.col("instant").first(), until=pl.col("instant").last(), count=pl.len()).drop("run")
    return (Stretch(*span) for span in spans.filter(pl.col("until") - pl.col("since") >= _ZEROS).iter_rows())


def oddities(curve: Curve) -> Iterable[str]:
    """What is odd about a curve, a line each, in words; the longest of what there is more than once."""
    if curve.gaps:
        longest = max(curve.gaps, key=lambda gap: gap.count)
        missing = sum(gap.count for gap in curve.gaps)
        yield f"{_many(len(curve.gaps), 'gap')} of {_many(missing, 'interval')}, the longest {_between(longest)}"
    if curve.duplicates:
        yield f"{_many(curve.duplicates, 'duplicate')}, {_many(curve.disagreeing, 'interval')} with more than one value"
    if curve.unsorted:
        yield f"{_many(curve.unsorted, 'line')} earlier than the one before"
    for change in curve.steps:
        yield f"step changes from {change.before} to {change.after} min at {change.at:%Y-%m-%d %H:%MZ}"
    if curve.zeros:
        longest = max(curve.zeros, key=lambda zero: zero.count)
        yield f"{_many(len(curve.zeros), 'run')} of zeros, the longest {_between(longest)}"


def _between(stretch: Stretch) -> str:
    return f"{stretch.since:%Y-%m-%d %H:%MZ} to {stretch.until:%Y-%m-%d %H:%MZ}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
