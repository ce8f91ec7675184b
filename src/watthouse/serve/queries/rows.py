"""Rows of a mart, as they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from dateutil.relativedelta import relativedelta
from pydantic import Field

from watthouse.serve.problems import ProblemError, wrong
from watthouse.serve.queries import attribution, cursors
from watthouse.serve.queries.base import region_of
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.fields import Region
from watthouse.serve.queries.params import Order, Period
from watthouse.serve.queries.series import columns_of, of_region, within
from watthouse.transform.dictionary import Mart
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

PAGE: Final = 1_000
"""Rows of one page, where no number is asked for."""
MOST: Final = 10_000


class RowsParams(Period):
    """Rows of a mart."""

    columns: Annotated[
        str | None,
        Field(
            description="Only these columns, separated by commas",
            examples=["civil_date,consommation_mwh"],
            max_length=5_000,
        ),
    ] = None
    region: Region = None
    order: Annotated[Order, Field(description="Oldest or newest rows first", examples=["desc"])] = Order.OLDEST
    limit: Annotated[
        int | None,
        Field(
            description=f"Rows of one page. The default is {PAGE:,} in JSON; the other formats give every row at once",
            ge=1,
            le=MOST,
            examples=[100],
        ),
    ] = None
    cursor: Annotated[
        str | None,
        Field(description="`next` of the previous page", examples=[None], max_length=500),
    ] = None


def mart_named(marts: Any, name: str) -> Mart:
    """Raises a problem for an unknown mart."""
    if name not in marts:
        raise ProblemError(
            404, f"there is no mart '{name[:60]}': there are {', '.join(sorted(marts))}", parameter="name"
        )
    mart: Mart = marts[name]
    return mart


def rows_of(snapshot: Snapshot, name: str, params: RowsParams) -> RowSet:
    """The rows of a mart requested, up to ``limit`` where it is given; raises a problem for a mart that there is
    not."""
    mart = mart_named(snapshot.marts, name)
    row_set = mart_rows(snapshot, mart, params)
    assert isinstance(row_set.rows, ir.Table)
    return replace(row_set, rows=row_set.rows[chosen_columns(mart, params)].limit(params.limit))


def every_row(snapshot: Snapshot, name: str, params: RowsParams) -> tuple[Mart, ir.Table]:
    """A mart and the rows of it requested, with every column and in no order, whatever ``params`` says of either;
    raises a problem for an unknown mart."""
    mart = mart_named(snapshot.marts, name)
    return mart, _within(snapshot, mart, params, mart.names)


def by_month(snapshot: Snapshot, mart: Mart, params: RowsParams) -> RowSet:
    """Every row of a mart that is kept by slot or hour, however many: it is read by half months."""
    row_set = mart_rows(snapshot, mart, params)
    first, last = snapshot.once(_ends, mart.name)
    since, until = max(params.since or first, first), min(params.until or last, last)
    newest = params.order is Order.NEWEST
    of = (snapshot.table(mart.name).op(), mart.key, tuple(chosen_columns(mart, params)), params.region, newest)
    return replace(row_set, rows=Prepared(_of_period, of, since, until, newest_first=newest))


def _ends(snapshot: Snapshot, name: str) -> tuple[date, date]:
    """The first and the last civil day of which a mart holds anything; the day after the last, where it is empty."""
    table = snapshot.table(name)
    (row,) = snapshot.rows(table.aggregate(first=table.civil_date.min(), last=table.civil_date.max())).to_pylist()
    first, last = row.values()
    # an empty mart has an empty period, and the streamed file its header
    return (first, last) if first else (date(1, 1, 2), date(1, 1, 1))


def _of_period(
    table: ops.Relation, key: tuple[str, ...], columns: tuple[str, ...], region: str | None, newest: bool
) -> ir.Table:
    rows = of_region(within(table.to_expr()), region)
    return rows.order_by([ibis.desc(name) if newest else ibis.asc(name) for name in key])[list(columns)]


def all_rows(most: int, snapshot: Snapshot, mart: Mart, params: RowsParams) -> RowSet:
    """Every row requested; raises a problem where these are more than ``most``."""
    row_set = mart_rows(snapshot, mart, params)
    assert isinstance(row_set.rows, ir.Table)
    (count,) = snapshot.rows(row_set.rows.aggregate(rows=row_set.rows.count())).column("rows").to_pylist()
    # counted first: a refusal after gigabytes were sent helps nobody
    if int(count or 0) > most:
        detail = f"{count:,} rows, and an answer has {most:,} at most: choose a shorter period, or use pages"
        raise wrong("limit", detail)
    return replace(row_set, rows=row_set.rows[chosen_columns(mart, params)])


def mart_rows(snapshot: Snapshot, mart: Mart, params: RowsParams) -> RowSet:
    """The rows requested, in their order, with the columns of the key beside those requested."""
    chosen = chosen_columns(mart, params)
    rows = _within(snapshot, mart, params, [*mart.key, *chosen, mart.day])
    newest = params.order is Order.NEWEST
    if params.cursor is not None:
        rows = cursors.after(rows, mart.key, params.cursor, newest_first=newest)
    rows = rows.order_by([ibis.desc(name) if newest else ibis.asc(name) for name in mart.key])
    # daily_merged repeats columns of several marts: only those asked for are attributed
    tables = attribution.tables_of(mart.name, chosen)
    among = mart.name if mart.day == "civil_date" else None
    period = (params.since or date.min, params.until or date.max)
    return RowSet(mart.description, rows, columns_of(mart, chosen), marts=tables, periods=(period,), among=among)


def days_of_rows(mart: Mart, rows: pa.Table) -> tuple[attribution.DayRange, ...]:
    """The civil days that rows of a mart are about."""
    if not rows.num_rows:
        # an empty page uses no day of any dataset
        return ((date.max, date.min),)
    first, last = (end(rows.column(mart.day)).as_py() for end in (pc.min, pc.max))
    if mart.day == "civil_year":
        return ((date(first, 1, 1), date(last, 12, 31)),)
    return ((first, last + relativedelta(day=31) if mart.day == "civil_month" else last),)


def _within(snapshot: Snapshot, mart: Mart, params: RowsParams, columns: Sequence[str]) -> ir.Table:
    """Of the days and of the region that are asked for."""
    rows = snapshot.table(mart.name)[list(dict.fromkeys(columns))]
    if params.since:
        rows = rows.filter(rows[mart.day] >= _bound(mart, params.since))
    if params.until:
        rows = rows.filter(rows[mart.day] <= _bound(mart, params.until))
    if code := region_of(params.region):
        if "code_insee_region" not in mart.names:
            raise wrong("region", f"{mart.name} is not kept by region: leave it out")
        rows = rows.filter(rows.code_insee_region == code)
    return rows


def _bound(mart: Mart, day: Any) -> Any:
    if mart.day == "civil_date":
        return ibis.date(day)
    # marts by month carry its first day
    return ibis.date(day.replace(day=1)) if mart.day == "civil_month" else day.year


def chosen_columns(mart: Mart, params: RowsParams) -> list[str]:
    """The columns requested; raises a problem for one that the mart has not."""
    if params.columns is None:
        return list(mart.names)
    chosen = list(dict.fromkeys(name.strip() for name in params.columns.split(",")))
    for name in chosen:
        if name not in mart.names:
            known = ", ".join(mart.names)
            raise wrong("columns", f"{mart.name} has no column '{name[:60]}': it has {known}")
    return chosen
