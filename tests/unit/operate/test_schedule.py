"""A refresh that stays: each dataset at its cadence, through outages, until it is told to stop."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watthouse.catalog import CATALOG, Dataset, live
from watthouse.cli.main import app
from watthouse.errors import LakeError, UnreachableError, UsageError
from watthouse.operate.schedule import JITTER, Following
from watthouse.sync.report import Report

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
ALL = tuple(live().values())
GAS = CATALOG["stock-quotidien-stockages-gaz"]
HOURLY = {dataset.id for dataset in ALL if dataset.cadence == timedelta(hours=1)}


class Days:
    """A clock that only waiting moves, and a refresh that notes when it was called."""

    def __init__(self, length: timedelta, failing: tuple[datetime, datetime] | None = None) -> None:
        self.now, self.end, self.failing = BEGAN, BEGAN + length, failing
        self.rounds: list[tuple[datetime, set[str]]] = []
        self.errors: list[datetime] = []
        self.lagging: dict[str, datetime] = {}

    def refresh(self, due: tuple[Dataset, ...]) -> set[str]:
        if self.failing and self.failing[0] <= self.now < self.failing[1]:
            raise UnreachableError("no such host")
        self.rounds.append((self.now, {dataset.id for dataset in due}))
        self.now += timedelta(seconds=5)
        return {name for name, until in self.lagging.items() if self.now < until}

    def asked(self, name: str) -> list[datetime]:
        return [moment for moment, due in self.rounds if name in due]

    def failed(self, error: BaseException) -> None:
        self.errors.append(self.now)

    def wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return self.now >= self.end

    def follow(self, seed: int = 0) -> None:
        Following(ALL, self.refresh, self.failed, self.wait, lambda: self.now, random.Random(seed)).run()


def test_everything_is_refreshed_at_once_and_then_at_its_cadence() -> None:
    days = Days(timedelta(days=3))
    days.follow()
    assert days.rounds[0] == (BEGAN, set(live()))
    for name in live():
        times = days.asked(name)
        cadence = timedelta(hours=1) if name in HOURLY else timedelta(days=1)
        gaps = [after - before for before, after in pairwise(times)]
        assert gaps
        assert all(cadence <= gap <= cadence * (1 + JITTER) + timedelta(seconds=10) for gap in gaps)


def test_two_machines_do_not_stay_in_step() -> None:
    one, other = Days(timedelta(days=1)), Days(timedelta(days=1))
    one.follow(1)
    other.follow(2)
    assert {moment for moment, _ in one.rounds[1:]}.isdisjoint(moment for moment, _ in other.rounds[1:])


def test_an_outage_is_sat_out_with_growing_pauses_and_then_forgotten() -> None:
    days = Days(timedelta(hours=12), (BEGAN + timedelta(hours=3), BEGAN + timedelta(hours=6)))
    days.follow()
    gaps = [(after - before).total_seconds() for before, after in pairwise(days.errors)]
    assert gaps[0] < 70 * (1 + JITTER)
    assert max(gaps) <= 3600 * (1 + JITTER)
    assert len(days.errors) > 6
    after = [moment for moment, _ in days.rounds if moment > BEGAN + timedelta(hours=6)]
    assert after[0] < BEGAN + timedelta(hours=7, minutes=10)


def test_what_could_not_be_brought_up_to_date_is_tried_again_soon_and_the_others_are_left_alone() -> None:
    days, undisturbed = Days(timedelta(days=2)), Days(timedelta(days=2))
    days.lagging = {GAS.id: BEGAN + timedelta(minutes=20)}
    days.follow()
    undisturbed.follow()
    gaps = [(after - before) / timedelta(minutes=1) for before, after in pairwise(days.asked(GAS.id))]
    for gap, expected in zip(gaps, (1, 2, 4, 8, 16, 24 * 60), strict=False):
        assert expected <= gap <= expected * (1 + JITTER) + 0.2
    assert len(gaps) >= 6
    for name in live().keys() - {GAS.id}:
        assert abs(len(days.asked(name)) - len(undisturbed.asked(name))) <= 3, name


def test_what_is_never_brought_up_to_date_is_asked_at_its_cadence_in_the_end() -> None:
    days = Days(timedelta(days=20))
    days.lagging = dict.fromkeys(live(), days.end)
    days.follow()
    for name in live():
        cadence = timedelta(hours=1) if name in HOURLY else timedelta(days=1)
        times = days.asked(name)
        assert all(gap >= cadence for gap in (after - before for before, after in pairwise(times[-5:]))), name
        assert len(times) <= timedelta(days=20) / cadence + 12, name


def test_what_no_waiting_mends_ends_it() -> None:
    days = Days(timedelta(days=1))

    def refuse(due: tuple[Dataset, ...]) -> set[str]:
        raise UsageError("another kind of data")

    with pytest.raises(UsageError):
        Following(ALL, refuse, days.failed, days.wait, lambda: days.now).run()


class Panic(BaseException):
    """What some libraries raise where they break: no Exception."""


@pytest.mark.parametrize("error", [LakeError("no space"), OSError("no space"), KeyError("x"), Panic("index")])
def test_whatever_breaks_a_round_is_told_and_tried_again(error: BaseException) -> None:
    days = Days(timedelta(minutes=30))

    def refuse(due: tuple[Dataset, ...]) -> set[str]:
        raise error

    Following(ALL, refuse, days.failed, days.wait, lambda: days.now).run()
    assert len(days.errors) == 5, "at once, and one, three, seven and fifteen minutes later"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_what_is_to_end_it_ends_it(error: BaseException) -> None:
    days = Days(timedelta(minutes=30))

    def leave(due: tuple[Dataset, ...]) -> set[str]:
        raise error

    with pytest.raises(type(error)):
        Following(ALL, leave, days.failed, days.wait, lambda: days.now).run()


def test_an_error_nobody_foresaw_is_one_line_of_a_refresh_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Report:
        raise OSError("no such device")

    pauses: list[float] = []
    monkeypatch.setenv("WATTHOUSE_HOME", str(tmp_path))
    monkeypatch.setattr("watthouse.operate.pipeline.refresh", broken)
    monkeypatch.setattr("watthouse.cli.signals.heed", lambda number: None)
    monkeypatch.setattr("watthouse.cli.signals.wait", lambda seconds: pauses.append(seconds) or True)
    ended = CliRunner().invoke(app, ["refresh", "--follow"])
    assert (ended.exit_code, ended.stdout) == (0, "stopped\n")
    (line,) = ended.stderr.splitlines()
    assert "unexpected OSError: no such device: please report it" in line
    assert line.endswith("trying again")
    assert 55 < pauses[0] < 70


def test_a_refresh_that_stays_goes_by_what_its_rounds_leave_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setenv("WATTHOUSE_HOME", str(tmp_path))
    monkeypatch.setattr("watthouse.operate.pipeline.refresh", lambda *_, **__: Report(unsettled={GAS.id}))
    monkeypatch.setattr("watthouse.cli.signals.heed", lambda number: None)
    monkeypatch.setattr("watthouse.cli.signals.wait", lambda seconds: pauses.append(seconds) or True)
    assert CliRunner().invoke(app, ["refresh", "--follow"]).exit_code == 0
    assert 55 < pauses[0] < 70
