"""How fresh and how complete the data is: one line per dataset."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from watthouse.catalog import CATALOG, Dataset
from watthouse.clock import PARIS
from watthouse.errors import TableError
from watthouse.home import Home
from watthouse.lake.extent import Extent
from watthouse.lake.ledger import Lake
from watthouse.operate.consistency import Standing, stand


@dataclass(frozen=True)
class Status:
    """The state of one dataset.

    ``newest`` is the last row, ``newest_measured`` the last slot with a measurement (an instant in UTC, or a day),
    ``missing_days`` the days without one between the first and the last measured day. ``overdue`` means that the next
    measurement should be there by now, by the cadence and lag that the catalog declares. ``damage`` is what is wrong
    with the lake's table, None where it is sound. ``sample`` names the synthetic sample that the figures are of; None
    where they are published ones.
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
    damage: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same, with ISO 8601 text for times."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


def look(
    home: Home,
    now: datetime | None = None,
    *,
    loaded: Mapping[str, int] | None = None,
    damage: Mapping[str, str] | None = None,
) -> list[Status]:
    """Every dataset of the catalog, in its order.

    ``loaded`` are the versions of the lake that the warehouse mirrors, and ``damage`` what is wrong with its tables, by
    dataset id, where they are known. ``now`` is by default the home's own time.
    """
    now = now or home.now
    if loaded is None:
        loaded = {name: load.head.version for name, load in home.warehouse.loaded().items()}
    lines, refreshed, sample = [], home.last_refreshed(), home.sample
    for dataset in CATALOG.values():
        # one table that cannot be opened is a line of its own, and hides none of the others
        extent, broken = _extent(home.lake, dataset)
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
                damage=(damage or {}).get(dataset.id, broken),
            )
        )
    return lines


def _extent(lake: Lake, dataset: Dataset) -> tuple[Extent, str | None]:
    """What the lake holds of a dataset; an empty extent and the reason where its table cannot be used."""
    try:
        return lake.extent(dataset), None
    except TableError as error:
        return Extent(), str(error)


def damage_of(home: Home, standing: Standing | None = None) -> dict[str, str]:
    """What is wrong with the tables of the lake, by dataset id, determined by reading all of their files.

    Each file is compared with its digest (13 years of regional rows: 100 MB, a second), each table with what the
    warehouse loaded from it, and the newest stamp with this machine's clock.
    """
    standing = standing or stand(home)
    reasons = standing.broken_reasons() | standing.loss_reasons()
    sound = [dataset for dataset in CATALOG.values() if dataset.id not in reasons]
    faulty = {dataset.id: faults for dataset in sound if (faults := _faults(home.lake, dataset))}
    return {**standing.future, **reasons, **faulty}


def _faults(lake: Lake, dataset: Dataset) -> str:
    try:
        faults = lake.faults(dataset, whole=True)
    except TableError as error:
        return str(error)
    more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
    return f"{lake.uri(dataset)}/{faults[0]}{more}: see `watthouse repair`" if faults else ""


def is_overdue(dataset: Dataset, newest_measured: datetime | date | None, now: datetime) -> bool:
    """Whether the newest measurement is older than the dataset's cadence and lag; False where there is none at all.

    What comes by files alone is as new as the last of them, and never overdue: no refresh could bring more.
    """
    # By the newest measurement, not the newest row: real-time data has tomorrow's forecasts as rows.
    if newest_measured is None or not dataset.live:
        return False
    return now - _end(dataset, newest_measured) > dataset.cadence + dataset.lag


def _end(dataset: Dataset, slot: datetime | date) -> datetime:
    if isinstance(slot, datetime):
        return slot + dataset.step
    return datetime.combine(slot + timedelta(days=1), time(), PARIS)
