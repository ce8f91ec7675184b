"""The mix of one region: how it is read, and how it is stacked."""

from dataclasses import replace

import plotly.graph_objects as go
import polars as pl

from watthouse.serve.dashboard.reading import Answer, PageReader
from watthouse.serve.dashboard.slots import whole_mix
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.regions import REGION_MIX
from watthouse.serve.queries.units import Unit


def without_part_mixes(slots: Answer, unit: Unit) -> Answer:
    """Slots without the sources where not all of them are known; other rows as they are."""
    return replace(slots, rows=whole_mix(slots.rows, [f"{name}{unit.suffix}" for name in REGIONAL]))


def ask(reader: PageReader, code: str, params: EnergyAsOf) -> Answer:
    """Its load and sources by interval."""
    return reader.ask(REGION_MIX, params, code)


def stack(view: View, rows: pl.DataFrame, unit: Unit) -> go.Figure:
    """Sources through time, with pumping and load where these are quantities."""
    # pumping and load are no parts of production
    names = REGIONAL if unit is Unit.SHARE else ("pompage", *REGIONAL)
    columns = {name: f"{name}{unit.suffix}" for name in names}
    load = "" if unit is Unit.SHARE else f"consommation{unit.suffix}"
    return power.mix(rows, columns, "starts", unit.sign, view.style, load=load)
