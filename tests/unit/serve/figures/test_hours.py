"""The heat map of hours and months."""

import polars as pl

from tests.figures import checked
from watthouse.serve.figures.hours import hours_by_month
from watthouse.serve.figures.style import Style
from watthouse.serve.locale import Language

ROWS = pl.DataFrame({"month": [11, 2, 2], "hour": [23, 0, 1], "load_mw": [3.0, 1.0, 2.0]})


def test_each_hour_of_a_month_is_a_cell_and_what_is_not_known_is_blank() -> None:
    (cells,) = checked(hours_by_month(ROWS, "load_mw", "MW", Style(Language.FRENCH))).data
    assert list(cells.x) == ["févr.", "nov."]
    assert (cells.y[0], cells.y[-1]) == ("00:00", "23:00")
    known = {(hour, month): value for hour, line in zip(cells.y, cells.z, strict=True)
             for month, value in zip(cells.x, line, strict=True) if value is not None}  # fmt: skip
    assert known == {("00:00", "févr."): 1, ("01:00", "févr."): 2, ("23:00", "nov."): 3}
    assert not cells.hoverongaps
