"""Energy by window and Tempo colour: colours are told apart, and off-peak hours by a pattern."""

from datetime import date
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from tests.figures import checked
from tests.unit.serve.figures.test_palette import JUST_TOLD, SEEN, lab
from watthouse.serve.figures import meter_grid
from watthouse.serve.figures.palette import NO_COLOUR, TEMPO
from watthouse.serve.figures.style import Style

DAYS = [date(2024, 7, day) for day in (1, 2, 3)]


def _rows(*rows: tuple[date, str, str | None, float]) -> pl.DataFrame:
    schema = {"civil_date": pl.Date(), "window": pl.String(), "colour": pl.String(), "energy_kwh": pl.Float64()}
    return pl.DataFrame(list(rows), schema, orient="row")


def test_a_layer_has_a_value_on_its_days_and_none_on_others() -> None:
    rows = _rows((DAYS[0], "HP", "BLEU", 3.0), (DAYS[0], "HC", "BLEU", 1.0), (DAYS[2], "HP", None, 2.0))
    layers = checked(meter_grid.windows(rows, Style())).data
    assert [layer.name for layer in layers] == ["Blue HP", "Blue HC", "Colour unknown HP"]
    assert [pl.Series(layer.y).fill_nan(None).to_list() for layer in layers] == [
        [3, None, None],
        [1, None, None],
        [None, None, 2],
    ]
    assert [layer.marker.pattern.shape for layer in layers] == ["", "/", ""]
    assert all(list(pl.Series(layer.x).cast(pl.Date)) == DAYS for layer in layers)


def test_no_colour_is_spoken_of_where_none_is_known() -> None:
    rows = _rows((DAYS[0], "HP", None, 3.0), (DAYS[0], "HC", None, 1.0))
    assert [layer.name for layer in checked(meter_grid.windows(rows, Style())).data] == ["HP", "HC"]


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_of_days_are_told_apart(dark: bool, seen: str) -> None:
    style = Style(dark=dark)
    for one, other in combinations((*TEMPO.values(), NO_COLOUR), 2):
        apart = np.linalg.norm(lab(style.ink(one), SEEN[seen]) - lab(style.ink(other), SEEN[seen]))
        assert apart > JUST_TOLD, (one.en, other.en, round(float(apart), 1))
