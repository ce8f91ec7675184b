"""Which channel is a meter's consumption, its readings as a curve, and a curve cut at instants."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse.errors import UsageError
from watthouse.meters.channels import MeterChannel
from watthouse.meters.consumption import chosen_curve, curve_of
from watthouse.meters.parts import CURVE, cut
from watthouse.meters.readings import INSTANT

BEGIN = datetime(2024, 10, 27, tzinfo=UTC)


def channel(number: int, data_type: str = "Import Wh Total", unit: str = "kWh", **more: str) -> MeterChannel:
    named = {"kind": "interval", "stream": "", "period": "", "rate": "", "serial_code": "S", "plant_code": "P"}
    return MeterChannel(id=number, data_type=data_type, unit=unit, **{**named, **more})


IMPORT, EXPORT = channel(1), channel(2, "Export Wh Total")
IN_WH = channel(3, unit="Wh")
POWER = channel(4, "Courbe de charge", "W")
REGISTER = channel(5, kind="register", rate="Unified")
VOLTS = channel(6, "Voltage Total", "V")
OTHER = channel(7, serial_code="T")


@pytest.mark.parametrize(
    ("channels", "number", "expected"),
    [
        ([EXPORT, IMPORT, POWER, REGISTER, VOLTS], None, [IMPORT]),
        ([IMPORT, IN_WH], None, [IMPORT, IN_WH]),
        ([EXPORT, POWER, VOLTS], None, [POWER]),
        ([channel(8, "E1"), channel(9, "B1")], None, [channel(8, "E1")]),
        ([EXPORT, IMPORT, POWER], 2, [EXPORT]),
        ([EXPORT, IMPORT, POWER], 4, [POWER]),
        ([IMPORT, IN_WH], 3, [IMPORT, IN_WH]),
    ],
)
def test_the_curve_of_consumption(
    channels: list[MeterChannel], number: int | None, expected: list[MeterChannel]
) -> None:
    assert chosen_curve(channels, number) == expected


@pytest.mark.parametrize(
    ("channels", "number", "told"),
    [
        ([EXPORT, REGISTER], None, "has no curve of consumption: choose a channel: 2 (Export Wh Total, kWh)"),
        (
            [IMPORT, OTHER],
            None,
            "has more than one curve of consumption: choose a channel: 1 (Import Wh Total, kWh), 7",
        ),
        ([IMPORT, REGISTER], 5, "channel 5 is a register, which counts and is no curve (its rates would count twice)"),
        ([IMPORT, VOLTS], 6, "channel 6 is voltage, which is no active energy; choose a channel: 1 "),
        ([VOLTS], None, "no channel of the meter is a curve of active energy or power"),
        ([IMPORT], 9, "channel 9 is none of this meter"),
    ],
)
def test_what_is_no_curve_is_refused_with_what_there_is(
    channels: list[MeterChannel], number: int | None, told: str
) -> None:
    with pytest.raises(UsageError) as refused:
        chosen_curve(channels, number)
    assert told in str(refused.value)


def reading(number: int, at: int, value: float, minutes: float | None, written: int = 0) -> dict[str, Any]:
    return {
        "channel": number, "instant": BEGIN + timedelta(minutes=at), "value": value, "minutes": minutes,
        "written_at": BEGIN + timedelta(days=written),
    }  # fmt: skip


def curve(channels: list[MeterChannel], *readings: dict[str, Any]) -> list[tuple[int, int, float]]:
    schema = {
        "channel": pl.Int32(),
        "instant": INSTANT,
        "value": pl.Float64(),
        "minutes": pl.Float64(),
        "written_at": INSTANT,
    }
    found = curve_of(pl.DataFrame(readings, schema), channels)
    assert found.schema == pl.Schema(CURVE)
    return [
        ((start - BEGIN) // timedelta(minutes=1), (end - start) // timedelta(minutes=1), kwh)
        for start, end, kwh in found.rows()
    ]


def test_power_is_energy_over_its_step_and_none_where_it_is_fed_in() -> None:
    found = curve([POWER], reading(4, 0, 3000, 10), reading(4, 10, -600, 10), reading(4, 20, 60, None))
    assert found == [(0, 10, 0.5), (10, 10, 0)], "a reading of unknown length has no place"


@pytest.mark.parametrize(("in_kwh", "in_wh", "expected"), [(1, 2, 2), (2, 1, 9)])
def test_a_series_in_two_units_counts_once_as_the_newer_file_has_it(in_kwh: int, in_wh: int, expected: float) -> None:
    twice = reading(1, 0, 9, 60, written=in_kwh), reading(3, 0, 2000, 60, written=in_wh)
    assert curve([IMPORT, IN_WH], *twice, reading(1, 60, 1, 60)) == [(0, 60, expected), (60, 60, 1)]


def test_a_reading_ends_where_the_next_begins() -> None:
    assert curve([IMPORT], reading(1, 0, 6, 60), reading(1, 30, 1, 15)) == [(0, 30, 6), (30, 15, 1)]


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 90), st.integers(0, 5000)), max_size=8),
    st.lists(st.integers(-20, 900), max_size=12),
)
def test_cutting_moves_no_energy(pieces: list[tuple[int, int, int]], edges: list[int]) -> None:
    """Any intervals with holes between them, cut anywhere: each part has its share by time, and lies between edges."""
    at, intervals = 0, []
    for length, hole, wh in pieces:
        intervals.append((at, at + length, wh))
        at += length + hole
    minute = timedelta(minutes=1)
    whole = pl.DataFrame(
        [(BEGIN + a * minute, BEGIN + b * minute, wh / 1000) for a, b, wh in intervals], CURVE, orient="row"
    )
    parts = cut(whole, pl.Series([BEGIN + edge * minute for edge in edges], dtype=INSTANT))
    expected = {}
    for since, until, wh in intervals:
        points = sorted({since, until, *(edge for edge in edges if since < edge < until)})
        for first, last in pairwise(points):
            expected[first, last] = float(Fraction(wh, 1000) * Fraction(last - first, until - since))
    found = {((a - BEGIN) // minute, (b - BEGIN) // minute): kwh for a, b, kwh in parts.rows()}
    assert found == pytest.approx(expected)
