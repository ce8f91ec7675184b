"""How time and energy are counted: intervals, units, and how many points a period has."""

from datetime import date, timedelta
from enum import Enum
from typing import Final


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

    length: timedelta | None
    """How long each lasts, where that is less than a day: of a slot, the shortest there is."""

    def __init__(self, name: str) -> None:
        minutes = {"slot": 15, "15min": 15, "30min": 30, "hour": 60}.get(name)
        self.length = timedelta(minutes=minutes) if minutes else None

    @property
    def daily(self) -> "Interval":
        """The interval, or a day where it is shorter: what is known by the day has nothing finer."""
        return Interval.DAY if self.length else self


BY_HOUR: Final = (Interval.HOUR, Interval.DAY, Interval.WEEK, Interval.MONTH, Interval.YEAR)
# gas and temperature have nothing finer than the day
BY_DAY: Final = BY_HOUR[1:]
FROM_SLOTS: Final = (Interval.SLOT, *BY_HOUR)
BY_SLOT: Final = (Interval.SLOT, Interval.QUARTER_HOUR, Interval.HALF_HOUR, *BY_HOUR)


class Unit(Enum):
    """What energy is shown in."""

    MW = "MW"
    MWH = "MWh"
    GWH = "GWh"
    SHARE = "share"

    suffix: str
    """What ends the name of a column in this unit."""
    label: str
    """As the description of a column has it."""
    sign: str
    """As it stands beside a figure: shares are drawn as percentages."""

    def __init__(self, name: str) -> None:
        self.suffix = f"_{name.lower()}"
        self.label, self.sign = ("0-1", "%") if name == "share" else (name, name)

    def drawn_by(self, interval: Interval) -> "Unit":
        """What a series by this interval is drawn in: slots are power, as they are published."""
        return Unit.MW if interval is Interval.SLOT and self is not Unit.SHARE else self

    @property
    def counted(self) -> "Unit":
        """What quantities are asked in, of which shares are made."""
        return Unit.GWH if self is Unit.SHARE else self


def points(since: date, until: date, interval: Interval) -> int:
    """How many intervals the period has, about."""
    days = (until - since).days + 1
    if interval.length:
        # a slot counts as a quarter hour, since the bound has to hold for the finest
        return days * int(timedelta(days=1) / interval.length)
    months = (until.year - since.year) * 12 + until.month - since.month + 1
    return {
        Interval.DAY: days,
        Interval.WEEK: -(-days // 7),
        Interval.MONTH: months,
        Interval.YEAR: until.year - since.year + 1,
    }[interval]


_SHOWN: Final = 800
# Of what is shorter than a day, so that a day does not become a mere stroke.
_MOST: Final = {Interval.SLOT: 3 * 24 * 4, Interval.HOUR: 8 * 24}


def finest(since: date, until: date, offered: tuple[Interval, ...]) -> Interval:
    """The finest interval that can still be looked at."""
    for interval in offered:
        if points(since, until, interval) <= _MOST.get(interval, _SHOWN):
            return interval
    return offered[-1]
