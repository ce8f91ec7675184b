"""The page of meters where there is little: no meters, no warehouse, no extra; and the historic service beside it."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from starlette.testclient import TestClient

from tests.unit.meters.reading import LP, REGISTERS, lp, write
from watthouse.meters.load import load
from watthouse.meters.storage.database import MeterDatabase
from watthouse.serve.app import create
from watthouse.serve.dashboard.app import rendered
from watthouse.serve.service import Service
from watthouse.settings import Settings


class _Quiet:
    def stage(self, what: str) -> None: ...


def _shown(home: Path, query: str = "", **settings: object) -> str:
    service = Service(Settings(home=home, **settings))  # type: ignore[arg-type]
    shown, title = rendered(service, {"path": "/meters", "query": query})
    service.close()
    assert title == "Meters · watthouse"
    return str(shown).replace("\\xa0", " ")


def _home(folder: Path, *lines: str, name: str = "LP_1.csv") -> Path:
    """A home that holds a file of these lines."""
    settings = Settings(home=folder / "home")
    database = MeterDatabase(settings)
    load([write(folder / name, *lines)], settings, database, _Quiet())
    database.close()
    return settings.home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a meter, and without a warehouse."""
    lines = [lp(f"01/07/2024 {hour:02}:{minute:02}:00", hour) for hour in range(24) for minute in (0, 30)]
    return _home(tmp_path, LP, *lines)


def test_the_page_stands_beside_the_historic_service(tmp_path: Path) -> None:
    with TestClient(create(Settings(home=tmp_path)), base_url="http://localhost", follow_redirects=False) as client:
        page = client.get("/meters?meter=00210")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "/assets/watthouse.js" in page.text
        assert client.head("/meters").status_code == 200
        root = client.get("/meters/")
        assert (root.status_code, root.text) == (200, "Root Loaded \n")
        absent = client.get("/meters/get-data?meter_code=1&serial_code=1&date_time=01/09/2015")
        assert absent.text == '{"message":"energy data not present"}\n'
        assert client.post("/meters").status_code == 405
    assert "<h1>Not Found</h1>" in client.get("/meters/meters").text


def test_who_has_no_meters_is_told_how_to_begin_and_no_database_is_made(tmp_path: Path) -> None:
    shown = _shown(tmp_path)
    assert "No meter file has been loaded yet" in shown
    for command in ("pip install 'watthouse[meters]'", "watthouse meters check", "watthouse meters load"):
        assert command in shown
    assert not (tmp_path / "meters.sqlite").exists()
    assert "Aucun fichier de compteur" in _shown_in_french(tmp_path)


def _shown_in_french(home: Path) -> str:
    shown, title = rendered(Service(Settings(home=home)), {"path": "/meters", "language": "fr"})
    assert title == "Compteurs · watthouse"
    return str(shown)


def test_a_database_without_a_meter_is_no_meter(tmp_path: Path) -> None:
    database = MeterDatabase(Settings(home=tmp_path))
    with database.reading():
        pass
    database.close()
    assert "No meter file has been loaded yet" in _shown(tmp_path)


def test_the_page_needs_no_warehouse(home: Path) -> None:
    shown = _shown(home)
    assert "meter-curve" in shown
    assert "This page failed" not in shown


def test_a_day_of_zeros_has_a_curve_and_says_that_its_windows_hold_none(tmp_path: Path) -> None:
    home = _home(tmp_path, LP, *(lp(f"01/07/2024 {hour:02}:00:00", 0) for hour in range(24)))
    shown = _shown(home)
    assert "meter-curve" in shown
    assert "No energy was read, or none but 0." in shown
    assert "id='meter-windows'" not in shown


def test_a_serial_number_is_shown_where_there_is_one(home: Path, tmp_path: Path) -> None:
    assert "serial S00210, held " in _shown(home)
    lines = [f"2024-07-01T{hour:02}:30:00+02:00;{hour}" for hour in range(24)]
    shown = _shown(_home(tmp_path / "other", "Horodate;Valeur", *lines, name="30001234567890.csv"))
    assert "held " in shown
    assert "serial" not in shown


def test_of_a_register_the_difference_of_its_counts_is_told_and_no_curve(tmp_path: Path) -> None:
    snapshot = "007,S7,P1,{},Import Wh Total,{},1,30/12/1899 00:00:00,kwh,R,Total,False,1,,Unified"
    lines = [snapshot.format("01/07/2024 00:41:02", 1207), snapshot.format("02/07/2024 00:41:02", 1219.5)]
    shown = _shown(_home(tmp_path, REGISTERS, *lines))
    for words in ("'1,220 kWh'", "'1,207 kWh'", "'12.50 kWh'"):
        assert words in shown
    assert "meter-curve" in shown
    assert not [name for name in ("meter-heat", "meter-band", "meter-coverage", "meter-bill") if name in shown]


def test_a_mean_direction_is_no_mean_of_degrees(tmp_path: Path) -> None:
    lines = [
        lp(f"01/07/2024 00:{minute:02}:00", value, kind="Phase Angle A", unit="deg")
        for minute, value in ((0, 350), (15, 20), (30, 350), (45, 20))
    ]
    shown = _shown(_home(tmp_path, LP, *lines))
    assert "'5.00 deg'" in shown


def test_a_meter_and_a_channel_that_there_are_not_are_named(home: Path) -> None:
    shown = _shown(home, "?meter=<b>9</b>")
    assert "There is no meter “<b>9</b>”." in shown
    assert "meter-curve" in shown
    assert "The meter has no channel “77”." in _shown(home, "?meter=00210&channel=77")


def test_a_period_without_readings_leads_to_those_that_there_are(home: Path) -> None:
    for query in ("?since=2026-01-01", "?until=2020-01-01", "?since=0001-01-01&until=0001-01-02", "?since=9999-12-31"):
        shown = _shown(home, query)
        assert "Readings of this channel are held from 1 Jul 2024 to 1 Jul 2024." in shown
        assert "meter-curve" not in shown
    assert "meter-curve" in _shown(home, "?since=0001-01-01&until=9999-12-31")


def test_what_cannot_be_read_is_said_in_a_line(home: Path) -> None:
    many = _shown(home, max_rows=10)
    assert "the period has more than 10 readings" in many
    assert "id='since'" in many  # for a shorter one
    (home / "meters.sqlite").write_bytes(b"no database" * 1000)
    shown = _shown(home)
    assert "a database cannot be reached or read" in shown
    assert str(home) not in shown


_BARE = dedent("""
    import sys
    from pathlib import Path

    if sys.argv[2] == "without":
        sys.modules["sqlalchemy"] = None
    from watthouse.serve.dashboard.app import rendered
    from watthouse.serve.service import Service
    from watthouse.settings import Settings

    service = Service(Settings(home=Path(sys.argv[1])))
    for path in ("/mix", sys.argv[3]):
        shown = str(rendered(service, {"path": path}))
    print(shown)
    print("sqlalchemy:", "sqlalchemy" in sys.modules and sys.modules["sqlalchemy"] is not None)
""")


def _bare(home: Path, extra: str, path: str = "/meters") -> str:
    command = [sys.executable, "-c", _BARE, str(home), extra, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_nothing_of_the_extra_is_loaded_where_there_are_no_meters(tmp_path: Path) -> None:
    said = _bare(tmp_path, "with")
    assert "sqlalchemy: False" in said
    assert "No meter file has been loaded yet" in said


def test_who_lacks_the_extra_is_told_to_install_it(home: Path) -> None:
    said = _bare(home, "without")
    assert "sqlalchemy is not installed: pip install 'watthouse[meters]'" in said
    assert "This page failed" not in said
