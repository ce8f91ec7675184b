"""What may be asked, and how: every parameter with its meaning, its unit and an example."""

import re
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from starlette.requests import Request

from watthouse.catalog import REGIONS
from watthouse.clock import PARIS, end_of, start_of
from watthouse.serve.formats import Format
from watthouse.serve.problems import wrong

DEFAULT_DAYS: Final = 30
A_YEAR: Final = 366
"""Days of the longest period that is read from the ledger."""


class Interval(Enum):
    """How much time one point stands for."""

    AUTO = "auto"
    SLOT = "slot"
    QUARTER_HOUR = "15min"
    HALF_HOUR = "30min"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @property
    def daily(self) -> "Interval":
        """The interval, or a day where it is shorter: what is known by the day has nothing finer."""
        return Interval.DAY if self.length else self

    @property
    def length(self) -> timedelta | None:
        """How long each lasts, where that is less than a day: of a slot, the shortest there is."""
        return _LENGTHS.get(self)


_LENGTHS: Final = {
    Interval.SLOT: timedelta(minutes=15),
    Interval.QUARTER_HOUR: timedelta(minutes=15),
    Interval.HALF_HOUR: timedelta(minutes=30),
    Interval.HOUR: timedelta(hours=1),
}

BY_HOUR: Final = (Interval.HOUR, Interval.DAY, Interval.WEEK, Interval.MONTH, Interval.YEAR)
BY_DAY: Final = BY_HOUR[1:]
FROM_SLOTS: Final = (Interval.SLOT, *BY_HOUR)
BY_SLOT: Final = (Interval.SLOT, Interval.QUARTER_HOUR, Interval.HALF_HOUR, *BY_HOUR)


class Unit(Enum):
    """What energy is shown in."""

    MW = "MW"
    MWH = "MWh"
    GWH = "GWh"
    SHARE = "share"

    @property
    def suffix(self) -> str:
        return f"_{self.value.lower()}"

    @property
    def label(self) -> str:
        return "0-1" if self is Unit.SHARE else self.value

    @property
    def sign(self) -> str:
        """As it stands beside a figure: shares are drawn as percentages."""
        return "%" if self is Unit.SHARE else self.value

    def drawn_by(self, interval: Interval) -> "Unit":
        """What a series by this interval is drawn in: slots are power, as they are published."""
        return Unit.MW if interval is Interval.SLOT and self is not Unit.SHARE else self

    @property
    def counted(self) -> "Unit":
        """What quantities are asked in, of which shares are made."""
        return Unit.GWH if self is Unit.SHARE else self


class Order(Enum):
    """Which rows come first."""

    OLDEST = "asc"
    NEWEST = "desc"


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


def _only(*members: Enum) -> WithJsonSchema:
    """What is documented of an enumeration of which a call takes a part."""
    values = [one.value for one in members]
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
ByDay = Annotated[Every, _only(Interval.AUTO, *BY_DAY)]
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


class Params(BaseModel):
    """What every call takes, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Written(Params):
    """A call that gives rows."""

    format: AsFormat = None


class Period(Written):
    """Civil days, both included."""

    since: Since = None
    until: Until = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}: swap them")
        return self


async def refuse_repeated(request: Request) -> None:  # FastAPI hands what is not async to a thread
    """Raises a problem for a parameter that is given twice: which of the two would be meant?"""
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            raise wrong(name[:60], "it is given more than once: give it once")


class Series(Period):
    """A period cut into intervals."""

    interval: Every = Interval.AUTO


class Moments(Written):
    """Civil days, both included, or instants."""

    since: SinceMoment = None
    until: UntilMoment = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is None or self.until is None:
            return self
        if end_of(self.until) <= start_of(self.since):
            since, until = self.since.isoformat(), self.until.isoformat()
            raise ValueError(f"until {until} is before since {since}: swap them")
        return self


class Energy(Moments):
    """A series of energy or power."""

    interval: Every = Interval.AUTO
    unit: Annotated[
        Unit,
        Field(
            description="MWh and GWh are energy; MW is the mean power of what was measured; share is the part of"
            " production, 0 to 1. Rows as they are published (`interval=slot`) are in MW where it is left out",
            examples=["GWh"],
        ),
    ] = Unit.MWH

    @property
    def counted_in(self) -> Unit:
        """The unit that is meant."""
        published = self.interval is Interval.SLOT and "unit" not in self.model_fields_set
        return Unit.MW if published else self.unit


class EnergyAsOf(Energy):
    """A series of energy or power, as it is known now or was known then."""

    as_of: AsOf = None


class Daily(Series):
    """A period cut into intervals of whole days."""

    interval: ByDay = Interval.AUTO


class Flows(Energy):
    """A series of energy or power that is no part of production."""

    unit: Annotated[
        Unit,
        _only(Unit.MW, Unit.MWH, Unit.GWH),
        Field(
            description="MWh and GWh are energy; MW is the mean power of what was measured. Rows as they are published"
            " (`interval=slot`) are in MW where it is left out",
            examples=["GWh"],
        ),
    ] = Unit.MWH


_MOMENT: Final = timedelta(microseconds=1)


def days_of(params: Period | Moments) -> tuple[date | None, date | None]:
    """The civil days in which the bounds lie."""
    since, until = params.since, params.until
    return (
        since.astimezone(PARIS).date() if isinstance(since, datetime) else since,
        (until - _MOMENT).astimezone(PARIS).date() if isinstance(until, datetime) else until,
    )


def newest_first(held: tuple[date, date], params: Period | Moments) -> tuple[date, date]:
    """The period that is meant, by the days that are held."""
    first, last = days_of(params)
    until = last or (max(held[1], first) if first else held[1])
    if first:
        return first, until
    since = until - timedelta(days=min(DEFAULT_DAYS - 1, until.toordinal() - 1))
    return since, until


def points(since: date, until: date, interval: Interval) -> int:
    """How many intervals the period has, about."""
    days = (until - since).days + 1
    if interval.length:
        return days * int(timedelta(days=1) / interval.length)
    months = (until.year - since.year) * 12 + until.month - since.month + 1
    return {
        Interval.DAY: days,
        Interval.WEEK: -(-days // 7),
        Interval.MONTH: months,
        Interval.YEAR: until.year - since.year + 1,
    }[interval]


_SHOWN: Final = 800
_MOST: Final = {Interval.SLOT: 3 * 24 * 4, Interval.HOUR: 8 * 24}
"""Of what is shorter than a day, so that a day does not become a mere stroke."""


def finest(since: date, until: date, offered: tuple[Interval, ...]) -> Interval:
    """The finest interval that can still be looked at."""
    for interval in offered:
        if points(since, until, interval) <= _MOST.get(interval, _SHOWN):
            return interval
    return offered[-1]


def instant(moment: datetime) -> str:
    """As it is written in answers."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
