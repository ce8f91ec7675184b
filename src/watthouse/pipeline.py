"""refresh = fetch ▶ observe ▶ load ▶ build: the one way in, for the command line and every orchestrator."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from watthouse.catalog import CATALOG, Dataset, find
from watthouse.errors import BusyError, LakeError, SourceError, UnrecognisedError, UsageError, WatthouseError
from watthouse.lake import Lake
from watthouse.observing import Counts
from watthouse.settings import Settings
from watthouse.sources.base import Document, Piece, Source
from watthouse.spool import Spool
from watthouse.transform import Node, Transform, fingerprint
from watthouse.warehouse.base import Draft, Loaded, Warehouse
from watthouse.warehouse.duckdb import DuckDB

TWICE = "slot stands twice in one file"


class Progress(Protocol):
    """What a refresh tells while it runs."""

    def reading(self, origin: str, done: int, total: int, rows: int) -> None:
        """``done`` of ``total`` bytes of all documents, ``rows`` so far."""

    def stage(self, what: str) -> None:
        """A new part of the work begins."""

    def node(self, node: Node) -> None:
        """dbt finished a model or a test."""


class Silent:
    """Tells nothing."""

    def reading(self, origin: str, done: int, total: int, rows: int) -> None: ...

    def stage(self, what: str) -> None: ...

    def node(self, node: Node) -> None: ...


@dataclass(frozen=True)
class Selection:
    """The datasets and the civil days (both ends included) a refresh is about; all where nothing is named."""

    datasets: tuple[Dataset, ...] = field(default_factory=lambda: tuple(CATALOG.values()))
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, names: Sequence[str] = (), since: date | None = None, until: date | None = None) -> "Selection":
        """Raises :class:`~watthouse.errors.UsageError` for an unknown dataset, and for days upside down."""
        if since and until and since > until:
            raise UsageError(f"--since {since} is later than --until {until}: turn them round")
        return cls(tuple(find(name) for name in names) or tuple(CATALOG.values()), since, until)

    def cut(self, rows: pa.Table) -> pa.Table:
        """The rows of the days asked for."""
        if self.since:
            rows = rows.filter(pc.field("date") >= pa.scalar(self.since))
        if self.until:
            rows = rows.filter(pc.field("date") <= pa.scalar(self.until))
        return rows


@dataclass
class Report:
    """What a refresh did. ``dropped``, ``left``, ``unasked`` and ``failed`` say why, by reason or by origin."""

    counts: Counts = field(default_factory=Counts)
    by_dataset: dict[str, Counts] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    unasked: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    outside: int = 0
    rows: int = 0
    built: tuple[Node, ...] | None = None

    def add(self, dataset_id: str, counts: Counts) -> None:
        """Count rows of a dataset."""
        self.by_dataset[dataset_id] = self.by_dataset.get(dataset_id, Counts()) + counts
        self.counts += counts


def refresh(
    settings: Settings,
    source: Source,
    selection: Selection,
    *,
    full: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Read, observe, load, build. What was read is in the lake before anything is built."""
    progress = progress or Silent()
    report = Report()
    with only_one(settings), _told(report):
        _fetch(settings, source, selection, progress, report)
        report.built = _build(settings, full=full, progress=progress)
    return report


def fetch(settings: Settings, source: Source, selection: Selection, *, progress: Progress | None = None) -> Report:
    """The first half: read and observe."""
    report = Report()
    with only_one(settings), _told(report):
        _fetch(settings, source, selection, progress or Silent(), report)
    return report


def build(settings: Settings, *, full: bool = False, progress: Progress | None = None) -> tuple[Node, ...]:
    """The second half: load and build. ``full`` starts from an empty warehouse."""
    with only_one(settings):
        return _build(settings, full=full, progress=progress or Silent())


def lake_of(settings: Settings) -> Lake:
    """The lake of this home."""
    return Lake(settings.lake, chunk_rows=settings.chunk_rows)


def warehouse_of(settings: Settings) -> DuckDB:
    """The warehouse of this home."""
    return DuckDB(settings.warehouse, threads=settings.threads, memory_limit=settings.memory_limit)


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """One refresh a home at a time; raises :class:`~watthouse.errors.BusyError` at once where another runs."""
    lock = _lock(settings)
    try:
        yield
    finally:
        lock.release()


