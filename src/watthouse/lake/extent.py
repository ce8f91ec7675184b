"""How much the lake holds of a dataset, and how fresh it is: measured once a state of its table."""

import os
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

import polars as pl
from deltalake import DeltaTable

from watthouse.lake.integrity import LOG
from watthouse.lake.table import Table

Stamp = tuple[str, int, int] | tuple[str, int]
"""Identifies a state of a table: name, inode and time (ns) of the newest file of its log if it is in a folder, else id
and version."""


@dataclass(frozen=True)
class Extent:
    """How much the lake holds of a dataset. ``newest_measured`` and ``missing_days`` look at measured rows only."""

    rows: int = 0
    bytes: int = 0
    files: int = 0
    version: int | None = None
    newest: datetime | date | None = None
    newest_measured: datetime | date | None = None
    missing_days: int = 0


_extents: dict[str, tuple[Stamp | None, Extent]] = {}
"""The extents of tables that this process has measured: to measure one reads a column of all its files."""


def extent_of(table: Table) -> Extent:
    """Rows, bytes, version and freshness; an empty :class:`Extent` where nothing was observed."""
    # The stamp is taken first: a commit that comes in between has another one, and is measured next time.
    stamp = _stamp_of(table)
    measured_at, extent = _extents.get(table.uri, (None, Extent()))
    if stamp != measured_at:
        opened = table.open()
        extent = _measured(table, opened) if opened else Extent()
        _extents[table.uri] = stamp, extent
    return extent


def _measured(table: Table, opened: DeltaTable) -> Extent:
    dataset, ledger = table.dataset, table.scan(opened)
    actions = pl.DataFrame(opened.get_add_actions(flatten=True))
    measured = ledger.filter(pl.col(dataset.measured).is_not_null())
    newest_row, measured_days = pl.collect_all(
        [
            ledger.select(pl.col(dataset.time).max()),
            measured.select(
                pl.col(dataset.time).max().alias("newest"),
                pl.col("date").min().alias("first"),
                pl.col("date").max().alias("last"),
                pl.col("date").n_unique().alias("days"),
            ),
        ]
    )
    row = measured_days.row(0, named=True)
    span = (row["last"] - row["first"]).days + 1 if row["first"] else 0
    return Extent(
        rows=int(actions["num_records"].sum()),
        bytes=int(actions["size_bytes"].sum()),
        files=actions.height,
        version=opened.version(),
        newest=newest_row.item(),
        newest_measured=row["newest"],
        missing_days=span - row["days"] if span else 0,
    )


def _stamp_of(table: Table) -> Stamp | None:
    """The present state of the table; None where it does not exist."""
    # from the folder where that can be: opening a table reads its whole log, which `status` would do six times
    if entry := _newest_entry(table):
        return entry
    opened = table.open()
    return (str(opened.metadata().id), opened.version()) if opened else None


def _newest_entry(table: Table) -> tuple[str, int, int] | None:
    """None for a lake that is not a folder, and a table that does not exist."""
    if table.place.is_shared:
        return None
    try:
        with os.scandir(table.place.path / LOG) as entries:
            committed = (entry for entry in entries if entry.name.endswith(".json"))
            newest = max(committed, key=attrgetter("name"), default=None)
            stat = newest.stat() if newest else None
    except OSError:
        return None
    return (newest.name, stat.st_ino, stat.st_mtime_ns) if newest and stat else None
