"""The exports of a store in PostgreSQL: the files' rows, each once, whatever happens in between."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration import shelves
from tests.integration.service import service, utc
from tests.integration.shelves import GAS, Store, gas, note, put, rows_of, table, tables, tracked
from tests.killing import at
from tests.servers import Bucket, up
from tests.support import command, environment, watthouse
from tools.services import SERVERS, Services
from tools.services.base import ServiceFailedError
from watthouse.catalog import CATALOG
from watthouse.database import Database, Session
from watthouse.errors import DatabaseError
from watthouse.exports import table as raw_tables
from watthouse.exports.dump import _Loading, _Task
from watthouse.exports.dump import dump as dump_exports
from watthouse.exports.months import Months
from watthouse.exports.report import ExportReport
from watthouse.exports.shelf import Shelf
from watthouse.storage import place_of
from watthouse.sync.report import Silent

pytestmark = [pytest.mark.slow]

NOW = utc("2025-12-01T10:40")
_SECRET = "geheim-0815"


@pytest.fixture(scope="module")
def grabbed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """All datasets of some months, as the sample has them."""
    store = shelves.folder(tmp_path_factory.mktemp("grabbed"))
    with service(date(2025, 8, 1), NOW) as served:
        home = tmp_path_factory.mktemp("home")
        done = watthouse(home, "grab", "--to-store", store.url, env=served.variables)
    assert done.returncode == 0, done.stderr
    return store


def dump(store: Path | str, database: str, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    variables = {"WATTHOUSE_DUMP_URL": database, **env}
    return watthouse(Path("/nonexistent/home"), "dump", "--from-store", str(store), *words, env=variables)


def dumped(store: Path | str, database: str, *words: str) -> str:
    """What a dump says that succeeds."""
    done = dump(store, database, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def line(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line of a refusal."""
    assert done.returncode == code, done.stderr + done.stdout
    assert _SECRET not in done.stderr + done.stdout
    found = [text for text in done.stderr.splitlines() if not text.startswith("sample ")]
    assert len(found) == 1, done.stderr
    return found[0]


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement)  # type: ignore[call-overload]
        rows: list[tuple[object, ...]] = found.fetchall() if found.description else []
        return rows


def test_the_tables_hold_the_rows_of_the_files(grabbed: Store, database: str) -> None:
    said = dumped(grabbed.url, database)
    files = grabbed.files()
    datasets = {name.partition("/")[0] for name in files}
    assert len(datasets) == 6
    for dataset in datasets:
        held = [content for name, content in files.items() if name.startswith(f"{dataset}/")]
        assert table(database, dataset) == rows_of(held)
    assert tables(database).keys() == {dataset.replace("-", "_") for dataset in datasets}
    entries = {(name, month): entry for name in datasets for month, entry in grabbed.manifest(name).items()}
    assert tracked(database) == [
        (*key, "seed=0", entry["sha256"], entry["rows"]) for key, entry in sorted(entries.items())
    ]
    assert f"{len(files)} loaded, 0 unchanged, 0 refused: postgresql://127.0.0.1:" in said


def test_a_table_has_the_columns_of_its_file(grabbed: Store, database: str) -> None:
    dumped(grabbed.url, database, "eco2mix-regional-tr", "--since", "2025-11")
    found = run(
        database,
        "select column_name, data_type from information_schema.columns where table_schema = 'raw_exports'"
        " and table_name = 'eco2mix_regional_tr' order by ordinal_position",
    )
    file = pq.read_schema(pa.BufferReader(grabbed.files()["eco2mix-regional-tr/2025-11.parquet"]))
    assert [name for name, _ in found] == file.names
    assert "column_68" in file.names
    kinds = dict(found)
    assert kinds["date_heure"] == "timestamp with time zone"
    assert kinds["consommation"] == "bigint"
    assert kinds["pompage"] == "text"
    assert kinds["tco_eolien"] == "double precision"


