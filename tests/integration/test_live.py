"""A refresh over real HTTP: whatever is in the way, nothing is lost, nothing is doubled, nothing is asked twice."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.integration.service import Service, built_from_tables, service, utc
from tests.killing import at
from tests.support import Tables, begun, command, environment, tables, watthouse
from watthouse.catalog import CATALOG, live
from watthouse.lake.ledger import Lake

pytestmark = [pytest.mark.slow]

SINCE = date(2025, 7, 1)
NOW = utc("2026-03-31T14:40")
"""Two days after the clocks went forward; the last quarter of 2025 is consolidated since the 2nd of March."""

TROUBLES = "429:11,cut:7,slow:13,interrupted:9,500:17,reset:19,short:23,html:29,json:31"
ROUNDS, FIRST = 20, 5
"""How often a refresh is killed, and how many of those times it is the first."""

SMALL = {"WATTHOUSE_WINDOW_ROWS": "20000"}


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(SINCE, NOW) as running:
        yield running


@pytest.fixture(scope="module")
def expected(served: Service, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The marts of the service's own tables, which never saw HTTP."""
    return tables(built_from_tables(served, tmp_path_factory.mktemp("expected"), NOW))


@pytest.fixture(autouse=True)
def in_good_order(served: Service) -> None:
    served.trouble("")
    served.at(NOW)


