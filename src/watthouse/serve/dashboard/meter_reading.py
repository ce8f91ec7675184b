"""What the page of meters reads: one state of their database, and where the same rows can be downloaded."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

import polars as pl
import pyarrow as pa
from sqlalchemy import Connection

from watthouse.catalog import LICENCE
from watthouse.meters import queries
from watthouse.meters.channels import MeterChannel, channels_of
from watthouse.meters.coverage import Bounds, Coverage
from watthouse.meters.held import coverage_across, missing_within
from watthouse.meters.series import readings
from watthouse.meters.stamps import bounds_of, zone_of
from watthouse.meters.units import Quantity
from watthouse.serve.dashboard.reading import API, Answer, measured_by
from watthouse.serve.dashboard.view import View
from watthouse.serve.queries.attribution import Used
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.params import Params
from watthouse.serve.service import Service

SPAN: Final = timedelta(days=7)
"""How much is shown where the address says no days."""


class MeterReader:
    """One channel of one meter, as the address names them, over a period of civil days of the meters' clock."""

    def __init__(self, service: Service, connection: Connection, view: View) -> None:
        self.service, self.connection, self.view = service, connection, view
        self.most = service.settings.max_rows
        self.zone = zone_of(service.settings.meter_tz)
        self.sample: str | None = None
        """The synthetic sample that the grid is one of, once it is read."""

    @cached_property
    def meters(self) -> Mapping[str, queries.Meter]:
        """The meters by their codes; of one with several devices, the first."""
        return {meter.meter_code: meter for meter in reversed(queries.meters(self.connection))}

    @cached_property
    def code(self) -> str:
        """The meter that the address names, else the first."""
        named = self.view.more.get("meter", "")
        return named if named in self.meters else min(self.meters)

    @cached_property
    def channels(self) -> list[MeterChannel]:
        return channels_of(self.connection, self.code)

    @cached_property
    def channel(self) -> MeterChannel:
        """The channel that the address names, else what the meter's owner took from the grid."""
        named = self.view.more.get("channel")
        return next((one for one in self.channels if str(one.id) == named), min(self.channels, key=_rank))

    @cached_property
    def held(self) -> tuple[datetime, datetime]:
        """The instants of the first and the last reading of the channel."""
        return queries.extent(self.connection, [self.channel.id])

    @cached_property
    def extent(self) -> tuple[date, date]:
        """The civil days of these."""
        first, last = self.held
        return self.local(first).date(), self.local(last).date()

    @cached_property
    def outside(self) -> bool:
        """Whether none of the days in the address are held."""
        first, last = self.extent
        return (self.view.since or first) > last or (self.view.until or last) < first

    @cached_property
    def period(self) -> tuple[date, date]:
        """The civil days shown, both included, cut to those held (unless none is); by default the newest."""
        first, last = self.extent
        if self.outside:
            return self.view.since or self.view.until or first, self.view.until or self.view.since or last
        until = min(self.view.until or last, last)
        return max(self.view.since or self._newest(until), first), until

    def _newest(self, until: date) -> date:
        """The first day with a reading of those that are shown by default up to a day."""
        begin = datetime.combine(until - SPAN + timedelta(days=1), time.min, self.zone)
        first = queries.next_reading(self.connection, self.channel.id, begin)
        return min(self.local(first).date(), until) if first else until

    @cached_property
    def bounds(self) -> Bounds:
        """The period as instants."""
        return bounds_of(*self.period, self.zone)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The readings of the period, as :func:`~watthouse.meters.series.readings` gives them."""
        return readings(self.connection, [self.channel], self.bounds, self.most)

    @cached_property
    def longest(self) -> float:
        """The length of the longest reading of the period [min]; 0 where none is known."""
        return max(self.rows["minutes"].drop_nulls(), default=0.0)

    @cached_property
    def coverage(self) -> Coverage | None:
        """How whole the channel is, with the gaps that reach over the ends of the period; None without a reading."""
        return coverage_across(self.connection, self.channel, self.bounds)

    @cached_property
    def missing(self) -> int:
        """Intervals of the period that are missing."""
        return sum(missing_within(gap, self.bounds) for gap in self.coverage.gaps) if self.coverage else 0

    def local(self, instant: datetime) -> datetime:
        """An instant by the meters' clock."""
        return instant.astimezone(self.zone)

    def moment(self, instant: datetime) -> str:
        """The same in words, to the minute."""
        local = self.local(instant)
        return f"{self.view.language.day(local.date())}, {local:%H:%M}"

    def answer(
        self, call: str, rows: pl.DataFrame, title: str, asked: Mapping[str, Any], used: Sequence[Used] = ()
    ) -> Answer:
        """Rows that ``/meters/{meter}/<call>`` gives for the same parameters, and the rows of the grid behind them."""
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return Answer(rows, f"{API}/meters/{quote(self.code, safe='')}/{call}?{query}", title, asked, tuple(used))

    def against(self, call: str, params: Params, row_set: RowSet) -> Answer:
        """What ``/meters/{meter}/<call>`` answers of the meter and the grid."""
        assert isinstance(row_set.rows, pa.Table)
        asked = params.model_dump(mode="json", exclude_none=True)
        return self.answer(call, pl.DataFrame(row_set.rows), row_set.title, asked, row_set.used or ())

    def rejects(self, rows: pl.DataFrame, title: str) -> Answer:
        """The rejected lines of all meters."""
        return Answer(rows, f"{API}/meters/rejects", title, {})

    def provenance(self, used: Iterable[Used], fresh: str = "", /) -> str:
        """Whose the readings are, and who measured the grid that they are set against."""
        whose = self.view.say(
            en=f"meter {self.code}, files of this server's owner",
            fr=f"compteur {self.code}, fichiers du propriétaire de ce serveur",
        )
        grid = [measured_by(self.view, used, self.sample), LICENCE] if (used := tuple(used)) else []
        return " · ".join(part for part in (whose, *grid, fresh) if part)


def _rank(channel: MeterChannel) -> tuple[bool, bool, bool]:
    """What is shown first: a series, of energy or else of power, that was imported."""
    quantity = channel.measured_in.quantity
    return (
        not channel.is_interval,
        quantity not in {Quantity.ENERGY, Quantity.POWER},
        not channel.data_type.casefold().startswith("import"),
    )
