"""The curve report of what is held, on both databases: what is told of a file is told of it once it is loaded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.meter_store import MeterStore
from tests.unit.meters.reading import LP, lp, write
from watthouse.meters.channels import MeterChannel, channels_of
from watthouse.meters.coverage import Bounds
from watthouse.meters.curve import Curve, curves
from watthouse.meters.files import MeterFile, found
from watthouse.meters.held import coverage_across, files_of, missing_within, replaced, unsorted, zero_runs
from watthouse.meters.reading import Reading
from watthouse.meters.series import readings
from watthouse.meters.storage.database import MeterDatabase
from watthouse.settings import Settings

pytestmark = pytest.mark.slow

ALL: Bounds = (None, None)


def _at(clock: str, day: int = 1) -> str:
    return f"{day:02}/07/2024 {clock}:00"


def _utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 7, day, hour, minute, tzinfo=UTC) - timedelta(hours=2)  # Paris in summer


def _tens(day: int, hours: range) -> list[str]:
    return [_at(f"{hour:02}:{minute:02}", day) for hour in hours for minute in range(0, 60, 10)]


def _told(path: Path) -> Curve:
    """What is told of the one channel of a file, without a database."""
    (file,) = found([path], Settings())
    assert isinstance(file, MeterFile)
    (curve,) = curves(Reading(file, "Europe/Paris")).curves
    return curve


def _held(meters: MeterStore, bounds: Bounds = ALL) -> tuple[Curve, list[str]]:
    """The same of what the database has, and the names of the files."""
    database = MeterDatabase(meters.settings)
    with database.reading() as connection:
        (channel,) = channels_of(connection, "00210")
        whole = coverage_across(connection, channel, bounds)
        assert whole
        rows = readings(connection, [channel], bounds, 1_000_000)
        curve = Curve("00210", channel.data_type, channel.unit, "", whole.readings, whole.first, whole.last)
        curve.minutes, curve.gaps, curve.steps = whole.minutes, list(whole.gaps), list(whole.steps)
        curve.zeros = list(zero_runs(rows, timedelta(minutes=whole.minutes or 0)))
        curve.unsorted = unsorted(connection, channel, bounds)
        curve.disagreeing = replaced(connection, channel, bounds)
        files = [file.name for file in files_of(connection, channel, bounds)]
    database.close()
    return curve, files


def test_what_is_told_of_a_file_is_told_of_it_once_it_is_loaded(meters: MeterStore, tmp_path: Path) -> None:
    # zeros for seven hours, a hole of an hour, two lines out of order, then another step
    lines = [lp(stamp, 0 if hour < 7 else 2) for hour in range(12) for stamp in _tens(1, range(hour, hour + 1))]
    lines += [lp(stamp, 3) for stamp in _tens(1, range(13, 20))]
    lines[20], lines[21] = lines[21], lines[20]
    lines[60], lines[61] = lines[61], lines[60]
    lines += [lp(_at(f"{hour:02}:{minute:02}"), 1) for hour in range(20, 24) for minute in (0, 30)]
    path = write(tmp_path / "LP_1.csv", LP, *lines)
    told = _told(path)
    meters.load(path)
    held, files = _held(meters)
    assert (len(told.gaps), len(told.steps), len(told.zeros), told.unsorted) == (1, 1, 1, 2)
    for name in ("gaps", "steps", "zeros", "unsorted", "minutes", "readings", "first", "last"):
        assert getattr(held, name) == getattr(told, name), name
    assert files == ["LP_1.csv"]


def test_readings_that_gave_way_are_counted_in_their_period(meters: MeterStore, tmp_path: Path) -> None:
    old = write(tmp_path / "LP_1.csv", LP, *(lp(stamp, 1) for stamp in _tens(1, range(24))), lp(_at("12:00"), 7))
    meters.load(old)
    held, _ = _held(meters)
    assert held.disagreeing == 1  # the first of two lines of one file
    # a correction: a day of 144 readings gave way, and again that of 12:00
    meters.load(write(old, LP, *(lp(stamp, 2) for stamp in _tens(1, range(24)))))
    assert _held(meters)[0].disagreeing == 145
    noon = (_utc(1, 12), _utc(1, 12, 10))
    assert _held(meters, noon)[0].disagreeing == 2
    assert _held(meters, (_utc(1, 13), None))[0].disagreeing == 11 * 6


def test_a_gap_that_reaches_over_the_ends_of_a_period_is_seen_with_both_its_ends(
    meters: MeterStore, tmp_path: Path
) -> None:
    stamps = [*_tens(1, range(12)), *_tens(2, range(12, 18)), *_tens(4, range(12))]
    path = write(tmp_path / "LP_1.csv", LP, *(lp(stamp, 1) for stamp in stamps))
    meters.load(path)
    day = (_utc(2, 0), _utc(3, 0))
    gaps = _held(meters, day)[0].gaps
    assert [(gap.since, gap.until) for gap in gaps] == [
        (_utc(1, 11, 50), _utc(2, 12)),
        (_utc(2, 17, 50), _utc(4, 0)),
    ]
    # of the second of July, all but six hours
    assert sum(missing_within(gap, day) for gap in gaps) == 18 * 6
    assert sum(missing_within(gap, (None, None)) for gap in gaps) == sum(gap.count for gap in gaps) == 24 * 6 + 30 * 6
    assert sum(missing_within(gap, (_utc(6, 0), None)) for gap in gaps) == 0


def test_a_period_without_a_reading_is_not_covered(meters: MeterStore, tmp_path: Path) -> None:
    meters.load(write(tmp_path / "LP_1.csv", LP, lp(_at("12:00"), 1)))
    database = MeterDatabase(meters.settings)
    with database.reading() as connection:
        (channel,) = channels_of(connection, "00210")
        assert isinstance(channel, MeterChannel)
        assert coverage_across(connection, channel, (_utc(9, 0), _utc(10, 0))) is not None  # the reading before
        assert files_of(connection, channel, (_utc(9, 0), _utc(10, 0))) == []
        assert coverage_across(connection, channel, (_utc(1, 13), None)) is not None
    database.close()
