"""Calendars of completeness: a square a day, in the step of what was measured."""

from datetime import date, timedelta

import polars as pl

from tests.figures import checked
from watthouse.serve.figures import completeness
from watthouse.serve.figures.style import Style

DAYS = [date(2025, 2, 27) + timedelta(days=more) for more in range(4)]


def _rows(dataset: str = "a-b") -> pl.DataFrame:
    measured = [96, 0, 40, 50]
    return pl.DataFrame(
        {
            "dataset": [dataset] * 4,
            "civil_date": DAYS,
            "measured": measured,
            "expected": [96] * 4,
            "unit": ["quarter hours"] * 4,
            "complete": [found == 96 for found in measured],
        }
    )


def test_a_day_is_in_the_step_of_what_was_measured_of_it() -> None:
    grid = checked(completeness.by_dataset(_rows(), Style())).data[0]
    assert list(grid.x) == DAYS
    assert list(grid.z[0]) == [3, 0, 1, 2]
    assert grid.text[0][3] == "2\u00a0Mar\u00a02025<br><b>50 / 96</b> quarter hours"


def test_a_day_that_a_dataset_does_not_have_is_left_blank() -> None:
    rows = pl.concat([_rows("a-b"), _rows("c-d").head(2)])
    grid = checked(completeness.by_dataset(rows, Style())).data[0]
    assert list(grid.y) == ["c-d", "a-b"]
    assert list(grid.z[0]) == [3, 0, None, None]


def test_a_year_has_no_gap_between_february_and_march() -> None:
    grid = checked(completeness.by_year(_rows(), Style())).data[0]
    (line,) = grid.z
    assert [at for at, step in enumerate(line) if step is not None] == [57, 58, 59, 60]


def test_the_legend_names_every_step() -> None:
    names = [trace.name for trace in checked(completeness.by_year(_rows(), Style())).data[1:]]
    assert names == ["nothing measured", "less than half", "half or more", "complete"]
