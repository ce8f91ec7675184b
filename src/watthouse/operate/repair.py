"""What can be restored of a damaged lake, and from where; and restoring it.

An observation is restored with the stamp it had: from the warehouse, whose raw tables mirror the lake, then from files
of the table that no entry of its log names any more. What is in neither can only be fetched again, from the service or
from exports; when it was first seen is lost then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from watthouse.catalog import CATALOG, Dataset, find
from watthouse.errors import TableError
from watthouse.home import Home
from watthouse.lake import damage
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import MONTH
from watthouse.operate import pipeline
from watthouse.operate.consistency import Standing, stand
from watthouse.operate.status import damage_of
from watthouse.settings import Settings
from watthouse.sync import remembered, watermarks
from watthouse.sync.report import ProgressReporter
from watthouse.warehouse.base import Warehouse


@dataclass(frozen=True)
class Mending:
    """One table: what is wrong with it, and the observations that can be (or were) restored, by where they are.

    ``restamped`` counts those with a stamp in the future; ``lost`` those of damaged files that are nowhere else.
    """

    dataset: str
    damage: str
    from_warehouse: int = 0
    from_files: int = 0
    restamped: int = 0
    lost: int = 0
    aside: str | None = None

    @property
    def again(self) -> str:
        """How to get the rest."""
        if not find(self.dataset).live:
            return "`watthouse refresh --from` the files that hold it"
        return f"`watthouse refresh {self.dataset} --full`, or `--from` the exports that hold it"


def look(settings: Settings) -> list[Mending]:
    """What is wrong, and what could be restored; nothing is changed."""
    home = Home(settings)
    with home.only_one():
        standing = stand(home)
        return [_prospect(home, standing, dataset, reason) for dataset, reason in _damaged(home, standing)]


def mend(settings: Settings, progress: ProgressReporter | None = None) -> list[Mending]:
    """Restore what can be, and bring the warehouse up to it. What is damaged is moved aside, never removed."""
    home = Home(settings)
    with home.only_one(), home.only_writer():
        standing = stand(home)
        done = []
        for dataset, reason in _damaged(home, standing):
            is_early = dataset.id in standing.future
            done.append(_restamped(home, dataset, reason) if is_early else _mended(home, standing, dataset, reason))
            # its notes would claim that what was lost is still there, and it would never be fetched or read again
            watermarks.forget(home.notes, dataset)
            remembered.forget(home.notes, dataset)
        mended = Home(settings)  # a new one: the tables that ``home`` has opened may have been moved aside
        ids = {mending.dataset for mending in done}
        reloading = [dataset for dataset in stand(mended).behind if dataset.id in ids]
        if reloading:
            pipeline.reload(mended, reloading, progress)
        return done


def _damaged(home: Home, standing: Standing) -> list[tuple[Dataset, str]]:
    reasons = damage_of(home, standing)
    return [(dataset, reasons[dataset.id]) for dataset in CATALOG.values() if dataset.id in reasons]


def _is_sound_but_early(home: Home, standing: Standing, dataset: Dataset) -> bool:
    """Whether the clock is all that is wrong: damage is mended first, and the stamps by the next repair."""
    return (
        dataset.id in standing.future and dataset not in standing.behind and not home.lake.faults(dataset, whole=True)
    )


def _prospect(home: Home, standing: Standing, dataset: Dataset, reason: str) -> Mending:
    """What a repair of this table would do."""
    lake, warehouse = home.lake, home.warehouse
    if _is_sound_but_early(home, standing, dataset):
        future = lake.scan(dataset).filter(pl.col(OBSERVED_AT) > datetime.now(UTC))
        return Mending(dataset.id, reason, restamped=int(future.select(pl.len()).collect().item()))
    sound, broken = _sound(lake, dataset)
    identity = [*dataset.identity, OBSERVED_AT]
    restorable = sum(
        rows.join(sound, on=identity, how="anti", nulls_equal=True).height for rows in _loaded(warehouse, dataset)
    )
    unnamed = damage.unnamed(lake.table(dataset), after=_until(standing, dataset)).height
    return Mending(dataset.id, reason, restorable, unnamed, lost=max(0, broken - restorable))


def _sound(lake: Lake, dataset: Dataset) -> tuple[pl.DataFrame, int]:
    """The identities and stamps in the undamaged files of a table, and the number of rows in the others."""
    try:
        return damage.sound(lake.table(dataset))
    except TableError:
        return pl.DataFrame(schema=_identity_schema(dataset)), 0


def _identity_schema(dataset: Dataset) -> pl.Schema:
    empty = pl.DataFrame(dataset.schema.empty_table()).select(dataset.identity)
    return pl.Schema({**empty.schema, OBSERVED_AT: pl.Datetime("us", "UTC")})


def _mended(home: Home, standing: Standing, dataset: Dataset, reason: str) -> Mending:
    lake, stamp, aside = home.lake, _stamp(), None
    old, broken = lake, 0
    if dataset in standing.broken and not damage.repair_log(lake.table(dataset), stamp):
        old = lake.set_table_aside(dataset, stamp)
        aside = old.uri(dataset)
    lake = Home(home.settings).lake
    if aside is None:
        broken = damage.drop_faulty_files(lake.table(dataset), stamp)
    restored = sum(damage.restore(lake.table(dataset), rows) for rows in _loaded(home.warehouse, dataset))
    unnamed = damage.restore(lake.table(dataset), damage.unnamed(old.table(dataset), after=_until(standing, dataset)))
    return Mending(dataset.id, reason, restored, unnamed, lost=max(0, broken - restored), aside=aside)


def _restamped(home: Home, dataset: Dataset, reason: str) -> Mending:
    """Give what is stamped in the future the last microseconds before now, in the same order; the rest stays."""
    # The order is what the stamps are for: which observation of a slot came later. Their true time is lost, and no
    # stamp may be later than the next refresh's.
    lake, now = home.lake, datetime.now(UTC)
    future = pl.col(OBSERVED_AT) > now
    stamps = lake.scan(dataset).filter(future).select(OBSERVED_AT).unique().collect()[OBSERVED_AT].sort()
    fresh = pl.Series([now - timedelta(microseconds=stamps.len() - turn) for turn in range(stamps.len())])
    old = lake.set_table_aside(dataset, _stamp())
    count = 0
    for rows in _by_year(old, dataset):
        count += rows.filter(future).height
        stamped = pl.col(OBSERVED_AT).replace_strict(stamps, fresh, default=pl.col(OBSERVED_AT))
        damage.restore(lake.table(dataset), rows.with_columns(stamped.cast(pl.Datetime("us", "UTC"))))
    return Mending(dataset.id, reason, restamped=count, aside=old.uri(dataset))


def _by_year(lake: Lake, dataset: Dataset) -> Iterator[pl.DataFrame]:
    # the regional history has 2.8 M rows of 30 columns: a year of it is enough in memory
    rows = lake.scan(dataset)
    months = rows.select(pl.col(MONTH).unique()).collect()[MONTH].to_list()
    for year in sorted({month[:4] for month in months}):
        yield rows.filter(pl.col(MONTH).str.starts_with(year)).drop(MONTH).collect()


def _loaded(warehouse: Warehouse, dataset: Dataset) -> Iterator[pl.DataFrame]:
    """The observations that the warehouse loaded, in the catalog's types, a year at a time."""
    empty = pl.DataFrame(dataset.schema.empty_table()).with_columns(
        pl.Series(OBSERVED_AT, [], pl.Datetime("us", "UTC"))
    )
    for table in warehouse.observations(dataset):
        rows = pl.DataFrame(table)
        yield pl.concat([empty, rows.cast({name: empty.schema[name] for name in rows.columns})], how="diagonal")


def _until(standing: Standing, dataset: Dataset) -> datetime | None:
    """The newest stamp that the lake's log or the warehouse knows of."""
    loaded = standing.loaded.get(dataset.id)
    heads = [standing.heads.get(dataset), loaded.head if loaded else None]
    return max((head.observed_until for head in heads if head), default=None)


def _stamp() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
