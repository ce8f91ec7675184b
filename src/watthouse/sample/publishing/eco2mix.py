"""The records of the four power datasets: real time by the hour, settled by the quarter."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl
from dateutil.relativedelta import relativedelta

from watthouse.catalog import REAL_TIME
from watthouse.sample.country.calendar import (
    QUARTER_HOUR,
    month_end,
    month_start,
    months_between,
    paris_day,
    paris_midnight,
    quarter_of,
    quarter_start,
)  # fmt: skip
from watthouse.sample.country.clockwork import PHANTOM, with_phantoms
from watthouse.sample.publishing import realtime, settled
from watthouse.sample.publishing.chronicle import GONE, with_ends
from watthouse.sample.publishing.realtime import MOMENT, PUBLISHED, by_day
from watthouse.sample.publishing.schedule import (
    at_or_after,
    at_or_before,
    consolidated_at,
    consolidated_until,
    definitive_at,
)

Truth = Callable[[str], pl.DataFrame]
SettledTruth = Callable[[str, int], pl.DataFrame]
Dress = Callable[[pl.DataFrame, str], pl.DataFrame]

BEFORE_ALL: Final = datetime.fromisoformat("2010-01-01T00:00:00+00:00")
_DAY: Final = timedelta(days=1)
_SLOTS: Final = 96
"""Rows of every civil day: the missing hour of spring is filled, the repeated one of autumn shown once."""
_LOOK_BACK: Final = 30


@dataclass(frozen=True)
class RealTime:
    """A real-time dataset: from the end of consolidated data to the end of today or tomorrow."""

    dataset_id: str
    since: date
    truth: Truth
    habits: realtime.RealTimeHabits
    dress: Dress
    places: int = 1
    time: str = "date_heure"

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        truth = self.truth(month).filter(pl.col("_day") >= self.since)
        rows = realtime.versions(truth, self.habits).with_columns(pl.lit(REAL_TIME).alias("nature"))
        return _finished(rows, self.dataset_id, self.dress, by_day(truth, self._end))

    def lasting(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        first, until = self._days(now)
        if first >= until:
            return []
        return months_between(paris_midnight(first), paris_midnight(until) - QUARTER_HOUR)

    def rows(self, now: datetime) -> int:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        first, until = self._days(now)
        return max(0, (until - first).days) * _SLOTS * self.places

    def _days(self, now: datetime) -> tuple[date, date]:
        """The first day shown, and the first after the last."""
        processed = self.processed(now)
        ahead = 2 if self.habits.forecasts else 1
        return max(self.since, consolidated_until(processed)), paris_day(processed) + ahead * _DAY

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        return at_or_before(now, self.habits.minute)

    def events(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def _end(self, day: date) -> datetime:
        """When a day leaves real time, because its consolidated data is out."""
        # The live dataset begins where consolidated data ends: its oldest rows vanish every quarter.
        return at_or_after(consolidated_at(day), self.habits.minute)


@dataclass(frozen=True)
class Settled:
    """A consolidated and definitive dataset."""

    dataset_id: str
    since: date
    truth: SettledTruth
    habits: settled.SettledHabits
    dress: Dress
    daily: int
    """Rows of every civil day."""
    time: str = "date_heure"

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        truth = self.truth(month, 1).filter(pl.col("_day") >= self.since)
        rows = settled.versions(truth, self.habits)
        return _finished(rows, self.dataset_id, self.dress, pl.lit(None, MOMENT))

    def lasting(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        truth = self.truth(quarter_of(month), 3).filter(pl.col("_day") >= self.since)
        rows = _keyed(settled.definitive(truth, self.habits), self.dataset_id, self.dress)
        return _without_working_columns(rows.sort("_key", maintain_order=True)).drop(PUBLISHED)

    def rows(self, now: datetime) -> int:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        return max(0, (consolidated_until(now) - self.since).days) * self.daily

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        until = consolidated_until(now)
        if until <= self.since:
            return []
        return months_between(paris_midnight(self.since), paris_midnight(until) - QUARTER_HOUR)

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        newest = now.date().replace(day=1)
        months = [newest - relativedelta(months=back) for back in range(_LOOK_BACK)]
        moments = {moment for day in months if day >= quarter_start(self.since) for moment in self._moments(day)}
        return max((moment for moment in moments if moment <= now), default=min(now.replace(microsecond=0), BEFORE_ALL))

    def events(self, month: str) -> list[datetime]:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        days = (month_start(month).date(), month_end(month).date())
        return sorted({moment for day in days for moment in self._moments(day)})

    def _moments(self, day: date) -> list[datetime]:
        again = self.habits.republications.at(day)
        return [consolidated_at(day), definitive_at(day), *([again] if again else [])]


def _finished(rows: pl.DataFrame, dataset_id: str, dress: Dress, last: pl.Expr) -> pl.DataFrame:
    """Phantoms added, columns as exported, each version's end known."""
    return _without_working_columns(with_ends(_keyed(rows, dataset_id, dress), ["_key"], last))


def _keyed(rows: pl.DataFrame, dataset_id: str, dress: Dress) -> pl.DataFrame:
    """Phantoms added, columns as exported; ``_key`` identifies a row and orders it."""
    rows = dress(with_phantoms(rows), dataset_id)
    region = pl.col("_region") if "_region" in rows.columns else 0
    key = pl.col("date_heure").dt.epoch("s") * 32 + pl.col(PHANTOM).cast(pl.Int64) * 16 + region
    return rows.with_columns(key.alias("_key"))


def _without_working_columns(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.drop([name for name in rows.columns if name.startswith("_") and name != GONE])
