"""The parameters of the calls: every one with its meaning, its unit and an example."""

from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request

from watthouse.clock import PARIS, end_of, start_of
from watthouse.serve.problems import wrong
from watthouse.serve.queries.fields import (
    DEFAULT_DAYS,
    AsFormat,
    AsOf,
    ByDay,
    Every,
    Since,
    SinceMoment,
    Until,
    UntilMoment,
    only,
)
from watthouse.serve.queries.units import Interval, Unit


class Order(Enum):
    """Which rows come first."""

    OLDEST = "asc"
    NEWEST = "desc"


A_YEAR: Final = 366
"""The longest period that is read from the ledger, in days."""


class Params(BaseModel):
    """The base of all parameters: unknown ones are refused."""

    # a misspelt parameter that is ignored gives a plausible wrong answer
    model_config = ConfigDict(extra="forbid", frozen=True)


class FormatParams(Params):
    """A call that gives rows."""

    format: AsFormat = None


class Period(FormatParams):
    """Civil days, both included."""

    since: Since = None
    until: Until = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}: swap them")
        return self


async def refuse_repeated(request: Request) -> None:  # FastAPI hands what is not async to a thread
    """Raises a problem for a parameter that is given twice."""
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            raise wrong(name[:60], "it is given more than once")


class Series(Period):
    """A period cut into intervals."""

    interval: Every = Interval.AUTO


class Moments(FormatParams):
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
            description="MWh and GWh are energy; MW is mean power over the time measured; share is the part of"
            " production, 0 to 1. The default is MWh, or MW for `interval=slot`",
            examples=["GWh"],
        ),
    ] = Unit.MWH

    @property
    def counted_in(self) -> Unit:
        """The unit of the answer."""
        # energy of a slot depends on its duration; its power is what was published
        published = self.interval is Interval.SLOT and "unit" not in self.model_fields_set
        return Unit.MW if published else self.unit


class EnergyAsOf(Energy):
    """A series of energy or power, as known now or as of an instant."""

    as_of: AsOf = None


class SeriesByDay(Series):
    """A period cut into intervals of whole days."""

    # documented without the intervals that such a call refuses
    interval: ByDay = Interval.AUTO


class Flows(Energy):
    """A series of energy or power that is not part of production."""

    unit: Annotated[
        Unit,
        only(Unit.MW, Unit.MWH, Unit.GWH),
        Field(
            description="MWh and GWh are energy; MW is mean power over the time measured. The default is MWh, or MW"
            " for `interval=slot`",
            examples=["GWh"],
        ),
    ] = Unit.MWH


# an end at midnight belongs to the day before
_MOMENT: Final = timedelta(microseconds=1)


def days_of(params: Period | Moments) -> tuple[date | None, date | None]:
    """The civil days in which the bounds lie."""
    since, until = params.since, params.until
    return (
        since.astimezone(PARIS).date() if isinstance(since, datetime) else since,
        (until - _MOMENT).astimezone(PARIS).date() if isinstance(until, datetime) else until,
    )


def period_or_newest(extent: tuple[date, date], params: Period | Moments) -> tuple[date, date]:
    """The requested period; by default, the last days of ``extent`` (the first and last available day)."""
    first, last = days_of(params)
    until = last or (max(extent[1], first) if first else extent[1])
    if first:
        return first, until
    # the calendar begins with the year 1
    since = until - timedelta(days=min(DEFAULT_DAYS - 1, until.toordinal() - 1))
    return since, until


def instant(moment: datetime) -> str:
    """As it is written in answers."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
