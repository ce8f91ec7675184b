"""What the API says of meters, over HTTP, on both databases: against what Python makes of the same lines."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.integration.meter_store import MeterStore, rows_of
from tests.integration.serving import Api, problem, served
from tests.unit.meters.reading import LP, REGISTERS, lp, write

pytestmark = pytest.mark.slow

PARIS = ZoneInfo("Europe/Paris")
_REGISTER = "00210,S00210,P1,{},Import Wh Total,{},1,30/12/1899 00:00:00,kwh,R,Total,False,1,,{}"


@contextmanager
def _serving(meters: MeterStore, folder: Path) -> Iterator[Api]:
    with served(meters.home, folder, sample=False, **meters.variables) as api:
        yield api


def _rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def _every_quarter(day: date, days: int = 1) -> list[datetime]:
    begin = datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)
    last = day + timedelta(days=days)
    end = datetime(last.year, last.month, last.day, tzinfo=PARIS).astimezone(UTC)
    return [begin + timedelta(minutes=at) for at in range(0, int((end - begin).total_seconds() // 60), 15)]


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _value(moment: datetime) -> float:
    return (moment.day * 96 + moment.hour * 4 + moment.minute // 15) % 50 / 8


def test_both_days_the_clock_changes_are_whole_and_quantities_are_kept_apart(
    meters: MeterStore, tmp_path: Path
) -> None:
    moments = [*_every_quarter(date(2024, 3, 31)), *_every_quarter(date(2024, 10, 27))]
    lines = [lp(_stamp(moment), _value(moment)) for moment in moments]
    lines += [lp(_stamp(moment), 230 + _value(moment), kind="Voltage Total", unit="V") for moment in moments]
    meters.load(write(tmp_path / "LP_1.csv", LP, *lines))
    by_hour: dict[str, list[float]] = defaultdict(list)
    by_day: dict[str, list[float]] = defaultdict(list)
    for moment in moments:
        by_hour[_z(moment.replace(minute=0))].append(_value(moment))
        by_day[str(moment.astimezone(PARIS).date())].append(_value(moment))
    assert sorted(len(values) for values in by_day.values()) == [92, 100]
    whole = "since=2024-03-31&until=2024-10-27"
    with _serving(meters, tmp_path) as api:
        hours = _rows(api.get(f"/meters/00210/readings?{whole}&interval=hour"))
        energy = {row["instant"]: row["value"] for row in hours if row["unit"] == "kWh"}
        volts = {row["instant"]: row["value"] for row in hours if row["unit"] == "V"}
        assert energy == pytest.approx({hour: math.fsum(values) for hour, values in by_hour.items()})
        assert volts == pytest.approx({hour: 230 + math.fsum(values) / 4 for hour, values in by_hour.items()})
        assert all(row["complete"] for row in hours)
        twice = [
            row["local_time"] for row in hours if row["local_time"].startswith("2024-10-27T02") and row["unit"] == "V"
        ]
        assert twice == ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"]
        days = _rows(api.get(f"/meters/00210/days?{whole}&unit=wh"))
        assert {row["civil_date"]: row["total"] for row in days} == pytest.approx(
            {day: 1000 * math.fsum(values) for day, values in by_day.items()}
        )
        assert {(row["unit"], row["readings"], row["complete"]) for row in days} == {
            ("Wh", 92, True),
            ("Wh", 100, True),
        }
        (volts_of_spring, _) = _rows(api.get(f"/meters/00210/days?{whole}&data_type=Voltage Total"))
        assert (volts_of_spring["mean"], volts_of_spring["total"]) == (
            pytest.approx(230 + math.fsum(by_day["2024-03-31"]) / 92),
            None,
        )
        newest = api.get("/meters/00210/readings?unit=kWh").json()
        assert (newest["since"], newest["until"], len(newest["rows"])) == ("2024-09-28", "2024-10-27", 100)
        texts = api.get("/meters/00210/readings?unit=kWh&format=csv").text
        assert [float(row["value"]) for row in csv.DictReader(io.StringIO(texts))] == [
            _value(moment) for moment in moments[92:]
        ]


def test_meters_channels_gaps_and_rejects_are_told(meters: MeterStore, tmp_path: Path) -> None:
    held = [moment for moment in _every_quarter(date(2024, 7, 1), 2) if not (1 <= moment.hour < 3 and moment.day == 1)]
    lines = [lp(_stamp(moment), 1) for moment in held]
    meters.load(write(tmp_path / "LP_1.csv", LP, *lines, "<b>cut</b>", lp("x")))
    snapshot = "02/07/2024 00:00:00"
    rates = [_REGISTER.format(snapshot, value, rate) for value, rate in ((9, "Unified"), (5, "Rate 1"), (4, "Rate 2"))]
    meters.load(write(tmp_path / "TOU_1.csv", REGISTERS, *rates))
    with _serving(meters, tmp_path) as api:
        (meter,) = _rows(api.get("/meters"))
        assert (meter["meter_code"], meter["channels"]) == ("00210", 4)
        assert (meter["first"], meter["last"]) == (_z(held[0]), _z(held[-1]))
        series, *registers = sorted(_rows(api.get("/meters/00210")), key=lambda row: str(row["kind"]))
        assert (series["readings"], series["minutes"], series["gaps"], series["missing"]) == (184, 15, 1, 8)
        assert series["coverage"] == pytest.approx(184 / 192)
        assert {(row["rate"], row["gaps"]) for row in registers} == {
            ("Unified", None),
            ("Rate 1", None),
            ("Rate 2", None),
        }
        (gap,) = _rows(api.get("/meters/00210/gaps"))
        assert (gap["last_before"], gap["first_after"], gap["missing"]) == (
            "2024-07-01T00:45:00Z",
            "2024-07-01T03:00:00Z",
            8,
        )
        assert _rows(api.get("/meters/00210/gaps?since=2024-07-02")) == []
        days = _rows(api.get("/meters/00210/days?since=2024-07-01&until=2024-07-02"))
        assert [(row["kind"], row["civil_date"], row["total"], row["greatest"], row["rates"]) for row in days] == [
            ("interval", "2024-07-01", 88, 1, ""),
            ("interval", "2024-07-02", 96, 1, ""),
            ("register", "2024-07-02", None, 9, "Unified"),
        ]
        rejects = api.get("/meters/rejects?limit=1").json()
        assert (rejects["found"], rejects["rows"][0]["file"], rejects["rows"][0]["line"]) == (2, "LP_1.csv", 186)
        assert rejects["rows"][0]["text"] == "<b>cut</b>"
        assert api.get("/meters/rejects?file=LP_2.csv").json()["found"] == 0


def test_an_answer_is_the_same_until_another_file_is_loaded(meters: MeterStore, tmp_path: Path) -> None:
    meters.load(write(tmp_path / "LP_1.csv", LP, lp("01/07/2024 00:00:00", 1)))
    with _serving(meters, tmp_path) as api:
        before = api.get("/meters")
        assert api.get("/meters", if_none_match=before.headers["etag"]).status_code == 304
        assert (before.json()["licence"], before.headers.get("link")) == ("", None)
        meters.load(write(tmp_path / "LP_2.csv", LP, lp("01/07/2024 00:00:00", 1, meter="007")))
        after = api.get("/meters", if_none_match=before.headers["etag"])
        assert [row["meter_code"] for row in _rows(after)] == ["00210", "007"]


def test_what_cannot_be_answered_is_a_problem_that_says_why(meters: MeterStore, tmp_path: Path) -> None:
    meters.load(write(tmp_path / "LP_1.csv", LP, *(lp(_stamp(one), 1) for one in _every_quarter(date(2024, 7, 1)))))
    with _serving(meters, tmp_path) as api:
        for meter in ("nobody", "%00", "' or 1=1 --", "210"):
            problem(api.get(f"/meters/{meter}"), 404, "meter")
        for path, parameter in (
            ("readings?unit=furlong", "unit"),
            ("readings?unit=V", "unit"),
            ("readings?channel=99", "channel"),
            ("readings?channel=0", "channel"),
            ("readings?data_type=Voltage", "data_type"),
            ("readings?interval=week", "interval"),
            ("readings?since=01/07/2024", "since"),
            ("readings?since=2024-07-02&until=2024-07-01", "until"),
            ("gaps?until=9999-12-31", "until"),
            ("days?interval=hour", "interval"),
            ("days?unit=kWh&unit=Wh", "unit"),
        ):
            problem(api.get(f"/meters/00210/{path}"), 422, parameter)
        too_fine = problem(api.get("/meters/00210/readings?interval=5min"), 422)
        assert too_fine["detail"] == "readings of the period last 15 min: choose a longer interval, or another channel"
        for nothing in ("readings?", "readings?interval=day&", "days?"):
            assert _rows(api.get(f"/meters/00210/{nothing}since=2030-01-01")) == []
            assert _rows(api.get(f"/meters/00210/{nothing}since=0001-01-01&until=0001-02-01")) == []
            assert _rows(api.get(f"/meters/00210/{nothing}since=0001-01-01&until=9999-12-30"))
        assert _rows(api.get("/meters/rejects?file=%00")) == []


@pytest.mark.real
def test_days_of_real_files_are_as_python_counts_them(meters: MeterStore, real_data: Path, tmp_path: Path) -> None:
    path = real_data / "meters" / "2018" / "LP_214612653_20180907T220027915.csv"
    meters.load(path)
    values: dict[str, list[float]] = defaultdict(list)
    for row in rows_of(path):
        values[row["Data Type"]].append(float(row["Data Value"]))
    with _serving(meters, tmp_path) as api:
        days = _rows(api.get("/meters/214612653/days?since=2018-09-07&until=2018-09-07"))
        assert {row["data_type"]: (row["least"], row["greatest"]) for row in days} == {
            kind: (min(some), max(some)) for kind, some in values.items()
        }
        means = {row["data_type"]: row["mean"] for row in days if row["quantity"] != "angle"}
        assert means == pytest.approx({kind: sum(values[kind]) / len(values[kind]) for kind in means})
