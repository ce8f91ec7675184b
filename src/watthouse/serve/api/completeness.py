"""How much of each day every dataset measured."""

from typing import Annotated

import ibis.expr.operations as ops
import ibis.expr.types as ir
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from watthouse.catalog import CATALOG
from watthouse.serve import attribution
from watthouse.serve.api.base import TheDesk, days, gives_rows
from watthouse.serve.asking import Period, newest_first
from watthouse.serve.desk import Desk, Question
from watthouse.serve.forms import Form
from watthouse.serve.problems import wrong
from watthouse.serve.series import columns_of, within
from watthouse.serve.snapshots import Snapshot

router = APIRouter(tags=["freshness and revisions"])


class CompletenessAsked(Period):
    """Days of a dataset, or of all."""

    dataset: Annotated[
        str | None,
        Field(
            description="Only this dataset, by its name at the publisher",
            examples=["eco2mix-national-tr"],
            json_schema_extra={"enum": list(CATALOG)},
        ),
    ] = None


@gives_rows(
    router,
    "/completeness",
    "How much of each day was measured",
    "A row a dataset and civil day between its first and last measured one: measured, expected, complete",
)
def completeness(desk: TheDesk, request: Request, asked: Annotated[CompletenessAsked, Query()]) -> Response:
    """A day without any measurement has a row with 0; days before a dataset's first and after its last have none."""
    return desk.answer(request, asked.format, lambda snapshot: completeness_of(desk, snapshot, asked), "completeness")


def completeness_of(desk: Desk, snapshot: Snapshot, asked: CompletenessAsked) -> Question:
    """The rows of ``completeness_daily`` that are meant; raises a problem for a dataset that there is not."""
    if asked.dataset is not None and asked.dataset not in CATALOG:
        raise wrong("dataset", f"there is no dataset '{asked.dataset[:60]}': there are {', '.join(CATALOG)}")
    mart = desk.marts["completeness_daily"]
    since, until = newest_first(snapshot.extent(mart.name), asked)
    found = Form(_days, (snapshot.table(mart.name).op(), asked.dataset), since, until)
    used = attribution.used(snapshot, [mart.name], [(since, until)])
    of = tuple(one for one in used if asked.dataset in {None, one.dataset.id})
    return Question(mart.description, found, columns_of(mart), days(since, until), used=of)


def _days(table: ops.Relation, dataset: str | None) -> ir.Table:
    rows = within(table.to_expr())
    if dataset is not None:
        rows = rows.filter(rows.dataset == dataset)
    return rows.order_by(["dataset", "civil_date"])