def refresh(home: Path, served: Service, *words: str, **variables: str) -> str:
    """A refresh that must succeed; returns what it said."""
    done = watthouse(home, "refresh", *words, env={**served.variables, **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout


def counted(said: str) -> tuple[int, ...]:
    """fetched, new, revised, unchanged, dropped."""
    line = said.strip().splitlines()[-1]
    return tuple(map(int, re.findall(r"\d+", line)))


def versions(home: Path) -> dict[str, int | None]:
    return {name: Lake(home / "lake").extent(dataset).version for name, dataset in CATALOG.items()}


def written(home: Path) -> tuple[int, int]:
    """Which file the warehouse is, and when it was last written to."""
    file = (home / "warehouse.duckdb").stat()
    return file.st_ino, file.st_mtime_ns


def test_trouble_of_every_kind_loses_nothing(served: Service, expected: Tables, tmp_path: Path) -> None:
    home = tmp_path / "home"
    served.trouble(TROUBLES)
    before = served.requests
    said = refresh(home, served, WATTHOUSE_WINDOW_ROWS="20000")
    assert served.requests - before > 30, "too few requests for every trouble to come up"
    assert re.search(r"\d+ requests \([1-9]\d* retr(y|ies)\), [\d.]+ MB received", said)
    assert tables(home) == expected


def test_revisions_between_troubled_refreshes_end_in_the_same_marts(
    served: Service, expected: Tables, tmp_path: Path
) -> None:
    """The last of them a day after the one that swept, so that late revisions are seen too."""
    home = begun(tmp_path / "home")
    moments = [NOW - timedelta(days=40), *(NOW - timedelta(hours=hours) for hours in (72, 50, 25, 13, 12, 5)), NOW]
    for moment in moments:
        served.at(moment)
        served.trouble("429:25,500:5,cut:7,interrupted:9,reset:11")  # a 429 asks for a pause of a second
        refresh(home, served)
    assert tables(home) == expected


def test_a_second_refresh_asks_at_most_twice_a_dataset_and_writes_nothing(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    refresh(home, served)
    held, built, before = versions(home), written(home), served.requests
    said = refresh(home, served)
    assert served.requests - before <= 2 * len(live())
    assert counted(said) == (0, 0, 0, 0, 0)
    assert versions(home) == held
    assert written(home) == built
    for name in live():
        assert f"{name}: nothing moved since 2026-" in said


def test_an_hour_later_three_requests_bring_the_last_days_of_a_restless_dataset(
    served: Service, tmp_path: Path
) -> None:
    home, name = begun(tmp_path / "home"), "eco2mix-national-tr"
    refresh(home, served, name)
    served.at(NOW + timedelta(hours=1))
    before = served.requests
    fetched, new, revised, *_ = counted(refresh(home, served, name))
    assert served.requests - before == 3, "when, how many, which"
    assert fetched == 92 + 4 * 96, "from midnight UTC three days before to the end of tomorrow in Paris"
    assert new == 0, "tomorrow's slots were there already, as forecasts"
    assert revised >= 4


def test_full_fetches_everything_again_and_finds_nothing_new(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    first = counted(refresh(home, served))
    again = counted(refresh(home, served, "--full"))
    assert (again[1], again[2]) == (0, 0)
    assert again[0] == first[0]
    assert again[3] == first[1]


def test_days_asked_for_are_fetched_and_the_rest_later(served: Service, expected: Tables, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    refresh(home, served, "--since", "2025-10-20", "--until", "2025-11-05")
    days = set(tables(home)["marts.daily_mix"]["civil_date"].to_pylist())
    assert (min(days), max(days), len(days)) == (date(2025, 10, 20), date(2025, 11, 5), 17)
    refresh(home, served)
    assert tables(home) == expected


@pytest.mark.parametrize("trouble", ["no-parquet", "no-group"])
def test_a_service_that_offers_less_is_enough(trouble: str, served: Service, expected: Tables, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    served.trouble(trouble)
    refresh(home, served)
    assert tables(home) == expected


def test_an_empty_lake_is_filled_again_whatever_was_noted(served: Service, expected: Tables, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    refresh(home, served)
    shutil.rmtree(home / "lake" / "eco2mix-regional-tr")
    refused = watthouse(home, "refresh", env=served.variables)
    assert (refused.returncode, "eco2mix-regional-tr" in refused.stderr) == (1, True), "the warehouse has the last copy"
    (home / "warehouse.duckdb").unlink()
    refresh(home, served)
    assert tables(home) == expected


def test_a_refresh_that_was_cut_short_goes_on_where_it_was(served: Service, tmp_path: Path) -> None:
    home, name = begun(tmp_path / "home"), "eco2mix-regional-cons-def"
    small = {"WATTHOUSE_WINDOW_ROWS": "1", "WATTHOUSE_ATTEMPTS": "1"}
    served.trouble("500:5")
    cut = watthouse(home, "refresh", name, env={**served.variables, **small})
    assert cut.returncode == 1
    held = counted(cut.stdout)[1]
    assert held
    served.trouble("")
    _, new, _, unchanged, _ = counted(refresh(home, served, name, **small))
    assert new
    assert unchanged == 0, "what was in the lake was fetched again"
    assert held + new == 184 * 48 * 12


def started(home: Path, served: Service) -> "subprocess.Popen[bytes]":
    """A refresh that is not waited for."""
    variables = environment(home, {**served.variables, **SMALL})
    return subprocess.Popen(command("refresh"), env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


APPEND: Final = "watthouse.lake.table:Table.append"
KEEP: Final = "watthouse.sync.watermarks:Watermarks.keep"
REMEMBER: Final = "watthouse.home:Home.remember"


@pytest.fixture(scope="module")
def earlier(served: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as of 40 days ago: since then a quarter was consolidated."""
    home = tmp_path_factory.mktemp("earlier")
    served.at(NOW - timedelta(days=40))
    served.trouble("")
    refresh(begun(home), served)
    return home


@pytest.mark.parametrize(("when", "point"), [("after", APPEND), ("before", KEEP), ("after", KEEP), ("after", REMEMBER)])
def test_kill_9_around_what_a_live_refresh_notes_then_one_more(
    when: str, point: str, earlier: Path, served: Service, expected: Tables, tmp_path: Path
) -> None:
    home = shutil.copytree(earlier, tmp_path / "home")
    served.at(NOW)
    killed = watthouse(home, "refresh", env={**served.variables, **SMALL, **at(when, point)})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    refresh(home, served, **SMALL)
    assert tables(home) == expected


@pytest.mark.long
@pytest.mark.parametrize(
    ("moment", "rounds"), [(None, FIRST), (NOW - timedelta(days=40), ROUNDS - FIRST)], ids=["first", "later"]
)
def test_kill_9_at_random_moments_of_a_live_refresh_then_one_more(
    moment: datetime | None,
    rounds: int,
    served: Service,
    expected: Tables,
    tmp_path: Path,
) -> None:
    """Of a first refresh, which dbt builds, and of one after which a quarter is consolidated."""
    before = tmp_path / "before"
    before.mkdir()
    if moment:
        served.at(moment)
        refresh(begun(before), served)
        served.at(NOW)
    shutil.copytree(before, tmp_path / "undisturbed")
    began = time.monotonic()
    assert started(tmp_path / "undisturbed", served).wait() == 0
    seconds = time.monotonic() - began
    chance = random.Random(moment is None)
    for turn in range(rounds):
        home = shutil.copytree(before, tmp_path / f"home-{turn}")
        killed = started(home, served)
        time.sleep(chance.uniform(0.1, 1.0) * seconds)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        refresh(home, served, **SMALL)
        assert tables(home) == expected
        assert not list(home.glob("building-*"))
        shutil.rmtree(home)


def test_two_live_refreshes_at_once_double_nothing(served: Service, expected: Tables, tmp_path: Path) -> None:
    home = tmp_path / "home"
    both = [
        subprocess.Popen(
            command("refresh"),
            env=environment(home, served.variables),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    said = [process.communicate()[1].decode() for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert sum("another refresh" in text for text in said) == 1
    assert tables(home) == expected


def newest_measured(now: datetime) -> datetime:
    """The last slot that is whole by a moment: processed hourly, at least half an hour after its begin."""
    return now - timedelta(hours=2)


def test_status_tells_the_last_measured_slot_not_the_last_row(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    refresh(home, served, "eco2mix-national-tr")
    said = watthouse(home, "status").stdout
    (line,) = [line for line in said.splitlines() if line.startswith("eco2mix-national-tr")]
    newest, measured = (utc(f"{day}T{clock}") for day, clock in re.findall(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)Z", line)[:2])
    assert newest == utc("2026-04-01T21:45")
    assert newest_measured(NOW) <= measured < NOW
