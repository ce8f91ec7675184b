"""Stacks through time: bars, or areas that break off where a layer is not known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Trace, bar, scatter
from watthouse.serve.figures.palette import PALE, Ink
from watthouse.serve.figures.style import Style

FEW: Final = 70
"""Intervals up to which energy is drawn as bars."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One thing of a stack: its ``values`` by interval (null where unknown), ``below`` the line for what is negative.

    ``hover`` is its name under the pointer, where that is not its ink's. Layers of one ``ink`` share one entry of the
    legend, which stands for the first of them.
    """

    values: pl.Series
    ink: Ink
    below: bool = False
    hover: Ink | None = None


def stacked(
    time: pl.Series, layers: Sequence[Layer], style: Style, unit: str, *, bars: bool, whole: pl.Series | None = None
) -> Iterator[Trace]:
    """The traces of a stack, ``time`` being when its intervals begin.

    Where ``whole`` says which intervals were measured in full, the bars of the others are pale.
    """
    # a layer may have many runs, and on both sides of the line
    legend: set[str] = set()
    runs = {below: _runs([layer for layer in layers if layer.below is below]) for below in (False, True)}
    for layer in layers:
        for trace in (
            _bar(time, layer, style, unit, whole) if bars else _areas(time, layer, runs[layer.below], style, unit)
        ):
            yield trace | {"showlegend": layer.ink.en not in legend}
            legend.add(layer.ink.en)


@dataclass(frozen=True)
class _KnownRun:
    """Rows ``first`` to ``end`` (not included) that follow each other and know the same layers."""

    first: int
    end: int
    known: frozenset[Layer]


def _runs(layers: Sequence[Layer]) -> list[_KnownRun]:
    """Rows are left out in which a layer is not known that was known before and is again: what lies above the hole is
    known, but not how high it lies. Plotly would let the layer fall to zero there, or guess what is between.
    """
    if not layers:
        return []
    known = pl.DataFrame({str(at): layer.values.is_not_null() for at, layer in enumerate(layers)})
    # a layer that has not begun yet, or has ended, hides no other
    hole = pl.any_horizontal(
        ~pl.col(name) & (pl.col(name).cum_sum() > 0) & (pl.col(name).cum_sum(reverse=True) > 0)
        for name in known.columns
    )
    rows = known.with_columns(hole=hole).with_row_index("first")
    runs = rows.group_by(pl.struct(*known.columns, "hole").rle_id().alias("run"), maintain_order=True).agg(
        pl.first("first", "hole", *known.columns), (pl.last("first") + 1).alias("end")
    )
    known_runs = []
    for run in runs.filter(~pl.col("hole")).iter_rows(named=True):
        known_layers = frozenset(layer for at, layer in enumerate(layers) if run[str(at)])
        if known_layers:
            known_runs.append(_KnownRun(run["first"], run["end"], known_layers))
    return known_runs


def _bar(time: pl.Series, layer: Layer, style: Style, unit: str, whole: pl.Series | None) -> Iterator[Trace]:
    # part of an interval looks like a fall
    opacity = 1 if whole is None else [1 if measured else PALE for measured in whole]
    yield bar(
        x=time,
        y=layer.values,
        name=style.name(layer.ink),
        legendgroup=layer.ink.en,
        marker={"color": style.ink(layer.ink), "line": {"width": 0}, "opacity": opacity},
        hovertemplate=hover_of(style.name(layer.hover or layer.ink), unit),
    )


def _areas(time: pl.Series, layer: Layer, runs: Sequence[_KnownRun], style: Style, unit: str) -> Iterator[Trace]:
    """Each run is a stack of its own: in one stack, Plotly sets to zero whatever has no value where another has one."""
    colour = style.ink(layer.ink)
    # numbered: a stack group of one name would join runs across the gap
    for number, run in enumerate(runs):
        if layer not in run.known:
            continue
        yield scatter(
            x=time[run.first : run.end],
            y=layer.values[run.first : run.end],
            name=style.name(layer.ink),
            legendgroup=layer.ink.en,
            stackgroup=f"{'below' if layer.below else 'sources'}{number or ''}",
            mode="lines" if run.end - run.first > 1 else "lines+markers",  # an area of one point is nothing
            line={"width": 0.5, "color": style.paper},
            marker={"color": colour, "size": 5},
            fillcolor=colour,
            hovertemplate=hover_of(style.name(layer.hover or layer.ink), unit),
        )


def hover_of(name: str, unit: str) -> str:
    """A line of the box that follows the pointer."""
    digits = ",.1f" if unit in {"°C", "GWh"} or unit.startswith("%") else ",.0f"
    return f"{name} <b>%{{y:{digits}}}</b> {unit}<extra></extra>"
