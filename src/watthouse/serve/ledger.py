"""The state of the lake: how fresh it is, and what was revised."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Final

import polars as pl
from pydantic import BaseModel, Field

from watthouse.catalog import CATALOG, Dataset
from watthouse.clock import PARIS
from watthouse.home import Home
from watthouse.operate.status import look
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.problems import wrong
from watthouse.serve.queries.attribution import Used
from watthouse.serve.queries.base import days
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.params import A_YEAR, Period, period_or_newest
from watthouse.serve.refreshing import RefreshProgress, State
from watthouse.serve.service import Service


class RefreshOut(BaseModel):
    """The last refresh requested over the API."""

    state: State = Field(description="Its state", examples=["done"])
    started_at: datetime | None = Field(description="When it began (UTC)")
    ended_at: datetime | None = Field(description="When it ended (UTC)")
    said: str | None = Field(
        description="Its last line", examples=["120 fetched, 96 new, 4 revised, 20 unchanged, 0 dropped"]
    )


class DatasetStatus(BaseModel):
    """How fresh and how whole a dataset is."""

    dataset: str = Field(description="Its name at the publisher", examples=["eco2mix-national-tr"])
    newest: str | None = Field(description="Its newest row: an instant (UTC) or a civil day")
    newest_measured: str | None = Field(description="Its newest measurement: an instant (UTC) or a civil day")
    missing_days: int = Field(description="Days without a measurement between the first and the last [days]")
    last_refresh: datetime | None = Field(description="When it was last fetched (UTC)")
    lake_rows: int = Field(description="Observations in the ledger [rows]")
    lake_version: int | None = Field(description="Version of the ledger")
    warehouse_version: int | None = Field(description="Version of the ledger that the marts are built from")
    overdue: bool = Field(description="Whether the next measurement should have been here, by cadence and lag")


class StatusOut(BaseModel):
    """What is served, and how fresh it is."""

    data: str = Field(description="`published`, or the name of the synthetic sample", examples=["published"])
    sample: str | None = Field(description="The sample's name where the data are synthetic, else null")
    version: str = Field(description="The version of the data served")
    built_at: datetime = Field(description="When the marts were last built (UTC)")
    datasets: list[DatasetStatus] = Field(description="One per dataset")
    refresh: RefreshOut = Field(description="The last refresh requested over the API")


def status_of(service: Service) -> StatusOut:
    """What is served as it stands, one line per dataset."""
    with service.snapshots.lease() as snapshot:
        version, built_at, loaded = snapshot.version, snapshot.built_at, snapshot.lake_versions
    home = service.home
    lines = [_with_z(line.as_json()) for line in look(home, loaded=loaded)]
    return StatusOut(
        data=home.kind or "nothing",
        sample=home.sample,
        version=version,
        built_at=built_at,
        datasets=[DatasetStatus(**{name: line[name] for name in DatasetStatus.model_fields}) for line in lines],
        refresh=progress_of(service.refresher.progress),
    )


def _with_z(line: dict[str, Any]) -> dict[str, Any]:
    """Instants as every other answer writes them."""
    return {name: cell.replace("+00:00", "Z") if isinstance(cell, str) else cell for name, cell in line.items()}


class RevisionsParams(Period):
    """Revisions of published values."""

    dataset: Annotated[
        str,
        Field(
            description="The dataset's name at the publisher",
            examples=["eco2mix-national-tr"],
            json_schema_extra={"enum": list(CATALOG)},
        ),
    ]
    column: Annotated[
        str | None, Field(description="Only changes of this column", examples=["consommation"], max_length=100)
    ] = None
    limit: Annotated[
        int, Field(description="Changes at most, the last seen first", ge=1, le=10_000, examples=[100])
    ] = 1_000


def dataset_of(params: RevisionsParams) -> Dataset:
    """The dataset requested; raises a problem for one, or a column, that there is not."""
    if params.dataset not in CATALOG:
        raise wrong("dataset", f"there is no dataset '{params.dataset[:60]}': there are {', '.join(CATALOG)}")
    dataset = CATALOG[params.dataset]
    if params.column is not None and params.column not in dataset.names:
        raise wrong("column", f"{dataset.id} has no column '{params.column[:60]}': it has {', '.join(dataset.names)}")
    if params.column in dataset.key:
        raise wrong("column", f"{params.column} tells rows of {dataset.id} apart and is never revised: choose another")
    return dataset


def revisions_of(service: Service, params: RevisionsParams) -> RowSet:
    """The changes requested, the last seen first; raises a problem for an unknown dataset or column and
    for more than a year of slots."""
    dataset, home = dataset_of(params), service.home
    # the default ends with the dataset's own newest day: settled data lags by months
    newest = home.lake.extent(dataset).newest or home.now.astimezone(PARIS).date()
    last = newest.date() if isinstance(newest, datetime) else newest
    since, until = period_or_newest((last, last), params)
    # a year of quarter hours is 35,000 slots, each with every version it ever had
    if (until - since).days >= A_YEAR:
        raise wrong("since", f"revisions cover {A_YEAR} days at most: choose a shorter period")
    changes = _newest_first(dataset, home.lake.revisions(dataset, since=since, until=until, column=params.column))
    # the total is given beside: a cut list must not look complete
    rows = changes.head(params.limit).to_arrow(compat_level=pl.CompatLevel.oldest())
    title, more = "Revisions of published values", {**days(since, until), "found": changes.height}
    return RowSet(title, rows, _columns(dataset), more, used=_used(dataset, changes))


def _used(dataset: Dataset, changes: pl.DataFrame) -> tuple[Used, ...]:
    if changes.is_empty():
        return ()
    slots = changes["slot"]
    # slots are days or instants, by dataset
    days = slots.str.to_date() if slots.dtype == pl.String else slots.dt.convert_time_zone("Europe/Paris").dt.date()
    return (Used(dataset, days.min(), days.max()),)  # type: ignore[arg-type]


def _newest_first(dataset: Dataset, changes: pl.DataFrame) -> pl.DataFrame:
    """The last seen first; where several were seen at once, always in the same order."""
    slot = pl.col(dataset.time).cast(pl.String if changes.schema[dataset.time] == pl.Date else pl.Datetime("us", "UTC"))
    # the time of the key is the slot, under its own name
    others = [name for name in dataset.key if name != dataset.time]
    shown = changes.select(pl.lit(dataset.id).alias("dataset"), slot.alias("slot"), *others, *_CHANGE)
    return shown.sort("seen", "slot", *others, "column", descending=[True, True, *(False for _ in others), False])


_CHANGE: Final = ("column", "from", "to", "seen")


def _columns(dataset: Dataset) -> tuple[AnswerColumn, ...]:
    return (
        AnswerColumn("dataset", "", "The dataset's name at the publisher"),
        AnswerColumn("slot", "", "The slot whose value changed: an instant (UTC) or a civil day"),
        *(AnswerColumn(name, "", dataset.by_name[name].meaning) for name in dataset.key if name != dataset.time),
        AnswerColumn("column", "", "The column whose value changed"),
        AnswerColumn("from", "", "The value known before, as text"),
        AnswerColumn("to", "", "The value since, as text; null where it was withdrawn"),
        AnswerColumn("seen", "", "When the change was seen (UTC)"),
    )


def version_of(home: Home, dataset: Dataset) -> str:
    """Changes with the ledger of the dataset."""
    # the kind too: a sample and published data never share an answer
    return hashlib.sha256(repr((home.kind, home.lake.head(dataset))).encode()).hexdigest()[:16]


def progress_of(progress: RefreshProgress) -> RefreshOut:
    """The state of a refresh, as the API reports it."""
    return RefreshOut(
        state=progress.state,
        started_at=progress.started_at,
        ended_at=progress.ended_at,
        said=progress.last_line,
    )
