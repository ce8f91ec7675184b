"""A refresh writes to the file that was published before, once nothing else can see it, and copies none of some GB."""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import pytest

from tests.integration.test_made_up_marts import gas, national
from tests.killing import at
from tests.support import Tables, begun, tables, watthouse, write_csv

pytestmark = [pytest.mark.slow]

DAYS: Final = [date(2025, 6, day) for day in range(1, 5)]
EVERY: Final = ("main", "raw", "staging", "core", "marts", "energy_consumption")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A day each: gas, then power and gas that revises the day before, in turn, so that datasets fall behind."""
    folder = tmp_path_factory.mktemp("files")
    found = []
    for number, day in enumerate(DAYS):
        rows = gas(day, {"Saline": str(number), "Teréga": "2"})
        if number:
            rows += gas(DAYS[number - 1], {"Saline": "7", "Teréga": "2"})
        (here := folder / str(number)).mkdir()
        write_csv(here / "gas.csv", rows)
        if number % 2:
            write_csv(here / "power.csv", national(day, "Données temps réel", 40_000 + number))
        found.append(here)
    return found


def refreshed(home: Path, *files: Path) -> Path:
    """A refresh with each in turn; returns the home."""
    for each in files:
        done = watthouse(home, "refresh", "--from", each)
        assert done.returncode == 0, done.stderr
    return home


def inode(home: Path) -> int:
    return (home / "warehouse.duckdb").stat().st_ino


def before(home: Path) -> list[Path]:
    return [*(home / "scratch").glob("before-*")]


def content(home: Path) -> Tables:
    """Every table, apart from the moments at which it was loaded, and the names of its ledgers."""
    found = tables(home, *EVERY)
    found["raw.loads"] = found["raw.loads"].select(["dataset", "observations"])
    return {
        name: rows.drop_columns(
            [column for column in ("observed_at", "newest_us", "built_at") if column in rows.column_names]
        )
        for name, rows in found.items()
    }


@pytest.fixture(scope="module")
def expected(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Tables]:
    """The tables after each refresh of a home whose every refresh copies."""
    home, found = begun(tmp_path_factory.mktemp("copied")), []
    for each in files:
        shutil.rmtree(home / "scratch", ignore_errors=True)
        found.append(content(refreshed(home, each)))
    return found


def test_two_files_take_turns_and_hold_what_copies_hold(
    files: list[Path], expected: list[Tables], tmp_path: Path
) -> None:
    home, seen = begun(tmp_path / "home"), [0]
    for each, whole in zip(files, expected, strict=True):
        seen.append(inode(refreshed(home, each)))
        assert content(home) == whole
    _, *published = seen
    assert published[2:] == published[:-2]
    assert published[0] != published[1]
    assert len(before(home)) == 1, "the one to write to next"


def _holds(home: Path, aside: Path) -> Callable[[], bytes]:
    file = (home / "warehouse.duckdb").open("rb")

    def rest() -> bytes:
        with file:
            return file.read()

    return rest


def _links(home: Path, aside: Path) -> Callable[[], bytes]:
    os.link(home / "warehouse.duckdb", aside)
    return aside.read_bytes


@pytest.mark.parametrize("seen_by", [_holds, _links], ids=["a copying that takes its time", "another name"])
def test_a_file_that_others_can_see_is_not_written_to(
    seen_by: Callable[[Path, Path], Callable[[], bytes]],
    files: list[Path],
    expected: list[Tables],
    tmp_path: Path,
) -> None:
    home = refreshed(begun(tmp_path / "home"), files[0])
    first, whole = inode(home), (home / "warehouse.duckdb").read_bytes()
    rest = seen_by(home, tmp_path / "aside")
    refreshed(home, *files[1:3])
    assert inode(home) != first
    assert content(home) == expected[2]
    assert rest() == whole
    assert content(refreshed(home, files[3])) == expected[3]


def test_a_reader_of_an_earlier_build_reads_it_to_the_end(files: list[Path], tmp_path: Path) -> None:
    home, count = refreshed(begun(tmp_path / "home"), files[0]), "select count(*) from marts.gas_daily"
    with closing(duckdb.connect(home / "warehouse.duckdb", read_only=True)) as reader:
        refreshed(home, *files[1:])
        assert reader.execute(count).fetchone() == (1,)
    with closing(duckdb.connect(home / "warehouse.duckdb", read_only=True)) as reader:
        assert reader.execute(count).fetchone() == (4,)


def test_what_was_changed_in_the_published_file_stays(files: list[Path], tmp_path: Path) -> None:
    """By hand, or as another file in its place: what lies in scratch is the predecessor of no other."""
    home = refreshed(begun(tmp_path / "home"), *files[:2])
    with closing(duckdb.connect(home / "warehouse.duckdb")) as connection:
        connection.execute("update marts.daily_mix set nature = 'by hand'")
    refreshed(home, files[2])
    assert set(tables(home)["marts.daily_mix"]["nature"].to_pylist()) == {"by hand"}


def test_a_predecessor_that_cannot_be_used_is_done_without(
    files: list[Path], expected: list[Tables], tmp_path: Path
) -> None:
    home = refreshed(begun(tmp_path / "home"), *files[:2])
    (left,) = before(home)
    left.write_bytes(b"rubbish" * 100_000)
    assert content(refreshed(home, files[2])) == expected[2]


def test_a_model_that_is_rebuilt_whole_is_written_on_the_days_on_which_it_differs(
    files: list[Path], tmp_path: Path
) -> None:
    home = refreshed(begun(tmp_path / "home"), *files[:3])
    with closing(duckdb.connect(home / "warehouse.duckdb", read_only=True)) as connection:
        written = dict(connection.execute("from builds.written").fetchall())
        days = {
            model: connection.execute(f"select distinct civil_date from marts.{model}{where} order by 1").fetchall()
            for model in ("gas_daily", "completeness_daily")
            if (where := written[f"marts.{model}"])
        }
    # the day before was revised, of which there is as much as before
    assert days == {"gas_daily": [(DAYS[1],), (DAYS[2],)], "completeness_daily": [(DAYS[2],)]}


def test_a_full_build_and_many_days_leave_no_second_file(files: list[Path], tmp_path: Path) -> None:
    home = refreshed(begun(tmp_path / "home"), *files[:2])
    assert before(home)
    rows = [row for day in range(1, 29) for month in (1, 2) for row in gas(date(2025, month, day), {"Saline": "1"})]
    refreshed(home, write_csv(tmp_path / "many.csv", rows))
    assert not before(home), "to bring it up to date would take longer than to copy"
    refreshed(home, files[2])
    assert before(home)
    assert watthouse(home, "build", "--full").returncode == 0
    assert not before(home)


OF_PREDECESSOR: Final = "watthouse.warehouse.duckdb.predecessor"
OF_DRAFT: Final = "watthouse.warehouse.duckdb.draft:DuckDBDraft"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "point",
    [
        f"{OF_PREDECESSOR}:take",
        "watthouse.warehouse.duckdb.draft:catch_up",
        f"{OF_PREDECESSOR}:leave",
        f"{OF_DRAFT}.replay",
        f"{OF_DRAFT}.finish",
    ],
    ids=lambda point: point.rpartition(":")[2],
)
def test_kill_9_where_two_files_take_turns_then_one_more_refresh(
    point: str, when: str, files: list[Path], expected: list[Tables], tmp_path: Path
) -> None:
    home = refreshed(begun(tmp_path / "home"), *files[:2])
    held = content(home)
    killed = watthouse(home, "refresh", "--from", files[2], env=at(when, point))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert content(home) in [held, expected[2]]
    assert content(refreshed(home, files[2])) == expected[2]
    assert not list(home.glob("building-*"))
    assert content(refreshed(home, files[3])) == expected[3]


def test_a_home_whose_predecessor_is_of_a_build_that_was_never_published_writes_to_no_published_file(
    files: list[Path], expected: list[Tables], tmp_path: Path
) -> None:
    """Killed between the second name and the renaming: the published file itself is what lies in scratch."""
    home = refreshed(begun(tmp_path / "home"), *files[:2])
    killed = watthouse(home, "refresh", "--from", files[2], env=at("after", f"{OF_PREDECESSOR}:leave"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert inode(home) in {path.stat().st_ino for path in before(home)}
    refreshed(home, files[2])
    assert inode(home) not in {path.stat().st_ino for path in before(home)}
    assert content(home) == expected[2]
