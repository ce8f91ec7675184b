"""What ODRÉ would show of each dataset at any moment, and the publisher's own record of everything it showed."""

from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from threading import RLock
from typing import Final

import polars as pl

from watthouse.catalog import find, live
from watthouse.sample.country.calendar import month_end, month_start, months_between, quarter_of
from watthouse.sample.country.power import Power
from watthouse.sample.country.regions import MAINLAND
from watthouse.sample.country.weather import Weather
from watthouse.sample.publishing import declared, dressing, eco2mix, realtime, settled
from watthouse.sample.publishing.chronicle import GONE, Chronicle, at, events_of
from watthouse.sample.publishing.gas import Gas
from watthouse.sample.publishing.layout import LAYOUTS, NATIONAL_MEASURES, REGIONAL_MEASURES
from watthouse.sample.publishing.national import National
from watthouse.sample.publishing.realtime import PUBLISHED, national_meters, regional_meters
from watthouse.sample.publishing.regional import Regional
from watthouse.sample.publishing.schedule import Republications
from watthouse.sample.publishing.temperature import Temperature

NATIONAL_SINCE: Final = date(2012, 1, 1)
REGIONAL_SINCE: Final = date(2013, 1, 1)
_KEPT_CHANGES: Final = 2_000


class Publisher:
    """What ODRÉ would show of each dataset at any moment. Deterministic by seed; no state but caches.

    ``since`` is the first civil day there is; no dataset begins before ODRÉ's own does. Moments are aware datetimes.
    """

    def __init__(self, seed: int = 0, since: date = NATIONAL_SINCE) -> None:
        self.seed: Final = seed
        self.since: Final = since
        studied = _studied(seed, since)
        others = {name: declared.Declared(seed, since, it) for name, it in live().items() if name not in studied}
        self._chronicles: Final[Mapping[str, Chronicle]] = {**studied, **others}
        # two months: the last days may span a month's end; the service has a cache of its own for more
        self._records: Final = {name: lru_cache(maxsize=2)(it.record) for name, it in self._chronicles.items()}
        self._lasting: Final = {name: lru_cache(maxsize=1)(it.lasting) for name, it in self._chronicles.items()}
        self._making: Final = RLock()
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
        shown = [self._shown(dataset_id, month, now, since, until) for month in months]
        return pl.concat([self._nothing(dataset_id), *shown])

    def rows(self, dataset_id: str, now: datetime) -> int:
        """How many rows :meth:`table` has at ``now``; none of them is made for it."""
        return self._chronicle(dataset_id).rows(now.astimezone(UTC))

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
        months = self.months(dataset_id, now)
        if not (months and months[0] <= month <= months[-1]):
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
        parts = [self._within(dataset_id, month, since, until).drop(GONE) for month in months]
        return pl.concat([self._nothing(dataset_id, recorded=True), *parts])

    def _chronicle(self, dataset_id: str) -> Chronicle:
        return self._chronicles[find(dataset_id).id]

    def _record(self, dataset_id: str, month: str) -> pl.DataFrame:
        # one at a time: four downloads that need the same month would otherwise each make it
        with self._making:
            return self._records[find(dataset_id).id](month)

    def _changed(self, dataset_id: str, month: str) -> Sequence[datetime]:
        known = self._chronicle(dataset_id).events(month)
        return events_of(self._record(dataset_id, month)) if known is None else known

    def _shown(
        self, dataset_id: str, month: str, now: datetime, since: datetime | None, until: datetime | None
    ) -> pl.DataFrame:
        """The month's rows: the final ones where nothing will change any more, else from the record."""
        # Settled quarters are most of a history of 13 years, and their many earlier versions need not be made.
        lasting = self._lasted(dataset_id, month, now)
        if lasting is None:
            return at(self._within(dataset_id, month, since, until), now)
        start, end = month_start(month), month_end(month)
        return self._between(dataset_id, lasting, max(since or start, start), min(until or end, end))

    def _lasted(self, dataset_id: str, month: str, now: datetime) -> pl.DataFrame | None:
        changes = self._chronicle(dataset_id).events(month)
        if changes is None or changes[-1] > now:
            return None
        with self._making:
            return self._lasting[find(dataset_id).id](quarter_of(month))

    def _within(self, dataset_id: str, month: str, since: datetime | None, until: datetime | None) -> pl.DataFrame:
        """The month's record between the two moments."""
        start = since if since and since > month_start(month) else None
        end = until if until and until < month_end(month) else None
        return self._between(dataset_id, self._record(dataset_id, month), start, end)

    def _between(
        self, dataset_id: str, rows: pl.DataFrame, since: datetime | None, until: datetime | None
    ) -> pl.DataFrame:
        """The rows between two moments: a slice, as they are in the order of time."""
        times = rows[self._chronicle(dataset_id).time]
        first = _place(times, since) if since else 0
        last = _place(times, until) if until else len(rows)
        return rows.slice(first, max(0, last - first))

    def _all_months(self, dataset_id: str, until: datetime) -> list[str]:
        start = self._chronicle(dataset_id).since
        return months_between(datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1), until)

    def _nothing(self, dataset_id: str, *, recorded: bool = False) -> pl.DataFrame:
        layout = dict(LAYOUTS.get(dataset_id) or declared.layout(find(dataset_id)))
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
    return [month for month in months if first <= month and (until is None or month_start(month) < until)]


def _studied(seed: int, since: date) -> Mapping[str, Chronicle]:
    """The datasets whose publishers' habits have been studied."""
    weather = Weather(seed)
    power = Power(seed, weather)
    national, regional = National(seed, power), Regional(power)
    nation, regions = max(since, NATIONAL_SINCE), max(since, REGIONAL_SINCE)
    return {
        "eco2mix-national-tr": eco2mix.RealTime(
            "eco2mix-national-tr", nation, lambda month: national_meters(national.month(month)),
            realtime.RealTimeHabits(17, NATIONAL_MEASURES, forecasts=True), dressing.national,
        ),
        "eco2mix-national-cons-def": eco2mix.Settled(
            "eco2mix-national-cons-def", nation, national.settled,
            settled.SettledHabits(
                ("consommation", "nucleaire", "solaire", "ech_physiques"),
                Republications(seed, "national"), pl.col("consommation").is_not_null(),
            ),
            dressing.national, 96,
        ),
        "eco2mix-regional-tr": eco2mix.RealTime(
            "eco2mix-regional-tr", regions, lambda month: regional_meters(regional.month(month)),
            realtime.RealTimeHabits(19, REGIONAL_MEASURES, forecasts=False), dressing.regional, len(MAINLAND),
        ),
        "eco2mix-regional-cons-def": eco2mix.Settled(
            "eco2mix-regional-cons-def", regions, regional.settled,
            settled.SettledHabits(
                ("consommation", "nucleaire", "thermique", "hydraulique"),
                Republications(seed, "regional"), pl.lit(value=True),
            ),
            dressing.regional, 48 * len(MAINLAND),
        ),
        "stock-quotidien-stockages-gaz": Gas(seed, since, weather),
        "temperature-quotidienne-regionale": Temperature(seed, since, weather),
    }  # fmt: skip
