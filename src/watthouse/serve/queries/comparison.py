"""Two periods held against each other: by what they come to, and by mean power.

A day that has only begun, set against a whole one, would be a fall in demand: where a quantity is known for too little
of either period (:data:`~watthouse.serve.queries.coverage.ENOUGH`), no change of it is given. Mean power compares
periods of any length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.attribution import DayRange
from watthouse.serve.queries.coverage import ENOUGH, hours_of

Quantities = Mapping[str, float | None]

COLUMNS: Final = (
    AnswerColumn("name", "", "The publisher's name of the quantity"),
    AnswerColumn("meaning", "", "What it is"),
    AnswerColumn("unit", "", "The unit of `value`, `with_value` and `difference`"),
    AnswerColumn("value", "", "In the period"),
    AnswerColumn("with_value", "", "In the other period"),
    AnswerColumn("difference", "", "The first less the second"),
    AnswerColumn(
        "change_pct",
        "%",
        "The difference, of the value in the other period: of sums where the unit is energy; null where the quantity is"
        f" known for less than {ENOUGH:.0%} of either period",
    ),
    AnswerColumn(
        "mean_power_mw", "MW", "Mean power in the period, over the time in which it is known; null for what is none"
    ),
    AnswerColumn("with_mean_power_mw", "MW", "Mean power in the other period"),
    AnswerColumn(
        "mean_power_change_pct",
        "%",
        "Change of mean power, of that in the other period; null where the quantity is known for less than"
        f" {ENOUGH:.0%} of either period",
    ),
)
_TYPES: Final = pa.schema(
    [(column.name, pa.string()) for column in COLUMNS[:3]] + [(column.name, pa.float64()) for column in COLUMNS[3:]]
)


@dataclass(frozen=True)
class PeriodTotals:
    """A period: ``totals`` of each quantity, its mean power where it has one [MW], the hours in which it is known, and
    those that were measured."""

    period: DayRange
    totals: Quantities
    means: Quantities
    known_hours: Mapping[str, float]
    hours: float

    @property
    def measured(self) -> float:
        """The part of the period that was measured, 0 to 1."""
        return self.hours / hours_of(*self.period)

    def known(self, name: str) -> bool:
        """Whether the quantity is known for enough of the period to stand for it."""
        return self.known_hours[name] / hours_of(*self.period) >= ENOUGH


def side_by_side(quantities: Sequence[tuple[str, AnswerColumn]], first: PeriodTotals, second: PeriodTotals) -> pa.Table:
    """A row a quantity, by its name and what is said of it; columns are :data:`COLUMNS`."""
    rows = []
    for name, column in quantities:
        # each by its own hours: the load of a whole day says nothing of a source that is known until noon
        comparable = first.known(name) and second.known(name)
        value, before = first.totals[name], second.totals[name]
        mean, mean_before = first.means.get(name), second.means.get(name)
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
