"""Spans of time as ODSQL writes them: dates of any precision, with or without an offset."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from watthouse.sample.service.refusals import invalid, malformed

TICK: Final = timedelta(milliseconds=1)
"""The finest step of a published instant."""

_DAY: Final = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", re.ASCII)


@dataclass(frozen=True)
class Span:
    """[``since``, ``until``) in UTC; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def __and__(self, other: Self) -> "Span":
        since = max((t for t in (self.since, other.since) if t), default=None)
        until = min((t for t in (self.until, other.until) if t), default=None)
        return Span(since, until)


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; refuses an unknown one."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise invalid("timezone", name, "a name of the tz database") from None


def named(text: str, where: ZoneInfo) -> Span:
    """The year, month, day or instant that ``text`` names; without an offset, as the clock of ``where`` has it."""
    try:
        day = _DAY.fullmatch(text.strip())
        return _calendar(day, where) if day else _instant(text.strip(), where)
    except (ValueError, OverflowError):
        raise malformed(f"Invalid date: {text}") from None


def compared(operator: str, text: str, where: ZoneInfo) -> Span:
    """The instants that stand in that relation (``=``, ``<``, ``<=``, ``>``, ``>=``) to a date literal."""
    start = named(text, where).since
    assert start is not None
    match operator:
        case ">=":
            return Span(start, None)
        case ">":
            return Span(start + TICK, None)
        case "<":
            return Span(None, start)
        case "<=":
            return Span(None, start + TICK)
        case "=":
            return Span(start, start + TICK)
    raise malformed(f"Operator {operator} is not allowed on a date")


def _calendar(day: re.Match[str], where: ZoneInfo) -> Span:
    year, month, number = (int(part) if part else None for part in day.groups())
    assert year is not None
    first = datetime(year, month or 1, number or 1, tzinfo=where)
    if number:
        last = first + timedelta(days=1)
    else:
        months = 1 if month else 12
        last = first.replace(year=year + (first.month + months > 12), month=(first.month + months - 1) % 12 + 1)
    return Span(first.astimezone(UTC), last.astimezone(UTC))


def _instant(text: str, where: ZoneInfo) -> Span:
    moment = datetime.fromisoformat(text)
    start = (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
    return Span(start, start + TICK)