def test_exports_in_a_bucket_are_streamed_from_there(grabbed: Store, bucket: Bucket, database: str) -> None:
    store = shelves.of_bucket(bucket)
    shelves.upload(grabbed, bucket)
    done = dump(store.url, database, GAS, "eco2mix-regional-tr", **store.variables)
    assert done.returncode == 0, done.stderr
    for dataset in (GAS, "eco2mix-regional-tr"):
        held = [content for name, content in grabbed.files().items() if name.startswith(f"{dataset}/")]
        assert table(database, dataset) == rows_of(held)
    assert "\n0 loaded, " in dump(store.url, database, GAS, **store.variables).stdout


def test_a_second_dump_touches_no_row(grabbed: Store, database: str) -> None:
    def physical() -> list[tuple[object, ...]]:
        return run(database, f"select xmin, ctid from raw_exports.{GAS.replace('-', '_')} order by ctid")

    dumped(grabbed.url, database, GAS)
    before = physical(), run(database, "select * from raw_exports.files")
    assert "nothing loaded, " in dumped(grabbed.url, database, GAS)
    assert (physical(), run(database, "select * from raw_exports.files")) == before


def test_a_month_replaces_itself_and_no_other(tmp_path: Path, database: str) -> None:
    months = ("2024-01", "2024-02", "2024-03")
    files = {month: put(tmp_path, GAS, month, gas(month)) for month in months}
    dumped(tmp_path, database)
    stamps = "select xmin, date from raw_exports.stock_quotidien_stockages_gaz where date_trunc('month', date) {}"
    others = run(database, stamps.format("<> '2024-02-01'"))
    put(tmp_path, GAS, "2024-02", gas("2024-02", stock=500, days=29))
    assert "1 month loaded (29 rows" in dumped(tmp_path, database)
    assert table(database, GAS) == rows_of(files.values())
    assert run(database, stamps.format("<> '2024-02-01'")) == others


def test_months_are_chosen_among_those_of_the_store(tmp_path: Path, database: str) -> None:
    files = {month: put(tmp_path, GAS, month, gas(month)) for month in ("2024-01", "2024-02", "2024-03")}
    dumped(tmp_path, database, "--since", "2024-02", "--until", "2024-02")
    assert table(database, GAS) == rows_of([files["2024-02"]])
    dumped(tmp_path, database, "--until", "2024-02")
    assert table(database, GAS) == rows_of([files["2024-01"], files["2024-02"]])


def test_a_column_that_the_table_lacks_is_added_and_one_that_a_file_lacks_is_empty(
    tmp_path: Path, database: str
) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01", days=1))
    dumped(tmp_path, database)
    extra = {'Capacité "max"': pa.array([7], pa.int64()), "empty": pa.nulls(1)}
    put(tmp_path, GAS, "2024-02", gas("2024-02", days=1, **extra))
    put(tmp_path, GAS, "2024-03", gas("2024-03", days=1).drop_columns(["pits"]))
    dumped(tmp_path, database)
    assert table(database, GAS) == [
        (date(2024, 1, 1), 1.0, "Storengy", "Saline", None),
        (date(2024, 2, 1), 1.0, "Storengy", "Saline", 7),
        (date(2024, 3, 1), 1.0, "Storengy", None, None),
    ]


def test_a_type_that_changed_is_refused_in_one_line_and_the_others_go_on(tmp_path: Path, database: str) -> None:
    kept = [put(tmp_path, GAS, month, gas(month)) for month in ("2024-01", "2024-03")]
    changed = gas("2024-02", days=1).set_column(1, "stock_fin_de_journee", pa.array(["12,5"]))
    put(tmp_path, GAS, "2024-02", changed)
    said = line(dump(tmp_path, database), 1)
    assert "2024-02.parquet: its column stock_fin_de_journee is text, and double precision in raw_exports." in said
    assert table(database, GAS) == rows_of(kept)


