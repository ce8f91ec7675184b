"""refresh = fetch ▶ observe ▶ load ▶ build: the one way in, for the command line and every orchestrator."""

import os
import secrets
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import BusyError, LakeError, TableError, WatthouseError, shown
from watthouse.home import REAL, Home
from watthouse.lake.table import Head
from watthouse.operate import runs
from watthouse.operate.consistency import Standing, stand
from watthouse.sources.base import Document, DocumentSource
from watthouse.sync import odre
from watthouse.sync.ingest import take_in
from watthouse.sync.report import ProgressReporter, Report, Selection, Silent
from watthouse.transform import Transform
from watthouse.warehouse.base import Draft


def refresh(
    home: Home,
    source: DocumentSource | None,
    selection: Selection,
    *,
    full: bool = False,
    lake_was_lost: bool = False,
    progress: ProgressReporter | None = None,
) -> Report:
    """Read, observe, load, build. What was read is in the lake before anything is built.

    Without a ``source`` the service is asked for what has moved. ``full`` ignores all earlier notes: everything is
    fetched again, and the warehouse built from scratch.

    A table that cannot be used, or that lacks observations which the warehouse holds, is left as it is, and so are its
    rows in the warehouse; ``report.failed`` has the reason, and the others go on. ``lake_was_lost`` accepts that what a
    table lacks is gone: the warehouse is kept in a folder of its own, ``report.previous_warehouse``, and replaced.
    """
    with _running(home, _named("refresh", selection), full, lake_was_lost, progress) as run:
        standing = run.fetch(source, selection)
        run.build(stand(run.home, standing.loaded))
    return run.report


def fetch(
    home: Home,
    source: DocumentSource | None,
    selection: Selection,
    *,
    full: bool = False,
    lake_was_lost: bool = False,
    progress: ProgressReporter | None = None,
) -> Report:
    """The first half: read and observe."""
    with _running(home, _named("fetch", selection), full, lake_was_lost, progress) as run:
        run.fetch(source, selection)
    return run.report


def build(
    home: Home, *, full: bool = False, lake_was_lost: bool = False, progress: ProgressReporter | None = None
) -> Report:
    """The second half: load and build. ``full`` starts from an empty warehouse.

    Raises :class:`~watthouse.errors.LakeError` where there is nothing to build from.
    """
    with _running(home, "build", full, lake_was_lost, progress) as run:
        standing = stand(run.home)
        if standing.is_empty and (lake_was_lost or not standing.loaded):
            words = "refresh --full --lake-was-lost" if standing.is_lost else "refresh"
            raise LakeError(f"the lake at {run.home.place} is empty: run `watthouse {words}`")
        run.note_the_clock(standing)
        run.build(standing)
    return run.report


def reload(home: Home, datasets: Sequence[Dataset], progress: ProgressReporter | None = None) -> Report:
    """Load these datasets from the lake again, whatever the warehouse holds of them, and rebuild what follows.

    The caller must hold the home's lock.
    """
    run = _PipelineRun(home, Report(), progress or Silent())
    steps = home.warehouse.steps()
    if steps is None or not home.warehouse.replays:
        standing = stand(home)
        run.report.failed |= standing.broken_reasons()
        run.build_anew(standing, ())
        return run.report
    with home.warehouse.draft(on_wait=run.progress.notice) as draft:
        for dataset in datasets:
            if head := home.lake.head(dataset):
                draft.load(home.lake, dataset, head, anew=True)
        run.report.built = tuple(draft.replay(steps, datasets, run.progress.node))
    return run.report


class _NothingLoadedError(WatthouseError):
    """Leaves a draft that would be published as it was begun: readers would open the same rows again."""


@contextmanager
def _running(
    home: Home, call: str, full: bool, lake_was_lost: bool, progress: ProgressReporter | None
) -> Iterator["_PipelineRun"]:
    """A run that holds the home's lock and is noted; an error in it carries the report of what is in the lake."""
    run = _PipelineRun(home, Report(), progress or Silent(), full, lake_was_lost)
    try:
        with home.only_one(), _noted(home, call, run.report):
            yield run
    except WatthouseError as error:
        error.report = run.report
        raise


