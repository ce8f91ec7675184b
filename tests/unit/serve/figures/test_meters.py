"""Figures of meters: a gap is never bridged, an hour that comes twice is drawn twice, what is missing is no zero."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import polars as pl

from tests.figures import checked
from tests.unit.meters.reading import local
from watthouse.serve.figures import meters
from watthouse.serve.figures.palette import MISSING
from watthouse.serve.figures.style import Style
from watthouse.serve.locale import Language

QUARTER = timedelta(minutes=15)


def _rows(*readings: tuple[datetime, float], complete: bool | None = None) -> pl.DataFrame:
    rows = [(starts, starts + QUARTER, value, complete) for starts, value in readings]
    schema = {"starts": pl.Datetime("us"), "ends": pl.Datetime("us"), "value": pl.Float64(), "complete": pl.Boolean()}
    return pl.DataFrame(rows, schema, orient="row")


def _known(rows: pl.DataFrame) -> list[tuple[datetime, float | None]]:
    """The corners of the line."""
    line = checked(meters.curve(rows, "kWh", Style())).data[0]
    assert line.line.shape == "hv"
    assert line.connectgaps is None
    return [*zip(pl.Series(line.x).cast(pl.Datetime("us")), _values(line.y), strict=True)]


def _values(drawn: Iterable[float | None]) -> list[float | None]:
    return pl.Series([*drawn], dtype=pl.Float64).fill_nan(None).to_list()


def test_a_value_lasts_to_the_end_of_its_interval_and_no_further() -> None:
    noon = local(2024, 7, 1, 12)
    first, second, after = noon, noon + QUARTER, noon + 4 * QUARTER
    assert _known(_rows((first, 1.0), (second, 2.0), (after, 3.0))) == [
        (first, 1.0),
        (second, 2.0),
        (second + QUARTER, 2.0),
        (second + QUARTER, None),
        (after, 3.0),
        (after + QUARTER, 3.0),
        (after + QUARTER, None),
    ]


def test_nothing_but_zeros_lies_on_the_ground() -> None:
    noon = local(2024, 7, 1, 12)
    days = pl.DataFrame({"civil_date": [noon.date()], "complete": [True]})
    for value, range_ in ((0.0, (0, 1.1)), (2.0, None)):
        whole = days.with_columns(pl.lit(value).alias(name) for name in ("value", "least", "mean", "greatest"))
        figures = [
            checked(meters.curve(_rows((noon, value)), "kWh", Style())),
            checked(meters.bars(whole, "kWh", Style())),
            checked(meters.band(whole, "kWh", Style())),
        ]
        assert [figure.layout.yaxis.range for figure in figures] == [range_] * 3


def test_the_hour_that_comes_twice_is_drawn_twice() -> None:
    last_of_summer, first_of_winter = local(2024, 10, 27, 2, 45), local(2024, 10, 27, 2)
    assert _known(_rows((last_of_summer, 1.0), (first_of_winter, 2.0))) == [
        (last_of_summer, 1.0),
        (last_of_summer + QUARTER, 1.0),
        (last_of_summer + QUARTER, None),
        (first_of_winter, 2.0),
        (first_of_winter + QUARTER, 2.0),
        (first_of_winter + QUARTER, None),
    ]


def test_a_reading_of_no_known_length_is_a_point_and_one_measured_in_part_a_ring() -> None:
    noon = local(2024, 7, 1, 12)
    alone = _rows((noon, 1.0)).with_columns(ends=pl.lit(None, pl.Datetime("us")))
    assert [trace.mode for trace in checked(meters.curve(alone, "kWh", Style())).data] == ["lines", "markers"]
    whole, partly = (checked(meters.curve(_rows((noon, 1.0), complete=one), "kWh", Style())) for one in (True, False))
    assert len(whole.data) == 1
    assert partly.data[1].name == "Measured in part"
    assert partly.data[1].marker.symbol == "circle-open"


def _cells(*cells: tuple[date, int, bool, float | None]) -> pl.DataFrame:
    schema = {"civil_date": pl.Date(), "minute": pl.Int32(), "again": pl.Boolean(), "value": pl.Float64()}
    return pl.DataFrame(list(cells), schema, orient="row")


def _days(*minutes: int) -> list[tuple[date, int, bool, float | None]]:
    """Three days with a value in each hour but those of the second day that are in ``minutes``, which are missing."""
    days = [date(2024, 7, day) for day in (1, 2, 3)]
    return [
        (day, minute, False, None if day == days[1] and minute in minutes else float(minute))
        for day in days
        for minute in range(0, 1440, 60)
    ]


def test_what_is_missing_has_a_colour_of_its_own_and_zero_has_another() -> None:
    missing, values, legend = checked(meters.heat_map(_cells(*_days(120, 180)), 60, "kWh", Style())).data
    assert [(line, column) for line, row in enumerate(missing.z) for column, cell in enumerate(row) if cell == 1] == [
        (2, 1),
        (3, 1),
    ]
    assert _values(values.z[:5, 1]) == [0.0, 60.0, None, None, 240.0]
    assert {colour for _, colour in missing.colorscale} == {Style().ink(MISSING)}
    assert legend.name == "Missing"
    assert "Missing" in missing.hovertemplate
    assert list(values.y)[:2] == ["00:00", "01:00"]


def test_nothing_is_said_of_missing_cells_where_there_are_none() -> None:
    figure = checked(meters.heat_map(_cells(*_days()), 60, "kWh", Style()))
    assert len(figure.data) == 2
    assert _values(figure.data[0].z.flatten()) == [None] * 72


def test_a_second_pass_has_lines_of_its_own_and_other_days_have_nothing_there() -> None:
    cells = _cells(*_days(), (date(2024, 7, 3), 120, True, 7.0))
    missing, values = checked(meters.heat_map(cells, 60, "kWh", Style())).data
    assert list(values.y)[:5] == ["00:00", "01:00", "02:00", "02:00 ²", "03:00"]
    assert _values(values.z[3]) == [None, None, 7.0]
    assert _values(missing.z[3]) == [None, None, None]  # no such hour is no missing hour


def test_a_band_reaches_from_the_least_to_the_greatest_and_a_day_without_readings_is_blank() -> None:
    rows = pl.DataFrame(
        {
            "civil_date": [date(2024, 7, 1), date(2024, 7, 2), date(2024, 7, 3)],
            "least": [1.0, None, 2.0],
            "mean": [2.0, None, 3.0],
            "greatest": [5.0, None, 4.0],
            "complete": [True, False, False],
        }
    )
    spread, mean = checked(meters.band(rows, "kWh", Style())).data
    assert _values(spread.base) == [1, None, 2]
    assert _values(spread.y) == [4, None, 2]
    assert _values(mean.y) == [2, None, 3]
    assert spread.marker.opacity[0] == 1
    assert spread.marker.opacity[2] < 1


def test_words_are_french_for_french_readers() -> None:
    figure = checked(meters.heat_map(_cells(*_days(120)), 60, "kWh par heure", Style(Language.FRENCH)))
    assert figure.data[2].name == "Manquant"