def _lock(settings: Settings) -> FileLock:
    odd = sorted(set("%#?*[]") & set(str(settings.home.absolute())))
    if odd:
        raise UsageError(
            f"WATTHOUSE_HOME '{settings.home}' holds {' '.join(odd)}, which storage reads otherwise: rename it"
        )
    holder = settings.home / "refresh.pid"
    with _disk(settings.home, "set WATTHOUSE_HOME to a folder of yours with room in it"):
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(settings.home / "refresh.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            pid = holder.read_text() if holder.exists() else "unknown"
            raise BusyError(
                f"another refresh (pid {pid}) is at work in {settings.home}: wait for it to end, or set WATTHOUSE_HOME"
            ) from None
        holder.write_text(str(os.getpid()))
        return lock


def last_refreshed(settings: Settings) -> Mapping[str, datetime]:
    """When each dataset was last fetched, whether or not anything was new (UTC)."""
    try:
        said = json.loads(_refreshes(settings).read_text())
        return {name: datetime.fromisoformat(moment) for name, moment in said.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a note for `status`, made again by the next refresh


@contextmanager
def _told(report: Report) -> Iterator[None]:
    """An error in the middle carries what was done before it: those rows are in the lake all the same."""
    try:
        yield
    except WatthouseError as error:
        error.report = report
        raise


def _fetch(settings: Settings, source: Source, selection: Selection, progress: Progress, report: Report) -> None:
    with _disk(settings.scratch, "free some space and run again"), Spool(settings.scratch / "spool") as spool:
        _read(source, selection, spool, report, progress)
        lake = lake_of(settings)
        for dataset_id, documents in spool.by_dataset.items():
            dataset = find(dataset_id)
            progress.stage(f"observing {dataset_id}")
            counts = lake.observe(dataset, documents)
            report.add(dataset_id, counts)
            if counts.dropped:
                report.dropped[TWICE] += counts.dropped
            lake.compact(dataset, files=settings.compact_files, retention=timedelta(days=settings.retention_days))
        _remember(settings, spool.by_dataset)


def _read(source: Source, selection: Selection, spool: Spool, report: Report, progress: Progress) -> None:
    documents = list(source.documents())
    total, done = sum(document.size for document in documents), 0
    for document in documents:
        try:
            with spool.document() as draft:
                tally = _Tally()
                for piece in document.pieces():
                    if wanted := tally.take(piece, selection):
                        draft.add(wanted)
                    progress.reading(document.origin, done + piece.position, total, report.rows + tally.rows)
            tally.enter(report, document)
        except UnrecognisedError as error:
            report.left[document.origin] = str(error)
        except SourceError as error:
            report.failed[document.origin] = str(error)
        done += document.size


@dataclass
class _Tally:
    """What one document gave, kept apart until it is known to be whole."""

    rows: int = 0
    outside: int = 0
    dropped: dict[str, Counter[str]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)

    def take(self, piece: Piece, selection: Selection) -> Piece | None:
        """The part of a piece that was asked for, None where its dataset was not."""
        self.notes |= dict.fromkeys(piece.notes)
        if piece.dataset not in selection.datasets:
            self.unasked.add(piece.dataset.id)
            return None
        self.dropped.setdefault(piece.dataset.id, Counter()).update(piece.dropped)
        rows = selection.cut(piece.rows)
        self.outside += piece.rows.num_rows - rows.num_rows
        self.rows += rows.num_rows
        return replace(piece, rows=rows)

    def enter(self, report: Report, document: Document) -> None:
        report.outside += self.outside
        report.rows += self.rows
        if self.notes:
            report.notes[document.origin] = tuple(self.notes)
        if self.unasked and not self.dropped:
            report.unasked[document.origin] = f"it holds {', '.join(sorted(self.unasked))}, which was not asked for"
        for dataset_id, reasons in self.dropped.items():
            report.add(dataset_id, Counts(fetched=reasons.total(), dropped=reasons.total()))
            report.dropped.update(reasons)


def _build(settings: Settings, *, full: bool, progress: Progress) -> tuple[Node, ...]:
    lake, warehouse, models = lake_of(settings), warehouse_of(settings), fingerprint(settings.transform)
    steps = None if full else warehouse.steps(models)
    if steps is None:
        return _build_anew(settings, warehouse, lake, progress)
    heads = {dataset: lake.head(dataset) for dataset in CATALOG.values()}
    loaded = warehouse.loaded()
    if any(dataset.id in loaded and loaded[dataset.id].is_ahead_of(head) for dataset, head in heads.items()):
        return _build_anew(settings, warehouse, lake, progress)
    behind = [
        dataset for dataset, head in heads.items() if head and _until(loaded.get(dataset.id)) != head.observed_until
    ]
    if not behind:
        return ()
    with warehouse.draft() as draft:
        _load(draft, lake, behind, progress)
        progress.stage("building the marts")
        return tuple(draft.replay(steps, [dataset.table for dataset in behind], progress.node))


def _build_anew(settings: Settings, warehouse: Warehouse, lake: Lake, progress: Progress) -> tuple[Node, ...]:
    """Everything, by dbt, which warms up while the rows are loaded."""
    with _transform(settings) as transform, warehouse.draft(empty=True) as draft:
        _load(draft, lake, CATALOG.values(), progress)
        progress.stage("building the marts")
        draft.release()
        nodes, steps = transform.run(draft.path.parent, progress.node)
        draft.remember(fingerprint(settings.transform), steps)
        return tuple(nodes)


def _load(draft: Draft, lake: Lake, datasets: Iterable[Dataset], progress: Progress) -> None:
    for dataset in datasets:
        progress.stage(f"loading {dataset.id}")
        draft.load(lake, dataset)


def _until(loaded: Loaded | None) -> datetime | None:
    return loaded.head.observed_until if loaded else None


def _transform(settings: Settings) -> Transform:
    return Transform(
        settings.warehouse.name,
        settings.scratch / "dbt",
        threads=settings.threads,
        memory_limit=settings.memory_limit,
        project=settings.transform,
    )


@contextmanager
def _disk(folder: Path, advice: str) -> Iterator[None]:
    """Turn what the file system says into one line."""
    try:
        yield
    except (OSError, pa.ArrowException, pl.exceptions.ComputeError) as error:
        said = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise LakeError(f"{folder} cannot be written ({said}): {advice}") from error


def _refreshes(settings: Settings) -> Path:
    return settings.home / "refreshes.json"


def _remember(settings: Settings, datasets: Iterable[str]) -> None:
    now = datetime.now(UTC)
    said = {**last_refreshed(settings), **dict.fromkeys(datasets, now)}
    fresh = _refreshes(settings).with_suffix(".new")
    fresh.write_text(json.dumps({name: moment.isoformat() for name, moment in sorted(said.items())}, indent=2))
    fresh.replace(_refreshes(settings))
