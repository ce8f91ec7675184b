"""The highest and lowest values of a history."""

from datetime import date
from typing import Annotated, Final, Literal

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from pydantic import Field

from watthouse.catalog import NATIONAL_SOURCES
from watthouse.serve.queries.base import days
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.coverage import Main, coverage
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.serve.queries.series import columns_of, within
from watthouse.serve.queries.words import OneOf
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

Measure = Annotated[str, OneOf(("consommation", "production", "net_export", "taux_co2", *NATIONAL_SOURCES))]


class RecordsParams(Period):
    """Records broken in a period."""

    measure: Annotated[
        Measure | None,
        Field(
            description="Only this measure: load, production, net export, CO₂ intensity or a source",
            examples=["eolien"],
        ),
    ] = None
    of: Annotated[
        Literal["hour", "day"] | None, Field(description="Only records of an hour, or of a day", examples=["hour"])
    ] = None
    standing: Annotated[
        bool,
        Field(description="Only records that still stand; over the whole history by default", examples=[True]),
    ] = False


def records_of(snapshot: Snapshot, params: RecordsParams) -> RowSet:
    """The rows of ``records_daily`` requested, newest first."""
    mart = snapshot.marts["records_daily"]
    first, _ = snapshot.extent(mart.name)
    since, until = period_or_newest(snapshot.extent("daily_mix"), params)
    # a record that stands may be of the first year
    if params.standing and params.since is None:
        since = min(first, until)
    of = (snapshot.table(mart.name).op(), params.measure, params.of, params.standing)
    rows = Prepared(_records, of, since, until)
    history = history_until(snapshot, until)
    # how much of the history could not have broken it
    measured = coverage(snapshot, _HISTORY, *history).share
    more = {**days(since, until), "history_since": history[0].isoformat(), "history_measured": measured}
    return RowSet(_TITLE, rows, columns_of(mart), more, (mart.name,), (history,))


def history_until(snapshot: Snapshot, until: date) -> tuple[date, date]:
    """The history that a record up to this day was set in."""
    first, _ = snapshot.extent(_HISTORY.mart)
    # a day before the history begins is a history of one day
    return min(first, until), until


_HISTORY: Final = Main("daily_mix")


def _records(table: ops.Relation, measure: str | None, span: str | None, standing: bool) -> ir.Table:
    rows = within(table.to_expr())
    if measure is not None:
        rows = rows.filter(rows.measure == measure)
    if span is not None:
        rows = rows.filter(rows.span == span)
    if standing:
        rows = rows.filter(rows.broken_on.isnull())
    return rows.order_by([ibis.desc("civil_date"), ibis.asc("measure"), ibis.asc("span")])


_TITLE: Final = "Records of France"


RECORDS: Final = Call(
    "/records",
    RecordsParams,
    records_of,
    summary="Records of France that were broken in a period",
    detail=(
        "Of hours and days that were measured in full: the highest of each, and the lowest CO₂ "
        "intensity.\n\nRecords are those of the available data: `history_measured` is the measured share of the time"
        " since the first day."
    ),
    row="One row per record: what, when, its value, the record it broke, when it was broken itself; newest first",
)
