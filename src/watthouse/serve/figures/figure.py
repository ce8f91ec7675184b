"""A figure as Plotly's JSON: traces and a layout that are plain dicts.

Plotly's own objects check every property whenever one is set, at each drawing. Here tests do, once: what the figures
of all pages are made of is held to Plotly's schema there.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Trace: TypeAlias = dict[str, Any]
"""What is drawn of some rows, by Plotly's names; polars series are its values."""
_SHORT: Final = {"int8": "i1", "int16": "i2", "int32": "i4", "uint8": "u1", "uint16": "u2", "uint32": "u4"}
"""What plotly.js calls the types of numbers that it reads packed; all others go as floats."""


class Figure:
    """``data`` are its traces, ``layout`` all else; both by Plotly's names, and changed by the methods named so."""

    def __init__(self, traces: Iterable[Trace] | Trace = ()) -> None:
        self.data = [traces] if isinstance(traces, dict) else [*traces]
        self.layout: dict[str, Any] = {}

    def add_trace(self, trace: Trace) -> Self:
        self.data.append(trace)
        return self

    def add_traces(self, traces: Iterable[Trace]) -> Self:
        self.data += traces
        return self

    def add_annotation(self, **annotation: Any) -> Self:
        return self._added("annotations", annotation)

    def add_shape(self, **shape: Any) -> Self:
        return self._added("shapes", shape)

    def update_layout(self, **layout: Any) -> Self:
        """What is named, also within what is there; a list replaces one, None takes away."""
        self.layout = _merged(self.layout, layout)
        return self

    def update_xaxes(self, axis: Mapping[str, Any] | None = None, **more: Any) -> Self:
        return self.update_layout(xaxis={**(axis or {}), **more})

    def update_yaxes(self, **axis: Any) -> Self:
        return self.update_layout(yaxis=axis)

    def to_plotly_json(self) -> dict[str, Any]:
        """As a browser reads it; Dash asks for it by this name."""
        return {"data": [written(trace) for trace in self.data], "layout": written(self.layout)}

    def _added(self, where: str, what: dict[str, Any]) -> Self:
        return self.update_layout(**{where: [*self.layout.get(where, ()), what]})


def scatter(**properties: Any) -> Trace:
    """Plotly's ``scatter``."""
    return trace_of("scatter", **properties)


def bar(**properties: Any) -> Trace:
    """Plotly's ``bar``."""
    return trace_of("bar", **properties)


def heatmap(**properties: Any) -> Trace:
    """Plotly's ``heatmap``."""
    return trace_of("heatmap", **properties)


def trace_of(kind: str, **properties: Any) -> Trace:
    """One of Plotly's types; a property that is None is left out."""
    return {"type": kind, **_merged({}, properties)}


def colorscale(colours: Sequence[str]) -> list[tuple[float, str]]:
    """From the first colour to the last, evenly."""
    return [(place / (len(colours) - 1), colour) for place, colour in enumerate(colours)]


def _merged(held: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(held)
    for name, value in more.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(before := merged.get(name), Mapping):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged


def written(value: Any) -> Any:
    """In types that JSON has; numbers packed, as plotly.js reads them faster than digits."""
    if isinstance(value, dict):
        return {name: written(each) for name, each in value.items()}
    if isinstance(value, pl.Series):
        return _of_series(value)
    if isinstance(value, np.ndarray):
        return _packed(value)
    if isinstance(value, list | tuple):
        return [written(each) for each in value] if value and not isinstance(value[0], str | int | float) else value
    return _written_time(value) if isinstance(value, date) else value


def _of_series(values: pl.Series) -> Any:
    kind = values.dtype
    if isinstance(kind, pl.Datetime):  # as on a clock at the place
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()
    if kind == pl.Date:
        return values.cast(pl.String).to_list()
    if not kind.is_numeric() or not len(values):
        return values.to_list()
    if kind.is_integer() and not values.has_nulls():
        return _packed(values.shrink_dtype().to_numpy())
    return _packed(values.cast(pl.Float64).to_numpy())


def _written_time(moment: date) -> str:
    """A day or an instant as Plotly reads them: it knows no zones, so by the instant's own."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") if isinstance(moment, datetime) else moment.isoformat()


def _packed(values: npt.NDArray[Any]) -> dict[str, str]:
    if values.dtype.name not in _SHORT:
        values = values.astype(np.float64)
    short = _SHORT.get(values.dtype.name, "f8")
    packed = {"dtype": short, "bdata": base64.b64encode(values.tobytes()).decode()}
    return packed if values.ndim == 1 else packed | {"shape": ", ".join(map(str, values.shape))}
