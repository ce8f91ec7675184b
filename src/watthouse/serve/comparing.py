"""Two periods held against each other: by what they come to, and by mean power.

A day that has only begun, set against a whole one, would be a fall in demand: where too little of either period was
measured (:data:`~watthouse.serve.coverage.ENOUGH`), no change is given. Mean power compares periods of any length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from watthouse.serve.attribution import Period
from watthouse.serve.coverage import ENOUGH, hours_of
from watthouse.serve.delivery import Shown

Totals = Mapping[str, float | None]

COLUMNS: Final = (
    Shown("name", "", "The publisher's name of the quantity"),
    Shown("meaning", "", "What it is"),
    Shown("unit", "", "The unit of `value`, `with_value` and `difference`"),
    Shown("value", "", "In the period"),
    Shown("with_value", "", "In the other period"),
    Shown("difference", "", "The first less the second"),
    Shown(
        "change_pct",
        "%",
        "The difference, of the value in the other period: of sums where the unit is energy; null where less than"
        f" {ENOUGH:.0%} of either period was measured",
    ),
    Shown("mean_power_mw", "MW", "Mean power in the period, over the time in which it is known; null for what is none"),
    Shown("with_mean_power_mw", "MW", "Mean power in the other period"),
    Shown(
        "mean_power_change_pct",
        "%",
        f"Change of mean power, of that in the other period; null where less than {ENOUGH:.0%} of either was measured",
    ),
)
_TYPES: Final = pa.schema(
    [(one.name, pa.string()) for one in COLUMNS[:3]] + [(one.name, pa.float64()) for one in COLUMNS[3:]]
)


@dataclass(frozen=True)
class Side:
    """A period: ``totals`` of each quantity, its mean power where it has one [MW], and the hours measured."""

    period: Period
    totals: Totals
    means: Totals
    hours: float

    @property
    def measured(self) -> float:
        """The part of the period that was measured, 0 to 1."""
        return self.hours / hours_of(*self.period)


def side_by_side(quantities: Sequence[tuple[str, Shown]], one: Side, other: Side) -> pa.Table:
    """A row a quantity, by its name and what is said of it; columns are :data:`COLUMNS`."""
    comparable = min(one.measured, other.measured) >= ENOUGH
    rows = []
    for name, column in quantities:
        value, before = one.totals[name], other.totals[name]
        mean, mean_before = one.means.get(name), other.means.get(name)
        difference = value - before if value is not None and before is not None else None
        rows.append(
            (
                *(name, column.description, column.unit),
                *(value, before, difference, _change(value, before) if comparable else None),
                *(mean, mean_before, _change(mean, mean_before) if comparable else None),
            )
        )
    return pa.Table.from_pylist([dict(zip(_TYPES.names, row, strict=True)) for row in rows], _TYPES)


def _change(value: float | None, before: float | None) -> float | None:
    """In %, of what was before."""
    return 100 * (value - before) / abs(before) if value is not None and before else None
