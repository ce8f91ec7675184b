"""How much of each day was measured, by dataset."""

from typing import Annotated, Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
from pydantic import Field

from watthouse.catalog import CATALOG
from watthouse.serve.problems import wrong
from watthouse.serve.queries import attribution
from watthouse.serve.queries.base import days
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.serve.queries.series import columns_of, within
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


class CompletenessParams(Period):
    """Days of a dataset, or of all."""

    dataset: Annotated[
        str | None,
        Field(
            description="Only this dataset, by its name at the publisher",
            examples=["eco2mix-national-tr"],
            json_schema_extra={"enum": list(CATALOG)},
        ),
    ] = None


def completeness_of(snapshot: Snapshot, params: CompletenessParams) -> RowSet:
    """The rows of ``completeness_daily`` requested; raises a problem for an unknown dataset."""
    if params.dataset is not None and params.dataset not in CATALOG:
        raise wrong("dataset", f"there is no dataset '{params.dataset[:60]}': there are {', '.join(CATALOG)}")
    mart = snapshot.marts["completeness_daily"]
    since, until = period_or_newest(snapshot.extent(mart.name), params)
    rows = Prepared(_days, (snapshot.table(mart.name).op(), params.dataset), since, until)
    used = attribution.used(snapshot, [mart.name], [(since, until)])
    of = tuple(use for use in used if params.dataset in {None, use.dataset.id})
    return RowSet(mart.description, rows, columns_of(mart), days(since, until), used=of)


def _days(table: ops.Relation, dataset: str | None) -> ir.Table:
    rows = within(table.to_expr())
    if dataset is not None:
        rows = rows.filter(rows.dataset == dataset)
    return rows.order_by(["dataset", "civil_date"])


COMPLETENESS: Final = Call(
    "/completeness",
    CompletenessParams,
    completeness_of,
    summary="How much of each day was measured",
    detail="Days without a measurement have a row with 0, between the first and the last measured day of each dataset.",
    row="One row per dataset and civil day: slots measured and expected, and whether the day is complete",
    tag="freshness and revisions",
)
