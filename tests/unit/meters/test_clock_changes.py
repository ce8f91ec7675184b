"""A meter's clock names no zone: both days on which it is changed, and clocks that are not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.meters.reading import LP, content, local, lp, of, write
from watthouse.errors import UsageError

_PARIS = ZoneInfo("Europe/Paris")


def _quarters(since: datetime, until: datetime) -> list[datetime]:
    return [since + timedelta(minutes=15 * at) for at in range(round((until - since).total_seconds() / 900))]


def _day(day: datetime) -> list[datetime]:
    """The true quarter hours of a civil day in Paris, by Python's own arithmetic."""
    return _quarters(*(moment.replace(tzinfo=_PARIS).astimezone(UTC) for moment in (day, day + timedelta(days=1))))


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(local(2024, 3, 31), 92), (local(2024, 10, 27), 100), (local(2024, 7, 1), 96)],
)
@pytest.mark.parametrize("block_bytes", [100, 2**20])
def test_a_day_has_each_of_its_quarter_hours_once(
    tmp_path: Path, day: datetime, quarters: int, block_bytes: int
) -> None:
    true = _day(day)
    assert len(true) == quarters
    local = [f"{moment.astimezone(_PARIS):%d/%m/%Y %H:%M:%S}" for moment in true]
    # two channels, one after the other, as meters write them
    lines = [lp(time, kind=kind) for kind in ("Import Wh Total", "Export Wh Total") for time in local]
    found = content(write(tmp_path / "file.csv", LP, *lines), block_bytes=block_bytes)
    assert found.rejects.is_empty()
    assert found.readings["instant"].to_list() == true * 2


def test_an_hour_that_the_clock_skips_is_rejected_and_a_clock_that_is_never_changed_has_it(tmp_path: Path) -> None:
    lines = [LP, lp("31/03/2024 01:45:00"), lp("31/03/2024 02:15:00"), lp("31/03/2024 03:00:00")]
    found = of(tmp_path, *lines)
    assert found.reasons == {
        3: "'31/03/2024 02:15:00' does not exist in Europe/Paris, whose clock skips that hour: see WATTHOUSE_METER_TZ"
    }
    # POSIX has the sign of such names the other way round: this is an hour ahead of UTC
    winter = of(tmp_path, *lines, zone="Etc/GMT-1")
    assert [moment.hour for moment in winter.readings["instant"]] == [0, 1, 2]


def test_an_offset_in_the_stamp_needs_no_zone(tmp_path: Path) -> None:
    path = tmp_path / "01234567890123.csv"
    stamps = [
        f"2024-10-27T{clock}" for clock in ("02:30:00+02:00", "03:00:00+02:00", "02:30:00+01:00", "03:00:00+01:00")
    ]
    found = content(write(path, "Horodate;Valeur", *(f"{stamp};1" for stamp in stamps)))
    starts = [datetime.fromisoformat(stamp).astimezone(UTC) - timedelta(minutes=30) for stamp in stamps]
    assert found.readings["instant"].to_list() == starts


def test_a_zone_that_there_is_not_is_refused(tmp_path: Path) -> None:
    for zone in ("Europe/Pariss", "", "../etc/passwd"):
        with pytest.raises(UsageError, match="is not a time zone: use a name like Europe/Paris"):
            of(tmp_path, LP, lp("31/03/2024 01:45:00"), zone=zone)
