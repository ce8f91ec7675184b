"""What ODRÉ would show of each dataset at any moment, and the publisher's own record of what it ever showed."""

from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import polars as pl

from watthouse.catalog import find
from watthouse.sample import chronicles, dressing, realtime, settled
from watthouse.sample.calendar import month_end, month_start, months_between
from watthouse.sample.chronicle import GONE, Chronicle, at, events_of
from watthouse.sample.gas import Gas
from watthouse.sample.layout import LAYOUTS, NATIONAL_MEASURES, REGIONAL_MEASURES
from watthouse.sample.measuring import national_meters, regional_meters, settled_national
from watthouse.sample.national import National
from watthouse.sample.power import Power
from watthouse.sample.realtime import PUBLISHED
from watthouse.sample.regional import Regional
from watthouse.sample.schedule import Republications
from watthouse.sample.temperature import Temperature
from watthouse.sample.weather import Weather

NATIONAL_SINCE: Final = date(2012, 1, 1)
REGIONAL_SINCE: Final = date(2013, 1, 1)
_KEPT_RECORDS: Final = 10
_KEPT_CHANGES: Final = 2_000
_HALF_HOUR: Final = timedelta(minutes=30)


class Publisher:
    """What ODRÉ would show of each dataset at any moment. Deterministic by seed; no state but caches.

    ``since`` is the first civil day there is; no dataset begins before ODRÉ's own does. Moments are aware datetimes.
    """

    def __init__(self, seed: int = 0, since: date = NATIONAL_SINCE) -> None:
        self.seed: Final = seed
        self.since: Final = since
        self._chronicles: Final = _chronicles(seed, since)
        self._record = lru_cache(maxsize=_KEPT_RECORDS)(self._made)
        self._changes = lru_cache(maxsize=_KEPT_CHANGES)(self._changed)

    def table(
        self, dataset_id: str, now: datetime, since: datetime | None = None, until: datetime | None = None
    ) -> pl.DataFrame:
        """The rows shown at ``now`` whose time lies in [``since``, ``until``), in clock order.

        Time is ``date_heure``, or midnight UTC of ``date`` for the daily datasets. Columns and types are those of
        ODRÉ's Parquet export: numbers typed as text and the junk column included. Raises
        :class:`~watthouse.errors.UsageError` for an unknown dataset.
        """
        months = _touched(self.months(dataset_id, now), since, until)
        shown = [at(self._within(dataset_id, month, since, until), now) for month in months]
        return pl.concat([self._nothing(dataset_id), *shown])

    def processed(self, dataset_id: str, now: datetime) -> datetime:
        """When the dataset was last processed, UTC, whole seconds, not after ``now``.

        It moves whenever anything shown changes, and with every hourly processing of the real-time datasets.
        """
        return self._chronicle(dataset_id).processed(now.astimezone(UTC))

    def months(self, dataset_id: str, now: datetime) -> list[str]:
        """``YYYY-MM`` (UTC) of every month that has rows at ``now``, oldest first."""
        return self._chronicle(dataset_id).months(now.astimezone(UTC))

    def stamp(self, dataset_id: str, month: str, now: datetime) -> Hashable:
        """Equal for two moments at which :meth:`table` of that month is equal: what a cache may be keyed by."""
        if month not in self.months(dataset_id, now):
            return 0
        return bisect_right(self._changes(dataset_id, month), now)

    def versions(self, dataset_id: str, since: datetime, until: datetime) -> pl.DataFrame:
        """Every row ever shown whose time lies in [``since``, ``until``), each successive version once.

        The columns of :meth:`table` and ``published_at``: shown from then on in place of the earlier version of the
        same slot, until real-time rows go where consolidated data begins. In the order of time.
        """
        if until <= since:
            return self._nothing(dataset_id, recorded=True)
        months = _touched(self._all_months(dataset_id, until), since, until)
        found = [self._within(dataset_id, month, since, until).drop(GONE) for month in months]
        return pl.concat([self._nothing(dataset_id, recorded=True), *found])

    def _chronicle(self, dataset_id: str) -> Chronicle:
        return self._chronicles[find(dataset_id).id]

    def _made(self, dataset_id: str, month: str) -> pl.DataFrame:
        return self._chronicle(dataset_id).record(month)

    def _changed(self, dataset_id: str, month: str) -> Sequence[datetime]:
        known = self._chronicle(dataset_id).events(month)
        return events_of(self._record(dataset_id, month)) if known is None else known

    def _within(self, dataset_id: str, month: str, since: datetime | None, until: datetime | None) -> pl.DataFrame:
        """The month's record between the two moments; it is in the order of time, so a slice does."""
        record, name = self._record(dataset_id, month), self._chronicle(dataset_id).time
        first = 0 if since is None or since <= month_start(month) else _place(record[name], since)
        last = len(record) if until is None or until >= month_end(month) else _place(record[name], until)
        return record.slice(first, max(0, last - first))

    def _all_months(self, dataset_id: str, until: datetime) -> list[str]:
        start = self._chronicle(dataset_id).since
        return months_between(datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1), until)

    def _nothing(self, dataset_id: str, *, recorded: bool = False) -> pl.DataFrame:
        layout = dict(LAYOUTS[find(dataset_id).id])
        return pl.DataFrame(schema={**layout, PUBLISHED: realtime.MOMENT} if recorded else layout)


