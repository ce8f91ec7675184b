"""What a refresh is about, what it reports while it runs, and what it did."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from watthouse.catalog import CATALOG, Dataset, find
from watthouse.errors import UsageError
from watthouse.lake.compare import Counts
from watthouse.sources.base import Document, Piece
from watthouse.transform import Node
from watthouse.warehouse.base import Kept


class ProgressReporter(Protocol):
    """Follows a refresh while it runs."""

    def reading(self, origin: str, done: int, total: int, rows: int) -> None:
        """``done`` of ``total`` (bytes of files, rows of a service's dataset), and all ``rows`` taken so far."""

    def stage(self, what: str) -> None:
        """A new part of the work begins."""

    def node(self, node: Node) -> None:
        """dbt finished a model or a test."""

    def notice(self, text: str) -> None:
        """What somebody who waits for the end wants to know now, as that it is held up."""


class Silent:
    """Reports nothing."""

    def reading(self, origin: str, done: int, total: int, rows: int) -> None: ...

    def stage(self, what: str) -> None: ...

    def node(self, node: Node) -> None: ...

    def notice(self, text: str) -> None: ...


@dataclass(frozen=True)
class Selection:
    """The datasets and civil days (both ends included) that a refresh is about; everything where none are named."""

    datasets: tuple[Dataset, ...] = field(default_factory=lambda: tuple(CATALOG.values()))
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, names: Sequence[str] = (), since: date | None = None, until: date | None = None) -> "Selection":
        """Raises :class:`~watthouse.errors.UsageError` for an unknown dataset, and for days in the wrong order."""
        refuse_reversed(since, until)
        chosen = dict.fromkeys(find(name) for name in names)
        return cls(tuple(chosen) or tuple(CATALOG.values()), since, until)

    def live(self) -> "Selection":
        """The part of it that a service can be asked for.

        Raises :class:`~watthouse.errors.UsageError` where a dataset was named that comes by files alone.
        """
        others = [dataset.id for dataset in self.datasets if not dataset.live]
        if others and len(self.datasets) < len(CATALOG):
            raise UsageError(
                f"{others[0]} comes by files alone: download it from its publisher, then `watthouse refresh --from` it"
            )
        return replace(self, datasets=tuple(dataset for dataset in self.datasets if dataset.live))

    def cut(self, rows: pa.Table) -> pa.Table:
        """The rows of these days."""
        if self.since:
            rows = rows.filter(pc.field("date") >= pa.scalar(self.since))
        if self.until:
            rows = rows.filter(pc.field("date") <= pa.scalar(self.until))
        return rows


def refuse_reversed(since: date | None, until: date | None) -> None:
    """Raises :class:`~watthouse.errors.UsageError` where ``since`` is later than ``until``."""
    if since and until and since > until:
        raise UsageError(f"--since {since} is later than --until {until}: swap them")


@dataclass(frozen=True)
class Traffic:
    """What a service was used for: requests, how many of them were retries, and bytes received."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0


@dataclass
class Report:
    """What a refresh did.

    ``dropped`` counts rows by reason; ``left`` (not an export), ``unselected`` (of another dataset) and ``failed`` give
    reasons by origin. ``still`` are the datasets of a service that have not moved, with the moment since when;
    ``unsettled`` those that were to be brought up to date and were not, for whatever reason. ``traffic`` is None where
    no service was asked. ``previous_warehouse`` is the copy of a warehouse that was replaced although it held more, or
    could not be read.
    """

    counts: Counts = field(default_factory=Counts)
    by_dataset: dict[str, Counts] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    unselected: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    still: dict[str, datetime] = field(default_factory=dict)
    unsettled: set[str] = field(default_factory=set)
    traffic: Traffic | None = None
    outside: int = 0
    rows: int = 0
    built: tuple[Node, ...] | None = None
    previous_warehouse: Kept | None = None

    def add(self, dataset_id: str, counts: Counts) -> None:
        """Count rows of a dataset."""
        self.by_dataset[dataset_id] = self.by_dataset.get(dataset_id, Counts()) + counts
        self.counts += counts

    def note(self, origin: str, notes: Sequence[str]) -> None:
        """Keep the notes on a document, each of them once."""
        if notes:
            self.notes[origin] = tuple(dict.fromkeys((*self.notes.get(origin, ()), *notes)))


@dataclass
class Tally:
    """The figures of one document, kept apart until it is known to be whole."""

    rows: int = 0
    outside: int = 0
    dropped: dict[str, Counter[str]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    unselected: Counter[str] = field(default_factory=Counter)

    @property
    def strays(self) -> str:
        """The rows of datasets that were not selected, in words."""
        return "it holds " + " and ".join(f"{rows:,} rows of {name}" for name, rows in sorted(self.unselected.items()))

    def take(self, piece: Piece, selection: Selection) -> Piece | None:
        """The part of a piece that is selected, None where its dataset is not."""
        self.notes |= dict.fromkeys(piece.notes)
        if piece.dataset not in selection.datasets:
            self.unselected[piece.dataset.id] += piece.rows.num_rows
            return None
        self.dropped.setdefault(piece.dataset.id, Counter()).update(piece.dropped)
        rows = selection.cut(piece.rows)
        self.outside += piece.rows.num_rows - rows.num_rows
        self.rows += rows.num_rows
        return replace(piece, rows=rows)

    def enter(self, report: Report, document: Document) -> None:
        """Put a whole document's figures into the report."""
        report.outside += self.outside
        report.rows += self.rows
        report.note(document.origin, tuple(self.notes))
        if self.unselected and not self.dropped:
            names = ", ".join(sorted(self.unselected))
            report.unselected[document.origin] = f"it holds {names}, which was not asked for"
        for dataset_id, reasons in self.dropped.items():
            if not reasons:
                continue
            report.add(dataset_id, Counts(fetched=reasons.total(), dropped=reasons.total()))
            report.dropped.update(reasons)
