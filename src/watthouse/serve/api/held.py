"""What is held: datasets, marts, and their rows as they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from dateutil.relativedelta import relativedelta
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import CATALOG, Column, Dataset
from watthouse.serve import formats
from watthouse.serve.api.base import TheService, gives_rows, region_of
from watthouse.serve.formats import Format
from watthouse.serve.problems import ProblemError, documented, wrong
from watthouse.serve.queries import attribution, cursors
from watthouse.serve.queries.params import Order, Params, Period, Region
from watthouse.serve.queries.prepared import Prepared
from watthouse.serve.queries.series import columns_of, of_region, within
from watthouse.serve.service import Question, Service
from watthouse.serve.snapshots import Snapshot
from watthouse.transform.dictionary import Mart, MartColumn

router = APIRouter(tags=["what is held"])

PAGE = 1_000
_MOST = 10_000


class ColumnHeld(BaseModel):
    """A column of a dataset or a mart."""

    name: str = Field(description="Its name", examples=["consommation_mwh"])
    type: str = Field(description="What it holds", examples=["decimal(18,2)"])
    unit: str = Field(description="Its unit; empty where it has none", examples=["MWh"])
    description: str = Field(description="What it is", examples=["Load"])


class DatasetOut(BaseModel):
    """A published dataset."""

    id: str = Field(description="Its name at the publisher", examples=["eco2mix-national-tr"])
    title: str = Field(description="What it is", examples=["éCO2mix national, real time"])
    grain: str = Field(description="What one row is")
    key: list[str] = Field(description="The columns that name a row")
    since: str = Field(description="Since when it is published", examples=["2012-01-01"])
    refreshed_every_hours: float = Field(description="How often fresh rows come [h]", examples=[1])
    publisher: str = Field(description="Who measures it", examples=["RTE"])
    source: str = Field(description="Where it is published")
    licence: str = Field(description="Its licence")
    notes: str = Field(description="What a reader should know")


class DatasetWhole(DatasetOut):
    """A published dataset with its columns."""

    columns: list[ColumnHeld] = Field(description="Its columns")


class MartOut(BaseModel):
    """A mart."""

    name: str = Field(description="Its name", examples=["daily_merged"])
    description: str = Field(description="What one row is")
    key: list[str] = Field(description="The columns that name a row")


class MartWhole(MartOut):
    """A mart with its columns."""

    columns: list[ColumnHeld] = Field(description="Its columns")


@router.get("/datasets", summary="The datasets that watthouse keeps", responses=documented())
def datasets(_: Annotated[Params, Query()]) -> list[DatasetOut]:
    """What each of them is, how often it is refreshed, and whose it is."""
    return [DatasetOut(**_dataset(one)) for one in CATALOG.values()]


@router.get("/datasets/{id}", summary="A dataset and its columns", responses=documented(404))
def dataset(
    id: Annotated[str, Path(description="The dataset's name at the publisher", examples=["eco2mix-national-tr"])],  # noqa: A002
    _: Annotated[Params, Query()],
) -> DatasetWhole:
    """With the kind, unit and meaning of every column, as its publisher names it."""
    if id not in CATALOG:
        raise ProblemError(404, f"there is no dataset '{id[:60]}': there are {', '.join(CATALOG)}", parameter="id")
    one = CATALOG[id]
    return DatasetWhole(**_dataset(one), columns=[_column(column, column.kind.value) for column in one.columns])


@router.get("/marts", summary="The marts", responses=documented())
def all_marts(service: TheService, _: Annotated[Params, Query()]) -> list[MartOut]:
    """What one row of each is, and the columns that name it."""
    return [MartOut(**_mart(one)) for one in service.marts.values()]


MartName = Annotated[str, Path(description="The mart's name", examples=["daily_merged"])]


@router.get("/marts/{name}", summary="A mart and its columns, with their units", responses=documented(404))
def one_mart(service: TheService, name: MartName, _: Annotated[Params, Query()]) -> MartWhole:
    """With the type, unit and meaning of every column."""
    mart = _found(service.marts, name)
    return MartWhole(**_mart(mart), columns=[_column(column, column.type) for column in mart.columns])


class RowsParams(Period):
    """Rows of a mart."""

    columns: Annotated[
        str | None,
        Field(
            description="Only these columns, joined by commas",
            examples=["civil_date,consommation_mwh"],
            max_length=5_000,
        ),
    ] = None
    region: Region = None
    order: Annotated[Order, Field(description="Oldest or newest rows first", examples=["desc"])] = Order.OLDEST
    limit: Annotated[
        int | None,
        Field(
            description=f"Rows of one page. JSON comes in pages of {PAGE:,} where it is left out; the other formats"
            " give every row at once",
            ge=1,
            le=_MOST,
            examples=[100],
        ),
    ] = None
    cursor: Annotated[
        str | None,
        Field(description="`next` of the page before", examples=[None], max_length=500),
    ] = None


@gives_rows(router, "/marts/{name}/rows", "Rows of a mart, as they are", "The rows", 404)
def rows(service: TheService, request: Request, name: MartName, params: Annotated[RowsParams, Query()]) -> Response:
    """Page by page in JSON; all at once, in pieces, as CSV, Parquet or Arrow where no `limit` is given."""
    mart = _found(service.marts, name)
    style = formats.chosen(request, params.format)
    if params.limit is None and style is not Format.JSON:
        if mart.key[0] == "date_heure" and params.cursor is None:
            return service.stream(request, style, lambda snapshot: _by_month(snapshot, mart, params), name)
        return service.stream(
            request, style, lambda snapshot: _all(service.settings.max_rows, snapshot, mart, params), name
        )
    return _page(service, request, style, mart, params)


def _found(marts: Any, name: str) -> Mart:
    if name not in marts:
        raise ProblemError(
            404, f"there is no mart '{name[:60]}': there are {', '.join(sorted(marts))}", parameter="name"
        )
    found: Mart = marts[name]
    return found


def rows_of(service: Service, snapshot: Snapshot, name: str, params: RowsParams) -> Question:
    """The rows of a mart that are meant, up to ``limit`` where it is given; raises a problem for a mart that there is
    not."""
    mart = _found(service.marts, name)
    question = _question(snapshot, mart, params)
    assert isinstance(question.rows, ir.Table)
    return replace(question, rows=question.rows[_columns(mart, params)].limit(params.limit))


def every_row(service: Service, snapshot: Snapshot, name: str, params: RowsParams) -> tuple[Mart, ir.Table]:
    """A mart and the rows of it that are meant, with every column and in no order, whatever ``asked`` says of either;
    raises a problem for a mart that there is not."""
    mart = _found(service.marts, name)
    return mart, _within(snapshot, mart, params, mart.names)


def _by_month(snapshot: Snapshot, mart: Mart, params: RowsParams) -> Question:
    """Every row of a mart that is kept by slot or hour, however many: it is read a month at a time."""
    question = _question(snapshot, mart, params)
    first, last = snapshot.once(_ends, mart.name)
    since, until = max(params.since or first, first), min(params.until or last, last)
    newest = params.order is Order.NEWEST
    of = (snapshot.table(mart.name).op(), mart.key, tuple(_columns(mart, params)), params.region, newest)
    return replace(question, rows=Prepared(_of_period, of, since, until, newest_first=newest))


def _ends(snapshot: Snapshot, name: str) -> tuple[date, date]:
    """The first and the last civil day of which a mart holds anything; the day after the last, where it is empty."""
    table = snapshot.table(name)
    (row,) = snapshot.engine.rows(
        table.aggregate(first=table.civil_date.min(), last=table.civil_date.max())
    ).to_pylist()
    first, last = row.values()
    return (first, last) if first else (date(1, 1, 2), date(1, 1, 1))


def _of_period(
    table: ops.Relation, key: tuple[str, ...], columns: tuple[str, ...], region: str | None, newest: bool
) -> ir.Table:
    rows = of_region(within(table.to_expr()), region)
    return rows.order_by([ibis.desc(name) if newest else ibis.asc(name) for name in key])[list(columns)]


def _all(most: int, snapshot: Snapshot, mart: Mart, params: RowsParams) -> Question:
    question = _question(snapshot, mart, params)
    assert isinstance(question.rows, ir.Table)
    (count,) = snapshot.engine.rows(question.rows.aggregate(rows=question.rows.count())).column("rows").to_pylist()
    if int(count or 0) > most:
        detail = f"{count:,} rows from here, and an answer has {most:,} at most: take a shorter period, or pages"
        raise wrong("limit", detail)
    return replace(question, rows=question.rows[_columns(mart, params)])


def _page(service: TheService, request: Request, style: Format, mart: Mart, params: RowsParams) -> Response:
    limit = params.limit or PAGE
    with service.snapshots.lease() as snapshot:

        def ask() -> Question:
            question = _question(snapshot, mart, params)
            assert isinstance(question.rows, ir.Table)
            found = snapshot.engine.rows(question.rows.limit(limit + 1))
            page = found.slice(0, limit)
            last = page.slice(limit - 1).to_pylist() if found.num_rows > limit else []
            more = {"next": cursors.write(last[0], mart.key) if last else None}
            whose = replace(question, periods=_days_of(mart, page)).attributed(snapshot)
            return whose.with_rows(page.select(_columns(mart, params)), **more)

        return service.versioned(request, style, mart.name, snapshot.version, snapshot.sample, ask)


def _question(snapshot: Snapshot, mart: Mart, params: RowsParams) -> Question:
    chosen = _columns(mart, params)
    found = _within(snapshot, mart, params, [*mart.key, *chosen, mart.day])
    newest = params.order is Order.NEWEST
    if params.cursor is not None:
        found = cursors.after(found, mart.key, params.cursor, newest_first=newest)
    found = found.order_by([ibis.desc(name) if newest else ibis.asc(name) for name in mart.key])
    tables = attribution.tables_of(mart.name, chosen)
    among = mart.name if mart.day == "civil_date" else None
    period = (params.since or date.min, params.until or date.max)
    return Question(mart.description, found, columns_of(mart, chosen), marts=tables, periods=(period,), among=among)


def _days_of(mart: Mart, rows: pa.Table) -> tuple[attribution.Period, ...]:
    """The civil days that rows of a mart are about."""
    if not rows.num_rows:
        return ((date.max, date.min),)
    first, last = (end(rows.column(mart.day)).as_py() for end in (pc.min, pc.max))
    if mart.day == "civil_year":
        return ((date(first, 1, 1), date(last, 12, 31)),)
    return ((first, last + relativedelta(day=31) if mart.day == "civil_month" else last),)


def _within(snapshot: Snapshot, mart: Mart, params: RowsParams, columns: Sequence[str]) -> ir.Table:
    """Of the days and of the region that are asked for."""
    found = snapshot.table(mart.name)[list(dict.fromkeys(columns))]
    if params.since:
        found = found.filter(found[mart.day] >= _bound(mart, params.since))
    if params.until:
        found = found.filter(found[mart.day] <= _bound(mart, params.until))
    if code := region_of(params.region):
        if "code_insee_region" not in mart.names:
            raise wrong("region", f"{mart.name} is not kept by region: leave it out")
        found = found.filter(found.code_insee_region == code)
    return found


def _bound(mart: Mart, day: Any) -> Any:
    if mart.day == "civil_date":
        return ibis.date(day)
    return ibis.date(day.replace(day=1)) if mart.day == "civil_month" else day.year


def _columns(mart: Mart, params: RowsParams) -> list[str]:
    if params.columns is None:
        return list(mart.names)
    chosen = list(dict.fromkeys(name.strip() for name in params.columns.split(",")))
    for name in chosen:
        if name not in mart.names:
            known = ", ".join(mart.names)
            raise wrong("columns", f"{mart.name} has no column '{name[:60]}': it has {known}")
    return chosen


def _column(one: Column | MartColumn, kind: str) -> ColumnHeld:
    return ColumnHeld(name=one.name, type=kind, unit=one.unit, description=one.meaning)


def _mart(one: Mart) -> dict[str, Any]:
    return {"name": one.name, "description": one.description, "key": list(one.key)}


def _dataset(one: Dataset) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "grain": one.grain,
        "key": list(one.identity),
        "since": one.since,
        "refreshed_every_hours": one.cadence.total_seconds() / 3600,
        "publisher": one.publisher,
        "source": one.source,
        "licence": one.licence,
        "notes": one.notes,
    }
