"""The types of parameters: what they accept, and how they are documented."""

import re
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from watthouse.catalog import REGIONS
from watthouse.clock import PARIS
from watthouse.serve.formats import Format
from watthouse.serve.queries.units import BY_DAY, Interval

DEFAULT_DAYS: Final = 30

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _day(given: object) -> object:
    # pydantic takes numbers for timestamps, too
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise ValueError(f"'{given[:40]}' is not a valid date; use 2025-01-31")
    return given


def _moment(given: object) -> object:
    if isinstance(given, str) and not _DAY.match(given):
        raise ValueError(f"'{given[:40]}' is not a valid instant; use 2025-01-31T12:00:00Z")
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        # the ends of the calendar have no time in other zones, and a period that ends with its first instant no day
        for each in (moment, moment - timedelta(microseconds=1)):
            each.astimezone(PARIS)
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is not an instant of the years 1 to 9999 (UTC, Paris)") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A civil day, written YYYY-MM-DD."""

# ``+01:00`` as it arrives in an address, where a plus sign means a space.
_SPACED: Final = re.compile(r" (\d\d:?\d\d)$", re.ASCII)


def _day_or_moment(given: object) -> object:
    """A civil day, or an instant in UTC; one without an offset is refused: would it be that of Paris, or UTC?"""
    if not isinstance(given, str):
        return given
    if _DAY.fullmatch(given):
        return date.fromisoformat(given)
    text = _SPACED.sub(r"+\1", given) if "T" in given else given
    try:
        moment = datetime.fromisoformat(text) if _DAY.match(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(f"'{given[:40]}' is not a valid date or instant; use 2025-01-31 or 2025-01-31T12:00:00Z")
    if moment.tzinfo is None:
        raise ValueError(f"'{given[:40]}' has no UTC offset; use 2025-01-31T12:00:00Z or 2025-01-31T13:00:00+01:00")
    return _in_utc(moment)


DayOrMoment = Annotated[date | datetime, BeforeValidator(_day_or_moment)]
"""A civil day, written YYYY-MM-DD, or an instant with its offset."""

SinceMoment = Annotated[
    DayOrMoment | None,
    Field(
        description="First civil day (Europe/Paris), included, or the instant at which the period begins (ISO 8601"
        f" with an offset; for intervals of an hour or less); {DEFAULT_DAYS} days up to `until` by default",
        examples=["2025-01-01"],
    ),
]
UntilMoment = Annotated[
    DayOrMoment | None,
    Field(
        description="Last civil day (Europe/Paris), included, or the instant at which the period ends (slots that"
        " begin at it are excluded); the newest available day by default",
        examples=["2025-01-31"],
    ),
]

Since = Annotated[
    Day | None,
    Field(
        description=f"First civil day (Europe/Paris), included; {DEFAULT_DAYS} days up to `until` by default",
        examples=["2025-01-01"],
    ),
]
Until = Annotated[
    Day | None,
    Field(
        description="Last civil day (Europe/Paris), included; the newest available day by default",
        examples=["2025-01-31"],
    ),
]
AsFormat = Annotated[
    Format | None, Field(description="Format of the rows; overrides the `Accept` header", examples=["csv"])
]


def only(*members: Enum) -> WithJsonSchema:
    """Documents an enumeration of which a call accepts some values only."""
    values = [member.value for member in members]
    return WithJsonSchema({"type": "string", "enum": values, "examples": values[1:2]})


Every = Annotated[
    Interval,
    Field(
        description="Length of time of one point; weeks begin on Monday; `auto` is the finest interval with at most"
        " 800 points, hours or longer. `slot` gives the rows as published; `15min` is refused if a value of the period"
        " lasts longer",
        examples=["day"],
    ),
]
ByDay = Annotated[Every, only(Interval.AUTO, *BY_DAY)]
FirstHeld = Annotated[
    Day | None,
    Field(
        description="First civil day (Europe/Paris), included; the first available day by default",
        examples=["2016-01-01"],
    ),
]
"""``since`` of a call whose default is the whole history."""
Region = Annotated[
    str | None,
    Field(description="INSEE code of a region", examples=["53"], json_schema_extra={"enum": sorted(REGIONS)}),
]
AsOf = Annotated[
    Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)] | None,
    Field(
        description="Answer as of this instant, from the ledger of every value ever published"
        " (ISO 8601 with an offset)",
        examples=["2025-02-01T12:00:00Z"],
    ),
]
