"""The service into the lake: ask what moved, fetch those windows, and have each in the lake before the next step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from watthouse.errors import LakeError, ServiceError, SourceError, StoreError, TableError
from watthouse.home import REAL, Home
from watthouse.settings import Settings
from watthouse.sources.base import Document
from watthouse.sources.odre import Download, Facts, Odre
from watthouse.sync.ingest import take_in
from watthouse.sync.report import ProgressReporter, Report, Selection, Traffic
from watthouse.sync.watermarks import Watermark, Watermarks
from watthouse.sync.windows import Plan, plan


def fetch(home: Home, selection: Selection, *, full: bool, progress: ProgressReporter, report: Report) -> None:
    """Bring the lake up to what the service shows of these datasets.

    What goes wrong with a dataset or a window is entered in the report, and the others go on; where the service as a
    whole fails, the rest waits. ``report.unsettled`` are the datasets that differ from what the service shows, or that
    were not reached any more. Raises :class:`~watthouse.errors.ServiceError` where nothing was fetched at all.
    """
    report.unsettled |= {dataset.id for dataset in selection.datasets}
    settings = home.settings
    with _stopping(settings, report), Odre(settings) as odre, _counting(odre, report):
        progress.stage(f"asking {odre.host}")
        answers = odre.facts(selection.datasets)
        # Claimed after the first answer, which says whether this is the sample, and before the first row is stored.
        home.claim(odre.sample or REAL)
        marks = Watermarks(home.notes, odre.sample or settings.odre_url, home.lake)
        for dataset, facts in answers.items():
            if isinstance(facts, SourceError):
                report.failed[dataset.id] = str(facts)
            else:
                report.note(dataset.id, facts.notes)
                following = _Following(home, odre, marks, selection, progress, report)
                try:
                    following.follow(facts, full=full)
                except (SourceError, TableError) as error:
                    report.failed[dataset.id] = str(error)


class _Following:
    """One refresh from the service, dataset by dataset."""

    def __init__(
        self,
        home: Home,
        odre: Odre,
        marks: Watermarks,
        selection: Selection,
        progress: ProgressReporter,
        report: Report,
    ) -> None:
        self._home, self._odre, self._marks = home, odre, marks
        self._selection, self._progress, self._report = selection, progress, report

    def follow(self, facts: Facts, *, full: bool) -> None:
        """Fetch what moved of a dataset, and note how far that reaches; raises SourceError where that fails."""
        try:
            mark = self._marks.of(facts.dataset)
            todo = self._plan(facts, mark, full=full)
        except StoreError:
            raise  # the others would wait for the same bucket
        except LakeError as error:
            self._report.failed[facts.dataset.id] = str(error)
            return
        if not todo.stretches:
            self._report.still[facts.dataset.id] = facts.processed
        mark, whole = self._take(facts, mark, todo)
        outdated = self._outdated(facts, mark, todo)
        self._home.confirm_writer()
        if outdated:
            mark = self._marks.keep(facts.dataset, replace(mark.without_months(outdated), processed=None))
        if whole and not outdated:
            self._report.unsettled.discard(facts.dataset.id)
        if whole and todo.settles:
            self._settle(facts, mark, todo, processed=None if outdated else facts.processed)

    def _settle(self, facts: Facts, mark: Watermark, todo: Plan, processed: datetime | None) -> None:
        swept = facts.processed if todo.sweeps else mark.swept
        if (mark.processed, mark.swept) != (processed, swept):
            self._marks.keep(facts.dataset, replace(mark, processed=processed, swept=swept))
        self._home.remember([facts.dataset])

    def _outdated(self, facts: Facts, mark: Watermark, todo: Plan) -> list[str]:
        """The months just fetched that have moved since their fingerprints were taken: either may be in the lake."""
        # Publishers do not wait for a refresh to end. A value that appeared in the middle of one and was taken back
        # later stayed in the lake: the fingerprint taken before was right again, so the month was never fetched.
        fetched = [name for stretch in todo.stretches for name in stretch.fingerprints if name in mark.months]
        if not fetched:
            return []
        now = self._odre.facts([facts.dataset])[facts.dataset]
        if isinstance(now, Facts) and now.processed == facts.processed:
            return []
        try:
            months = {month.month: month.fingerprint for month in self._odre.months(facts) or ()}
        except SourceError:
            return fetched
        return [name for name in fetched if months.get(name) != mark.months[name]]

    def _plan(self, facts: Facts, mark: Watermark, *, full: bool) -> Plan:
        return plan(
            facts,
            mark,
            lambda: self._odre.months(facts),
            rows=self._home.settings.window_rows,
            full=full,
            since=self._selection.since,
            until=self._selection.until,
        )

    def _take(self, facts: Facts, mark: Watermark, todo: Plan) -> tuple[Watermark, bool]:
        """Every window of a plan into the lake; returns the watermark, and whether all of it came as announced."""
        windows = [stretch.window for stretch in todo.stretches]
        whole, before = True, self._report.rows
        # The watermark is written after each window: a refresh that is killed goes on where it was.
        for stretch, download in zip(todo.stretches, self._odre.downloads(facts, windows), strict=True):
            outside = self._report.outside
            proven = self._arrive(download, before, facts.rows)
            whole &= proven
            # A window that touches a month without covering it leaves the month's note unproven.
            mark = mark.without_months([month for month in mark.months if stretch.touches(month)])
            if proven and self._report.outside == outside:
                mark = mark.with_months(stretch.fingerprints)
            if stretch.months:
                mark = self._marks.keep(facts.dataset, mark)
        if windows:
            self._home.lake.compact(facts.dataset)
        return mark, whole

    def _arrive(self, download: Download, before: int, total: int) -> bool:
        """A window into the lake; returns whether it is there, and still as it was announced."""

        def on_progress(document: Document, _position: int, rows: int) -> None:
            self._progress.reading(document.origin, rows - before, max(total, rows - before), rows)

        take_in(
            self._home,
            [download],
            self._selection,
            self._progress,
            self._report,
            on_progress,
            of=download.dataset,
        )
        # a download that is not an export is a failure of the service; only files of the user may be passed over
        if download.origin in self._report.left:
            self._report.failed[download.origin] = self._report.left.pop(download.origin)
        return download.origin not in self._report.failed and not download.moved


@contextmanager
def _stopping(settings: Settings, report: Report) -> Iterator[None]:
    """Turn an error of the service as a whole into a failure in the report, once something was fetched.

    What was fetched is built all the same.
    """
    try:
        yield
    except ServiceError as error:
        if not report.counts.fetched:
            raise
        report.failed[settings.odre_url] = str(error)


@contextmanager
def _counting(odre: Odre, report: Report) -> Iterator[None]:
    try:
        yield
    finally:
        report.traffic = Traffic(odre.usage.requests, odre.usage.retries, odre.usage.bytes)
