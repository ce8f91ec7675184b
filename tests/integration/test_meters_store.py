"""Meter files in SQLite and PostgreSQL: every reading once, that of the newest file, and nothing lost on the way."""

import os
import random
import shutil
from collections import defaultdict
from datetime import datetime
from itertools import groupby
from pathlib import Path

import polars as pl
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from tests.integration.meter_store import MeterStore, rows_of
from tests.unit.meters.reading import LP, in_pieces, lp, write
from watthouse.errors import DatabaseError, UsageError
from watthouse.meters import series
from watthouse.meters.storage import day_view
from watthouse.meters.storage.database import MeterDatabase
from watthouse.meters.storage.models import Base
from watthouse.settings import Settings

pytestmark = pytest.mark.slow


def _moment(text: str) -> datetime:
    style = "%d/%m/%Y %H:%M:%S" if text.count(":") == 2 else "%d/%m/%Y %H:%M"
    return datetime.strptime(text, style)  # noqa: DTZ007 - a meter's clock names no zone


def _expected(files: list[Path]) -> dict[tuple[object, ...], float]:
    """What every interval's value should be, by a dict and Python's own reader; the files come oldest first."""
    values = {}
    for path in files:
        for row in rows_of(path):
            meter, serial, plant, time, *_ = row.values()
            kind, unit = row.get("Data Type") or row["DataType"], row["Units"].lower()
            more = [row.get(name, "") for name in ("Stream", "Period", "Rate")]
            value = row.get("Data Value") or row["Energy"]
            values[meter, serial, plant, _moment(time), kind, unit, *more] = float(value)
    return values


@pytest.mark.real
def test_the_real_files_are_held_value_by_value(meters: MeterStore, real_data: Path) -> None:
    # in the names lies when they were written
    files = sorted((real_data / "meters").glob("*/*.csv"), key=lambda path: path.stem.split("_")[2])
    assert len(files) == 12
    report = meters.load(real_data / "meters")
    assert {name: (one.readings, one.rejected) for name, one in report.loaded.items()} == {
        f"meters/{path.relative_to(real_data / 'meters')}": (len(rows_of(path)), 0) for path in files
    }
    expected = _expected(files)
    rows = meters.query(
        "select e.meter_code, e.serial_code, e.plant_code, e.date_time, e.data_type, lower(e.units), c.stream,"
        " c.period, c.rate, e.energy from energy_data e join meter_channels c on c.id = e.channel_id"
    )
    held = {(*row[:3], datetime.fromisoformat(str(row[3])), *row[4:9]): row[9] for row in rows}
    assert len(rows) == len(held)
    assert held == expected
    assert meters.count("energy_data_history") == sum(len(rows_of(path)) for path in files) - len(expected)
    days = defaultdict(list)
    for (meter, serial, plant, time, *_), value in expected.items():
        assert isinstance(time, datetime)
        days[meter, serial, plant, str(time.date())].append(value)
    view = {row[:4]: row[4:] for row in meters.view()}
    assert {day: row[:2] for day, row in view.items()} == {
        day: (min(values), max(values)) for day, values in days.items()
    }
    for day, values in days.items():
        assert view[day][2] == pytest.approx(sum(values) / len(values), rel=1e-12)


@pytest.mark.real
def test_the_known_answer_comes_out_bit_by_bit(meters: MeterStore, real_data: Path) -> None:
    meters.load(real_data / "meters" / "2018")
    (day,) = [row for row in meters.view() if row[0] == "210095893" and row[3] == "2015-09-01"]
    assert day == ("210095893", "210095893", "ED031000001", "2015-09-01", 0.0, 4.2, 1.7166666666666668)


@pytest.mark.real
def test_a_second_load_writes_nothing_and_a_copy_is_known(meters: MeterStore, real_data: Path, tmp_path: Path) -> None:
    meters.load(real_data / "meters" / "2018")
    before = meters.query("select * from energy_data order by id"), meters.query("select * from meter_files")
    report = meters.load(real_data / "meters" / "2018")
    assert (len(report.unchanged), report.loaded) == (6, {})
    copies = shutil.copytree(real_data / "meters" / "2018", tmp_path / "copies")
    assert len(meters.load(copies).unchanged) == 6
    assert before == (meters.query("select * from energy_data order by id"), meters.query("select * from meter_files"))
    report = meters.load(real_data / "meters" / "2018", again=True)
    assert (len(report.loaded), meters.count("energy_data"), meters.count("meter_files")) == (6, 4022, 12)


def _at(path: Path, written: int, *lines: str) -> Path:
    write(path, LP, *lines)
    os.utime(path, (written, written))
    return path