def test_a_narrower_type_goes_into_a_wider_one(tmp_path: Path, database: str) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01", days=1))
    narrow = gas("2024-02", days=1).set_column(1, "stock_fin_de_journee", pa.array([5], pa.int32()))
    put(tmp_path, GAS, "2024-02", narrow)
    dumped(tmp_path, database)
    assert [row[1] for row in table(database, GAS)] == [1.0, 5.0]


def test_files_that_cannot_be_loaded_are_refused_by_name_and_the_others_go_on(tmp_path: Path, database: str) -> None:
    good = put(tmp_path, GAS, "2024-01", gas("2024-01"))
    put(tmp_path, GAS, "2024-02", gas("2024-02", days=30))  # the 30th day is 1 March
    put(tmp_path, GAS, "2024-03", gas("2024-03")).write_bytes(b"<html>")
    cut = put(tmp_path, GAS, "2024-04", gas("2024-04"))
    cut.write_bytes(cut.read_bytes()[:-20])
    spoilt = put(tmp_path, GAS, "2024-05", gas("2024-05"))
    content = bytearray(spoilt.read_bytes())
    content[4:24] = b"\xff" * 20
    spoilt.write_bytes(content)
    put(tmp_path, GAS, "2024-06", gas("2024-06").drop_columns(["date"]))
    put(tmp_path, GAS, "2024-07", gas("2024-07", days=1, nested=pa.array([{"a": 1}])))
    undated = gas("2024-08", days=1).set_column(0, "date", pa.array([None], pa.date32()))
    put(tmp_path, GAS, "2024-08", undated)
    put(tmp_path, GAS, "2024-09", gas("2024-09"))
    note(tmp_path, GAS, "2024-09", sha256="0" * 64)
    put(tmp_path, GAS, "2024-10", gas("2024-10", days=1, **{"a" * 64: pa.array([1])}))
    (tmp_path / "exports" / GAS / "manifest.json").write_text(
        (tmp_path / "exports" / GAS / "manifest.json").read_text().replace('"2024-01"', '"x"')
    )
    done = dump(tmp_path, database)
    assert done.returncode == 1
    refused = dict(re.findall(r"^refused .*?/(2024-\d\d)\.parquet:? (.*)$", done.stderr, re.MULTILINE))
    assert {month: said[:34] for month, said in refused.items()} == {
        "2024-02": "holds a row of 2024-03-01, which i",
        "2024-03": "Parquet truncated or damaged (Parq",
        "2024-04": "Parquet truncated or damaged (Parq",
        "2024-05": refused["2024-05"][:34],
        "2024-06": "its column date is missing, and no",
        "2024-07": "its column nested is struct<a: int",
        "2024-08": "holds rows without date",
        "2024-09": "is not the file that its manifest ",
        "2024-10": "the name of its column 'aaaaaaaaaa",
    }
    assert refused["2024-05"].startswith("Parquet truncated or damaged (")
    assert table(database, GAS) == rows_of([good])
    assert len(done.stderr.splitlines()) == len(refused)


def test_a_value_that_postgresql_refuses_costs_its_month_alone(tmp_path: Path, database: str) -> None:
    kept = [put(tmp_path, GAS, month, gas(month)) for month in ("2024-01", "2024-03")]
    put(tmp_path, GAS, "2024-02", gas("2024-02", days=1).set_column(2, "source", pa.array(["a\0b"])))
    said = line(dump(tmp_path, database), 1)
    assert f"{GAS}/2024-02.parquet: holds a value that is refused by postgresql://127.0.0.1:" in said
    assert 'invalid byte sequence for encoding "UTF8": 0x00' in said
    assert table(database, GAS) == rows_of(kept)


