"""The steps of a curve: which length its intervals have, where that changes, and which intervals are missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

STEADY: Final = 3
"""Intervals of one length in a row that make it a step of the curve."""


@dataclass(frozen=True)
class Run:
    """Intervals of one length in a row; the first of them begins at ``since``."""

    since: datetime
    length: timedelta
    count: int


@dataclass(frozen=True)
class Stretch:
    """A part of a curve, by instants; ``count`` is how many intervals it has or lacks."""

    since: datetime
    until: datetime
    count: int


@dataclass(frozen=True)
class StepChange:
    """A moment at which the intervals get another length [min]."""

    at: datetime
    before: int
    after: int


def runs_of(begun: Sequence[tuple[datetime, timedelta]], last: datetime) -> list[Run]:
    """Runs from where each begins and the length of its intervals; the last one ends with the last reading."""
    ends = [*(since for since, _ in begun[1:]), last] if begun else []
    return [Run(since, length, (end - since) // length) for (since, length), end in zip(begun, ends, strict=True)]


def minutes_of(length: timedelta) -> int:
    """A length in whole minutes."""
    return round(length.total_seconds() / 60)


def usual(runs: Sequence[Run]) -> timedelta:
    """The length that comes most often in a row."""
    return max(runs, key=lambda run: run.count).length


def changes(runs: Sequence[Run]) -> Iterator[StepChange]:
    """Where one step of the curve gives way to another."""
    step = _first_step(runs)
    for run in runs:
        if run.count >= STEADY and run.length != step:
            yield StepChange(run.since, minutes_of(step), minutes_of(run.length))
            step = run.length


def gaps(runs: Sequence[Run]) -> Iterator[Stretch]:
    """Where intervals are missing; between two steps a longer interval is a gap of the shorter one."""
    step = _first_step(runs)
    for run, following in zip(runs, _following(runs), strict=True):
        if run.count >= STEADY:
            step = run.length
            continue
        expected = min(step, following or step)
        if run.length > expected:
            yield from _missing(run, run.length // expected - 1)


def _missing(run: Run, count: int) -> Iterator[Stretch]:
    for number in range(run.count):
        since = run.since + number * run.length
        yield Stretch(since, since + run.length, count)


def _first_step(runs: Sequence[Run]) -> timedelta:
    return next((run.length for run in runs if run.count >= STEADY), usual(runs)) if runs else timedelta()


def _following(runs: Sequence[Run]) -> list[timedelta | None]:
    """For each run, the next step of the curve after it."""
    steps: list[timedelta | None] = []
    step: timedelta | None = None
    for run in reversed(runs):
        steps.append(step)
        step = run.length if run.count >= STEADY else step
    return steps[::-1]
