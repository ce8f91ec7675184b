"""A damaged lake never empties what people read: it is said in a line, and everything else goes on."""

import re
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.integration.test_made_up_marts import gas, national
from tests.killing import at
from tests.support import begun, mart, tables, watthouse, write_csv
from watthouse.catalog import find
from watthouse.home import Home
from watthouse.lake.ledger import Lake
from watthouse.operate import pipeline
from watthouse.settings import Settings
from watthouse.sources.files import FileSource
from watthouse.sync.report import Selection

pytestmark = [pytest.mark.slow]

GAS, POWER = "stock-quotidien-stockages-gaz", "eco2mix-national-tr"
DAYS = [date(2025, 6, day) for day in range(1, 6)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of each of two datasets, a file of the first four days and one of the fifth."""
    folder = tmp_path_factory.mktemp("files")
    for name, days in (("first", DAYS[:4]), ("later", DAYS[4:])):
        write_csv(folder / f"{name}-gas.csv", [row for day in days for row in gas(day, {"Saline": "1", "Teréga": "2"})])
        write_csv(
            folder / f"{name}-power.csv",
            [row for day in days for row in national(day, "Données temps réel", 50_000)],
        )
    return folder


@pytest.fixture(scope="module")
def built(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of four days, to copy."""
    home = begun(tmp_path_factory.mktemp("built") / "home")
    done = watthouse(home, "refresh", "--from", files / "first-gas.csv", files / "first-power.csv")
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "home"))


def log_of(home: Path, dataset: str = GAS) -> list[Path]:
    return sorted((home / "lake" / dataset / "_delta_log").glob("*.json"))


def files_of(home: Path, dataset: str = GAS) -> list[Path]:
    return sorted((home / "lake" / dataset).glob("month=*/*.parquet"))


