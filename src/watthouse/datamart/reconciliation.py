"""Whether the facts add up to what the warehouse has: every row and every sum, read anew on both sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from watthouse.datamart.facts import FACTS
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


def totals(extract: Extract) -> list[Decimal]:
    """Every measure of every fact, by the warehouse."""
    schemas = {name: extract.schema(name) for name in ("core", "marts")}
    queries = (query.format(**schemas) for fact in FACTS for query in fact.there)
    return [number for query in queries for number in _numbers(extract.rows(query))]


def reconciled(there: Callable[[], Sequence[Decimal]], mart: Mart) -> list[Line]:
    """Both sides of every measure; ``there`` gives :func:`totals`, which may be asked for at the same time.

    Raises :class:`UnreconciledError`, with the lines, where two differ.
    """
    names = [(fact.table, measure) for fact in FACTS for measure in fact.measures]
    here = [number for fact in FACTS for number in _numbers(mart.run(fact.here))]
    lines = [Line(*name, warehouse, datamart) for name, warehouse, datamart in zip(names, there(), here, strict=True)]
    if wrong := [line for line in lines if line.difference]:
        words = ", ".join(f"{line.fact} ({line.measure}) by {line.difference:+,}" for line in wrong)
        error = UnreconciledError(
            f"{mart.place} would differ from the warehouse: {words}; it stays as it was:"
            " `watthouse datamart ship --anew` ships every day again"
        )
        error.report = lines
        raise error
    return lines


def _numbers(rows: Sequence[tuple[object, ...]]) -> list[Decimal]:
    """The one row of a query of sums, nothing being 0."""
    (row,) = rows
    return [Decimal(str(value or 0)) for value in row]