def test_months_that_were_loaded_beside_one_that_failed_are_told(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in ("2024-01", "2024-02", "2024-03"):
        put(tmp_path, GAS, month, gas(month))
    load, loaded = _Loading.load, threading.Event()

    def loading(self: _Loading, task: _Task) -> int | None:
        if task.month == "2024-02":
            assert loaded.wait(60)
            raise DatabaseError("it went away")
        rows = load(self, task)
        if task.month == "2024-03":
            loaded.set()
        return rows

    monkeypatch.setattr(_Loading, "load", loading)
    shelf, months = Shelf(place_of(tmp_path), 60), Months(None, None)
    with pytest.raises(DatabaseError, match="it went away") as failed:
        dump_exports(shelf, Database(database), [CATALOG[GAS]], months, Silent())
    report = failed.value.report
    assert isinstance(report, ExportReport)
    assert report.of(GAS).taken == len(tracked(database)) == 2


def test_a_file_that_a_grab_replaces_in_the_meantime_is_loaded_as_it_is_now(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01"))
    note(tmp_path, GAS, "2024-01")
    prepare = raw_tables.prepare

    def replacing(session: Session, kind: str) -> None:
        prepare(session, kind)
        put(tmp_path, GAS, "2024-01", gas("2024-01", stock=500))
        note(tmp_path, GAS, "2024-01")

    monkeypatch.setattr(raw_tables, "prepare", replacing)
    shelf, months = Shelf(place_of(tmp_path), 60), Months(None, None)
    done = dump_exports(shelf, Database(database), [CATALOG[GAS]], months, Silent())
    assert done.failed == {}
    assert table(database, GAS) == rows_of([tmp_path / "exports" / GAS / "2024-01.parquet"])


def test_values_that_a_table_would_change_are_not_called_damage(tmp_path: Path, database: str) -> None:
    fine = pa.array([1_704_067_200_000_000_001], pa.timestamp("ns", "UTC"))
    put(tmp_path, GAS, "2024-01", gas("2024-01", days=1, seen=fine))
    said = line(dump(tmp_path, database), 1)
    assert "2024-01.parquet: its column seen is timestamp[ns, tz=UTC], and holds values that" in said
    assert "damaged" not in said
    assert table(database, GAS) == []


def test_a_table_that_was_dropped_is_loaded_again(tmp_path: Path, database: str) -> None:
    file = put(tmp_path, GAS, "2024-01", gas("2024-01"))
    note(tmp_path, GAS, "2024-01")
    dumped(tmp_path, database)
    run(database, "drop table raw_exports.stock_quotidien_stockages_gaz")
    assert "1 month loaded" in dumped(tmp_path, database)
    assert table(database, GAS) == rows_of([file])


def test_published_and_synthetic_exports_never_share_a_database(grabbed: Store, tmp_path: Path, database: str) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01"))
    dumped(tmp_path, database)
    before = table(database, GAS)
    said = line(dump(grabbed.url, database, GAS), 2)
    assert "holds published data in schema raw_exports, and this is watthouse's synthetic sample (seed=0)" in said
    assert table(database, GAS) == before


def test_a_folder_copied_from_a_sample_is_not_loaded_as_published(
    grabbed: Store, tmp_path: Path, database: str
) -> None:
    shutil.copytree(Path(grabbed.url) / "exports" / GAS, tmp_path / "exports" / GAS)
    done = dump(tmp_path, database)
    assert done.returncode == 0, done.stderr
    assert {row[2] for row in tracked(database)} == {"seed=0"}
    (tmp_path / "exports" / "manifest.json").write_text('{"data": "published"}')
    said = line(dump(tmp_path, database), 2)
    assert f"sample (seed=0) by its {GAS}/manifest.json: they never share a place" in said


@pytest.mark.parametrize(
    "point",
    [
        "after:watthouse.exports.table:prepare",
        "before:watthouse.database:Session.copy",
        "after:watthouse.database:Session.copy",
        "after:watthouse.exports.table:RawTable._clear",
        "after:watthouse.exports.table:RawTable.replace",
    ],
)
def test_kill_9_around_each_month_then_one_more_dump(point: str, tmp_path: Path, database: str) -> None:
    when, _, where = point.partition(":")
    put(tmp_path, GAS, "2024-01", gas("2024-01", stock=7))
    dumped(tmp_path, database)
    files = [put(tmp_path, GAS, month, gas(month)) for month in ("2024-01", "2024-02", "2024-03")]
    assert dump(tmp_path, database, **at(when, where)).returncode == -signal.SIGKILL
    dumped(tmp_path, database)
    assert table(database, GAS) == rows_of(files)
    assert [row[1] for row in tracked(database)] == ["2024-01", "2024-02", "2024-03"]


def test_two_dumps_at_once_load_a_month_once(tmp_path: Path, database: str) -> None:
    files = [put(tmp_path, GAS, "2024-01", gas("2024-01"))]
    dumped(tmp_path, database)
    files.append(put(tmp_path, GAS, "2024-02", gas("2024-02")))
    env = environment(tmp_path, {"WATTHOUSE_DUMP_URL": database})
    words = command("dump", "--from-store", tmp_path)
    with psycopg.connect(database) as connection:
        connection.execute("lock table raw_exports.stock_quotidien_stockages_gaz in share mode")  # nobody may insert
        both = [subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        _wait_until(lambda: len(run(database, "select pid from pg_locks where not granted")) == len(both))
    counts = [one.communicate()[0].splitlines()[-1].partition(":")[0] for one in both]
    assert sorted(counts) == ["0 loaded, 2 unchanged, 0 refused", "1 loaded, 1 unchanged, 0 refused"]
    assert table(database, GAS) == rows_of(files)


@pytest.fixture
def postgres(own_servers: Services) -> str:
    """The URL of a server that this test may kill."""
    server = SERVERS["warehouse-db"]
    return server.url(up(own_servers, server.name))


def test_postgresql_killed_in_the_middle_then_one_more_dump(
    grabbed: Store, tmp_path: Path, own_servers: Services, postgres: str, database: str
) -> None:
    env = environment(tmp_path, {"WATTHOUSE_DUMP_URL": postgres})
    words = command("dump", "--from-store", grabbed.url)
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _wait_until(lambda: _has_a_month(postgres))
        own_servers.down("warehouse-db", signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    done = subprocess.CompletedProcess(words, process.returncode, out, err)
    said = line(done, 1)
    assert said.startswith("watthouse: postgresql://127.0.0.1:")
    assert said.endswith("went away: the months that were loaded stay, run again for the rest")
    _start_again(own_servers)
    kept, all_of_them = len(tracked(postgres)), len(grabbed.files())
    assert 0 < kept < all_of_them
    again = dumped(grabbed.url, postgres)
    assert f"\n{all_of_them - kept} loaded, {kept} unchanged, 0 refused" in again
    dumped(grabbed.url, database)
    assert tables(postgres) == tables(database)
    assert tracked(postgres) == tracked(database)


def _wait_until(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def _has_a_month(url: str) -> bool:
    try:
        return bool(tracked(url))
    except psycopg.errors.UndefinedTable:
        return False


def _start_again(servers: Services) -> None:
    # the processes of the one that was killed still hold its memory for a moment
    for attempt in range(20):
        try:
            servers.again(SERVERS["warehouse-db"])
        except ServiceFailedError:
            if attempt == 19:
                raise
            time.sleep(0.5)
        else:
            return


def changed(url: str, **parts: str) -> str:
    """A URL of a database with another part."""
    found = urlsplit(url)
    user, password = parts.get("user", found.username), parts.get("password", found.password)
    host = f"{parts.get('host', found.hostname)}:{parts.get('port', found.port)}"
    return f"postgresql://{user}:{password}@{host}/{parts.get('name', found.path[1:])}"


def test_a_database_that_cannot_be_used_is_one_line_without_a_password(tmp_path: Path, database: str) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01"))
    run(database, f"create role plain login password '{_SECRET}'")
    try:
        cases = {
            changed(database, password=_SECRET): 'password authentication failed for user "watthouse": check ~/.pgpass',
            changed(database, user="nobody", password=_SECRET): 'password authentication failed for user "nobody"',
            changed(database, name="nowhere"): 'database "nowhere" does not exist: create it, or check the URL',
            changed(database, port="1", password=_SECRET): "cannot be reached (the connection was refused)",
            changed(database, host="nowhere.invalid", password=_SECRET): "(its name cannot be resolved)",
            changed(database, user="plain", password=_SECRET): "permission denied for database",
        }
        for url, words in cases.items():
            said = line(dump(tmp_path, url), 1)
            assert said.startswith("watthouse: postgresql://")
            assert words in said
    finally:
        run(database, "drop role plain")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{_SECRET}@[::1/x",
        f"mysql://u:{_SECRET}@h/x",
        f"postgresql://u:{_SECRET}%zz@h/x",
        "x",
        "s3://b/c",
    ],
)
def test_what_is_no_database_is_refused_without_repeating_it(url: str, tmp_path: Path) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01"))
    said = line(dump(tmp_path, url), 2)
    assert said.endswith("is not given in a form that PostgreSQL knows: use postgresql://user@host/database")
    assert line(dump(tmp_path, "", "--to", url), 2) == said


def test_services_and_pgpass_of_libpq_are_read(tmp_path: Path, database: str) -> None:
    file, parts = put(tmp_path, GAS, "2024-01", gas("2024-01")), urlsplit(database)
    services, passwords = tmp_path / "services", tmp_path / "passwords"
    services.write_text(
        f"[grid]\nhost={parts.hostname}\nport={parts.port}\ndbname={parts.path[1:]}\nuser={parts.username}\n"
    )
    passwords.write_text(f"*:*:*:*:{parts.password}\n")
    passwords.chmod(0o600)
    env = {"PGSERVICEFILE": str(services), "PGPASSFILE": str(passwords)}
    done = dump(tmp_path, "", "--to", "postgresql:///?service=grid", **env)
    assert done.returncode == 0, done.stderr
    assert "the database of service grid, schema raw_exports" in done.stdout
    assert table(database, GAS) == rows_of([file])
    nothing = tmp_path / "nothing"
    said = line(dump(tmp_path, "postgresql:///?service=grid", **{**env, "PGPASSFILE": str(nothing)}), 1)
    assert "fe_sendauth: no password supplied: put one into ~/.pgpass" in said


def test_without_a_database_or_exports_it_says_so(tmp_path: Path, database: str) -> None:
    assert "--to postgresql://user@host/database, or set WATTHOUSE_DUMP_URL" in line(dump(tmp_path, ""), 2)
    said = line(dump(tmp_path, database), 1)
    assert said == f"watthouse: {tmp_path}/exports holds none of these months: run `watthouse grab` first"
    put(tmp_path, GAS, "2024-01", gas("2024-01"))
    assert "holds none of these months" in line(dump(tmp_path, database, "--since", "2024-02"), 1)


def test_a_bucket_that_is_missing_is_one_line(s3_bucket: Bucket, database: str) -> None:
    done = dump("s3://no-such-bucket-here/x", database, **s3_bucket.variables)
    assert "s3://no-such-bucket-here does not exist" in line(done, 1)


@pytest.mark.parametrize("missing", ["adbc_driver_postgresql", "psycopg"])
def test_without_the_extra_it_says_what_to_install(missing: str, tmp_path: Path) -> None:
    folder = tmp_path / "shadow"
    folder.mkdir()
    (folder / f"{missing}.py").write_text(f"raise ModuleNotFoundError('gone', name='{missing}')")
    env = environment(tmp_path, {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])})
    done = subprocess.run(
        command("dump", "--to", "postgresql:///x"), env=env, capture_output=True, text=True, check=False
    )
    assert line(done, 1) == f"watthouse: {missing} is not installed: pip install 'watthouse[postgres]'"