def flip(path: Path) -> None:
    """Turn one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def refused(home: Path, *words: str | Path) -> str:
    """The one line of a call that leaves with 1."""
    done = watthouse(home, *words)
    assert done.returncode == 1, done.stdout
    (line,) = done.stderr.strip().splitlines()
    return line


def days(home: Path, name: str) -> int:
    return len(mart(home, name))


def test_a_last_entry_that_was_deleted_stops_the_build_and_the_rows_stay(home: Path) -> None:
    before = tables(home)
    log_of(home)[-1].unlink()
    line = refused(home, "build")
    assert str(home / "lake") in line
    assert f"{GAS} (its table is missing or empty; all 8, the last of 20" in line
    assert "`watthouse repair`" in line
    assert "--full --lake-was-lost" in line
    assert tables(home) == before


def test_a_last_entry_that_is_empty_is_named_and_the_rows_stay(home: Path) -> None:
    before, entry = tables(home), log_of(home)[-1]
    entry.write_bytes(b"")
    for words in (("build",), ("build", "--full")):
        line = refused(home, *words)
        assert f"{entry} is empty: `watthouse repair`" in line
        assert re.search(r"the warehouse still serves the 8 observations that were in it until 20\d\d-", line)
        assert tables(home) == before


def test_an_entry_that_was_lost_later_is_said_with_what_it_held(home: Path, files: Path) -> None:
    assert watthouse(home, "refresh", "--from", files / "later-gas.csv").returncode == 0
    before = tables(home)
    log_of(home)[-1].unlink()
    line = refused(home, "build")
    assert re.search(rf"{GAS} \(2 of 10, observed after 20[-\d]+ [:\d]+Z and until 20[-\d]+ [:\d]+Z\)", line)
    assert tables(home) == before


def test_a_lake_that_is_not_mounted_is_left_alone_by_a_refresh(home: Path, files: Path) -> None:
    before = tables(home)
    (home / "lake").rename(home / "elsewhere")
    (home / "lake").mkdir()
    line = refused(home, "refresh", "--from", files / "later-gas.csv")
    assert f"{home / 'lake'} is missing or empty, and the warehouse holds the 392 observations" in line
    assert "mount or restore it" in line
    assert tables(home) == before
    assert not list((home / "lake").iterdir()), "what is written now would lie below what is mounted later"
    (home / "lake").rmdir()
    (home / "elsewhere").rename(home / "lake")
    assert watthouse(home, "refresh", "--from", files / "later-gas.csv").returncode == 0
    assert days(home, "gas_daily") == 5


def test_a_lake_that_was_lost_is_gone_on_without_only_where_that_is_said_and_a_copy_stays(
    home: Path, files: Path
) -> None:
    before = tables(home)
    shutil.rmtree(home / "lake")
    fetched = ("refresh", "--from", files / "later-gas.csv")
    for words in (fetched, (*fetched, "--full"), ("build", "--full"), ("fetch", *fetched[1:])):
        refused(home, *words)
        assert tables(home) == before
    assert watthouse(home, *fetched, "--lake-was-lost").returncode == 2
    done = watthouse(home, *fetched, "--full", "--lake-was-lost")
    assert done.returncode == 0, done.stderr
    (kept,) = home.glob("kept-*")
    assert f"kept     {kept / 'warehouse.duckdb'}: the previous warehouse" in done.stdout
    assert [row["civil_date"] for row in mart(home, "gas_daily")] == DAYS[4:]
    assert tables(kept) == before
    assert watthouse(kept, "show", "gas_daily", "--format", "csv").stdout.count("\n") == 5
    assert watthouse(home, "build").stdout == "up to date\n"


def test_an_older_copy_of_the_lake_takes_nothing_out_of_the_marts(home: Path, files: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "lake", tmp_path / "backup")
    assert watthouse(home, "refresh", "--from", files).returncode == 0
    before = tables(home)
    shutil.rmtree(home / "lake")
    shutil.copytree(tmp_path / "backup", home / "lake")
    line = refused(home, "refresh", "--from", files / "later-power.csv")
    assert f"{GAS} (2 of 10, observed after" in line
    assert f"{POWER} (96 of 480, observed after" in line
    assert tables(home) == before


def test_a_table_that_lost_a_commit_and_grew_again_is_seen_by_its_observations(home: Path, files: Path) -> None:
    """Whoever writes to the lake beside this home: version and stamp are past what was loaded, and rows are gone."""
    before = tables(home)
    log_of(home)[-1].unlink()
    other = home.parent / "other"
    shutil.copytree(home / "lake", other / "lake")
    assert watthouse(other, "fetch", "--from", files).returncode == 0
    assert watthouse(other, "fetch", "--from", write_again(files, other)).returncode == 0
    shutil.rmtree(home / "lake")
    (other / "lake").rename(home / "lake")
    for entry in log_of(home)[2:3]:
        assert entry.exists()
    done = watthouse(home, "build")
    assert done.returncode == 1
    assert f"{GAS} lacks 8 of the 8 observations that were loaded from it until" in done.stderr
    assert {name: rows for name, rows in tables(home).items() if "gas" in name} == {
        name: rows for name, rows in before.items() if "gas" in name
    }
    assert days(home, "daily_mix") == 5


def write_again(files: Path, folder: Path) -> Path:
    """Every gas day with another value."""
    return write_csv(folder / "again.csv", [row for day in DAYS for row in gas(day, {"Saline": "3", "Teréga": "4"})])


def test_a_corrupt_file_of_the_lake_blocks_no_other_dataset_and_is_named(home: Path, files: Path) -> None:
    (file,) = files_of(home)
    flip(file)
    later = (files / "later-gas.csv", files / "later-power.csv")
    done = watthouse(home, "refresh", "--from", *later)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert f"{file} is not what was written: its digest differs: `watthouse repair`" in line
    assert "warehouse.duckdb" not in line
    assert (days(home, "daily_mix"), days(home, "gas_daily")) == (5, 4)
    again = watthouse(home, "build", "--full")
    assert again.returncode == 1
    assert str(file) in again.stderr
    assert "warehouse.duckdb" not in again.stderr
    assert (days(home, "daily_mix"), days(home, "gas_daily")) == (5, 4)
    assert "models, ran" in again.stdout


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), " bytes"),
    ],
    ids=["missing", "empty", "cut"],
)
def test_a_file_that_is_gone_or_cut_blocks_no_other_dataset_and_is_named(
    spoil: object, says: str, home: Path, files: Path
) -> None:
    (home / "warehouse.duckdb").unlink()
    (file,) = files_of(home)
    spoil(file)  # type: ignore[operator]
    done = watthouse(home, "refresh", "--from", files / "later-power.csv")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert str(file) in line
    assert says in line
    assert (days(home, "daily_mix"), days(home, "gas_daily")) == (5, 0)


def test_news_that_cannot_be_loaded_publish_nothing(home: Path, files: Path) -> None:
    """Every refresh until the repair would have readers open a copy of what they read already."""
    assert watthouse(home, "fetch", "--from", files / "later-gas.csv").returncode == 0
    flip(files_of(home)[-1])
    before = (home / "warehouse.duckdb").stat()
    line = refused(home, "build")
    assert re.search(rf"{GAS}: .+ is not what was written: its digest differs", line)
    after = (home / "warehouse.duckdb").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_table_that_holds_more_of_the_past_than_was_loaded_is_loaded_anew(home: Path, files: Path) -> None:
    """As after a repair: observations with their old stamps came back."""
    with duckdb.connect(home / "warehouse.duckdb") as connection:
        connection.execute("delete from raw.stock_quotidien_stockages_gaz where date = '2025-06-02'")
        connection.execute("update raw.loads set observations = 6 where dataset = $1", [GAS])
    assert watthouse(home, "refresh", "--from", files / "later-gas.csv").returncode == 0
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as connection:
        count = connection.execute(
            "select count(*), count(distinct (date, pits)) from raw.stock_quotidien_stockages_gaz"
        )
        assert count.fetchone() == (10, 10)
    assert days(home, "gas_daily") == 5


def test_a_warehouse_that_was_built_before_observations_were_noted_is_counted(home: Path) -> None:
    with duckdb.connect(home / "warehouse.duckdb") as connection:
        connection.execute("alter table raw.loads drop column observations")
    assert watthouse(home, "build").stdout == "up to date\n"
    log_of(home)[-1].unlink()
    assert "all 8, the last of" in refused(home, "build")


def test_a_warehouse_that_cannot_be_read_is_kept_before_it_is_made_anew(home: Path) -> None:
    (home / "warehouse.duckdb").write_bytes(b"rubbish")
    done = watthouse(home, "build")
    assert done.returncode == 0, done.stderr
    (kept,) = home.glob("kept-*/warehouse.duckdb")
    assert kept.read_bytes() == b"rubbish"
    assert str(kept) in done.stdout


def raw(home: Path) -> dict[str, object]:
    """Every observation that the warehouse loaded, and what it built of them."""
    return {name: rows for name, rows in tables(home, "raw", "core", "marts").items() if name != "raw.loads"}


def lose_the_last_entry(home: Path) -> None:
    log_of(home)[-1].unlink()


def empty_the_last_entry(home: Path) -> None:
    log_of(home)[-1].write_bytes(b"")


def cut_the_last_entry(home: Path) -> None:
    entry = log_of(home)[-1]
    entry.write_bytes(entry.read_bytes()[:-20])


def lose_the_first_entry(home: Path) -> None:
    log_of(home)[0].unlink()


def lose_an_entry_in_the_middle(home: Path) -> None:
    log_of(home)[1].unlink()


def lose_the_lake(home: Path) -> None:
    shutil.rmtree(home / "lake")


def lose_a_file(home: Path) -> None:
    files_of(home)[0].unlink()


def turn_a_bit(home: Path) -> None:
    flip(files_of(home)[0])


@pytest.mark.parametrize(
    "damage",
    [
        lose_the_last_entry,
        empty_the_last_entry,
        cut_the_last_entry,
        lose_the_first_entry,
        lose_an_entry_in_the_middle,
        lose_the_lake,
        lose_a_file,
        turn_a_bit,
    ],
)
def test_a_repair_brings_back_what_the_warehouse_holds_with_its_stamps(
    damage: Callable[[Path], None], home: Path, files: Path
) -> None:
    assert watthouse(home, "refresh", "--from", files / "later-gas.csv").returncode == 0
    before = raw(home)
    damage(home)
    told = watthouse(home, "repair")
    assert told.returncode == 1
    assert f"damaged  {GAS}: " in told.stdout
    assert re.search(r"(2|8|10) observations can be restored from the warehouse, with their stamps", told.stdout)
    assert raw(home) == before, "nothing is changed where that is not asked for"
    done = watthouse(home, "repair", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "observations restored from the warehouse, with their stamps" in done.stdout
    assert watthouse(home, "repair").stdout.startswith("nothing to repair")
    assert raw(home) == before
    again = watthouse(home, "refresh", "--from", files)
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip().splitlines()[-1] == "490 fetched, 96 new, 0 revised, 394 unchanged, 0 dropped"
    assert watthouse(home, "build", "--full").returncode == 0
    assert {name: rows for name, rows in raw(home).items() if "gas" in name} == {
        name: rows for name, rows in before.items() if "gas" in name
    }


def test_a_repair_brings_back_what_the_warehouse_holds_where_the_models_have_changed_since(home: Path) -> None:
    before = raw(home)
    before.pop("raw.builds")
    lose_the_lake(home)
    with duckdb.connect(home / "warehouse.duckdb") as connection:
        connection.execute("update raw.builds set fingerprint = 'of older models'")
    done = watthouse(home, "repair", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert watthouse(home, "build").stdout.strip().splitlines()[-1] == "up to date"
    assert {name: rows for name, rows in raw(home).items() if name != "raw.builds"} == before


def test_a_repair_finds_what_was_never_built_in_the_tables_own_files(home: Path, files: Path) -> None:
    assert watthouse(home, "fetch", "--from", files / "later-gas.csv").returncode == 0
    log_of(home)[-1].write_bytes(b"")
    assert "2 observations can be restored from files of the table" in watthouse(home, "repair").stdout
    assert watthouse(home, "repair", "--apply").returncode == 0
    assert watthouse(home, "build").returncode == 0
    assert days(home, "gas_daily") == 5


def test_a_repair_says_what_is_nowhere_else_and_it_is_fetched_again(home: Path, files: Path) -> None:
    (home / "warehouse.duckdb").unlink()
    flip(files_of(home)[0])
    for words in (("repair",), ("repair", "--apply")):
        told = watthouse(home, *words)
        assert told.returncode == 1
        assert f"8 observations are nowhere else; fetch them again with `watthouse refresh {GAS} --full`" in told.stdout
    assert list((home / "lake" / GAS / "_damaged").rglob("*.parquet")), "what is damaged is moved aside, not removed"
    done = watthouse(home, "refresh", "--from", files)
    assert done.returncode == 0, done.stderr
    assert days(home, "gas_daily") == 5


@pytest.mark.parametrize("damage", [lose_the_last_entry, cut_the_last_entry, lose_a_file, turn_a_bit])
def test_status_and_doctor_see_the_damage(damage: Callable[[Path], None], home: Path) -> None:
    sound = watthouse(home, "doctor").stdout
    assert re.search(r"ok +lake +.* holds 2 of 7 datasets, every entry of their logs and every file as written", sound)
    damage(home)
    doctor = watthouse(home, "doctor").stdout
    assert re.search(rf"bad +lake +{GAS}: ", doctor)
    checked = watthouse(home, "status", "--check")
    assert checked.returncode == 1
    assert f"watthouse: {GAS}: " in checked.stderr
    shown = watthouse(home, "status", "--json")
    assert POWER in shown.stdout


def test_a_clock_that_stood_ahead_is_noticed_at_the_next_run_and_its_stamps_can_be_mended(
    home: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=50 * 365)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return ahead

    settings = Settings(home=home)
    with monkeypatch.context() as patched:
        patched.setattr("watthouse.lake.ledger.datetime", Ahead)
        pipeline.refresh(Home(settings), FileSource([files / "later-gas.csv"], settings), Selection.of())
    before = watthouse(home, "show", "gas_daily", "--format", "csv").stdout
    said = watthouse(home, "refresh", "--from", write_again(files, home.parent))
    assert said.returncode == 0, said.stderr
    (note,) = [line for line in said.stdout.splitlines() if line.startswith("note")]
    assert f"{GAS}: its newest observation is stamped {ahead:%Y-%m-%d}" in note
    assert "set the clock if it is wrong" in note
    assert "`watthouse repair --apply` corrects the stamps" in note
    assert watthouse(home, "status", "--check").returncode == 1
    after = watthouse(home, "show", "gas_daily", "--format", "csv").stdout
    assert after != before
    assert "the stamps of 12 observations can be corrected" in watthouse(home, "repair").stdout
    assert watthouse(home, "repair", "--apply").returncode == 0
    assert watthouse(home, "repair").stdout.startswith("nothing to repair")
    assert watthouse(home, "show", "gas_daily", "--format", "csv").stdout == after
    lake = Lake(home / "lake")
    held = lake.as_of(find(GAS), datetime.now(UTC)).collect()
    assert sorted(held["stock_fin_de_journee"]) == [3] * 5 + [4] * 5
    assert not watthouse(home, "build").stdout.startswith("note")


def test_a_repair_that_is_killed_while_it_sets_a_table_aside_goes_on(home: Path, files: Path) -> None:
    """Without a warehouse, which could give the rows back."""
    before = raw(home)
    (home / "warehouse.duckdb").unlink()
    lose_the_first_entry(home)
    moved = at("after", "watthouse.lake.integrity:Store.move")
    for _ in range(2):  # a file at a time, and then all the rest
        assert watthouse(home, "repair", "--apply", env=moved).returncode == -signal.SIGKILL
        assert watthouse(home, "repair").returncode == 1, "what is half moved is damaged still"
    assert watthouse(home, "repair", "--apply").returncode == 0
    assert len(list((home / "lake").glob("damaged-*"))) == 1
    assert watthouse(begun(home), "build").returncode == 0
    gas_tables = [name for name in before if "gas" in name]
    assert {name: raw(home)[name] for name in gas_tables} == {name: before[name] for name in gas_tables}
