"""The mix of one region, as its page draws it by interval and by slot."""

from dataclasses import replace

import polars as pl

from watthouse.serve.dashboard.reading import Answer
from watthouse.serve.dashboard.slots import whole_mix
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.figure import Figure
from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.queries.units import Unit


def without_part_mixes(slots: Answer, unit: Unit) -> Answer:
    """Slots without the sources where not all of them are known; other rows as they are."""
    return replace(slots, rows=whole_mix(slots.rows, [f"{name}{unit.suffix}" for name in REGIONAL]))


def stack(view: View, rows: pl.DataFrame, unit: Unit) -> Figure:
    """Sources through time, with pumping and load where these are quantities."""
    # pumping and load are no parts of production
    names = REGIONAL if unit is Unit.SHARE else ("pompage", *REGIONAL)
    columns = {name: f"{name}{unit.suffix}" for name in names}
    load = "" if unit is Unit.SHARE else f"consommation{unit.suffix}"
    return power.mix(rows, columns, "starts", unit.sign, view.style, load=load)
