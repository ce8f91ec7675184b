"""A hole in a stack of many intervals is a gap: not a fall to zero, and no guess of what was between."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isnan

import plotly.graph_objects as go
import polars as pl
import pytest

from tests.figures import checked
from watthouse.serve.figures import power, trade
from watthouse.serve.figures.palette import BORDERS
from watthouse.serve.figures.style import Style

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
SLOTS = 96
AT = [BEGAN + timedelta(minutes=15 * slot) for slot in range(SLOTS)]


def _frame(**unknown: Sequence[int]) -> pl.DataFrame:
    """A day in which each column counts its slots, but for those in which it is not known."""
    columns = {name: [None if slot in slots else slot + 1 for slot in range(SLOTS)] for name, slots in unknown.items()}
    return pl.DataFrame({"starts": AT, **columns}, schema_overrides=dict.fromkeys(columns, pl.Int32))


def _mix(**unknown: Sequence[int]) -> go.Figure:
    return checked(power.mix(_frame(**unknown), {name: name for name in unknown}, "starts", "MW", Style()))


def _tops(figure: go.Figure, side: str = "sources") -> Mapping[datetime, float]:
    """How high the stack is wherever it is drawn, each of its groups adding up as Plotly has it: a trace without a
    value where another of its group has one is zero there."""
    found: dict[datetime, float] = {}
    groups: dict[str, dict[datetime, float]] = {}
    for trace in figure.data:
        if str(trace.stackgroup or "").startswith(side):
            heights = groups.setdefault(trace.stackgroup, {})
            for at, value in zip(trace.x, trace.y, strict=True):
                heights[at] = heights.get(at, 0) + (0 if value is None or isnan(value) else float(value))
    for heights in groups.values():
        assert not heights.keys() & found.keys(), "two stacks at one place"
        found |= heights
    return found


def _places(*slots: int) -> set[object]:
    return {*pl.Series([AT[slot] for slot in slots]).to_numpy()}


def test_where_all_is_known_there_is_one_area_a_source() -> None:
    drawn = _mix(nucleaire=[], eolien=[]).data
    assert [(one.name, len(one.x), one.stackgroup, one.showlegend) for one in drawn] == [
        ("Nuclear", SLOTS, "sources", True),
        ("Wind", SLOTS, "sources", True),
    ]


@pytest.mark.parametrize("unknown", [[40], [40, 41, 42], [40, 60]])
def test_a_source_that_is_not_known_for_a_while_leaves_a_gap_in_the_stack(unknown: list[int]) -> None:
    figure = _mix(nucleaire=unknown, eolien=[])
    tops = _tops(figure)
    known = [slot for slot in range(SLOTS) if slot not in unknown]
    assert {*tops} == _places(*known)
    assert [tops[at] for at in sorted(tops)] == [2 * (slot + 1) for slot in known]
    assert max(len(one.x) for one in figure.data) <= max(40, SLOTS - max(unknown) - 1, 19)


def test_a_gap_does_not_double_the_legend_and_its_entry_hides_every_part() -> None:
    drawn = _mix(nucleaire=[40], eolien=[]).data
    assert len(drawn) == 4
    for name in ("Nuclear", "Wind"):
        parts = [one for one in drawn if one.name == name]
        assert [one.showlegend for one in parts] == [True, False]
        assert len({one.legendgroup for one in parts}) == 1
        assert len({one.stackgroup for one in parts}) == 2, "in one group Plotly would set the gap to zero"


def test_a_source_that_begins_or_ends_hides_no_other() -> None:
    tops = _tops(_mix(nucleaire=range(10), eolien=range(90, SLOTS)))
    heights = [tops[at] for at in sorted(tops)]
    assert heights == [
        *(slot + 1 for slot in range(10)), *(2 * (slot + 1) for slot in range(10, 90)), *range(91, SLOTS + 1)
    ]  # fmt: skip


def test_where_no_source_is_known_nothing_is_drawn() -> None:
    tops = _tops(_mix(nucleaire=range(80, SLOTS), eolien=range(80, SLOTS)))
    assert {*tops} == _places(*range(80))


def test_pumping_that_is_not_known_leaves_the_sources_whole() -> None:
    figure = _mix(pompage=[40], nucleaire=[])
    assert len(_tops(figure)) == SLOTS
    assert {*_tops(figure, "below")} == _places(*(slot for slot in range(SLOTS) if slot != 40))


def test_a_slot_between_two_holes_is_seen() -> None:
    (alone,) = [one for one in _mix(nucleaire=[40, 42]).data if len(one.x) == 1]
    assert "markers" in alone.mode


def test_the_stack_of_exchanges_has_the_same_gaps_on_both_sides() -> None:
    names = [f"ech_comm_{border}" for border in BORDERS]
    rows = _frame(**{name: [50, 51] if name == names[1] else [] for name in names})
    rows = rows.with_columns(pl.when(pl.col("starts") < AT[20]).then(-pl.col(names)).otherwise(pl.col(names)))
    figure = checked(power.borders(rows, "starts", "MW", Style()))
    known = [slot for slot in range(SLOTS) if slot not in (50, 51)]
    for side, sign in (("sources", 1), ("below", -1)):
        tops = _tops(figure, side)
        assert {*tops} == _places(*known)
        sold = [len(names) * (slot + 1) * (1 if slot < 20 else -1) for slot in known]
        assert [tops[at] for at in sorted(tops)] == [one if one * sign > 0 else 0 for one in sold]
    assert sum(one.showlegend is not False for one in figure.data) == len(names)


def test_gross_exchanges_have_gaps_too() -> None:
    columns = {
        f"ech_comm_{border}_{way}_mw": [70] if border == "italie" else [] for border in BORDERS
        for way in ("export", "import")
    }  # fmt: skip
    figure = checked(trade.out_and_in(_frame(**columns), "_mw", "MW", Style()))
    known = [slot for slot in range(SLOTS) if slot != 70]
    for side, sign in (("sources", 1), ("below", -1)):
        tops = _tops(figure, side)
        assert [tops[at] for at in sorted(tops)] == [sign * len(BORDERS) * (slot + 1) for slot in known]
        assert {*tops} == _places(*known)
    assert [one.name for one in figure.data if one.showlegend] == [ink.en for ink in BORDERS.values()]
