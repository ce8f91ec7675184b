"""Time spans as ODSQL names them: dates of any precision, with or without an offset."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from watthouse.sample.service.refusals import invalid, malformed

TICK: Final = timedelta(milliseconds=1)
"""The finest step of a published instant."""

_CALENDAR: Final = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", re.ASCII)
_LENGTHS: Final = (relativedelta(years=1), relativedelta(months=1), relativedelta(days=1))


@dataclass(frozen=True)
class TimeSpan:
    """[``since``, ``until``) in UTC; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def __and__(self, other: Self) -> "TimeSpan":
        since = max((t for t in (self.since, other.since) if t), default=None)
        until = min((t for t in (self.until, other.until) if t), default=None)
        return TimeSpan(since, until)


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; raises for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise invalid("timezone", name, "a name of the tz database") from None


def named(text: str, where: ZoneInfo) -> TimeSpan:
    """The year, month, day or instant that ``text`` names; without an offset, on the clock of ``where``."""
    try:
        if calendar := _CALENDAR.fullmatch(text.strip()):
            numbers = [int(part) for part in calendar.groups() if part]
            year, month, day = (*numbers, 1, 1)[:3]
            first = datetime(year, month, day, tzinfo=where)
            return TimeSpan(first.astimezone(UTC), (first + _LENGTHS[len(numbers) - 1]).astimezone(UTC))
        moment = datetime.fromisoformat(text.strip())
        start = (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
        return TimeSpan(start, start + TICK)
    except (ValueError, OverflowError):
        raise malformed(f"Invalid date: {text}") from None