@contextmanager
def _noted(home: Home, call: str, report: Report) -> Iterator[None]:
    """Note that a run begins, and how the block ends it: what :mod:`~watthouse.operate.runs` reads."""
    token, where = secrets.token_hex(4), f"{socket.gethostname()}, pid {os.getpid()}"
    begun = {"call": call, "started_by": home.settings.started_by, "where": where, "began": _now()}
    try:
        _note(home, token, begun)
    except LakeError:
        # a build does not write to the lake, and may be of a machine that must not
        if call != "build":
            raise
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        # what it did counts, whether or not that can be noted: a full disk has its own line by now
        with suppress(WatthouseError):
            _note(home, token, {**begun, "ended": _now(), **_outcome(report, error)})


def _note(home: Home, token: str, entry: Mapping[str, Any]) -> None:
    def with_entry(note: dict[str, Any]) -> dict[str, Any]:
        noted = note.get("runs")
        entries = {**(noted if isinstance(noted, dict) else {}), token: entry}
        return {"runs": dict([*entries.items()][-runs.KEPT :])}

    home.notes.update(runs.NAME, with_entry)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _outcome(report: Report, error: BaseException | None) -> dict[str, Any]:
    """What came of a run: outcome and reason, as :class:`~watthouse.operate.runs.Run` has them, and rows."""
    if error is not None:
        stopped, busy = isinstance(error, KeyboardInterrupt), isinstance(error, BusyError)
        outcome = "stopped" if stopped else "busy" if busy else "failed"
        line = str(error) if isinstance(error, WatthouseError) else "" if stopped else repr(error)
    else:
        outcome = "incomplete" if report.failed or report.unsettled else "done"
        late = f"not up to date: {', '.join(sorted(report.unsettled))}" if report.unsettled else ""
        line = next(iter(report.failed.values()), late)
    counts = {"new": report.counts.new, "revised": report.counts.revised}
    return {"outcome": outcome, **counts, "line": line and shown(line, 300)}


def _named(verb: str, selection: Selection) -> str:
    """A call of that verb, with the datasets that it was called for, where these are not all."""
    if len(selection.datasets) == 1:
        return f"{verb} {selection.datasets[0].id}"
    return verb if len(selection.datasets) == len(CATALOG) else f"{verb} of {len(selection.datasets)} datasets"