def test_the_newer_file_wins_whatever_is_loaded_first(meters: MeterStore, tmp_path: Path) -> None:
    old = _at(tmp_path / "a.csv", 100, lp("01/09/2015 00:00:00", 1), lp("01/09/2015 00:15:00", 1))
    new = _at(tmp_path / "b.csv", 200, lp("01/09/2015 00:15:00", 2), lp("01/09/2015 00:30:00", 2))
    (figures,) = meters.load(new).loaded.values()
    assert (figures.superseded, figures.outdated) == (0, 0)
    (figures,) = meters.load(old).loaded.values()
    assert (figures.superseded, figures.outdated) == (0, 1)
    assert [row[3] for row in meters.values()] == [1, 2, 2]
    assert meters.view()[0][4:] == (1, 2, 5 / 3)
    newest = _at(tmp_path / "c.csv", 300, lp("01/09/2015 00:15:00", 3))
    (figures,) = meters.load(newest).loaded.values()
    assert (figures.superseded, figures.outdated) == (1, 0)
    assert [row[3] for row in meters.values()] == [1, 3, 2]
    assert sorted(meters.query("select energy, replaced_by from energy_data_history")) == [(1, 1), (2, 3)]


def test_a_corrected_file_replaces_its_own_rows_and_both_are_kept(meters: MeterStore, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    meters.load(_at(path, 100, lp("01/09/2015 00:00:00", 1), lp("02/09/2015 00:00:00", 1), "cut"))
    meters.load(_at(tmp_path / "other.csv", 100, lp("01/09/2015 00:15:00", 5)))
    meters.load(_at(path, 200, lp("01/09/2015 00:00:00", 7)))
    assert [row[1:] for row in meters.values()] == [
        ("2015-09-01 00:00:00", "Import Wh Total", 7),
        ("2015-09-01 00:15:00", "Import Wh Total", 5),
    ]
    assert [row[3:] for row in meters.view()] == [("2015-09-01", 5, 7, 6)]
    assert meters.query("select energy, file_id, replaced_by from energy_data_history order by line") == [
        (1, 1, 3),
        (1, 1, 3),
    ]
    assert meters.query("select id, readings, rejected, replaced_by from meter_files order by id") == [
        (1, 2, 1, 3),
        (2, 1, 0, None),
        (3, 1, 0, None),
    ]
    # what lies there again is what counts
    meters.load(_at(path, 300, lp("01/09/2015 00:00:00", 1), lp("02/09/2015 00:00:00", 1), "cut"))
    assert [row[3] for row in meters.values()] == [1, 5, 1]


def test_what_a_corrected_file_kept_from_counting_counts_again(meters: MeterStore, tmp_path: Path) -> None:
    meters.load(_at(tmp_path / "a.csv", 100, lp("01/09/2015 00:00:00", 1)))
    meters.load(_at(tmp_path / "b.csv", 200, lp("01/09/2015 00:00:00", 2)))
    meters.load(_at(tmp_path / "c.csv", 300, lp("01/09/2015 00:00:00", 3), lp("01/09/2015 00:15:00", 3)))
    meters.load(_at(tmp_path / "c.csv", 400, lp("01/09/2015 00:15:00", 4)))
    assert [row[3] for row in meters.values()] == [2, 4]
    assert meters.view()[0][4:] == (2, 4, 3)


def test_readings_follow_from_the_files_that_count_and_from_nothing_else(meters: MeterStore, tmp_path: Path) -> None:
    """Any order of loads and corrections ends in what the newest file of each interval says."""
    chance = random.Random(7)
    versions: dict[Path, tuple[int, dict[int, int]]] = {}
    for written in range(100, 130):
        path = tmp_path / f"{chance.choice('abcd')}.csv"
        slots = {slot: written for slot in range(12) if chance.random() < 0.4} or {0: written}
        lines = [lp(f"0{1 + slot // 4}/09/2015 0{slot % 4}:00:00", value) for slot, value in slots.items()]
        # most are newer than what is held, some are found late
        stamp = written if chance.random() < 0.7 else written - 50
        meters.load(_at(path, stamp, *lines))
        versions[path] = (stamp, slots)
        expected: dict[int, int] = {}
        # of two of one age, the one that was loaded last
        for _, values in sorted(versions.values(), key=lambda one: (one[0], max(one[1].values()))):
            expected |= values
        held = {(int(row[1][8:10]) - 1) * 4 + int(row[1][12]): row[3] for row in meters.values()}
        assert held == expected
        days = {day: [expected[slot] for slot in slots] for day, slots in groupby(sorted(expected), lambda at: at // 4)}
        view = [(row[3], row[4], row[5]) for row in meters.view()]
        assert view == [(f"2015-09-0{1 + day}", min(values), max(values)) for day, values in days.items()]


def test_a_view_that_is_filled_again_as_it_is_is_not_written(meters: MeterStore, tmp_path: Path) -> None:
    """Clients of the historic service fill it all the time, and PostgreSQL's numbers for its rows come to an end."""
    lines = [lp(f"{day:02}/09/2015 00:00:00", day) for day in range(1, 11)]
    meters.load(write(tmp_path / "LP_1.csv", LP, *lines))
    database = MeterDatabase(meters.settings)
    tried: list[int] = []
    for _ in range(3):
        with database.writing() as connection:
            before = _written(connection)
            day_view.fill(connection)
            tried.append(_written(connection) - before)
    assert tried == [1, 0, 0]  # the mark that it was asked for
    before_ids = meters.query("select id, date_time from energy_data_view order by id")
    meters.load(write(tmp_path / "LP_1.csv", LP, *lines[:-1], lp("10/09/2015 00:00:00", 99)))
    assert meters.query("select id, date_time from energy_data_view order by id") == before_ids
    assert meters.view()[-1][4:] == (99, 99, 99)
    if meters.url:
        meters.load(write(tmp_path / "LP_2.csv", LP, lp("11/09/2015 00:00:00", 1)))
        # the day that changed took one as well
        assert meters.query("select max(id) from energy_data_view") == [(12,)]
    database.close()


def _written(connection: Connection) -> int:
    """Rows that this transaction has written, or this connection to SQLite."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("select total_changes()").scalar_one())
    counted = "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_xact_user_tables"
    return int(connection.exec_driver_sql(counted).scalar_one())


def test_readings_may_be_of_more_files_than_a_statement_can_name(meters: MeterStore, tmp_path: Path) -> None:
    """Files of three quarters of an hour, as the real ones are, make 70,000 in six years."""
    meters.load(write(tmp_path / "LP_1.csv", LP, lp("03/09/2015 00:00:00", 1)))
    database = MeterDatabase(meters.settings)
    with database.reading() as connection:
        assert series._files(connection, pl.Series(range(1, 70_001)))["file"].to_list() == [1]
    database.close()


def test_an_interval_twice_in_a_file_counts_by_its_last_line(meters: MeterStore, tmp_path: Path) -> None:
    lines = [lp("01/09/2015 00:00:00", value) for value in (1, 1, 2, 3)]
    (figures,) = meters.load(write(tmp_path / "a.csv", LP, *lines)).loaded.values()
    assert (figures.readings, figures.duplicates) == (1, 3)
    assert [row[3] for row in meters.values()] == [3]
    history = meters.query("select energy, line, file_id, replaced_by from energy_data_history order by line")
    assert history == [(1, 2, 1, 1), (1, 3, 1, 1), (2, 4, 1, 1)]


def test_the_repeated_autumn_hour_is_held_twice(meters: MeterStore, tmp_path: Path) -> None:
    lines = [lp(f"27/10/2024 0{hour}:30:00", value) for value, hour in enumerate((1, 2, 2, 3))]
    meters.load(write(tmp_path / "a.csv", LP, *lines))
    assert [row[1:] for row in meters.values()] == [
        (f"2024-10-27 0{hour}:30:00", "Import Wh Total", value) for value, hour in enumerate((1, 2, 2, 3))
    ]
    assert meters.view()[0][4:] == (0, 3, 1.5)


@pytest.mark.parametrize("block", [200, 1000])
def test_a_file_in_many_blocks_is_held_as_in_one(
    meters: MeterStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    times = [f"0{day}/09/2015 {hour:02}:00:00" for day in (1, 2) for hour in range(24)]
    # interleaved and then once more in another order, so that blocks meet what earlier ones brought
    lines = [
        lp(time, at, kind=kind) for at, time in enumerate(times) for kind in ("Import Wh Total", "Export Wh Total")
    ]
    lines += [lp(time, 100 + at) for at, time in enumerate(reversed(times))]
    monkeypatch.setattr("watthouse.meters.reading.Reading.__init__.__defaults__", (block,))
    with in_pieces(block):
        meters.load(write(tmp_path / "a.csv", LP, *lines))
    expected = [row for at in range(48) for row in (("Export Wh Total", at), ("Import Wh Total", 147 - at))]
    assert [(row[2], row[3]) for row in meters.values()] == expected


def test_the_migrations_make_what_the_models_say(meters: MeterStore) -> None:
    database = MeterDatabase(meters.settings)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "meter_schema_version"})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_tables_of_another_program_and_newer_schemas_are_left_alone(meters: MeterStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", LP, lp("01/09/2015 00:00:00", 1))
    meters.load(path)
    _execute(meters, "update meter_schema_version set version_num = '9999'")
    with pytest.raises(DatabaseError, match=r"was made by a newer watthouse \(schema 9999\): update this one"):
        meters.load(path)
    _execute(meters, "drop table meter_schema_version")
    with pytest.raises(DatabaseError, match="has tables of another program"):
        meters.load(path)
    assert [row[3] for row in meters.values()] == [1]


def _execute(meters: MeterStore, statement: str) -> None:
    database = MeterDatabase(meters.settings)
    with database._engine.begin() as connection:
        connection.exec_driver_sql(statement)
    database.close()


@pytest.mark.parametrize("url", ["mysql://u:geheim@h/x", "postgresql:/u:geheim", "sqlite://", "geheim", "file.sqlite"])
def test_what_is_no_database_is_refused_without_repeating_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        MeterStore(tmp_path, url).load(tmp_path)
    assert "use postgresql://user@host/database or sqlite:///file" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_the_url_of_the_historic_service_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_URL", "postgresql+psycopg2://u:geheim@db.example.org:5499/meters")
    assert str(MeterDatabase(Settings(home=tmp_path))) == "postgresql://db.example.org:5499/meters"
    monkeypatch.setenv("WATTHOUSE_METER_DB", f"sqlite:///{tmp_path}/other.sqlite")
    assert str(MeterDatabase(Settings(home=tmp_path))) == f"{tmp_path}/other.sqlite"
