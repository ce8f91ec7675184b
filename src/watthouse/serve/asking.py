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
from watthouse.serve.delivery import Format
from watthouse.serve.problems import wrong

DEFAULT_DAYS: Final = 30
A_YEAR: Final = 366
"""Days of the longest period that is read from the ledger."""


class Interval(Enum):
    """How much time one point stands for."""

    AUTO = "auto"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


BY_HOUR: Final = (Interval.HOUR, Interval.DAY, Interval.WEEK, Interval.MONTH, Interval.YEAR)
BY_DAY: Final = BY_HOUR[1:]


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
        raise ValueError(f"'{given[:40]}' is no day: write it as 2025-01-31")
    return given


def _moment(given: object) -> object:
    if isinstance(given, str) and not _DAY.match(given):
        raise ValueError(f"'{given[:40]}' is no instant: write it as 2025-01-31T12:00:00Z")
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is no instant of the years 1 to 9999 (UTC)") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A civil day, written YYYY-MM-DD."""

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
        " points at most",
        examples=["day"],
    ),
]
ByDay = Annotated[Every, _only(Interval.AUTO, *BY_DAY)]
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


class Asked(BaseModel):
    """What every call takes, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Written(Asked):
    """A call that gives rows."""

    format: AsFormat = None


class Period(Written):
    """Civil days, both included."""

    since: Since = None
    until: Until = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}: turn them round")
        return self


async def refuse_repeated(request: Request) -> None:  # FastAPI hands what is not async to a thread
    """Raises a problem for a parameter that is given twice: which of the two would be meant?"""
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            raise wrong(name[:60], "it is given more than once: give it once")


class Series(Period):
    """A period cut into intervals."""

    interval: Every = Interval.AUTO


class Energy(Series):
    """A series of energy or power."""

    unit: Annotated[
        Unit,
        Field(
            description="MWh and GWh are energy; MW is the mean power of what was measured; share is the part of"
            " production, 0 to 1",
            examples=["GWh"],
        ),
    ] = Unit.MWH


class EnergyAsOf(Energy):
    """A series of energy or power, as it is known now or was known then."""

    as_of: AsOf = None


class Daily(Series):
    """A period cut into intervals of whole days."""

    interval: ByDay = Interval.AUTO


class DailyEnergy(Energy):
    """A series, by whole days, of energy or power that is no part of production."""

    interval: ByDay = Interval.AUTO
    unit: Annotated[
        Unit,
        _only(Unit.MW, Unit.MWH, Unit.GWH),
        Field(description="MWh and GWh are energy; MW is the mean power of what was measured", examples=["GWh"]),
    ] = Unit.MWH


class DailyMix(EnergyAsOf):
    """A mix by whole days, as it is known now or was known then."""

    interval: ByDay = Interval.AUTO


def newest_first(held: tuple[date, date], asked: Period) -> tuple[date, date]:
    """The period that is meant, by the days that are held."""
    until = asked.until or (max(held[1], asked.since) if asked.since else held[1])
    if asked.since:
        return asked.since, until
    since = until - timedelta(days=min(DEFAULT_DAYS - 1, until.toordinal() - 1))
    return since, until


def points(since: date, until: date, interval: Interval) -> int:
    """How many intervals the period has, about."""
    days = (until - since).days + 1
    months = (until.year - since.year) * 12 + until.month - since.month + 1
    return {
        Interval.HOUR: days * 24,
        Interval.DAY: days,
        Interval.WEEK: -(-days // 7),
        Interval.MONTH: months,
        Interval.YEAR: until.year - since.year + 1,
    }[interval]


_SHOWN: Final = 800
_MOST_HOURS: Final = 8 * 24


def finest(since: date, until: date, offered: tuple[Interval, ...]) -> Interval:
    """The finest interval that can still be looked at."""
    for interval in offered:
        most = _MOST_HOURS if interval is Interval.HOUR else _SHOWN
        if points(since, until, interval) <= most:
            return interval
    return offered[-1]


def instant(moment: datetime) -> str:
    """As it is written in answers."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
