"""How fresh and how whole what we hold is: one line a dataset."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from watthouse.catalog import CATALOG, Dataset
from watthouse.clock import PARIS
from watthouse.home import lake_of, last_refreshed, now_of, sample_of, warehouse_of
from watthouse.settings import Settings


@dataclass(frozen=True)
class Status:
    """One dataset.

    ``newest`` is the last row, ``newest_measured`` the last slot with a measurement (an instant in UTC, or a day),
    ``missing_days`` the days without any between the first and the last measured one. ``overdue`` tells that the next
    measurement should have been here, by the cadence and the lag that the catalog declares. ``sample`` names the
    synthetic sample that the figures are of; None where they are published ones.
    """

    dataset: str
    newest: datetime | date | None
    newest_measured: datetime | date | None
    missing_days: int
    last_refresh: datetime | None
    lake_rows: int
    lake_bytes: int
    lake_files: int
    lake_version: int | None
    warehouse_version: int | None
    overdue: bool
    sample: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same, with ISO 8601 text for times."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


def look(settings: Settings, now: datetime | None = None, *, loaded: Mapping[str, int] | None = None) -> list[Status]:
    """Every dataset of the catalog, in its order; ``loaded`` are the versions of the lake that the warehouse mirrors,
    by dataset id, where they are known. ``now`` is the time of this home where none is given."""
    now = now or now_of(settings)
    if loaded is None:
        loaded = {name: one.head.version for name, one in warehouse_of(settings).loaded().items()}
    lake, refreshed = lake_of(settings), last_refreshed(settings)
    lines, sample = [], sample_of(settings)
    for dataset in CATALOG.values():
        extent = lake.extent(dataset)
        lines.append(
            Status(
                dataset=dataset.id,
                newest=extent.newest,
                newest_measured=extent.newest_measured,
                missing_days=extent.missing_days,
                last_refresh=refreshed.get(dataset.id),
                lake_rows=extent.rows,
                lake_bytes=extent.bytes,
                lake_files=extent.files,
                lake_version=extent.version,
                warehouse_version=loaded.get(dataset.id),
                overdue=is_overdue(dataset, extent.newest_measured, now),
                sample=sample,
            )
        )
    return lines


def is_overdue(dataset: Dataset, newest_measured: datetime | date | None, now: datetime) -> bool:
    """Whether the newest measurement is older than the dataset's cadence and lag; False where there is none at all."""
    if newest_measured is None:
        return False
    return now - _end(dataset, newest_measured) > dataset.cadence + dataset.lag


def _end(dataset: Dataset, slot: datetime | date) -> datetime:
    if isinstance(slot, datetime):
        return slot + dataset.step
    return datetime.combine(slot + timedelta(days=1), time(), PARIS)
