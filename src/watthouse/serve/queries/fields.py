"""What a parameter may be, how it is written, and what its documentation says."""

import re
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from watthouse.catalog import REGIONS
from watthouse.serve.formats import Format
from watthouse.serve.queries.units import BY_DAY, Interval

DEFAULT_DAYS: Final = 30

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _day(given: object) -> object:
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise ValueError(f"'{given[:40]}' is not a valid date; use 2025-01-31")
    return given


def _moment(given: object) -> object:
    if isinstance(given, str) and not _DAY.match(given):
        raise ValueError(f"'{given[:40]}' is not an instant: write it as 2025-01-31T12:00:00Z")
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is not an instant of the years 1 to 9999 (UTC)") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A civil day, written YYYY-MM-DD."""

_SPACED: Final = re.compile(r" (\d\d:?\d\d)$", re.ASCII)
"""What is left of ``+01:00`` in an address: there, a plus sign is a space."""


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
        raise ValueError(f"'{given[:40]}' has no offset: write 2025-01-31T12:00:00Z or 2025-01-31T13:00:00+01:00")
    return _in_utc(moment)


DayOrMoment = Annotated[date | datetime, BeforeValidator(_day_or_moment)]
"""A civil day, written YYYY-MM-DD, or an instant with its offset."""

SinceMoment = Annotated[
    DayOrMoment | None,
    Field(
        description="First civil day (Europe/Paris), included, or the instant at which the period begins (ISO 8601"
        f" with an offset; for intervals of an hour or less); {DEFAULT_DAYS} days up to `until` where it is left out",
        examples=["2025-01-01"],
    ),
]
UntilMoment = Annotated[
    DayOrMoment | None,
    Field(
        description="Last civil day (Europe/Paris), included, or the instant at which the period ends (what begins at"
        " it is not included); the newest day held where it is left out",
        examples=["2025-01-31"],
    ),
]

Since = Annotated[
    Day | None,
    Field(
        description=f"First civil day (Europe/Paris), included; {DEFAULT_DAYS} days up to `until` where it is left out",
        examples=["2025-01-01"],
    ),
]
Until = Annotated[
    Day | None,
    Field(
        description="Last civil day (Europe/Paris), included; the newest day held where it is left out",
        examples=["2025-01-31"],
    ),
]
AsFormat = Annotated[
    Format | None, Field(description="How rows are written; goes before the `Accept` header", examples=["csv"])
]


def only(*members: Enum) -> WithJsonSchema:
    """What is documented of an enumeration of which a call takes a part."""
    values = [member.value for member in members]
    return WithJsonSchema({"type": "string", "enum": values, "examples": values[1:2]})


Every = Annotated[
    Interval,
    Field(
        description="How much civil time one point stands for; weeks begin on Monday; `auto` takes the finest with 800"
        " points at most, by hours or days. `slot` gives the rows as they are published; `15min` is refused where a"
        " value of the period lasts longer",
        examples=["day"],
    ),
]
ByDay = Annotated[Every, only(Interval.AUTO, *BY_DAY)]
FirstHeld = Annotated[
    Day | None,
    Field(
        description="First civil day (Europe/Paris), included; the first day held where it is left out",
        examples=["2016-01-01"],
    ),
]
"""``since`` of what is about all that is held."""
Region = Annotated[
    str | None,
    Field(description="INSEE code of a region", examples=["53"], json_schema_extra={"enum": sorted(REGIONS)}),
]
AsOf = Annotated[
    Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)] | None,
    Field(
        description="Answer with what was known at this instant, from the ledger of every value ever seen"
        " (ISO 8601 with an offset)",
        examples=["2025-02-01T12:00:00Z"],
    ),
]
