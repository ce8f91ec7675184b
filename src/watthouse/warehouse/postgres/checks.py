"""The tests of a build, run again: how many places break each, and the rows that do."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from watthouse.database import Session
from watthouse.transform import Step, tests_of
from watthouse.warehouse.base import Tested
from watthouse.warehouse.breaking import shown


def tested(session: Session, steps: Sequence[Step]) -> Iterator[Tested]:
    """The result of each test among the steps, in the order of the build."""
    for name, step in tests_of(steps).items():
        ((places,),) = session.run(f"select count(*) from ({step.sql}) as broken")
        yield Tested(name, step.severity, step.titles, places)


def breaking(session: Session, step: Step, limit: int | None = None) -> pa.Table:
    """The rows that break a test, in order: the rule, the key, and the values that the rule mentions."""
    width = len(session.table(f"select * from ({step.sql}) as broken limit 0").column_names)
    order = ", ".join(str(place) for place in range(1, width + 1))
    most = "" if limit is None else f" limit {limit}"
    return shown(session.table(f"select * from ({step.sql}) as broken order by {order}{most}"))
