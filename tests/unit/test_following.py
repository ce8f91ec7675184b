"""A refresh that stays: each dataset at its cadence, through outages, until it is told to stop."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import LakeError, UnreachableError, UsageError, WatthouseError
from watthouse.following import JITTER, Following

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
ALL = tuple(CATALOG.values())
HOURLY = {dataset.id for dataset in ALL if dataset.cadence == timedelta(hours=1)}


class Days:
    """A clock that only waiting moves, and a refresh that notes when it was called."""

    def __init__(self, length: timedelta, failing: tuple[datetime, datetime] | None = None) -> None:
        self.now, self.end, self.failing = BEGAN, BEGAN + length, failing
        self.rounds: list[tuple[datetime, set[str]]] = []
        self.errors: list[datetime] = []

    def refresh(self, due: tuple[Dataset, ...]) -> None:
        if self.failing and self.failing[0] <= self.now < self.failing[1]:
            raise UnreachableError("no such host")
        self.rounds.append((self.now, {dataset.id for dataset in due}))
        self.now += timedelta(seconds=5)

    def failed(self, error: WatthouseError) -> None:
        self.errors.append(self.now)

    def wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return self.now >= self.end

    def follow(self, seed: int = 0) -> None:
        Following(ALL, self.refresh, self.failed, self.wait, lambda: self.now, random.Random(seed)).run()


def test_everything_is_refreshed_at_once_and_then_at_its_cadence() -> None:
    days = Days(timedelta(days=3))
    days.follow()
    assert days.rounds[0] == (BEGAN, set(CATALOG))
    for name in CATALOG:
        times = [moment for moment, due in days.rounds if name in due]
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


def test_what_no_waiting_mends_ends_it() -> None:
    days = Days(timedelta(days=1))

    def refuse(due: tuple[Dataset, ...]) -> None:
        raise UsageError("another kind of data")

    with pytest.raises(UsageError):
        Following(ALL, refuse, days.failed, days.wait, lambda: days.now).run()


def test_a_full_disk_is_told_and_tried_again() -> None:
    days = Days(timedelta(minutes=30))

    def refuse(due: tuple[Dataset, ...]) -> None:
        raise LakeError("no space")

    Following(ALL, refuse, days.failed, days.wait, lambda: days.now).run()
    assert len(days.errors) >= 4
