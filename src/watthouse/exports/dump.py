"""The exports of a place into PostgreSQL, raw: streamed from the store by binary COPY, a transaction a month."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from queue import SimpleQueue
from typing import Final

from watthouse.catalog import Dataset
from watthouse.database import Database, Session, ValueRefusedError
from watthouse.errors import SourceError, WatthouseError
from watthouse.exports import table
from watthouse.exports.file import MonthFile
from watthouse.exports.months import Months
from watthouse.exports.report import ExportReport
from watthouse.exports.shelf import Entry, Shelf, file_of
from watthouse.exports.table import RawTable
from watthouse.home import REAL
from watthouse.sync.report import ProgressReporter

_CONNECTIONS: Final = 3
"""Months loaded at a time: while one is decoded here, the server parses the others. On two cores that others used too,
2.7 M rows took 15 s by two connections, and 12 s by three or four."""


@dataclass(frozen=True)
class _Task:
    dataset: Dataset
    month: str
    size: int
    entry: Entry | None

    def __str__(self) -> str:
        return f"{self.dataset.id}, {self.month}"


def dump(
    shelf: Shelf, database: Database, datasets: Sequence[Dataset], months: Months, progress: ProgressReporter
) -> ExportReport:
    """Load the months of these datasets that the database lacks, or whose file is another one since.

    A month that cannot be loaded is entered in the report, and the others go on. Raises
    :class:`~watthouse.errors.DatabaseError` where the database fails, with the months so far loaded.
    """
    report = ExportReport(f"{database}, schema {table.SCHEMA}", shelf.kind or REAL)
    progress.stage(f"listing {shelf.place}")
    tasks = _tasks(shelf, datasets, months)
    if not tasks:
        raise WatthouseError(f"{shelf.place} holds none of these months: run `watthouse grab` first")
    with ExitStack() as stack:
        progress.stage("connecting")
        first = stack.enter_context(database.connected())
        table.prepare(first, str(report.kind))
        todo = _todo(first, tasks, report)
        if todo:
            more = min(_CONNECTIONS, len(todo)) - 1
            sessions = [first, *(stack.enter_context(database.connected()) for _ in range(more))]
            try:
                _load(shelf, sessions, todo, progress, report)
            except WatthouseError as error:
                error.report = report
                raise
    return report


def _tasks(shelf: Shelf, datasets: Sequence[Dataset], months: Months) -> list[_Task]:
    there, tasks = shelf.months(), []
    for dataset in datasets:
        sizes = there.get(dataset.id, {})
        entries = shelf.entries(dataset) if sizes else {}
        tasks += [_Task(dataset, month, sizes[month], entries.get(month)) for month in months.among(sizes)]
    return tasks


def _todo(session: Session, tasks: Sequence[_Task], report: ExportReport) -> list[_Task]:
    """The months whose file is not known to be loaded already."""
    datasets = dict.fromkeys(task.dataset for task in tasks)
    loaded = {dataset: RawTable(session, dataset).loaded() for dataset in datasets}
    todo = [task for task in tasks if not (task.entry and loaded[task.dataset].get(task.month) == task.entry.sha256)]
    for task in tasks:
        report.of(task.dataset.id).unchanged += 1
    for task in todo:
        report.of(task.dataset.id).unchanged -= 1
    return todo


def _load(
    shelf: Shelf, sessions: Sequence[Session], todo: Sequence[_Task], progress: ProgressReporter, report: ExportReport
) -> None:
    free: SimpleQueue[_Loading] = SimpleQueue()
    for session in sessions:
        free.put(_Loading(shelf, session, str(report.kind)))

    def load(task: _Task) -> int | str | None:
        loading = free.get()
        try:
            return loading.load(task)
        except SourceError as error:
            return str(error)  # and not the error: its traceback would hold on to the rows
        finally:
            free.put(loading)

    # The first month of a dataset makes its table: of two at once it would be chance whose types it has.
    firsts = list({task.dataset: task for task in reversed(todo)}.values())[::-1]
    rows, done = 0, count()
    begun: deque[tuple[_Task, Future[int | str | None]]] = deque()
    try:
        with _pool(sessions) as pool:
            for tasks in (firsts, [task for task in todo if task not in firsts]):
                begun.extend((task, pool.submit(load, task)) for task in tasks)
                while begun:
                    task, outcome = begun[0][0], begun[0][1].result()
                    begun.popleft()
                    rows += _enter(task, outcome, report)
                    progress.reading(f"{task.dataset.id} {task.month}", next(done) + 1, len(todo), rows)
    except WatthouseError:
        # others were loaded beside the one that failed
        for task, future in begun:
            if not future.cancelled() and not future.exception():
                _enter(task, future.result(), report)
        raise


def _enter(task: _Task, outcome: int | str | None, report: ExportReport) -> int:
    """Put what became of a month into the report; returns how many rows were loaded."""
    figures = report.of(task.dataset.id)
    if isinstance(outcome, str):
        report.failed[str(task)] = outcome
    elif outcome is None:
        figures.unchanged += 1
    else:
        figures.take(outcome, task.size)
    return outcome if isinstance(outcome, int) else 0


@contextmanager
def _pool(sessions: Sequence[Session]) -> Iterator[ThreadPoolExecutor]:
    """A thread a session; where the block is left early, what they are at is cancelled and nothing more begun."""
    with ThreadPoolExecutor(len(sessions)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # its end waits for those at work
            for session in sessions:
                session.cancel()
            raise


class _Loading:
    """One connection, and the tables as it knows them."""

    def __init__(self, shelf: Shelf, session: Session, kind: str) -> None:
        self._shelf, self._session, self._kind = shelf, session, kind
        self._tables: dict[Dataset, RawTable] = {}

    def load(self, task: _Task) -> int | None:
        """Load a month; returns its rows, None where it was there already."""
        if task.dataset not in self._tables:
            self._tables[task.dataset] = RawTable(self._session, task.dataset)
        target = self._tables[task.dataset]
        name = file_of(task.dataset, task.month)
        with MonthFile.opened(self._shelf.files, name, task.dataset, task.month) as file:
            if task.entry and file.sha256 != task.entry.sha256 and not self._is_noted(task, file.sha256):
                raise SourceError(
                    f"{file.origin} is not the file that its manifest describes: if a grab is running, dump again"
                    " after it; else remove it and run `watthouse grab`"
                )
            rows = file.batches(target.fit(file.schema, file.origin))
            try:
                is_new = target.replace(task.month, file.sha256, file.rows, self._kind, rows)
            except WatthouseError as error:
                # the driver says of an error in a file only that there was one
                if file.error is None and isinstance(error, ValueRefusedError):
                    raise SourceError(f"{file.origin}: holds a value that is refused by {error}") from None
                raise (file.error or error) from None
        return file.rows if is_new else None

    def _is_noted(self, task: _Task, sha256: str) -> bool:
        """Whether a grab has noted that file since the months were listed."""
        entry = self._shelf.entries(task.dataset).get(task.month)
        return entry is not None and entry.sha256 == sha256
