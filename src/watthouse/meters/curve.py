"""What is odd about the curves in a file, before anybody reckons with them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from watthouse.meters.layouts.base import INTERVAL
from watthouse.meters.reading import Reading
from watthouse.meters.readings import CHANNEL
from watthouse.meters.spool import Spool, spool
from watthouse.meters.steps import StepChange, Stretch, changes, gaps, minutes_of, usual

ZEROS: Final = timedelta(hours=6)
"""Time at zero that is worth a look: a meter that is not wired, or a site that is shut."""
SLACK: Final = 2
"""Steps after which zeros are no longer one stretch."""
_REASONS: Final = 100
"""Lines that are no readings of which the reason is told."""


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

    Its readings wait on disk: memory grows with what is odd about it, not with its size.
    """
    reasons: dict[int, str] = {}
    spellings: dict[str, set[str]] = defaultdict(set)
    with spool() as rows:
        for batch in reading.batches():
            rows.take(batch.readings)
            reasons.update(batch.rejects.select("line", "reason").head(_REASONS - len(reasons)).rows())
            for data_type, units in batch.readings.select("data_type", "units").unique().iter_rows():
                spellings[data_type].add(units)
        rows.end()
        found = [_curve(channel, number, rows) for channel, number in rows.channels.items()]
    return CurveReport(
        reading.origin,
        reading.layout.name,
        reading.rows,
        reading.rejected,
        reasons,
        sorted({curve.unit for curve in found}),
        {data_type: sorted(units) for data_type, units in sorted(spellings.items()) if len(units) > 1},
        found,
    )


def _curve(channel: tuple[str, ...], number: int, rows: Spool) -> Curve:
    named = dict(zip(CHANNEL, channel, strict=True))
    about = " ".join(named[name] for name in ("stream", "period", "rate") if named[name])
    held = rows.counts(number)
    curve = Curve(named["meter_code"], named["data_type"], named["unit"], about, held.readings, held.first, held.last)
    curve.duplicates, curve.disagreeing, curve.unsorted = held.duplicates, held.disagreeing, rows.unsorted[number]
    if named["kind"] == INTERVAL and (runs := rows.runs(number, held.last)):
        step = usual(runs)
        curve.minutes = minutes_of(step)
        curve.gaps, curve.steps = list(gaps(runs)), list(changes(runs))
        curve.zeros = list(rows.zeros(number, SLACK * step, ZEROS))
    return curve


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
