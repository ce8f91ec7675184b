"""refresh = fetch ▶ observe ▶ load ▶ build: the one way in, for the command line and every orchestrator."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from watthouse.catalog import CATALOG, LICENCE, PORTAL, Dataset
from watthouse.errors import LakeError, TableError, WatthouseError
from watthouse.home import REAL, claim, described, kind_of, lake_of, only_one, remember, warehouse_of
from watthouse.lake.ledger import Lake
from watthouse.operate.consistency import Standing, stand
from watthouse.settings import Settings
from watthouse.sources.base import Document, Source
from watthouse.sync import odre
from watthouse.sync.ingest import take_in, tidy
from watthouse.sync.report import Progress, Report, Selection, Silent
from watthouse.transform import Node, Transform
from watthouse.warehouse.base import Draft, Warehouse


def refresh(
    settings: Settings,
    source: Source | None,
    selection: Selection,
    *,
    full: bool = False,
    lake_was_lost: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Read, observe, load, build. What was read is in the lake before anything is built.

    Without a ``source`` the service of ``settings.odre_url`` is asked for what has moved. ``full`` believes nothing
    that was noted before: everything is fetched again, and the warehouse built from nothing.

    A table that cannot be used, or that lacks observations which the warehouse holds, is left as it is, and so are its
    rows in the warehouse; ``report.failed`` says so, and the others go on. ``lake_was_lost`` accepts that what a table
    lacks is gone: the warehouse as it was is kept in a folder of its own, ``report.kept``, and replaced.
    """
    progress = progress or Silent()
    report = Report()
    with only_one(settings), _told(report):
        _fetch(settings, source, selection, full, lake_was_lost, progress, report)
        report.built = _build(settings, full=full, lake_was_lost=lake_was_lost, progress=progress, report=report)
    return report


def fetch(
    settings: Settings,
    source: Source | None,
    selection: Selection,
    *,
    full: bool = False,
    lake_was_lost: bool = False,
    progress: Progress | None = None,
) -> Report:
    """The first half: read and observe."""
    report = Report()
    with only_one(settings), _told(report):
        _fetch(settings, source, selection, full, lake_was_lost, progress or Silent(), report)
    return report


def build(
    settings: Settings, *, full: bool = False, lake_was_lost: bool = False, progress: Progress | None = None
) -> Report:
    """The second half: load and build. ``full`` starts from an empty warehouse.

    Raises :class:`~watthouse.errors.LakeError` where there is nothing to build from.
    """
    report = Report()
    with only_one(settings), _told(report):
        standing = stand(settings)
        if standing.is_empty and (lake_was_lost or not standing.loaded):
            words = "refresh --full --lake-was-lost" if standing.is_lost else "refresh"
            raise LakeError(f"the lake at {settings.lake} is empty: run `watthouse {words}`")
        _note_the_clock(settings, standing, report)
        report.built = _build(
            settings, full=full, lake_was_lost=lake_was_lost, progress=progress or Silent(), report=report
        )
    return report


def reload(settings: Settings, datasets: Sequence[Dataset], progress: Progress | None = None) -> Report:
    """Take these datasets from the lake anew, whatever the warehouse holds of them, and rebuild what follows.

    For whoever holds the home: it is not locked here.
    """
    progress, report, warehouse = progress or Silent(), Report(), warehouse_of(settings)
    steps, lake = warehouse.steps(), lake_of(settings)
    if steps is None:
        report.built = _build_anew(settings, warehouse, (), progress, report)
        return report
    with warehouse.draft() as draft:
        for dataset in datasets:
            draft.load(lake, dataset, anew=True)
        report.built = tuple(draft.replay(steps, [dataset.table for dataset in datasets], progress.node))
    return report


@contextmanager
def _told(report: Report) -> Iterator[None]:
    """An error in the middle carries what was done before it: those rows are in the lake all the same."""
    try:
        yield
    except WatthouseError as error:
        error.report = report
        raise


def _fetch(
    settings: Settings,
    source: Source | None,
    selection: Selection,
    full: bool,
    lake_was_lost: bool,
    progress: Progress,
    report: Report,
) -> None:
    standing = stand(settings)
    _note_the_clock(settings, standing, report)
    left = _left(standing, lake_was_lost, report)
    report.unsettled |= {dataset.id for dataset in left if dataset in selection.datasets}
    wanted = replace(selection, datasets=tuple(one for one in selection.datasets if one not in left))
    if not wanted.datasets or (standing.is_lost and not lake_was_lost):
        return  # where a disk is not mounted, what is written now would lie hidden below it later
    if source is None:
        odre.fetch(settings, wanted, full=full, progress=progress, report=report)
        return
    documents = list(source.documents())
    claim(settings, REAL)
    total = sum(document.size for document in documents)
    before = dict(zip(map(id, documents), _running(documents), strict=True))

    def told(document: Document, position: int, rows: int) -> None:
        progress.reading(document.origin, before[id(document)] + position, total, rows)

    lake = lake_of(settings)
    seen = take_in(settings, lake, documents, selection, progress, report, told, without=left)
    for dataset in seen:
        try:
            tidy(settings, lake, dataset)
        except TableError as error:
            report.failed[dataset.id] = str(error)
    remember(settings, [dataset.id for dataset in seen])


