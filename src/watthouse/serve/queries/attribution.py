"""The sources of an answer: the datasets whose rows it used, and the civil days of those rows.

Core says which nature each row has, and a nature belongs to one dataset of a pair: so a period that ends in real time
names both. Days are ranges, holes between them left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import quote

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from watthouse.catalog import CATALOG, LICENCE_URL, Dataset
from watthouse.warehouse.snapshots import Snapshot

DayRange = tuple[date, date]
"""Civil days, both included."""
Days = npt.NDArray[np.datetime64]
ALWAYS: Final[DayRange] = (date.min, date.max)
TEMPERATURE_OF_FRANCE: Final = "temperature of France"
"""Stands among tables for temperatures that the regions' load weighs, on days on which it does."""


@dataclass(frozen=True)
class Used:
    """The rows of a dataset from ``since`` to ``until``, both included."""

    dataset: Dataset
    since: date
    until: date

    def publisher(self, sample: str | None) -> str:
        """Who measured them; a sample's figures only stand in for those."""
        name = self.dataset.publisher
        return f"watthouse's synthetic sample ({sample}), in place of {name}" if sample else name

    def as_json(self, sample: str | None) -> dict[str, str]:
        """As answers list it."""
        return {
            "dataset": self.dataset.id,
            "title": self.dataset.title,
            "publisher": self.publisher(sample),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "source": self.dataset.source,
            "url": self.dataset.address,
            "licence": self.dataset.licence,
        }


def used(
    snapshot: Snapshot, tables: Iterable[str], periods: Sequence[DayRange], among: str | None = None
) -> tuple[Used, ...]:
    """What ``tables`` (of marts or core) hold of the periods, in the order of the catalog: of the days that the mart
    ``among`` has, where one is named."""
    # tables may be an iterator, and is read twice
    names = [*tables]

    def within(cores: Iterable[str], of: Sequence[DayRange]) -> tuple[Used, ...]:
        # once a version: a common day of 130 years is looked for among 47,000
        held = (snapshot.once(_days_among, name, among) for name in _cores(snapshot, cores))
        return _within([of_dataset for days in held for of_dataset in days.items()], of)

    rows_used = within([name for name in names if name != TEMPERATURE_OF_FRANCE], periods)
    if TEMPERATURE_OF_FRANCE not in names:
        return rows_used
    # RTE is named beside Météo-France only where its load weighs the temperature
    weights = snapshot.once(_days_that_weigh).items()
    return _sorted({*rows_used, *within(["core_temperature"], periods), *_within(weights, periods)})


