"""``watthouse meters`` as it is typed: what it prints, and how it exits."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.meter_store import MeterStore
from tests.support import command, environment
from tests.unit.meters.reading import LP, REGISTERS, lp, write

pytestmark = pytest.mark.slow


def _day(meter: str, value: int, kind: str = "Import Wh Total", unit: str = "kwh") -> list[str]:
    return [lp(f"01/09/2015 {hour:02}:00:00", value + hour, meter=meter, kind=kind, unit=unit) for hour in range(24)]


def test_meters_their_channels_and_a_day_are_shown(meters: MeterStore, tmp_path: Path) -> None:
    assert "nothing is held: `watthouse meters load PATH` loads files" in meters.run("show").stdout
    register = "001,S001,P1,01/09/2015 00:00:00,Import Wh Total,50,1,30/12/1899 00:00:00,kwh,R,Total,False,1,,{}"
    write(tmp_path / "a.csv", LP, *_day("001", 10), *_day("001", 200, "Voltage Total", "V"), *_day("002", 1))
    write(tmp_path / "b.csv", REGISTERS, register.format("Unified"), register.format("Rate 1"))
    done = meters.run("load", tmp_path / "a.csv", tmp_path / "b.csv")
    assert done.stdout.splitlines()[-1].startswith("2 loaded, 0 unchanged, 0 refused: ")
    listed = json.loads(meters.run("show", "--json").stdout)
    assert [(one["meter_code"], one["channels"]) for one in listed] == [("001", 4), ("002", 1)]
    assert (listed[1]["first"], listed[1]["last"]) == ("2015-08-31 22:00:00+00:00", "2015-09-01 21:00:00+00:00")
    channels = json.loads(meters.run("show", "001", "--json").stdout)
    assert [(one["data_type"], one["unit"], one["kind"], one["rate"]) for one in channels] == [
        ("Import Wh Total", "kWh", "interval", ""),
        ("Import Wh Total", "kWh", "register", "Rate 1"),
        ("Import Wh Total", "kWh", "register", "Unified"),
        ("Voltage Total", "V", "interval", ""),
    ]
    day = json.loads(meters.run("show", "001", "--day", "2015-09-01", "--json").stdout)
    values = [(one["about"], one["readings"], one["least"], one["greatest"], one["mean"], one["total"]) for one in day]
    # energies by interval alone are added up: a register says it all already, and a sum of volts says nothing
    assert values == [
        ("", 24, 10, 33, 21.5, 516),
        ("Total Rate 1", 1, 50, 50, 50, None),
        ("Total Unified", 1, 50, 50, 50, None),
        ("", 24, 200, 223, 211.5, None),
    ]
    refused = meters.run("show", "<b>nobody</b>")
    assert (refused.returncode, refused.stderr) == (
        2,
        "watthouse: there is no meter '<b>nobody</b>' here: `watthouse meters show` lists them\n",
    )


def test_a_file_is_looked_over_without_a_database(tmp_path: Path) -> None:
    meters = MeterStore(tmp_path / "home", "postgresql://u@127.0.0.1:1/nothing")
    odd = [*_day("001", 1)[:10], *_day("001", 1)[12:], "cut"]
    path = write(tmp_path / "a.csv", LP, *odd)
    done = meters.run("check", path)
    assert done.returncode == 1  # of the line that is no reading
    assert f"{path}: lp, 22 readings in kWh" in done.stdout
    assert "line 24  cut off: 1 of 8 fields" in done.stdout
    assert "001 Import Wh Total [kWh]: 22, every 60 min, 2015-08-31 22:00Z to 2015-09-01 21:00Z" in done.stdout
    assert "1 gap of 2 intervals, the longest 2015-09-01 07:00Z to 2015-09-01 10:00Z" in done.stdout
    (report,) = json.loads(meters.run("check", path, "--json").stdout)
    assert [gap["count"] for gap in report["curves"][0]["gaps"]] == [2]
    assert meters.run("check", write(tmp_path / "b.csv", LP, *_day("001", 1))).returncode == 0
    refused = meters.run("check", write(tmp_path / "c.csv"))
    assert (refused.returncode, refused.stderr) == (1, f"refused  {tmp_path}/c.csv: is empty: export it again\n")
    assert not meters.home.exists()


def test_a_folder_is_watched_until_ctrl_c(meters: MeterStore, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    write(folder / "LP_1.csv", LP, *_day("001", 1))
    log = tmp_path / "watch.log"
    env = environment(meters.home, {**meters.variables, "PYTHONUNBUFFERED": "1"})
    with log.open("w") as out:
        process = subprocess.Popen(command("meters", "watch", folder), env=env, stdout=out, stderr=out)
        try:
            _wait_for(log, "1 loaded, 0 unchanged, 0 refused")
            write(folder / ".LP_2.csv.part", LP, *_day("003", 1))
            write(tmp_path / "LP_2.csv", LP, *_day("002", 1)).replace(folder / "LP_2.csv")
            _wait_for(log, "files/LP_2.csv: 24 readings (lp), 0 rejected")
            write(folder / "LP_3.csv", "no meter file")
            write(folder / "LP_1.csv", LP, *_day("001", 5))
            _wait_for(log, "LP_1.csv: 24 readings (lp), 0 rejected", 2)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130, log.read_text()
    assert (
        log.read_text().splitlines()[-1] == "watthouse: stopped: files that were loaded stay, run it again for the rest"
    )
    assert [row[3] for row in meters.values()][:3] == [5, 6, 7]
    assert {row[0] for row in meters.values()} == {"001", "002"}


def _wait_for(log: Path, words: str, times: int = 1) -> None:
    until = time.monotonic() + 60
    while log.read_text().count(words) < times:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