def _place(times: pl.Series, moment: datetime) -> int:
    """How many of the sorted times are before the moment; a date counts as its midnight UTC."""
    moment = moment.astimezone(UTC)
    if times.dtype == pl.Date:
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        bound: date | datetime = moment.date() + timedelta(days=moment > midnight)
    else:
        bound = moment + timedelta(microseconds=-moment.microsecond % 1000)
    return int(times.search_sorted(pl.Series([bound]).cast(times.dtype), side="left")[0])


def _touched(months: list[str], since: datetime | None, until: datetime | None) -> list[str]:
    first = "" if since is None else f"{since.astimezone(UTC):%Y-%m}"
    last = "9999-13" if until is None else f"{until.astimezone(UTC):%Y-%m}"
    return [month for month in months if first <= month <= last]


def _chronicles(seed: int, since: date) -> Mapping[str, Chronicle]:
    weather = Weather(seed)
    power = Power(seed, weather)
    national, regional = National(seed, power), Regional(power)
    nation, regions = max(since, NATIONAL_SINCE), max(since, REGIONAL_SINCE)
    return {
        "eco2mix-national-tr": chronicles.RealTime(
            "eco2mix-national-tr", nation, lambda month: national_meters(national.month(month)),
            realtime.Habits(17, NATIONAL_MEASURES, forecasts=True), dressing.national,
        ),
        "eco2mix-national-cons-def": chronicles.Settled(
            "eco2mix-national-cons-def", nation, lambda month: settled_national(national.month(month)),
            settled.Habits(
                ("consommation", "nucleaire", "solaire", "ech_physiques"),
                Republications(seed, "national"), pl.col("consommation").is_not_null(),
            ),
            dressing.national,
        ),
        "eco2mix-regional-tr": chronicles.RealTime(
            "eco2mix-regional-tr", regions, lambda month: regional_meters(regional.month(month, timedelta(minutes=15))),
            realtime.Habits(19, REGIONAL_MEASURES, forecasts=False), dressing.regional,
        ),
        "eco2mix-regional-cons-def": chronicles.Settled(
            "eco2mix-regional-cons-def", regions, lambda month: regional.month(month, _HALF_HOUR),
            settled.Habits(
                ("consommation", "nucleaire", "thermique", "hydraulique"),
                Republications(seed, "regional"), pl.lit(value=True),
            ),
            dressing.regional,
        ),
        "stock-quotidien-stockages-gaz": Gas(seed, since, weather),
        "temperature-quotidienne-regionale": Temperature(seed, since, weather),
    }  # fmt: skip
