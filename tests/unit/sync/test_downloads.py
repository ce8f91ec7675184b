"""Of downloads of real time the newest one counts, in whatever order they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.catalog import REAL_TIME, find
from watthouse.home import REAL, Home
from watthouse.settings import Settings
from watthouse.sources.base import Piece
from watthouse.sync.ingest import OLDER, take_in
from watthouse.sync.report import Report, Selection, Silent

NATIONAL = find("eco2mix-national-tr")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)

Loads = dict[int, int | None]


def instant(slot: int) -> datetime:
    return NOON + slot * timedelta(minutes=15)


@dataclass(frozen=True)
class Download:
    """A download: load by slot, None where nobody had measured it yet; ``forecast`` stands in every row."""

    loads: Loads
    forecast: int = 0

    origin = "tr.csv"
    size = 1

    @property
    def moment(self) -> int:
        return max(slot for slot, load in self.loads.items() if load is not None)

    def pieces(self) -> Iterator[Piece]:
        paris = ZoneInfo("Europe/Paris")
        rows = [
            {
                "perimetre": "France",
                "nature": REAL_TIME,
                "date": instant(slot).astimezone(paris).date(),
                "heure": f"{instant(slot).astimezone(paris):%H:%M}",
                "date_heure": instant(slot),
                "consommation": load,
                "prevision_j": self.forecast,
            }
            for slot, load in self.loads.items()
        ]
        empty = pl.DataFrame(NATIONAL.schema.empty_table())
        table = pl.concat([empty, pl.DataFrame(rows, schema_overrides=empty.schema)], how="diagonal").to_arrow()
        present = frozenset(rows[0])
        yield Piece(NATIONAL, table.cast(NATIONAL.schema), present, len(rows), position=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return opened(tmp_path)


def opened(folder: Path) -> Home:
    home = Home(Settings(home=folder))
    home.claim(REAL)
    return home


def read(home: Home, *downloads: Download, selection: Selection | None = None) -> Report:
    report = Report()
    take_in(home, downloads, selection or Selection.of(), Silent(), report)
    assert not report.failed
    return report


def held(home: Home, column: str = "consommation") -> Loads:
    newest = home.lake.as_of(NATIONAL, datetime.now(UTC) + timedelta(days=1)).collect()
    return {(at - NOON) // timedelta(minutes=15): value for at, value in newest.select("date_heure", column).rows()}


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.counts.new, report.counts.revised, report.counts.unchanged, report.dropped[OLDER]


OLD = Download({0: 10, 1: 11, 2: None, 3: None}, forecast=1)
NEW = Download({0: 10, 1: 21, 2: 22, 3: None, 4: None}, forecast=2)


def test_an_older_download_takes_nothing_back_and_is_said(home: Home) -> None:
    assert counts(read(home, NEW)) == (5, 0, 0, 0)
    assert counts(read(home, OLD)) == (0, 0, 0, 4), "each has another load, or another forecast"
    assert counts(read(home, Download({0: 10, 1: 21}, forecast=2))) == (0, 0, 2, 0), "what says the same is no news"
    assert held(home) == {0: 10, 1: 21, 2: 22, 3: None, 4: None}
    assert set(held(home, "prevision_j").values()) == {2}


def test_a_newer_download_revises_as_ever(home: Home) -> None:
    read(home, OLD)
    assert counts(read(home, NEW)) == (1, 4, 0, 0)
    assert held(home) == NEW.loads


def test_downloads_of_one_moment_count_in_the_order_in_which_they_are_read(home: Home) -> None:
    again = Download({**NEW.loads, 0: 99}, forecast=2)
    read(home, NEW)
    assert counts(read(home, again)) == (0, 1, 4, 0)
    assert counts(read(home, NEW)) == (0, 1, 4, 0)


def test_downloads_of_one_run_are_taken_by_their_moments(home: Home) -> None:
    read(home, NEW, OLD)
    assert held(home) == NEW.loads
    seen = home.lake.scan(NATIONAL).filter(pl.col("date_heure") == instant(1)).sort("observed_at").collect()
    assert seen["consommation"].to_list() == [11, 21]


def test_a_value_that_a_newer_download_found_unchanged_is_as_new_as_that_download(home: Home) -> None:
    for download in (Download({0: 1, 1: 1}), Download({0: 1, 1: 1, 2: 1, 3: 1}), Download({0: 5, 1: 5, 2: 5})):
        read(home, download)
    assert held(home) == {0: 1, 1: 1, 2: 1, 3: 1}


def test_what_the_later_download_does_not_reach_back_to_is_revised_by_an_earlier_one(home: Home) -> None:
    for download in (Download({0: 1, 1: 1}), Download({3: 3, 4: 3}), Download({0: 2, 1: 2, 2: 2, 3: 2})):
        read(home, download)
    assert held(home) == {0: 2, 1: 2, 2: 2, 3: 3, 4: 3}


def test_a_hole_in_the_later_download_is_filled_by_an_earlier_one(home: Home) -> None:
    later = Download({0: 3, 1: None, 2: 3, 3: 3})
    for download in (later, Download({0: 1, 1: 1}), Download({0: 2, 1: 2, 2: 2})):
        read(home, download)
    assert held(home) == {0: 3, 1: 2, 2: 3, 3: 3}


def test_a_download_of_which_only_older_days_are_wanted_is_no_older_for_that(home: Home) -> None:
    day = 96
    new = Download({0: 20, 1: 20, day: 20})
    read(home, Download({0: 10, 1: 10, 2: 10}))
    read(home, new, selection=Selection.of(until=NOON.date()))
    assert held(home) == {0: 20, 1: 20, 2: 10}


def lose(home: Home) -> None:
    (home.settings.home / "downloads.json").unlink()


def spoil(home: Home) -> None:
    (home.settings.home / "downloads.json").write_text('{"eco2mix-national-tr": {"stretches": 3}}')


def keep_that_of_an_earlier_run(home: Home) -> None:
    """As a run leaves it that was killed between the commit and the note."""
    note = (home.settings.home / "downloads.json").read_bytes()
    read(home, Download({**NEW.loads, 3: 23}, forecast=3))
    (home.settings.home / "downloads.json").write_bytes(note)


@pytest.mark.parametrize("trouble", [lose, spoil, keep_that_of_an_earlier_run])
def test_without_its_note_the_lake_is_as_new_as_the_newest_slot_in_it(trouble: object, home: Home) -> None:
    read(home, NEW)
    trouble(home)  # type: ignore[operator]
    before = held(home)
    assert counts(read(opened(home.settings.home), OLD)) == (0, 0, 0, 4)
    assert held(home) == before
    assert read(home, Download({0: 7, 5: 7})).counts.revised == 1


def test_a_lake_that_was_lost_has_seen_nothing(home: Home, tmp_path: Path) -> None:
    read(home, NEW)
    (home.settings.home / "lake").rename(tmp_path / "lost")
    again = opened(home.settings.home)
    assert counts(read(again, OLD)) == (4, 0, 0, 0)


@st.composite
def downloads(draw: st.DrawFn) -> list[Download]:
    """Downloads of distinct moments, each with a beginning of its own and holes, in any order."""
    taken = []
    for moment in draw(st.lists(st.integers(1, 6), min_size=2, max_size=5, unique=True)):
        begin = draw(st.integers(0, moment))
        measured = {slot: draw(st.sampled_from([None, 1, 2])) for slot in range(begin, moment)}
        taken.append(Download({**measured, moment: draw(st.sampled_from([1, 2])), moment + 1: None}))
    return taken


def runs(taken: Sequence[Download], cuts: Sequence[bool]) -> Iterator[list[Download]]:
    """The downloads, those that follow a cut in another run."""
    run: list[Download] = []
    for download, cut in zip(taken, cuts, strict=True):
        if cut and run:
            yield run
            run = []
        run.append(download)
    yield run


@given(downloads(), st.data())
@settings(max_examples=25, deadline=None)
def test_in_any_order_the_newest_values_are_those_of_the_latest_download(
    taken: list[Download], data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.booleans(), min_size=len(taken), max_size=len(taken)))
    expected: Loads = {}
    for download in sorted(taken, key=lambda download: download.moment):
        expected |= {slot: load for slot, load in download.loads.items() if load is not None or slot not in expected}
    with TemporaryDirectory() as folder:
        home = opened(Path(folder))
        for run in runs(taken, cuts):
            read(home, *run)
        assert held(home) == expected