@dataclass(frozen=True)
class _PipelineRun:
    """One refresh, or one half of it."""

    home: Home
    report: Report
    progress: ProgressReporter
    full: bool = False
    lake_was_lost: bool = False

    def fetch(self, source: DocumentSource | None, selection: Selection) -> Standing:
        """Bring what is new into the lake; returns the state of the home before."""
        if source is None:
            selection = selection.live()
        with self.home.only_writer():
            standing = stand(self.home)
            self.note_the_clock(standing)
            left = self._left(standing)
            self.report.unsettled |= {dataset.id for dataset in left if dataset in selection.datasets}
            usable = tuple(dataset for dataset in selection.datasets if dataset not in left)
            # A lake that is gone altogether is most often a disk that is not mounted: what is written now would lie in
            # the folder below the mount point, hidden as soon as the disk is back.
            if not usable or (standing.is_lost and not self.lake_was_lost):
                return standing
            if source is None:
                asked = replace(selection, datasets=usable)
                odre.fetch(self.home, asked, full=self.full, progress=self.progress, report=self.report)
            else:
                self._take_in([*source.documents()], selection, left)
            return standing

    def build(self, standing: Standing) -> None:
        """Load what is new in the lake into the warehouse, and rebuild the marts that follow from it."""
        warehouse, left = self.home.warehouse, self._left(standing)
        moved = {dataset: standing.heads[dataset] for dataset in standing.moved if dataset not in left}
        self.home.refuse_mixture()
        # Swept first, and whether or not there is anything to build: a build that was killed just after it was
        # published leaves its folder behind, and the lake has nothing new then.
        warehouse.sweep()
        if standing.is_empty and not standing.loaded:
            self.report.built = ()
            return
        is_replaced = self.lake_was_lost and bool(standing.behind)
        steps = None if self.full or is_replaced else warehouse.steps()
        if steps is None:
            if is_replaced or not warehouse.is_readable():
                # it may hold the last copy of what the lake has lost
                self.report.previous_warehouse = warehouse.keep()
            self.build_anew(standing, left)
            return
        self.report.built = ()
        if not moved:
            return
        if not warehouse.replays:
            self.build_anew(standing, left, empty=False)
            return
        with suppress(_NothingLoadedError), warehouse.draft(on_wait=self.progress.notice) as draft:
            if not (loaded := self._load(draft, moved)):
                raise _NothingLoadedError
            self.progress.stage("building the marts")
            draft.describe(self.home.about)
            self.report.built = tuple(draft.replay(steps, loaded, self.progress.node))

    def build_anew(self, standing: Standing, left: Collection[Dataset], *, empty: bool = True) -> None:
        """Build everything with dbt, which warms up while the rows are loaded.

        A table that cannot be loaded, or is ``left``, is taken over from the published warehouse. Not ``empty``, rows
        that were loaded before are taken for granted.
        """
        home, sound = self.home, {dataset: head for dataset, head in standing.heads.items() if dataset not in left}
        transforming = Transform(home.warehouse.dbt(), home.settings.scratch / "dbt", home.settings.transform)
        drafting = home.warehouse.draft(empty=empty, on_wait=self.progress.notice)
        with transforming as transform, drafting as draft:
            loaded = self._load(draft, sound)
            carried = [dataset for dataset in CATALOG.values() if dataset not in loaded and draft.carry_over(dataset)]
            # nothing loaded and nothing carried over: an empty warehouse must not replace the published one
            if self.report.failed and not carried and not any(sound[dataset] for dataset in loaded):
                raise TableError(next(iter(self.report.failed.values())))
            self.progress.stage("building the marts")
            draft.describe(self.home.about)
            nodes, steps = transform.run(draft.release(), self.progress.node)
            draft.remember(steps)
            self.report.built = tuple(nodes)

    def note_the_clock(self, standing: Standing) -> None:
        """Note in the report which tables have stamps in the future."""
        for name, notice in standing.future.items():
            self.report.note(name, [notice])

    def _take_in(self, documents: Sequence[Document], selection: Selection, left: Collection[Dataset]) -> None:
        self.home.claim(REAL)
        taken = take_in(
            self.home, documents, selection, self.progress, self.report, without=left, distrusting=self.full
        )
        for dataset in taken:
            try:
                self.home.lake.compact(dataset)
            except TableError as error:
                self.report.failed[dataset.id] = str(error)
        # with those whose files were all known: they are as new as what was read now
        known = map(CATALOG.__getitem__, self.report.by_dataset.keys() - self.report.failed.keys())
        self.home.remember({*taken, *known} - {*left})

    def _left(self, standing: Standing) -> frozenset[Dataset]:
        """The tables that are left as they are; the reasons go into the report."""
        behind = [] if self.lake_was_lost else standing.behind
        if standing.broken:
            self.report.failed |= standing.broken_reasons()
        if behind:
            self.report.failed[standing.root] = standing.loss_reason()
        return frozenset([*standing.broken, *behind])

    def _load(self, draft: Draft, heads: Mapping[Dataset, Head | None]) -> list[Dataset]:
        """Load what the lake has of datasets; returns those that could be, the report has the reasons of the others."""
        loaded = []
        for dataset, head in heads.items():
            self.progress.stage(f"loading {dataset.id}")
            try:
                if head:
                    draft.load(self.home.lake, dataset, head)
            except TableError as error:
                self.report.failed[dataset.id] = str(error)
            else:
                loaded.append(dataset)
        return loaded
