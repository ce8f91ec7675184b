"""How much of a period was measured, and how much of it has to be before anything is claimed of the whole."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from watthouse.clock import PARIS

ENOUGH: Final = 0.9
"""Of a period, before its totals are held against another's, and of a history, before records in it are announced."""


def hours_of(since: date, until: date) -> float:
    """The length of civil days, both ends included, in hours: 23 or 25 where the clocks change."""
    first, last = (datetime.combine(day, time.min, PARIS).astimezone(UTC) for day in (since, until + timedelta(days=1)))
    return (last - first) / timedelta(hours=1)
