"""Documents into the lake: read whole or not at all, then observed together."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from watthouse.catalog import Dataset, find
from watthouse.errors import SourceError, TableError, UnrecognisedError
from watthouse.home import Home, disk
from watthouse.lake.spool import Draft, Spool
from watthouse.sources.base import Document
from watthouse.sync.report import Progress, Report, Selection, Tally

TWICE = "slot stands twice in one file"

Told = Callable[[Document, int, int], None]
"""Called with a document, how far into it the reading is, and the rows taken so far."""


def take_in(
    home: Home,
    documents: Sequence[Document],
    selection: Selection,
    progress: Progress,
    report: Report,
    told: Told,
    *,
    of: Dataset | None = None,
    without: Collection[Dataset] = (),
) -> tuple[Dataset, ...]:
    """Read documents and observe what they hold, a commit a dataset; returns the datasets that were in them.

    A document that cannot be read whole, or is no export, is entered in the report with the reason; the others count.
    Documents that disagree are successive observations, in the order given. Documents ``of`` a dataset are a service's:
    they say how things stand now, and rows of another dataset have no place in them; they are left out, and said. What
    is ``without`` is read and not observed. A table that cannot be used is entered in the report, and the others count;
    for a service's it raises :class:`~watthouse.errors.TableError`.
    """
    if of:
        selection = replace(selection, datasets=(of,))
    scratch = home.settings.scratch
    with disk(scratch, "free some space and run again"), Spool(scratch / "spool") as spool:
        for document in documents:
            _read(document, selection, spool.document(current=of is not None), report, told, of)
        observed = []
        for dataset_id, spooled in spool.by_dataset.items():
            if (dataset := find(dataset_id)) in without:
                continue
            progress.stage(f"observing {dataset_id}")
            try:
                counts = home.lake.observe(dataset, spooled)
            except TableError as error:
                if of:
                    raise
                report.failed[dataset_id] = str(error)
                continue
            observed.append(dataset)
            report.add(dataset_id, counts)
            if counts.dropped:
                report.dropped[TWICE] += counts.dropped
        return tuple(observed)


def tidy(home: Home, dataset: Dataset) -> None:
    """Merge the small files that observing left in the dataset's ledger."""
    settings = home.settings
    with disk(settings.lake, "free some space and run again"):
        retention = timedelta(days=settings.retention_days)
        home.lake.compact(dataset, files=settings.compact_files, retention=retention)


def _read(
    document: Document,
    selection: Selection,
    room: AbstractContextManager[Draft],
    report: Report,
    told: Told,
    of: Dataset | None,
) -> None:
    try:
        with room as draft:
            tally = Tally()
            for piece in document.pieces():
                if wanted := tally.take(piece, selection):
                    draft.add(wanted)
                told(document, piece.position, report.rows + tally.rows)
        tally.enter(report, document)
        if of and tally.unasked:
            report.unasked.pop(document.origin, None)
            report.failed[document.origin] = f"{tally.strays}: they are left out, and looked at again next time"
    except UnrecognisedError as error:
        report.left[document.origin] = str(error)
    except SourceError as error:
        report.failed[document.origin] = str(error)
