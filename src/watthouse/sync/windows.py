"""Which windows of a dataset a refresh has to fetch: as few as the service's answers allow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from watthouse.clock import PARIS, month_end, month_start
from watthouse.sources.odre import Facts, FetchWindow, Month
from watthouse.sync.watermarks import Watermark

Census = Callable[[], Sequence[Month] | None]
"""Asks for the fingerprint of every month; None where the service does not give them."""


@dataclass(frozen=True)
class Stretch:
    """A window, and the months that are in the lake once it is (none where some of their rows may be left out)."""

    window: FetchWindow
    months: tuple[Month, ...] = ()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprints of its months."""
        return {month.month: month.fingerprint for month in self.months}

    def touches(self, month: str) -> bool:
        """Whether it may hold rows of a month (``YYYY-MM``)."""
        since, until = self.window.since, self.window.until
        return (since is None or since < month_end(month)) and (until is None or month_start(month) < until)


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
    else the months whose fingerprint moved, or all of them where a sweep is due or ``full`` is set. ``since`` and
    ``until`` (civil days, both included) cut the windows, and the plan then settles only the months that lie inside.
    """
    if facts.processed == mark.processed and not full:
        return Plan()
    whole = since is None and until is None
    if not full and whole and (recent := _recent(facts, mark)):
        return Plan((Stretch(recent),))
    months = census()
    # Fingerprints miss a value that is revised in a text column, or against another one. Restless datasets are small
    # enough to be swept whole; for the others that is what --full is for.
    everything = full or (facts.dataset.sweep is not None and mark.swept is not None)
    if months is None:
        stretches = [Stretch(FetchWindow(None, None, facts.rows or None))]
    else:
        moved = [month for month in months if everything or mark.months.get(month.month) != month.fingerprint]
        stretches = list(_packed(moved, rows))
    return Plan(tuple(_within(stretches, since, until)), settles=whole, sweeps=whole)


def _recent(facts: Facts, mark: Watermark) -> FetchWindow | None:
    """The revision window, where the rest was swept less than a sweep ago."""
    sweep = facts.dataset.sweep
    # The service once gave a moment of processing in the future. A sweep dated then must not put off the next ones
    # until that moment: hence the lower bound.
    if sweep is None or mark.swept is None or not timedelta() <= facts.processed - mark.swept < sweep:
        return None
    start = facts.processed - facts.dataset.revision_window
    return FetchWindow(start.replace(hour=0, minute=0, second=0, microsecond=0), None, None)


def _packed(months: Sequence[Month], rows: int) -> Iterator[Stretch]:
    """Runs of neighbouring months, each of about ``rows`` rows."""
    run: list[Month] = []
    for month in months:
        rows_so_far = sum(member.rows for member in run)
        if run and (month_start(month.month) != month_end(run[-1].month) or rows_so_far + month.rows > rows):
            yield _stretch(run)
            run = []
        run.append(month)
    if run:
        yield _stretch(run)


def _stretch(run: Sequence[Month]) -> Stretch:
    window = FetchWindow(month_start(run[0].month), month_end(run[-1].month), sum(month.rows for month in run))
    return Stretch(window, tuple(run))


def _within(stretches: Sequence[Stretch], since: date | None, until: date | None) -> Iterator[Stretch]:
    """The stretches, cut to the given civil days; one that is cut has no announced number of rows.

    A stretch with rows of other days proves no month, as those rows are left out. The last UTC month of the period is
    such a stretch even where its window is whole, since a civil day begins before its UTC midnight.
    """
    # `--until` on the last day of a month once hid the first hours of the next month from every later refresh.
    low = min(_midnights(since)) if since else None
    ends = _midnights(until + timedelta(days=1)) if until else ()
    for stretch in stretches:
        window = stretch.window
        begin, end = _later(window.since, low), _earlier(window.until, max(ends, default=None))
        if begin and end and begin >= end:
            continue
        if (begin, end) != (window.since, window.until):
            yield Stretch(FetchWindow(begin, end, None))
        else:
            yield Stretch(window) if end and any(midnight < end for midnight in ends) else stretch


def _midnights(day: date) -> tuple[datetime, datetime]:
    """When a civil day begins, for instants and for what is keyed by the day itself."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC), datetime.combine(day, time(), UTC)


def _later(bound: datetime | None, other: datetime | None) -> datetime | None:
    return max(bound, other) if bound and other else bound or other


def _earlier(bound: datetime | None, other: datetime | None) -> datetime | None:
    return min(bound, other) if bound and other else bound or other