def _note_the_clock(settings: Settings, standing: Standing, report: Report) -> None:
    for name, said in standing.ahead_of_the_clock(settings).items():
        report.note(name, [said])


def _left(standing: Standing, lake_was_lost: bool, report: Report) -> frozenset[Dataset]:
    """The tables that are left as they are; the report says why."""
    behind = [] if lake_was_lost else standing.behind
    report.failed |= standing.said_of_broken()
    if behind:
        report.failed[standing.root] = standing.said_of_behind()
    return frozenset([*standing.broken, *behind])


def _running(documents: Iterable[Document]) -> Iterator[int]:
    done = 0
    for document in documents:
        yield done
        done += document.size


def _build(
    settings: Settings, *, full: bool, lake_was_lost: bool, progress: Progress, report: Report
) -> tuple[Node, ...]:
    warehouse, standing = warehouse_of(settings), stand(settings)
    warehouse.sweep()
    if standing.is_empty and not standing.loaded:
        return ()
    left = _left(standing, lake_was_lost, report)
    is_replaced = lake_was_lost and bool(standing.behind)
    steps = None if full or is_replaced else warehouse.steps()
    if steps is None:
        if is_replaced or not warehouse.is_readable():
            report.kept = warehouse.keep()
        return _build_anew(settings, warehouse, left, progress, report)
    lake = lake_of(settings)
    moved = [one for one in standing.moved if one not in left and _is_sound(lake, one, standing, report)]
    if not moved:
        return ()
    with warehouse.draft() as draft:
        loaded = _load(draft, lake, moved, progress, report)
        draft.describe(_about(settings))
        progress.stage("building the marts")
        return tuple(draft.replay(steps, [dataset.table for dataset in loaded], progress.node))


def _is_sound(lake: Lake, dataset: Dataset, standing: Standing, report: Report) -> bool:
    """Whether what is to be loaded of a table is what was written; the report says where it is not."""
    loaded = standing.loaded.get(dataset.id)
    try:
        lake.refuse_faulty(dataset, since=loaded.head.observed_until if loaded else None)
    except TableError as error:
        report.failed[dataset.id] = str(error)
        return False
    return True


def _build_anew(
    settings: Settings, warehouse: Warehouse, left: Collection[Dataset], progress: Progress, report: Report
) -> tuple[Node, ...]:
    """Everything, by dbt, which warms up while the rows are loaded.

    A table that cannot be loaded is taken from the warehouse as it was.
    """
    lake, wanted = lake_of(settings), [dataset for dataset in CATALOG.values() if dataset not in left]
    transforming = Transform(warehouse.dbt(), settings.scratch / "dbt", settings.transform)
    with transforming as transform, warehouse.draft(empty=True) as draft:
        loaded = _load(draft, lake, wanted, progress, report)
        carried = [dataset for dataset in CATALOG.values() if dataset not in loaded and draft.carry_over(dataset)]
        if report.failed and not carried and not any(map(lake.head, loaded)):
            raise TableError(next(iter(report.failed.values())))
        draft.describe(_about(settings))
        progress.stage("building the marts")
        nodes, steps = transform.run(draft.release(), progress.node)
        draft.remember(steps)
        return tuple(nodes)


def _about(settings: Settings) -> dict[str, str]:
    kind = kind_of(settings)
    synthetic = f"synthetic figures, {described(str(kind))}: nobody measured them"
    data = "published by the operators" if kind in {None, REAL} else synthetic
    return {"data": data, "source": PORTAL, "licence": LICENCE}


def _load(draft: Draft, lake: Lake, datasets: Iterable[Dataset], progress: Progress, report: Report) -> list[Dataset]:
    """Those that could be loaded; the report says of the others why."""
    loaded = []
    for dataset in datasets:
        progress.stage(f"loading {dataset.id}")
        try:
            draft.load(lake, dataset)
        except TableError as error:
            report.failed[dataset.id] = str(error)
        else:
            loaded.append(dataset)
    return loaded
