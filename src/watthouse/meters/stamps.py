"""The clock of a meter: local times without a zone, as instants, also on the two days a year that break."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from watthouse.errors import SourceError, UsageError
from watthouse.meters.readings import CHANNEL

_DAY_FIRST: Final = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")
OLE_NULL: Final = "30/12/1899"
"""The day zero of OLE Automation dates: what Windows programs write where there is no date."""

_MOST_TWICE: Final = 500_000
"""Times in the autumn hour, of all channels together: 100 channels of 5 minutes have 12,000 in ten years."""


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name; raises :class:`~watthouse.errors.UsageError` where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"WATTHOUSE_METER_TZ '{name}' is not a time zone: use a name like Europe/Paris or Etc/GMT-1"
        ) from None


def bounds_of(since: date, until: date, clock: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments at which a period of civil days, both included, begins and ends."""
    return datetime.combine(since, time.min, clock), datetime.combine(until + timedelta(days=1), time.min, clock)


def day_first(text: pl.Expr) -> pl.Expr:
    """A day-first date and time of day, seconds or not, padded or not; null where it is none."""
    return pl.coalesce([text.str.to_datetime(style, strict=False, time_unit="us") for style in _DAY_FIRST])


def date_or_none(text: pl.Expr) -> pl.Expr:
    """The same, null too for the date that stands for none."""
    return pl.when(~text.str.starts_with(OLE_NULL)).then(day_first(text))


class MeterClock:
    """The instants of one file's local times.

    In autumn an hour comes twice: of the same channel and time, the first is summer time and the second is winter time,
    as meters write them in order. In spring an hour is skipped: what is stamped there has no instant.

    What was stamped in the hour that comes twice is remembered; raises :class:`~watthouse.errors.SourceError` for the
    file ``origin`` where that is more than any has.
    """

    def __init__(self, zone: ZoneInfo, origin: str) -> None:
        self.name, self._origin = zone.key, origin
        self._seen: dict[tuple[object, ...], int] = {}

    def instants(self, rows: pl.DataFrame) -> pl.Series:
        """The instants of ``date_time``; null where the clock never showed that time."""
        local = pl.col("date_time")
        first = local.dt.replace_time_zone(self.name, ambiguous="earliest", non_existent="null")
        second = local.dt.replace_time_zone(self.name, ambiguous="latest", non_existent="null")
        utc = {"first": first.dt.convert_time_zone("UTC"), "second": second.dt.convert_time_zone("UTC")}
        both = rows.select(*CHANNEL, local, **utc)
        if (both["first"].ne_missing(both["second"])).any():
            return self._passes(both)
        return both["first"].rename("instant")

    def _passes(self, both: pl.DataFrame) -> pl.Series:
        """Tell the first pass of the autumn hour from the second."""
        rows, latter = both.with_row_index("at"), []
        twice = rows.filter(pl.col("first") != pl.col("second"))
        for at, *shown in twice.select("at", *CHANNEL, "date_time").iter_rows():
            times = self._seen.get(tuple(shown), 0)
            self._seen[tuple(shown)] = times + 1
            if times:
                latter.append(at)
        if len(self._seen) > _MOST_TWICE:
            raise SourceError(
                f"{self._origin}: over {_MOST_TWICE:,} times of its meters lie in hours that come twice: split it"
            )
        second = pl.when(pl.col("at").is_in(latter)).then("second").otherwise("first")
        return rows.select(second.alias("instant")).to_series()
