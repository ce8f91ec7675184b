"""What is odd about a curve is told, and nothing else is."""

from pathlib import Path

import pytest

from tests.unit.meters.reading import LP, REGISTERS, in_pieces, lp, write
from watthouse.meters import spool
from watthouse.meters.curve import CurveReport, curves, oddities
from watthouse.meters.files import MeterFile, found
from watthouse.meters.lines import BLOCK_BYTES
from watthouse.meters.reading import Reading
from watthouse.settings import Settings


def _report(folder: Path, *lines: str, block_bytes: int = BLOCK_BYTES) -> CurveReport:
    (file,) = found([write(folder / "file.csv", *lines)], Settings())
    assert isinstance(file, MeterFile)
    with in_pieces(block_bytes):
        return curves(Reading(file, "Etc/UTC", block_bytes))


def _said(folder: Path, *lines: str) -> list[str]:
    (curve,) = _report(folder, LP, *lines).curves
    return list(oddities(curve))


def _every(minutes: int, since: int, until: int, value: object = 1) -> list[str]:
    """Lines from one minute of 1 July to another."""
    return [lp(f"01/07/2024 {at // 60:02}:{at % 60:02}:00", value) for at in range(since, until, minutes)]


def test_a_curve_that_is_well_has_nothing_to_say(tmp_path: Path) -> None:
    assert _said(tmp_path, *_every(15, 0, 1440)) == []
    assert _said(tmp_path, lp("01/07/2024 00:00:00")) == []


def test_gaps_are_counted_in_intervals(tmp_path: Path) -> None:
    lines = [*_every(15, 0, 120), *_every(15, 135, 600), *_every(15, 660, 1440)]
    assert _said(tmp_path, *lines) == [
        "2 gaps of 5 intervals, the longest 2024-07-01 09:45Z to 2024-07-01 11:00Z",
    ]


def test_a_step_that_changes_is_no_gap(tmp_path: Path) -> None:
    (curve,) = _report(tmp_path, LP, *_every(15, 0, 600), *_every(30, 600, 1200), *_every(5, 1200, 1440)).curves
    assert list(oddities(curve)) == [
        "step changes from 15 to 30 min at 2024-07-01 10:00Z",
        "step changes from 30 to 5 min at 2024-07-01 20:00Z",
    ]
    assert curve.minutes == 5


def test_lines_out_of_order_and_intervals_that_come_twice(tmp_path: Path) -> None:
    lines = _every(15, 0, 1440)
    lines = [*lines[48:], *lines[:48], lines[3], lp("01/07/2024 01:00:00", 9), lp("01/07/2024 01:00:00", 9)]
    assert _said(tmp_path, *lines) == [
        "3 duplicates, 1 interval with more than one value",
        "2 lines earlier than the one before",
    ]


def test_zeros_are_told_from_six_hours_on_and_do_not_reach_across_a_gap(tmp_path: Path) -> None:
    assert _said(tmp_path, *_every(15, 0, 360), *_every(15, 360, 720, 0), *_every(15, 720, 1440)) == []
    said = _said(tmp_path, *_every(15, 0, 360), *_every(15, 360, 735, 0), *_every(15, 735, 1440))
    assert said == ["1 run of zeros, the longest 2024-07-01 06:00Z to 2024-07-01 12:00Z"]
    assert [one for one in _said(tmp_path, *_every(15, 0, 300, 0), *_every(15, 600, 900, 0)) if "zeros" in one] == []


def test_units_of_one_data_type_and_bad_lines_are_told_of_the_file(tmp_path: Path) -> None:
    odd = lp("01/07/2024 01:00:00", unit="Wh")
    report = _report(tmp_path, LP, *_every(15, 0, 60), odd, lp("x"), lp("01/07/2024 01:15:00", unit="kWh"))
    assert report.mixed == {"Import Wh Total": ["Wh", "kWh", "kwh"]}
    assert report.units == ["Wh", "kWh"]
    assert (report.readings, report.rejected) == (6, 1)
    assert report.reasons == {7: "'x' is not a date and time: use dd/mm/yyyy hh:mm:ss"}


def test_registers_have_no_step(tmp_path: Path) -> None:
    row = "0212,S1,P1,{},Export Wh Total,0,1,30/12/1899 00:00:00,kwh,R,Total,False,26,01/09/2015 00:00:00,Unified"
    report = _report(tmp_path, REGISTERS, *(row.format(f"0{day}/09/2015 00:00:00") for day in (1, 2, 3, 4, 9)))
    (curve,) = report.curves
    assert (curve.minutes, curve.about, list(oddities(curve))) == (None, "Total Unified", [])


def test_the_last_line_of_an_interval_tells_whether_it_is_zero(tmp_path: Path) -> None:
    zeros = _every(15, 0, 1440, 0)
    assert "2 runs of zeros, the longest" in _said(tmp_path, *zeros, lp("01/07/2024 12:00:00", 5))[-1]
    assert "1 run of zeros, the longest" in _said(tmp_path, lp("01/07/2024 12:00:00", 5), *zeros)[-1]


def test_a_file_that_is_read_in_pieces_is_told_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [lp(f"01/07/2024 {hour:02}:00:00", 0, kind="Voltage Total", unit="V") for hour in range(24)]
    times = [*range(0, 720, 15), *range(720, 1440, 30)]
    others += [lp(f"01/07/2024 {at // 60:02}:{at % 60:02}:00", 2, kind="Current Total", unit="A") for at in times]
    lines = [*_every(15, 600, 1440), *others, *["cut"] * 40, *_every(15, 0, 570), lp("01/07/2024 12:00:00", 5)]
    whole = _report(tmp_path, LP, *lines)
    for size in (100, 700, 5000):
        monkeypatch.setattr(spool, "_ROWS", size // 100)
        assert _report(tmp_path, LP, *lines, block_bytes=size) == whole
    energy, volts, current = whole.curves
    assert [(change.at.hour, change.before, change.after) for change in current.steps] == [(12, 15, 30)]
    assert (energy.readings, energy.duplicates, energy.disagreeing, energy.unsorted) == (95, 1, 1, 1)
    assert [(gap.since.hour, gap.since.minute, gap.count) for gap in energy.gaps] == [(9, 15, 2)]
    assert [(zero.since.hour, zero.until.hour, zero.count) for zero in volts.zeros] == [(0, 23, 24)]
    assert (whole.rejected, len(whole.reasons)) == (40, 40)