def tables_of(mart: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The tables that columns of a mart are made of; ``daily_merged`` repeats those of several."""
    if mart != "daily_merged":
        return (mart,)
    return tuple(dict.fromkeys(table for name in columns for table in _merged(name)))


def _merged(column: str) -> tuple[str, ...]:
    if column.startswith("stock_gaz_"):
        return ("gas_daily",)
    if column.startswith(("tmin_", "tmoy_", "tmax_", "temperature_")):
        return (TEMPERATURE_OF_FRANCE,)
    return ("forecast_daily",) if column.startswith("prevision_") else ("daily_mix",)


def used_of(rows: pa.Table, datasets: Sequence[str], period: DayRange) -> tuple[Used, ...]:
    """The same for rows already read: ``nature`` and ``civil_date`` of some of ``datasets``."""
    return _within(_by_dataset(rows, datasets).items(), [period])


def by_publisher(uses: Iterable[Used]) -> dict[str, list[DayRange]]:
    """The days that rows of each publisher are of: datasets that follow each other are one period."""
    spans: dict[str, list[DayRange]] = {}
    for use in sorted(uses, key=lambda used: used.since):
        ranges = spans.setdefault(use.dataset.publisher, [])
        # real time takes over where consolidated data ends: one period to the reader
        if ranges and use.since <= ranges[-1][1] + timedelta(days=1):
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], use.until))
        else:
            ranges.append((use.since, use.until))
    return spans


def in_words(uses: Sequence[Used], sample: str | None) -> str:
    """One line for citing an answer."""
    days = {
        name: ", ".join(f"{first} to {last}" for first, last in ranges) for name, ranges in by_publisher(uses).items()
    }
    publishers = "; ".join(f"{name} ({dates})" for name, dates in days.items())
    if sample:
        stands_for = f", in place of {publishers}" if publishers else ""
        return f"watthouse's synthetic sample ({sample}): nobody measured these figures{stands_for}"
    through = ", ".join(dict.fromkeys(use.dataset.source for use in uses))
    return f"{publishers}; through {through}, computed by watthouse" if publishers else "no rows of any dataset"


def links(uses: Iterable[Used], sample: str | None) -> str:
    """The value of a ``Link`` header (RFC 8288): a format such as CSV has no other place for it."""
    each = (
        f'<{use.dataset.address}>; rel="via";'
        f" title*=UTF-8''{quote(f'{use.publisher(sample)}, {use.dataset.id}, {use.since} to {use.until}')}"
        for use in uses
    )
    # the title is percent-encoded: publishers have accents, headers are ASCII
    return ", ".join([*each, f'<{LICENCE_URL}>; rel="license"'])


def _within(known: Iterable[tuple[str, Days]], periods: Iterable[DayRange]) -> tuple[Used, ...]:
    spans: dict[tuple[str, DayRange], DayRange] = {}
    for period in dict.fromkeys(periods):
        for dataset, days in known:
            # days are sorted: two searches instead of a scan of all of them for every answer
            first = np.searchsorted(days, np.datetime64(period[0]))
            end = np.searchsorted(days, np.datetime64(period[1]), side="right")
            if first < end:
                since, until = days[first].item(), days[end - 1].item()
                so_far = spans.get((dataset, period), (since, until))
                spans[dataset, period] = min(so_far[0], since), max(so_far[1], until)
    return _sorted({Used(CATALOG[name], *span) for (name, _), span in spans.items()})


def _sorted(uses: Iterable[Used]) -> tuple[Used, ...]:
    order = {name: place for place, name in enumerate(CATALOG)}
    return tuple(sorted(uses, key=lambda use: (order[use.dataset.id], use.since)))


def _cores(snapshot: Snapshot, tables: Iterable[str]) -> Iterator[str]:
    """The tables of core that these stand on, themselves included, each once."""
    names = dict.fromkeys(name for table in tables for name in (table, *snapshot.stands_on(table)))
    return (name for name in names if name.startswith("core_"))


def _days(snapshot: Snapshot, core: str) -> dict[str, Days]:
    """The days that each dataset has in a table of core, in order."""
    table = snapshot.table(core, "core")
    # days without a temperature use nothing of Météo-France
    known: ir.Table = table if "tmoy" not in table.columns else table.filter(table.tmoy.notnull())
    names = [name for name in ("dataset", "nature", "civil_date") if name in known.columns]
    return _by_dataset(snapshot.rows(known.select(names).distinct()), snapshot.datasets_of(core))


def _days_among(snapshot: Snapshot, core: str, among: str | None) -> dict[str, Days]:
    """The same, of the days that the mart ``among`` has, where one is named."""
    days = snapshot.once(_days, core)
    return days if among is None else _common(days, snapshot.once(_days_of_mart, among))


def _common(days: dict[str, Days], others: Days) -> dict[str, Days]:
    return {name: np.intersect1d(held, others) for name, held in days.items()}


def _days_of_mart(snapshot: Snapshot, mart: str) -> Days:
    rows = snapshot.rows(snapshot.table(mart).select("civil_date").distinct())
    return np.unique(_civil_dates(rows))


def _days_that_weigh(snapshot: Snapshot) -> dict[str, Days]:
    """The days whose temperature of France is weighted by the load of every region, by the dataset of that load."""
    table = snapshot.table("daily_merged")
    rows = snapshot.rows(table.filter(table.temperature_weighted).select("civil_date"))
    return _common(snapshot.once(_days, "core_regional_power"), _civil_dates(rows))


def _civil_dates(rows: pa.Table) -> Days:
    # through Polars: Arrow's own `to_numpy` imports pandas where it is installed, 38 MB and half a second
    return pl.Series(rows.column("civil_date")).to_numpy().astype("datetime64[D]")


def _by_dataset(rows: pa.Table, datasets: Sequence[str]) -> dict[str, Days]:
    days = _civil_dates(rows)
    if "dataset" in rows.column_names:
        dataset_of = np.array(rows.column("dataset").to_pylist(), dtype=object)
    elif "nature" in rows.column_names:
        # a nature belongs to one dataset of a pair, so rows tell their dataset by it
        of: dict[Any, str] = {nature: name for name in datasets for nature in CATALOG[name].versions}
        dataset_of = np.array([of[nature] for nature in rows.column("nature").to_pylist()], dtype=object)
    else:
        dataset_of = np.full(len(days), datasets[0], dtype=object)
    return {str(name): np.unique(days[dataset_of == name]) for name in dict.fromkeys(dataset_of.tolist())}


def as_metadata(uses: Iterable[Used], sample: str | None) -> list[dict[str, Any]]:
    """Every dataset used, as answers list them."""
    return [use.as_json(sample) for use in uses]
