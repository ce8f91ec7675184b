"""The records of the four power datasets: real time by the hour, settled by the quarter."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl
from dateutil.relativedelta import relativedelta

from watthouse.catalog import REAL_TIME
from watthouse.sample import realtime, settled
from watthouse.sample.calendar import (
    QUARTER,
    month_end,
    month_start,
    months_between,
    paris_day,
    paris_midnight,
    quarter_start,
)  # fmt: skip
from watthouse.sample.chronicle import GONE, with_ends
from watthouse.sample.clockwork import PHANTOM, with_phantoms
from watthouse.sample.realtime import MOMENT
from watthouse.sample.schedule import at_or_after, at_or_before, consolidated_at, consolidated_until, definitive_at

Truth = Callable[[str], pl.DataFrame]
Dress = Callable[[pl.DataFrame, str], pl.DataFrame]

BEFORE_ALL: Final = datetime.fromisoformat("2010-01-01T00:00:00+00:00")
_DAY: Final = timedelta(days=1)
_LOOK_BACK: Final = 30


@dataclass(frozen=True)
class RealTime:
    """A real-time dataset: from the end of consolidated data to the end of today or tomorrow."""

    dataset_id: str
    since: date
    truth: Truth
    habits: realtime.Habits
    dress: Dress
    time: str = "date_heure"

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        truth = self.truth(month).filter(pl.col("_day") >= self.since)
        rows = realtime.versions(truth, self.habits).with_columns(pl.lit(REAL_TIME).alias("nature"))
        return _finished(rows, self.dataset_id, self.dress, self._ends(truth))

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        processed = self.processed(now)
        first = max(self.since, consolidated_until(processed))
        last = paris_day(processed) + (_DAY if self.habits.forecasts else timedelta(0))
        if first > last:
            return []
        return months_between(paris_midnight(first), paris_midnight(last + _DAY) - QUARTER)

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        return at_or_before(now, self.habits.minute)

    def events(self, _: str) -> None:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""

    def _ends(self, truth: pl.DataFrame) -> pl.DataFrame:
        days = truth["_day"].unique().sort()
        ends = [at_or_after(consolidated_at(day), self.habits.minute) for day in days]
        return pl.DataFrame([days, pl.Series("_last", ends, dtype=MOMENT)])


@dataclass(frozen=True)
class Settled:
    """A consolidated and definitive dataset."""

    dataset_id: str
    since: date
    truth: Truth
    habits: settled.Habits
    dress: Dress
    time: str = "date_heure"

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        truth = self.truth(month).filter(pl.col("_day") >= self.since)
        rows = settled.versions(truth, self.habits)
        days = truth["_day"].unique()
        ends = pl.DataFrame([days, pl.Series("_last", [None] * len(days), dtype=MOMENT)])
        return _finished(rows, self.dataset_id, self.dress, ends)

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        until = consolidated_until(now)
        if until <= self.since:
            return []
        return months_between(paris_midnight(self.since), paris_midnight(until) - QUARTER)

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        newest = now.date().replace(day=1)
        months = [newest - relativedelta(months=back) for back in range(_LOOK_BACK)]
        moments = {moment for day in months if day >= quarter_start(self.since) for moment in self._moments(day)}
        return max((moment for moment in moments if moment <= now), default=min(now.replace(microsecond=0), BEFORE_ALL))

    def events(self, month: str) -> list[datetime]:
        """See :class:`~watthouse.sample.chronicle.Chronicle`."""
        days = (month_start(month).date(), month_end(month).date())
        return sorted({moment for day in days for moment in self._moments(day)})

    def _moments(self, day: date) -> list[datetime]:
        again = self.habits.republications.at(day)
        return [consolidated_at(day), definitive_at(day), *([again] if again else [])]


def _finished(rows: pl.DataFrame, dataset_id: str, dress: Dress, ends: pl.DataFrame) -> pl.DataFrame:
    """Phantoms added, columns as exported, each version's end known."""
    rows = dress(with_phantoms(rows), dataset_id).join(ends, on="_day", how="left")
    region = pl.col("_region") if "_region" in rows.columns else 0
    key = pl.col("date_heure").dt.epoch("s") * 32 + pl.col(PHANTOM).cast(pl.Int64) * 16 + region
    rows = with_ends(rows.with_columns(key.alias("_key")), ["_key"], pl.col("_last"))
    return rows.drop([name for name in rows.columns if name.startswith("_") and name != GONE])
