"""When ODRÉ's publishers act: every moment at which something shown may change. All moments are UTC, whole seconds."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from dateutil.relativedelta import relativedelta

from watthouse.sample.country.calendar import quarter_start
from watthouse.sample.country.noise import chance_of, hash_of, salt

HOUR: Final = timedelta(hours=1)
_MORNING: Final = time(9, tzinfo=UTC)
_CONSOLIDATED_AFTER: Final = timedelta(days=60)
_REPUBLISHED: Final = 1 / 6
_FOUND_LATER: Final = (5, 165)


def at_or_after(moment: datetime, minute: int) -> datetime:
    """The first hourly processing at ``minute`` past the hour that is not before ``moment``."""
    processing = moment.astimezone(UTC).replace(minute=minute, second=0, microsecond=0)
    return processing if processing >= moment else processing + HOUR


def at_or_before(moment: datetime, minute: int) -> datetime:
    """The last hourly processing at ``minute`` past the hour that is not after ``moment``."""
    processing = moment.astimezone(UTC).replace(minute=minute, second=0, microsecond=0)
    return processing if processing <= moment else processing - HOUR


@lru_cache(maxsize=1000)
def consolidated_at(day: date) -> datetime:
    """When the quarter of a civil day is published consolidated: 60 days after its end, at 09:00."""
    end = quarter_start(day) + relativedelta(months=3)
    return datetime.combine(end + _CONSOLIDATED_AFTER, _MORNING)


def definitive_at(day: date) -> datetime:
    """When the year of a civil day becomes definitive: on 1 September of the next, at 09:00."""
    return datetime.combine(date(day.year + 1, 9, 1), _MORNING)


class Republications:
    """The months of consolidated data that are published again without notice, about two a year."""

    def __init__(self, seed: int, dataset: str) -> None:
        self._salt: Final = salt(seed, f"republication {dataset}")

    def at(self, day: date) -> datetime | None:
        """When the civil month of that day is published again; None for most."""
        number = day.year * 12 + day.month
        if chance_of(number, self._salt) >= _REPUBLISHED:
            return None
        first, last = _FOUND_LATER
        return consolidated_at(day) + timedelta(days=first + hash_of(number + 100_000, self._salt) % (last - first))


def consolidated_until(now: datetime) -> date:
    """The first civil day that is not consolidated at ``now``."""
    day = quarter_start((now.astimezone(UTC) - _CONSOLIDATED_AFTER - timedelta(days=1)).date())
    while consolidated_at(day) <= now:
        day += relativedelta(months=3)
    return day
