"""A dataset of which the sample knows only the declaration: a row of made-up values for every key of every slot.

So a new dataset is served as soon as it is declared, before its publisher's habits have been studied.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import product
from typing import Final

import polars as pl

from watthouse.catalog import REGIONS, Column, Dataset, Kind
from watthouse.clock import ZONE
from watthouse.sample.country.calendar import month_end, month_start, months_between, paris_midnight
from watthouse.sample.country.noise import chance, hashed, salt
from watthouse.sample.publishing.chronicle import GONE
from watthouse.sample.publishing.eco2mix import BEFORE_ALL
from watthouse.sample.publishing.layout import INSTANT, Layout
from watthouse.sample.publishing.realtime import MOMENT, PUBLISHED

_TYPES: Final[Mapping[Kind, pl.DataType | type[pl.DataType]]] = {
    Kind.INSTANT: INSTANT,
    Kind.DATE: pl.Date,
    Kind.WHOLE: pl.Int64,
    Kind.RATE: pl.Float64,
    Kind.TEMPERATURE: pl.Float64,
    Kind.STOCK: pl.Float64,
}
_RANGES: Final = {Kind.WHOLE: (0, 10_000), Kind.RATE: (0, 100), Kind.TEMPERATURE: (-5, 30), Kind.STOCK: (0, 1_000)}
"""The range of the values of a kind."""


def layout(dataset: Dataset) -> Layout:
    """The columns of its export: those declared, moments and numbers as such, all else as text."""
    return {column.name: _TYPES.get(column.kind, pl.String) for column in dataset.columns}


class Declared:
    """Its record; see :class:`~watthouse.sample.publishing.chronicle.Chronicle`. Nothing is ever revised."""

    def __init__(self, seed: int, since: date, dataset: Dataset) -> None:
        self.since: Final = since
        self.time: Final = dataset.time
        self._dataset: Final = dataset
        self._layout: Final = layout(dataset)
        self._salt: Final = salt(seed, dataset.id)
        midnight = datetime(since.year, since.month, since.day, tzinfo=UTC)
        self._start: Final = paris_midnight(since) if dataset.by_name[dataset.time].kind is Kind.INSTANT else midnight
        names = [name for name in dataset.key if name != dataset.time]
        keys = list(product(*(_places(dataset.by_name[name]) for name in names)))
        self._keys: Final = _with_regions(pl.DataFrame(keys, names, orient="row"), dataset).with_row_index("_key")

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        grid, start = self._dataset.grid, month_start(month)
        first = max(self._start, start + (self._start - start) % grid)
        slots = pl.datetime_range(first, month_end(month), grid, closed="left", time_unit="us", eager=True)
        rows = slots.alias("_slot").to_frame().join(self._keys, how="cross", maintain_order="left_right")
        numbers = rows.select(pl.col("_slot").dt.epoch("s") * self._keys.height + pl.col("_key")).to_series()
        rows = rows.with_columns(hashed(numbers, self._salt).alias("_dice"))
        published = (pl.col("_slot") + grid + self._dataset.lag).alias(PUBLISHED)
        values = [self._value(column).cast(self._layout[column.name]) for column in self._dataset.columns]
        return rows.with_columns(values).select(*self._layout, published, pl.lit(None, MOMENT).alias(GONE))

    def lasting(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def rows(self, now: datetime) -> int:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        return self._slots(now) * self._keys.height

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        newest = self._start + (self._slots(now) - 1) * self._dataset.grid
        return months_between(self._start, newest)

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        if slots := self._slots(now):
            return self._start + slots * self._dataset.grid + self._dataset.lag
        return min(now.replace(microsecond=0), BEFORE_ALL)

    def events(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def _slots(self, now: datetime) -> int:
        """How many slots are published: each one ``lag`` after its end."""
        return max(0, (now - self._dataset.lag - self._start) // self._dataset.grid)

    def _value(self, column: Column) -> pl.Expr:
        local = pl.col("_slot").dt.convert_time_zone(ZONE)
        if column.name in self._keys.columns:
            value = pl.col(column.name)
        elif column.kind in _RANGES:
            least, most = _RANGES[column.kind]
            value = (least + chance(pl.col("_dice"), column.name) * (most - least)).round(3)
        elif column.kind is Kind.INSTANT:
            value = pl.col("_slot")
        elif column.kind is Kind.DATE:
            value = local.dt.date()
        elif column.kind is Kind.CLOCK:
            value = local.dt.strftime("%H:%M")
        else:
            value = pl.lit((self._dataset.versions if column.name == self._dataset.version else _places(column))[0])
        return value.alias(column.name)


def _with_regions(keys: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """The keys, and the name of the region where its code is one of them."""
    named = (column.name for column in dataset.columns if column.kind is Kind.REGION_NAME)
    codes = [name for name in keys.columns if dataset.by_name[name].kind is Kind.REGION]
    return keys.with_columns(pl.col(codes[0]).replace_strict(REGIONS).alias(name) for name in named if codes)


def _places(column: Column) -> tuple[str, ...]:
    """The values of a text column: the regions, the declared values, else two arbitrary ones."""
    if column.kind in {Kind.REGION, Kind.REGION_NAME}:
        return tuple(REGIONS if column.kind is Kind.REGION else REGIONS.values())
    return column.values or ("1", "2")
