"""How fresh and how whole the data are, what was revised, and a refresh on demand."""

import hashlib
from dataclasses import asdict
from datetime import datetime
from secrets import compare_digest
from typing import Annotated, Final

import polars as pl
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import CATALOG, Dataset
from watthouse.home import kind_of, lake_of, sample_of
from watthouse.lake import Lake
from watthouse.serve.api.base import TheDesk, days, gives_rows
from watthouse.serve.asking import A_YEAR, Period, newest_first
from watthouse.serve.delivery import SAMPLE_HEADER, Shown
from watthouse.serve.desk import Desk, Question
from watthouse.serve.problems import ProblemError, documented, wrong
from watthouse.serve.refreshing import Progress, State
from watthouse.status import look

router = APIRouter(tags=["freshness and revisions"])


class RefreshOut(BaseModel):
    """The last refresh that was asked for over the API."""

    state: State = Field(description="How it stands", examples=["done"])
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
    datasets: list[DatasetStatus] = Field(description="A line a dataset")
    refresh: RefreshOut = Field(description="The last refresh that was asked for over the API")


@router.get("/status", summary="What is served, and how fresh it is", responses=documented())
def status(desk: TheDesk, response: Response) -> StatusOut:
    """Freshness is told by the newest *measured* slot: rows to come hold forecasts only."""
    with desk.snapshots.lease() as snapshot:
        version, built_at = snapshot.version, snapshot.built_at
    sample = sample_of(desk.settings)
    if sample:
        response.headers[SAMPLE_HEADER] = sample
    response.headers["cache-control"] = "no-store"
    lines = [line.as_json() for line in look(desk.settings)]
    return StatusOut(
        data=kind_of(desk.settings) or "nothing",
        sample=sample,
        version=version,
        built_at=built_at,
        datasets=[DatasetStatus(**{name: line[name] for name in DatasetStatus.model_fields}) for line in lines],
        refresh=_told(desk.refresher.progress),
    )


class RevisionsAsked(Period):
    """What changed in what was published."""

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


@gives_rows(
    router,
    "/revisions",
    "What changed in what was published",
    "A row a change: the slot, the column, its value before and after, and when it was seen",
)
def revisions(desk: TheDesk, request: Request, asked: Annotated[RevisionsAsked, Query()]) -> Response:
    """A value that fills an empty cell is no revision; one that is withdrawn is. A year of slots at most."""
    if asked.dataset not in CATALOG:
        raise wrong("dataset", f"there is no dataset '{asked.dataset[:60]}': there are {', '.join(CATALOG)}")
    dataset = CATALOG[asked.dataset]
    if asked.column is not None and asked.column not in dataset.names:
        raise wrong("column", f"{dataset.id} has no column '{asked.column[:60]}': it has {', '.join(dataset.names)}")
    lake = lake_of(desk.settings)
    sample = sample_of(desk.settings)
    return desk.versioned(
        request,
        asked.format,
        "revisions",
        _version(desk, lake, dataset),
        sample,
        lambda: _changes(lake, dataset, asked),
    )


def _changes(lake: Lake, dataset: Dataset, asked: RevisionsAsked) -> Question:
    newest = lake.extent(dataset).newest
    last = newest.date() if isinstance(newest, datetime) else newest
    if last is None:
        return Question(_REVISIONS, _NONE.to_arrow(), ())
    since, until = newest_first((last, last), asked)
    if (until - since).days >= A_YEAR:
        raise wrong("since", f"revisions of {A_YEAR} days of slots at most: ask for a shorter period")
    found = lake.revisions(dataset, since=since, until=until, column=asked.column)
    slot = dataset.time
    region = "code_insee_region" if "code_insee_region" in dataset.key else None
    shown = found.select(
        pl.lit(dataset.id).alias("dataset"),
        pl.col(slot).cast(pl.String if found.schema[slot] == pl.Date else pl.Datetime("us", "UTC")).alias("slot"),
        *(pl.col(name) for name in dataset.key if name != slot),
        "column",
        "from",
        "to",
        "seen",
    ).sort(["seen", "slot"], descending=True)
    more = {**days(since, until), "found": shown.height, "region": region}
    columns = (
        Shown("slot", "", "The slot whose value changed: an instant (UTC) or a civil day"),
        Shown("from", "", "The value that was known before"),
        Shown("to", "", "The value since; null where it was withdrawn"),
        Shown("seen", "", "When the change was seen (UTC)"),
    )
    return Question(_REVISIONS, shown.head(asked.limit).to_arrow(compat_level=pl.CompatLevel.oldest()), columns, more)


_REVISIONS: Final = "What changed in what was published"
_NONE: Final = pl.DataFrame(schema=dict.fromkeys(("dataset", "slot", "column", "from", "to", "seen"), pl.String))


def _version(desk: Desk, lake: Lake, dataset: Dataset) -> str:
    said = repr((kind_of(desk.settings), lake.head(dataset)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@router.post(
    "/refresh",
    status_code=202,
    summary="Refresh now",
    responses=documented(401, 403, 409),
)
def refresh(
    desk: TheDesk,
    response: Response,
    authorization: Annotated[
        str | None, Header(description="`Bearer` and the token of the settings", examples=["Bearer s3cret"])
    ] = None,
) -> RefreshOut:
    """Ask the service what moved, and bring the marts up to date. One at a time; `/status` tells how it stands."""
    _admit(desk, authorization)
    response.headers["location"] = "/api/v1/status"
    return _told(desk.refresher.start())


def _admit(desk: Desk, authorization: str | None) -> None:
    token = desk.settings.api_token
    if token is None or not token.get_secret_value():
        raise ProblemError(
            403, "this server takes no orders: start it with WATTHOUSE_API_TOKEN set, and send that token"
        )
    scheme, _, given = (authorization or "").partition(" ")
    right = compare_digest(given.strip().encode(), token.get_secret_value().encode())
    if scheme.lower() != "bearer" or not right:
        headers = {"www-authenticate": "Bearer"}
        detail = "send the token of the settings as 'Authorization: Bearer …'"
        raise ProblemError(401, detail, parameter="Authorization", headers=headers)


def _told(progress: Progress) -> RefreshOut:
    return RefreshOut(**asdict(progress))
