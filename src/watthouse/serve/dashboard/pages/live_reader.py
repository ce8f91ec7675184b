"""What the page Live reads: one look into the stream's store, and the day of one region."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import polars as pl

from watthouse.catalog import LICENCE, MAINLAND
from watthouse.clock import ZONE, end_of, start_of
from watthouse.errors import StreamError
from watthouse.serve.dashboard.reading import measured_by
from watthouse.serve.dashboard.view import View
from watthouse.serve.live import LiveState
from watthouse.serve.live_rows import frame, used
from watthouse.serve.service import Service
from watthouse.stream.documents import (
    DIFFERENCE,
    FRANCE,
    LAYOUTS,
    LOAD,
    MIXED,
    NAMES,
    PRODUCTION,
    Document,
    Layout,
    dataset_of,
)

_OF_MIX: Final = frozenset({PRODUCTION, DIFFERENCE})


@dataclass(frozen=True)
class LiveReader:
    """One look at the store, and the region that the address names (``FR`` where it names none)."""

    service: Service
    view: View
    state: LiveState

    @cached_property
    def region(self) -> str:
        return self.view.detail if self.view.detail in MAINLAND else FRANCE

    @cached_property
    def layout(self) -> Layout:
        return LAYOUTS[dataset_of(self.region)]

    @cached_property
    def newest(self) -> Document | None:
        """The newest measured document of the region."""
        return self.state.documents.get(self.region)

    @property
    def mix(self) -> Document:
        """The newest slot of the region of which every source is known, else its newest one; empty without any."""
        newest = self.newest or {}
        return newest.get(MIXED) or newest

    @cached_property
    def name(self) -> str:
        return NAMES[self.region]

    @cached_property
    def today(self) -> list[Document]:
        """The documents of the day of the newest; none where the store went away meanwhile."""
        if self.newest is None or self.state.fault:
            return []
        try:
            return self.service.live.day(self.region, self.newest["date"])
        except StreamError:
            return []

    def provenance(self, *_: object) -> str:
        """Who measured what is shown, and when."""
        of = [*self.state.documents.values()]
        return " · ".join(part for part in (measured_by(self.view, used(of), self.state.sample), LICENCE) if part)

    @cached_property
    def day(self) -> pl.DataFrame:
        """A row for each quarter hour of that day, by the clock of Paris (``starts``): nulls where nothing is known."""
        fields = [f"{source}_mw" for source in (*self.layout.sources, "pompage")]
        known = frame(self.today, [*fields, LOAD, *self.layout.forecasts.values()])
        if self.newest is None or known.is_empty():
            return known.clear()
        return _quarters(date.fromisoformat(self.newest["date"])).join(
            known, on="instant", how="left", maintain_order="left"
        )


def _quarters(civil: date) -> pl.DataFrame:
    """The slots that RTE publishes of a civil day: ``instant``, and when it starts by the clock of Paris."""
    instants = pl.datetime_range(start_of(civil), end_of(civil), "15m", closed="left", time_unit="us", eager=True)
    clock = pl.col("instant").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
    # in autumn the hour that comes twice is published once, as its second pass
    return pl.DataFrame({"instant": instants}).with_columns(starts=clock).unique("starts", keep="last").sort("instant")


def value_of(document: Document, field: str) -> int | None:
    """What a latest document says: of what follows from the mix, at the newest slot whose mix is known."""
    value: int | None = _slot_of(document, field).get(field)
    return value


def _slot_of(document: Document, field: str) -> Document:
    return (document.get(MIXED) or {}) if field in _OF_MIX else document


def earlier_in(document: Document, field: str) -> list[str]:
    """The clock time of that slot, where it is an earlier one than that of the load."""
    slot = _slot_of(document, field)
    return [slot["heure"]] if slot and slot["instant"] != document["instant"] else []
