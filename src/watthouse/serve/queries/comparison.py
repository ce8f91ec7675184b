"""Two periods compared: by their totals, and by mean power.

A day that has only begun would look like a fall in demand beside a whole one: where a quantity is known for too little
of either period (:data:`~watthouse.serve.queries.coverage.ENOUGH`), no change of it is given. Mean power compares
periods of any length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
    AnswerColumn("difference", "", "`value` minus `with_value`"),
    AnswerColumn(
        "change_pct",
        "%",
        "The difference as a percentage of `with_value`: of totals if the unit is energy; null if the quantity is known"
        f" for less than {ENOUGH:.0%} of either period",
    ),
    AnswerColumn(
        "mean_power_mw",
        "MW",
        "Mean power in the period, over the time in which it is known; null for quantities that are not power",
    ),
    AnswerColumn("with_mean_power_mw", "MW", "Mean power in the other period"),
    AnswerColumn(
        "mean_power_change_pct",
        "%",
        "Change in mean power as a percentage of `with_mean_power_mw`; null if the quantity is known for less than"
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

    @cached_property
    def length(self) -> float:
        """The period [hours]."""
        return hours_of(*self.period)

    @property
    def measured(self) -> float:
        """The part of the period that was measured, 0 to 1."""
        return self.hours / self.length

    def known(self, name: str) -> bool:
        """Whether the quantity is known for enough of the period to stand for it."""
        return self.known_hours[name] / self.length >= ENOUGH


def side_by_side(quantities: Sequence[tuple[str, AnswerColumn]], first: PeriodTotals, second: PeriodTotals) -> pa.Table:
    """One row per quantity, with its name and description; columns are :data:`COLUMNS`."""
    rows = []
    for name, column in quantities:
        # each by its own hours: the load of a whole day says nothing of a source that is known until noon
        comparable = first.known(name) and second.known(name)
        value, before = first.totals[name], second.totals[name]
        # rates have no mean power of their own: they are means already
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
    # of the absolute value: net exports change their sign
    return 100 * (value - before) / abs(before) if value is not None and before else None
