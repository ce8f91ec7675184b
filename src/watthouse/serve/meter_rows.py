"""What is answered about meters, as rows: meters, their channels, gaps, readings, days, and rejected lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from watthouse.errors import UsageError
from watthouse.meters import queries
from watthouse.meters.channels import MeterChannel, channels_of
from watthouse.meters.consumption import chosen_curve, curve_of
from watthouse.meters.coverage import Bounds, coverage
from watthouse.meters.days import day_statistics
from watthouse.meters.readings import INSTANT
from watthouse.meters.resampling import resample
from watthouse.meters.series import readings
from watthouse.meters.stamps import zone_of
from watthouse.meters.units import unit_of
from watthouse.serve import deadline
from watthouse.serve import meter_columns as columns
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.problems import ProblemError, wrong
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.meter_params import (
    ConsumptionParams,
    CoverageParams,
    DaysParams,
    GapsParams,
    MeterInterval,
    ReadingsParams,
    RejectsParams,
)
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.settings import Settings

OWNER: Final = "meter files of this server's owner, read by watthouse"
_DAYS_AT_A_TIME: Final = 31


@dataclass(frozen=True)
class Consumption:
    """A curve of consumption over civil days, both included: ``parts`` of it, some days at a time, in their order."""

    channels: Sequence[MeterChannel]
    since: date
    until: date
    parts: Iterator[pl.DataFrame]


class MeterRows:
    """The answers from one state of the database."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection, self._settings = connection, settings
        self._zone = zone_of(settings.meter_tz)

    @property
    def version(self) -> str:
        """Changes with every file that is loaded, and with the zone that days are counted in."""
        return queries.version(self._connection, self._zone.key)

    def meters(self) -> RowSet:
        """A row a meter."""
        rows = [vars(meter) for meter in queries.meters(self._connection)]
        return _row_set("Meters", rows, columns.METERS)

    def channels(self, meter_code: str, params: CoverageParams) -> RowSet:
        """A row a channel of a meter, with what is held of it; raises a problem where there is no such meter."""
        rows = [
            {**vars(one.channel), "id": one.channel.id, "channel": one.channel.id}
            | {"quantity": one.channel.measured_in.quantity.value, "readings": one.readings}
            | {"first": one.first, "last": one.last, "minutes": one.minutes}
            | _wholeness(one.readings, one.missing, len(one.gaps), is_interval=one.channel.is_interval)
            for one in coverage(self._connection, self._channels(meter_code), self._bounds(params.since, params.until))
        ]
        return _row_set(f"Channels of meter {meter_code}", rows, columns.CHANNELS, _days(params))

    def gaps(self, meter_code: str, params: GapsParams) -> RowSet:
        """A row a stretch of missing intervals."""
        chosen = self._chosen(meter_code, params.channel, params.data_type)
        rows = [
            {"channel": one.channel.id, "data_type": one.channel.data_type, "unit": one.channel.unit}
            | {"last_before": gap.since, "first_after": gap.until, "minutes": one.minutes, "missing": gap.count}
            for one in coverage(self._connection, chosen, self._bounds(params.since, params.until))
            for gap in one.gaps
        ]
        if len(rows) > self._settings.max_rows:
            raise ProblemError(422, f"there are more than {self._settings.max_rows:,} gaps: choose a shorter period")
        return _row_set(f"Gaps of meter {meter_code}", rows, columns.GAPS, _days(params))

    def readings(self, meter_code: str, params: ReadingsParams) -> RowSet:
        """A row a channel and reading, or a channel and interval."""
        chosen = self._chosen(meter_code, params.channel, params.data_type, params.unit)
        period = self._period(chosen, params)
        if params.interval is MeterInterval.SLOT:
            rows = readings(self._connection, chosen, self._bounds(period.since, period.until), self._settings.max_rows)
        else:
            by_interval = partial(resample, channels=chosen, interval=params.interval.value, zone=self._zone.key)
            rows = self._in_parts(chosen, period, by_interval).sort("channel", "instant")
        about = [(one.id, one.data_type, params.unit or one.unit, _factor(one, params.unit)) for one in chosen]
        named = pl.DataFrame(
            about,
            {"channel": pl.Int32(), "data_type": pl.String(), "unit": pl.String(), "factor": pl.Float64()},
            orient="row",
        )
        local = pl.col("instant").dt.convert_time_zone(self._zone.key).dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
        shown = rows.join(named, on="channel", maintain_order="left").with_columns(
            value=pl.col("value") * pl.col("factor"), local_time=local
        )
        declared = columns.SLOTS if params.interval is MeterInterval.SLOT else columns.INTERVALS
        title = f"Readings of meter {meter_code}"
        return framed(title, shown, declared, {**_days(period), "interval": params.interval.value, "unit": params.unit})

    def days(self, meter_code: str, params: DaysParams) -> RowSet:
        """A row a civil day and series."""
        chosen = self._chosen(meter_code, None, params.data_type, params.unit)
        period = self._period(chosen, params)
        unit = unit_of(params.unit) if params.unit else None
        found = self._in_parts(chosen, period, partial(day_statistics, channels=chosen, unit=unit, zone=self._zone.key))
        more = {**_days(period), "interval": "day", "unit": params.unit}
        return framed(f"Days of meter {meter_code}", found, columns.DAYS, more)

    def rejects(self, params: RejectsParams) -> RowSet:
        """A row a line that is no reading, those of the newest files first."""
        found, total = queries.rejects(self._connection, params.file, params.limit)
        rows = [vars(line) for line in found]
        return _row_set("Rejected lines of meter files", rows, columns.REJECTS, {"found": total})

    def consumption(self, meter_code: str, params: ConsumptionParams) -> Consumption:
        """The curve that is asked for; raises a problem where the meter has none, or more than one to choose from."""
        try:
            chosen = chosen_curve(self._channels(meter_code), params.channel)
        except UsageError as error:
            raise wrong("channel", str(error)) from None
        period, most = self._period(chosen, params), self._settings.max_rows
        assert period.since is not None
        assert period.until is not None
        self._bounds(period.since, period.until)  # refuses the last day of the calendar, which has no end
        parts = (
            curve_of(readings(self._connection, chosen, self._bounds(since, until), most), chosen)
            for since, until in self._parts(chosen, period)
        )
        return Consumption(chosen, period.since, period.until, parts)

    @property
    def zone(self) -> str:
        """The zone of the meters' clocks."""
        return self._zone.key

    def _period(self, chosen: Sequence[MeterChannel], params: Period) -> Period:
        """The days that are meant: by default the newest that these channels have."""
        last = queries.extent(self._connection, [one.id for one in chosen])[1].astimezone(self._zone).date()
        since, until = period_or_newest((last, last), params)
        return Period(since=since, until=until)

    def _in_parts(
        self, chosen: Sequence[MeterChannel], period: Period, reckon: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> pl.DataFrame:
        """What is reckoned of some days at a time, so that memory does not grow with the period."""
        most, found, count = self._settings.max_rows, [], 0
        for since, until in self._parts(chosen, period):
            found.append(reckon(readings(self._connection, chosen, self._bounds(since, until), most)))
            count += found[-1].height
            if count > most:
                raise ProblemError(422, f"the answer has more than {most:,} rows: choose a shorter period")
        return pl.concat(found)

    def _parts(self, chosen: Sequence[MeterChannel], period: Period) -> Iterator[tuple[date, date]]:
        """The days of a period that may have readings, some at a time; one part at least."""
        extent = queries.extent(self._connection, [one.id for one in chosen])
        first, last = (moment.astimezone(self._zone).date() for moment in extent)
        assert period.since is not None
        assert period.until is not None
        since, last = max(period.since, first), min(period.until, last)
        while True:
            deadline.check()
            # no sum of days: that of the calendar's last ones is none
            until = last if (last - since).days < _DAYS_AT_A_TIME else since + timedelta(days=_DAYS_AT_A_TIME - 1)
            yield since, until
            if until >= last:
                return
            since = until + timedelta(days=1)

    def _bounds(self, since: date | None, until: date | None) -> Bounds:
        try:
            return (
                datetime.combine(since, time.min, self._zone) if since else None,
                datetime.combine(until + timedelta(days=1), time.min, self._zone) if until else None,
            )
        except OverflowError:
            raise wrong("until", "the calendar ends with 9999-12-31: choose an earlier day") from None

    def _channels(self, meter_code: str) -> list[MeterChannel]:
        found = channels_of(self._connection, meter_code)
        if not found:
            raise ProblemError(
                404, f"there is no meter '{meter_code[:60]}': /api/v1/meters lists them", parameter="meter"
            )
        return found

    def _chosen(
        self, meter_code: str, number: int | None, data_type: str | None, unit: str | None = None
    ) -> list[MeterChannel]:
        """The channels that the parameters leave; raises a problem for one that leaves none."""
        found = self._channels(meter_code)
        if number is not None and not (found := [one for one in found if one.id == number]):
            raise wrong("channel", f"the meter has no channel {number}: /api/v1/meters/{{meter}} lists them")
        if data_type is not None and not (found := [one for one in found if one.data_type == data_type]):
            raise wrong(
                "data_type", f"the meter has no such data type '{data_type[:60]}': /api/v1/meters/{{meter}} lists them"
            )
        if unit is None:
            return found
        wanted = unit_of(unit)
        if wanted is None or not (found := [one for one in found if one.measured_in.quantity is wanted.quantity]):
            raise wrong(
                "unit", f"nothing that is asked for is measured in {unit}: /api/v1/meters/{{meter}} has the units"
            )
        return found


def _factor(channel: MeterChannel, unit: str | None) -> float:
    wanted = unit_of(unit) if unit else None
    return channel.measured_in.factor / wanted.factor if wanted else 1.0


def _wholeness(readings: int, missing: int, gaps: int, *, is_interval: bool) -> dict[str, Any]:
    """Gaps and the share of intervals that are held; null for a register, which has none."""
    if not is_interval:
        return {"gaps": None, "missing": None, "coverage": None}
    return {"gaps": gaps, "missing": missing, "coverage": readings / (readings + missing)}


def _days(params: Period) -> dict[str, Any]:
    named = {"since": params.since, "until": params.until}
    return {name: day.isoformat() for name, day in named.items() if day}


def _row_set(
    title: str, rows: Sequence[dict[str, Any]], declared: columns.Columns, more: dict[str, Any] | None = None
) -> RowSet:
    schema = {column.name: kind for column, kind in declared}
    cells = [{name: row[name] for name in schema} for row in rows]
    return framed(title, pl.DataFrame(cells, schema), declared, more or {})


def framed(title: str, rows: pl.DataFrame, declared: columns.Columns, more: dict[str, Any]) -> RowSet:
    """The declared columns of ``rows``, as an answer."""
    shown = rows.select(pl.col(column.name).cast(kind) for column, kind in declared)
    # whole seconds in UTC, as every other answer has them
    assert all(kind == INSTANT for kind in shown.dtypes if isinstance(kind, pl.Datetime))
    about: tuple[AnswerColumn, ...] = tuple(column for column, _ in declared)
    return RowSet(title, shown.to_arrow(compat_level=pl.CompatLevel.oldest()), about, more, used=(), owner=OWNER)
