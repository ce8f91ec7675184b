"""The stream's store against the marts: the same slots, the same values to the bit, by two ways from one lake."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import polars as pl

from watthouse.catalog import REAL_TIME
from watthouse.clock import PARIS, end_of, start_of
from watthouse.errors import StreamStoreError
from watthouse.stream.documents import FRANCE, LAYOUTS, NATIONAL, Layout
from watthouse.stream.store import Store
from watthouse.sync.report import refuse_reversed
from watthouse.warehouse.base import Warehouse

_MARTS: Final = {dataset: "national_slots" if dataset == NATIONAL else "regional_slots" for dataset in LAYOUTS}
_KEY: Final = ("region", "instant")
_TEXTS: Final = ("date", "heure", "nature")
_STRETCH: Final = timedelta(days=31)
"""Days that are compared at a time, so that memory does not grow with what the store keeps."""
_NAMED: Final = 5


@dataclass
class Line:
    """What was found of one dataset, in slots; ``first`` names the first few that differ, and how.

    ``since`` and ``until`` are the first and the last civil day with a slot on either side, None without any;
    ``settled`` are documents of half hours that the marts take from settled data, of which the stream knows nothing.
    """

    dataset: str
    since: str | None = None
    until: str | None = None
    compared: int = 0
    settled: int = 0
    only_in_store: int = 0
    only_in_marts: int = 0
    different: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether every slot is in both, and the same."""
        return not (self.only_in_store or self.only_in_marts or self.different)


def check(
    store: Store, warehouse: Warehouse, kept_days: int, *, since: date | None = None, until: date | None = None
) -> list[Line]:
    """Compare the documents of these civil days (both included) with the slots marts.

    Days older than what the store keeps are left out: ``kept_days`` before the newest measured one. Rows in which
    nothing is known are no slot of the marts, and passed over. Raises :class:`~watthouse.errors.StreamStoreError` for
    a store that holds nothing, and :class:`~watthouse.errors.NoWarehouseError` without marts.
    """
    refuse_reversed(since, until)
    newest = max((document["instant"] for document in store.latest()), default=None)
    if newest is None:
        raise StreamStoreError(f"the stream's store at {store.host} holds no slot: run `watthouse stream process`")
    last = newest.astimezone(PARIS).date()
    first = last - timedelta(days=kept_days)
    # the newest rows are of tomorrow: forecasts, which are known in no mart, but a load may come early
    days = max(since or first, first), until or last + timedelta(days=2)
    return [_line(layout, store, warehouse, *days) for layout in LAYOUTS.values()]


def _line(layout: Layout, store: Store, warehouse: Warehouse, since: date, until: date) -> Line:
    line = Line(layout.dataset)
    while since <= until:
        last = min(since + _STRETCH, until)
        slots = _slots(layout, warehouse, since, last)
        _compare(line, _documents(layout, store, since, last, slots), slots)
        since = last + timedelta(days=1)
    return line


def _slots(layout: Layout, warehouse: Warehouse, since: date, until: date) -> pl.DataFrame:
    """The slots of the mart, under the names that documents have, rates and shares as floats."""
    pieces = pl.concat(
        pl.DataFrame(piece) for piece in warehouse.pieces(_MARTS[layout.dataset], since=since, until=until)
    )
    region = pl.col("code_insee_region") if "code_insee_region" in pieces.columns else pl.lit(FRANCE)
    shared = [name for name in layout.fields if name in pieces.columns and name not in _TEXTS]
    return pieces.select(
        region.alias("region"),
        pl.col("date_heure").dt.convert_time_zone("UTC").dt.cast_time_unit("us").alias("instant"),
        pl.col("civil_date").dt.to_string("%Y-%m-%d").alias("date"),
        "heure",
        "nature",
        *(_number(layout, name) for name in shared),
    )


def _number(layout: Layout, name: str) -> pl.Expr:
    if name == "mix_known":
        return pl.col(name)
    published = {field: column for column, field in layout.published.items()}
    return pl.col(name).cast(pl.Float64 if published.get(name) in layout.rates else pl.Int64)


def _documents(layout: Layout, store: Store, since: date, until: date, slots: pl.DataFrame) -> pl.DataFrame:
    """The documents of slots in which anything is known, with the columns of ``slots``."""
    found = store.slots(layout.dataset, start_of(since), end_of(until))
    rows = ({name: each.get(name) for name in slots.columns} for each in found if each.get("known"))
    return pl.DataFrame(list(rows), slots.schema)


def _compare(line: Line, documents: pl.DataFrame, slots: pl.DataFrame) -> None:
    half_hour = pl.col("instant").dt.truncate("30m").alias("half_hour")
    is_stream = pl.col("nature") == REAL_TIME
    settled = slots.filter(~is_stream).select("region", half_hour).unique()
    streamed = documents.with_columns(half_hour).join(settled, ["region", "half_hour"], how="anti").drop("half_hour")
    slots = slots.filter(is_stream)
    both = streamed.join(slots, _KEY, suffix="_marts").sort(_KEY)
    values = [name for name in slots.columns if name not in _KEY]
    differs = both.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_marts")) for name in values))
    store_alone, marts_alone = streamed.join(slots, _KEY, how="anti"), slots.join(streamed, _KEY, how="anti")
    days = sorted({*streamed["date"].drop_nulls(), *slots["date"]})
    line.since, line.until = line.since or next(iter(days), None), (days or [line.until])[-1]
    line.compared += both.height
    line.settled += documents.height - streamed.height
    line.only_in_store += store_alone.height
    line.only_in_marts += marts_alone.height
    line.different += differs.height
    line.first += _named(differs, values)
    line.first += [f"{key}: only in the store" for key in _keys(store_alone)]
    line.first += [f"{key}: only in the marts" for key in _keys(marts_alone)]
    del line.first[_NAMED:]


def _named(differs: pl.DataFrame, values: list[str]) -> Iterator[str]:
    """The first slots that differ, each with the first of its columns that does."""
    for key, row in zip(_keys(differs), differs.iter_rows(named=True), strict=False):
        name = next(name for name in values if row[name] != row[f"{name}_marts"])
        yield f"{key}: {name} is {row[name]} in the store, {row[f'{name}_marts']} in the marts"


def _keys(slots: pl.DataFrame) -> list[str]:
    first = slots.sort(_KEY).head(_NAMED)
    return [f"{region} {instant:%Y-%m-%dT%H:%MZ}" for region, instant in first.select(_KEY).iter_rows()]
