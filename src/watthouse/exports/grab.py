"""The publisher's own exports into a place, byte for byte, a file a month: those that moved since they were fetched."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from watthouse.catalog import Dataset
from watthouse.clock import month_end, month_start
from watthouse.errors import ServiceError, SourceError, WatthouseError
from watthouse.exports.months import Months
from watthouse.exports.report import ExportReport
from watthouse.exports.shelf import Entry, Shelf, file_of
from watthouse.home import REAL, Home
from watthouse.sources.odre import Download, Facts, FetchWindow, Month, Odre
from watthouse.sync.report import ProgressReporter, Traffic


def grab(
    home: Home, shelf: Shelf, datasets: Sequence[Dataset], months: Months, progress: ProgressReporter
) -> ExportReport:
    """Fetch the months of these datasets that the shelf lacks, or that moved since.

    A month or a dataset that cannot be had is entered in the report, and the others go on. Raises
    :class:`~watthouse.errors.ServiceError` where the service fails before anything was fetched, and where the store
    does an error with what was fetched until then.
    """
    report = ExportReport(str(shelf.place))
    with Odre(home.settings) as odre:
        try:
            progress.stage(f"asking {odre.host}")
            answers = odre.facts(datasets)
            # claimed after the first answer, which says whether this is the sample, and before anything is stored
            report.kind = odre.sample or REAL
            if shelf.is_of(home.place):
                home.claim(report.kind)
            with shelf.only_one():
                shelf.claim(report.kind)
                _Grabbing(home, shelf, odre, months, progress, report).follow(answers)
        except ServiceError as error:
            if not report.taken:
                raise
            report.failed[home.settings.odre_url] = str(error)
        except WatthouseError as error:
            if report.taken or report.failed:
                error.report = report
            raise
        finally:
            report.traffic = Traffic(odre.usage.requests, odre.usage.retries, odre.usage.bytes)
    return report


class _Grabbing:
    """One grab, dataset by dataset."""

    def __init__(
        self, home: Home, shelf: Shelf, odre: Odre, months: Months, progress: ProgressReporter, report: ExportReport
    ) -> None:
        self._shelf, self._odre, self._months = shelf, odre, months
        self._progress, self._report = progress, report
        self._now = (odre.sample and home.settings.sample_now) or datetime.now(UTC)
        self._sizes = shelf.months()

    def follow(self, answers: "Mapping[Dataset, Facts | SourceError]") -> None:
        """Fetch what moved of each dataset."""
        for dataset, facts in answers.items():
            try:
                if isinstance(facts, SourceError):
                    raise facts
                taken = self._take(facts)
                if any(entry.fingerprint for entry in taken.values()):
                    self._doubt(facts, taken)
            except SourceError as error:
                self._report.failed[dataset.id] = str(error)

    def _take(self, facts: Facts) -> Mapping[str, Entry]:
        """Fetch the months that moved, and note each before the next: a grab that is killed goes on where it was."""
        dataset, taken = facts.dataset, dict[str, Entry]()
        chosen, entries = self._chosen(facts), self._shelf.entries(dataset)
        todo = [month for month in chosen if not self._is_kept(dataset, month, entries.get(month.month))]
        figures = self._report.of(dataset.id)
        figures.unchanged = len(chosen) - len(todo)
        results = self._odre.originals(facts, [_window(month) for month in todo], self._keep)
        for done, (month, result) in enumerate(zip(todo, results, strict=True), 1):
            if isinstance(result, SourceError):
                self._report.failed[f"{dataset.id}, {month.month}"] = str(result)
            elif result:
                # A month that moved since it was counted has a fingerprint that nobody knows: fetched again next time.
                entry = replace(result, fingerprint=month.fingerprint if result.rows == month.rows else "")
                self._note(dataset, month.month, entry)
                taken[month.month] = entry
                figures.take(entry.rows, entry.bytes)
            self._progress.reading(f"{dataset.id} {month.month}", done, len(todo), figures.rows)
        return taken

    def _chosen(self, facts: Facts) -> list[Month]:
        """The months to have: those that have begun, and that have rows as far as the service says."""
        shown = self._odre.months(facts)
        if shown is not None:
            return [month for month in shown if month.month in self._months and month_start(month.month) <= self._now]
        if self._months.first is None:
            raise SourceError(
                f"{facts.dataset.id}: the service does not say which months it has: name the first one with --since"
            )
        return [Month(month, 0, "") for month in self._months.each(self._now)]

    def _is_kept(self, dataset: Dataset, month: Month, entry: Entry | None) -> bool:
        """Whether its file is there, and what the service shows of it has not moved since."""
        if entry is None or not month.fingerprint or entry.fingerprint != month.fingerprint:
            return False
        return self._sizes.get(dataset.id, {}).get(month.month) == entry.bytes

    def _keep(self, download: Download) -> Entry | None:
        """Store a file, in the thread that fetched it; None where the month has no rows."""
        since = download.window.since
        if not download.rows or since is None:
            return None
        with download.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        fetched_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._shelf.files.put(file_of(download.dataset, f"{since:%Y-%m}"), download.path)
        return Entry(fetched_at, download.url, download.rows, download.size, digest, "")

    def _note(self, dataset: Dataset, month: str, entry: Entry) -> None:
        self._shelf.note(dataset, month, entry, str(self._report.kind))

    def _doubt(self, facts: Facts, taken: Mapping[str, Entry]) -> None:
        """Forget the fingerprints of months that moved since these were taken: the files may hold either state."""
        # As a refresh does: a value that appears during the downloads, and is taken back later, would never be seen.
        now = self._odre.facts([facts.dataset])[facts.dataset]
        if isinstance(now, Facts) and now.processed == facts.processed:
            return
        months = {month.month: month.fingerprint for month in self._odre.months(facts) or ()}
        moved = [month for month, entry in taken.items() if months.get(month) != entry.fingerprint]
        for month in moved:
            self._note(facts.dataset, month, replace(taken[month], fingerprint=""))
        if moved:
            self._report.notes[facts.dataset.id] = (
                f"{', '.join(moved)} moved while it was fetched: the next grab fetches it again"
            )


def _window(month: Month) -> FetchWindow:
    """Where its rows are not known, they are counted first."""
    return FetchWindow(month_start(month.month), month_end(month.month), month.rows or None)
