"""Whether the facts add up to what the warehouse has: every row and every sum, read anew on both sides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from watthouse.datamart.facts import FACTS, Fact
from watthouse.datamart.place import Mart
from watthouse.errors import WarehouseError
from watthouse.warehouse.base import Extract


@dataclass(frozen=True)
class Line:
    """One measure of a fact on both sides; ``measure`` says its unit."""

    fact: str
    measure: str
    warehouse: Decimal
    datamart: Decimal

    @property
    def difference(self) -> Decimal:
        """What the datamart has more than the warehouse."""
        return self.datamart - self.warehouse


class UnreconciledError(WarehouseError):
    """The facts do not add up to what the warehouse has."""


def reconciled(extract: Extract, mart: Mart) -> list[Line]:
    """Both sides of every measure; raises :class:`UnreconciledError`, with the lines, where two differ."""
    lines = [line for fact in FACTS for line in _lines(fact, extract, mart)]
    if wrong := [line for line in lines if line.difference]:
        words = ", ".join(f"{line.fact} ({line.measure}) by {line.difference:+,}" for line in wrong)
        error = UnreconciledError(
            f"{mart.place} would differ from the warehouse: {words}; it stays as it was:"
            " `watthouse datamart ship --anew` ships every day again"
        )
        error.report = lines
        raise error
    return lines


def _lines(fact: Fact, extract: Extract, mart: Mart) -> Iterator[Line]:
    here = _numbers(mart.run(fact.here))
    there = list(chain.from_iterable(_numbers(extract.rows(_there(query, extract))) for query in fact.there))
    for measure, warehouse, datamart in zip(fact.measures, there, here, strict=True):
        yield Line(fact.table, measure, warehouse, datamart)


def _there(query: str, extract: Extract) -> str:
    return query.format(core=extract.schema("core"), marts=extract.schema("marts"))


def _numbers(rows: Sequence[tuple[object, ...]]) -> list[Decimal]:
    """The one row of a query of sums, nothing being 0."""
    (row,) = rows
    return [Decimal(str(value or 0)) for value in row]
