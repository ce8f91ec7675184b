"""Documents into the lake: read whole or not at all, then observed together."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from itertools import accumulate
from operator import attrgetter

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import SourceError, TableError, UnrecognisedError
from watthouse.home import Home
from watthouse.lake.downloads import Downloads
from watthouse.lake.spool import Spool, Spooled, SpoolWriter
from watthouse.lake.table import Head
from watthouse.sources.base import Digested, Document
from watthouse.storage.notes import disk
from watthouse.sync.remembered import DOCUMENTS, Documents, Memory
from watthouse.sync.report import ProgressReporter, Report, Selection, Tally
from watthouse.sync.seen import SeenDownloads

TWICE = "slot appears twice in one file"
OLDER = "older than what the lake has"

OnProgress = Callable[[Document, int, int], None]
"""Called with a document, the position that reading has reached in it, and the rows taken so far."""


def take_in(
    home: Home,
    documents: Sequence[Document],
    selection: Selection,
    progress: ProgressReporter,
    report: Report,
    on_progress: OnProgress | None = None,
    *,
    of: Dataset | None = None,
    without: Collection[Dataset] = (),
    distrusting: bool = False,
) -> tuple[Dataset, ...]:
    """Read documents and observe what they hold, one commit per dataset; returns the datasets that were in them.

    A document that cannot be read whole, or is not an export, is entered in the report with the reason; the others
    count. Documents that disagree are successive observations, in the order given. Documents ``of`` a dataset come from
    the service: they give the present state, and rows of another dataset do not belong in them; those are left out and
    reported. Datasets in ``without`` are read and not observed. A table that cannot be used is entered in the report,
    and the others count; for documents of the service it raises :class:`~watthouse.errors.TableError`. Without
    ``on_progress`` the bytes of the documents are counted. Files whose bytes were read before are not read again,
    unless ``distrusting``.
    """
    if of:
        selection = replace(selection, datasets=(of,))
    on_progress = on_progress or _by_bytes(documents, progress)
    scratch = home.settings.scratch
    noted = {} if of else home.notes.read(DOCUMENTS)
    known = noted.get("documents")
    met = set(known) if isinstance(known, dict) and not distrusting else set[str]()
    files = None if of else Memory(Documents(home.notes, home.lake, noted), report, met)
    with disk(scratch, "free some space and run again"):
        with Spool(scratch / "spool") as spool:
            for document in documents:
                digest = document.digest() if files and isinstance(document, Digested) else None
                if files and digest and digest in met and files.knows(document, digest):
                    continue
                whole = _read(document, selection, spool.document(current=of is not None), report, on_progress, of)
                if files and digest and whole:
                    met.add(digest)
                    files.taken[digest] = whole
            heads = _observe(home, spool.by_dataset, without, progress, report, of)
        if files:
            files.keep(heads)
        return tuple(map(CATALOG.__getitem__, heads))


def _observe(
    home: Home,
    spooled: Mapping[Dataset, Sequence[Spooled]],
    without: Collection[Dataset],
    progress: ProgressReporter,
    report: Report,
    of: Dataset | None,
) -> dict[str, Head | None]:
    """Observe documents of these datasets; returns what the lake has of those that could be, after it, by id."""
    heads: dict[str, Head | None] = {}
    for dataset, documents in spooled.items():
        if dataset in without:
            continue
        progress.comparing(dataset.id, 0, sum(map(attrgetter("rows"), documents)))
        on_rows = partial(progress.comparing, dataset.id)
        try:
            # of files of real time, only what no later one has shown otherwise
            noted = SeenDownloads(home.notes, home.lake) if dataset.dated and not of else None
            downloads = Downloads.of(dataset, documents, noted.seen(dataset)) if noted else None
            chosen, marked = (downloads.documents, downloads.marked) if downloads else (documents, None)
            counts = home.lake.observe(dataset, chosen, home.confirm_writer, marked=marked, on_rows=on_rows)
            if noted and downloads:
                noted.keep(downloads)
            heads[dataset.id] = home.lake.observed[dataset.id]
        except TableError as error:
            if of:
                raise
            report.failed[dataset.id] = str(error)
            continue
        report.add(dataset.id, counts)
        report.dropped += Counter({TWICE: counts.dropped - counts.older, OLDER: counts.older})
    return heads


def _by_bytes(documents: Sequence[Document], progress: ProgressReporter) -> OnProgress:
    total = sum(document.size for document in documents)
    sizes = accumulate((document.size for document in documents), initial=0)
    before = dict(zip(map(id, documents), sizes, strict=False))

    def on_progress(document: Document, position: int, rows: int) -> None:
        progress.reading(document.origin, before[id(document)] + position, total, rows)

    return on_progress


def _read(
    document: Document,
    selection: Selection,
    spooling: AbstractContextManager[SpoolWriter],
    report: Report,
    on_progress: OnProgress,
    of: Dataset | None,
) -> Tally | None:
    """The figures of a document that was read and taken whole, None for one that was not."""
    # The tally goes into the report after the last piece: a file that turns out to be cut in its last row must not
    # have counted the rows before it.
    try:
        with spooling as writer:
            tally = Tally()
            for piece in document.pieces():
                writer.add(tally.take(piece, selection), piece)
                on_progress(document, piece.position, report.rows + tally.rows)
        complete = tally.enter(report, document)
        if of and tally.unselected:
            # Entered as a failure, so that the month is not noted as done: it is fetched again by the next refresh.
            report.unselected.pop(document.origin, None)
            report.failed[document.origin] = f"{tally.strays}: these are left out, and fetched again next time"
        return tally if complete else None
    except UnrecognisedError as error:
        report.left[document.origin] = str(error)
    except SourceError as error:
        report.failed[document.origin] = str(error)
    return None
