"""Which windows of a dataset a refresh has to fetch: as few as what the service says allows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from watthouse.clock import PARIS
from watthouse.sources.odre import Facts, Month, Window
from watthouse.sync.watermarks import Watermark

Census = Callable[[], Sequence[Month] | None]
"""Asks for the fingerprint of every month; None where the service does not answer that."""


@dataclass(frozen=True)
class Stretch:
    """A window, and the months that are in the lake once it is (none where rows of them may be left out)."""

    window: Window
    months: tuple[Month, ...] = ()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Those of its months."""
        return {month.month: month.fingerprint for month in self.months}

    def touches(self, month: str) -> bool:
        """Whether it may hold rows of a month (``YYYY-MM``)."""
        since, until = self.window.since, self.window.until
        return (since is None or since < _end(month)) and (until is None or _begin(month) < until)


@dataclass(frozen=True)
class Plan:
    """The stretches to fetch.

    Once they are in the lake, so is everything up to ``facts.processed`` where the plan ``settles``, and every month
    was looked at where it ``sweeps``.
    """

    stretches: tuple[Stretch, ...] = ()
    settles: bool = True
    sweeps: bool = False


def plan(
    facts: Facts,
    mark: Watermark,
    census: Census,
    *,
    rows: int,
    full: bool = False,
    since: date | None = None,
    until: date | None = None,
) -> Plan:
    """What to fetch, in windows of about ``rows`` rows.

    Nothing where the dataset was not processed since; the revision window where a restless dataset was swept lately;
    else the months whose fingerprint moved, all of them where a sweep is due or ``full`` believes none. ``since`` and
    ``until`` (civil days, both included) cut the windows, and the plan then settles only the months that lie inside.
    """
    if facts.processed == mark.processed and not full:
        return Plan()
    whole = since is None and until is None
    if not full and whole and (recent := _recent(facts, mark)):
        return Plan((Stretch(recent),))
    months = census()
    everything = full or (facts.dataset.sweep is not None and mark.swept is not None)
    if months is None:
        stretches = [Stretch(Window(None, None, facts.rows or None))]
    else:
        moved = [month for month in months if everything or mark.months.get(month.month) != month.fingerprint]
        stretches = list(_packed(moved, rows))
    return Plan(tuple(_within(stretches, since, until)), settles=whole, sweeps=whole)


def _recent(facts: Facts, mark: Watermark) -> Window | None:
    """The revision window, where the rest was swept less than a sweep ago."""
    sweep = facts.dataset.sweep
    # a moment of processing that lay in the future once must not put off the sweeps until then
    if sweep is None or mark.swept is None or not timedelta() <= facts.processed - mark.swept < sweep:
        return None
    start = facts.processed - facts.dataset.revision_window
    return Window(start.replace(hour=0, minute=0, second=0, microsecond=0), None, None)


def _packed(months: Sequence[Month], rows: int) -> Iterator[Stretch]:
    """Runs of neighbouring months, each of about ``rows`` rows."""
    run: list[Month] = []
    for month in months:
        if run and (_begin(month.month) != _end(run[-1].month) or sum(one.rows for one in run) + month.rows > rows):
            yield _stretch(run)
            run = []
        run.append(month)
    if run:
        yield _stretch(run)


def _stretch(run: Sequence[Month]) -> Stretch:
    window = Window(_begin(run[0].month), _end(run[-1].month), sum(month.rows for month in run))
    return Stretch(window, tuple(run))


def _begin(month: str) -> datetime:
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)


def _end(month: str) -> datetime:
    return (_begin(month) + timedelta(days=31)).replace(day=1)


def _within(stretches: Sequence[Stretch], since: date | None, until: date | None) -> Iterator[Stretch]:
    """The stretches, cut to the civil days asked for; one that is cut announces no rows.

    A stretch that holds rows of other days promises no month: those rows are left out. The last UTC month of the days
    asked for is such a stretch though its window is whole, as a civil day begins before its UTC midnight.
    """
    low = min(_midnights(since)) if since else None
    ends = _midnights(until + timedelta(days=1)) if until else ()
    for stretch in stretches:
        window = stretch.window
        begin, end = _later(window.since, low), _earlier(window.until, max(ends, default=None))
        if begin and end and begin >= end:
            continue
        if (begin, end) != (window.since, window.until):
            yield Stretch(Window(begin, end, None))
        else:
            yield Stretch(window) if end and any(one < end for one in ends) else stretch


def _midnights(day: date) -> tuple[datetime, datetime]:
    """When a civil day begins, for instants and for what is keyed by the day itself."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC), datetime.combine(day, time(), UTC)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other
