"""The datasets, the marts, and the rows of a mart."""

from dataclasses import replace
from typing import Annotated, Any

import ibis.expr.types as ir
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import CATALOG, Column, Dataset
from watthouse.serve import formats
from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.formats import Format
from watthouse.serve.problems import ProblemError, documented
from watthouse.serve.queries import cursors
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.params import Params
from watthouse.serve.queries.rows import (
    PAGE,
    RowsParams,
    all_rows,
    by_month,
    chosen_columns,
    days_of_rows,
    mart_named,
    mart_rows,
)
from watthouse.transform.dictionary import Mart, MartColumn, marts

router = APIRouter(tags=["what is held"])


class ColumnHeld(BaseModel):
    """A column of a dataset or a mart."""

    name: str = Field(description="Its name", examples=["consommation_mwh"])
    type: str = Field(description="What it holds", examples=["decimal(18,2)"])
    unit: str = Field(description="Its unit; empty if it has none", examples=["MWh"])
    description: str = Field(description="What it is", examples=["Load"])


class DatasetOut(BaseModel):
    """A published dataset."""

    id: str = Field(description="Its name at the publisher", examples=["eco2mix-national-tr"])
    title: str = Field(description="What it is", examples=["éCO2mix national, real time"])
    grain: str = Field(description="What one row is")
    key: list[str] = Field(description="The columns that identify a row")
    since: str = Field(description="When its history begins", examples=["2012-01-01"])
    refreshed_every_hours: float = Field(description="How often new rows are published [h]", examples=[1])
    publisher: str = Field(description="Who measures it", examples=["RTE"])
    source: str = Field(description="Where it is published")
    licence: str = Field(description="Its licence")
    notes: str = Field(description="Notes")


class DatasetWhole(DatasetOut):
    """A published dataset with its columns."""

    columns: list[ColumnHeld] = Field(description="Its columns")


class MartOut(BaseModel):
    """A mart."""

    name: str = Field(description="Its name", examples=["daily_merged"])
    description: str = Field(description="What one row is")
    key: list[str] = Field(description="The columns that identify a row")


class MartWhole(MartOut):
    """A mart with its columns."""

    columns: list[ColumnHeld] = Field(description="Its columns")


@router.get("/datasets", summary="The datasets in watthouse", responses=documented())
def datasets(_: Annotated[Params, Query()]) -> list[DatasetOut]:
    """What each of them is, how often it is refreshed, and who publishes it."""
    return [DatasetOut(**_dataset(declared)) for declared in CATALOG.values()]


@router.get("/datasets/{id}", summary="A dataset and its columns", responses=documented(404))
def dataset(
    id: Annotated[str, Path(description="The dataset's name at the publisher", examples=["eco2mix-national-tr"])],  # noqa: A002
    _: Annotated[Params, Query()],
) -> DatasetWhole:
    """With the kind, unit and meaning of every column, by its publisher's name."""
    if id not in CATALOG:
        raise ProblemError(404, f"there is no dataset '{id[:60]}': there are {', '.join(CATALOG)}", parameter="id")
    declared = CATALOG[id]
    return DatasetWhole(
        **_dataset(declared), columns=[_column(column, column.kind.value) for column in declared.columns]
    )


@router.get("/marts", summary="The marts", responses=documented())
def all_marts(service: TheService, _: Annotated[Params, Query()]) -> list[MartOut]:
    """What one row of each is, and the columns that identify it."""
    return [MartOut(**_mart(mart)) for mart in marts(service.settings.transform).values()]


MartName = Annotated[str, Path(description="The mart's name", examples=["daily_merged"])]


@router.get("/marts/{name}", summary="A mart and its columns, with their units", responses=documented(404))
def one_mart(service: TheService, name: MartName, _: Annotated[Params, Query()]) -> MartWhole:
    """With the type, unit and meaning of every column."""
    mart = mart_named(marts(service.settings.transform), name)
    return MartWhole(**_mart(mart), columns=[_column(column, column.type) for column in mart.columns])


@gives_rows(router, "/marts/{name}/rows", "Rows of a mart", "The rows", 404)
def rows(service: TheService, request: Request, name: MartName, params: Annotated[RowsParams, Query()]) -> Response:
    """Paginated in JSON; everything at once as CSV, Parquet or Arrow unless `limit` is given."""
    mart = mart_named(marts(service.settings.transform), name)
    style = formats.chosen(request, params.format)
    if params.limit is None and style is not Format.JSON:
        # too many rows to sort at once
        if mart.key[0] == "date_heure" and params.cursor is None:
            return service.stream(request, style, lambda snapshot: by_month(snapshot, mart, params), name)
        return service.stream(
            request, style, lambda snapshot: all_rows(service.settings.max_rows, snapshot, mart, params), name
        )
    if params.limit is None or params.limit <= PAGE:
        return _page(service, request, style, mart, params)
    # twelve pages of 10,000 rows at once took more memory than the engine has
    return service.known(request, style, mart.name) or service.queued(
        lambda: _page(service, request, style, mart, params)
    )


def _page(service: TheService, request: Request, style: Format, mart: Mart, params: RowsParams) -> Response:
    limit = params.limit or PAGE
    with service.snapshots.lease() as snapshot:

        def ask() -> RowSet:
            row_set = mart_rows(snapshot, mart, params)
            assert isinstance(row_set.rows, ir.Table)
            rows = snapshot.rows(row_set.rows.limit(limit + 1))
            page = rows.slice(0, limit)
            # the one row more that was asked for tells whether there is a next page
            last = page.slice(limit - 1).to_pylist() if rows.num_rows > limit else []
            more = {"next": cursors.write(last[0], mart.key) if last else None}
            # over the days on this page, so that it names no dataset that it shows nothing of
            attributed = replace(row_set, periods=days_of_rows(mart, page)).attributed(snapshot)
            return attributed.with_rows(page.select(chosen_columns(mart, params)), **more)

        return service.versioned(request, style, mart.name, snapshot.version, snapshot.sample, ask)


def _column(column: Column | MartColumn, kind: str) -> ColumnHeld:
    return ColumnHeld(name=column.name, type=kind, unit=column.unit, description=column.meaning)


def _mart(mart: Mart) -> dict[str, Any]:
    return {"name": mart.name, "description": mart.description, "key": list(mart.key)}


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "title": dataset.title,
        "grain": dataset.grain,
        "key": list(dataset.identity),
        "since": dataset.since,
        "refreshed_every_hours": dataset.cadence.total_seconds() / 3600,
        "publisher": dataset.publisher,
        "source": dataset.source,
        "licence": dataset.licence,
        "notes": dataset.notes,
    }
