"""refresh = fetch ▶ observe ▶ load ▶ build: the one way in, for the command line and every orchestrator."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from watthouse import live
from watthouse.catalog import CATALOG, LICENCE, PORTAL, Dataset
from watthouse.errors import LakeError, WatthouseError
from watthouse.home import REAL, claim, described, kind_of, lake_of, only_one, remember, warehouse_of
from watthouse.intake import take_in, tidy
from watthouse.lake import Head, Lake
from watthouse.report import Progress, Report, Selection, Silent
from watthouse.settings import Settings
from watthouse.sources.base import Document, Source
from watthouse.transform import Node, Transform, fingerprint
from watthouse.warehouse.base import Draft, Loaded, Warehouse


def refresh(
    settings: Settings,
    source: Source | None,
    selection: Selection,
    *,
    full: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Read, observe, load, build. What was read is in the lake before anything is built.

    Without a ``source`` the service of ``settings.odre_url`` is asked for what has moved. ``full`` believes nothing
    that was noted before: everything is fetched again, and the warehouse built from nothing.
    """
    progress = progress or Silent()
    report = Report()
    with only_one(settings), _told(report):
        _fetch(settings, source, selection, full, progress, report)
        report.built = _build(settings, _heads(lake_of(settings)), full=full, progress=progress)
    return report


def fetch(
    settings: Settings,
    source: Source | None,
    selection: Selection,
    *,
    full: bool = False,
    progress: Progress | None = None,
) -> Report:
    """The first half: read and observe."""
    report = Report()
    with only_one(settings), _told(report):
        _fetch(settings, source, selection, full, progress or Silent(), report)
    return report


def build(settings: Settings, *, full: bool = False, progress: Progress | None = None) -> tuple[Node, ...]:
    """The second half: load and build. ``full`` starts from an empty warehouse.

    Raises :class:`~watthouse.errors.LakeError` where there is nothing to build from.
    """
    with only_one(settings):
        heads = _heads(lake_of(settings))
        if not any(heads.values()):
            raise LakeError(f"the lake at {settings.lake} is empty: run `watthouse refresh`")
        return _build(settings, heads, full=full, progress=progress or Silent())


@contextmanager
def _told(report: Report) -> Iterator[None]:
    """An error in the middle carries what was done before it: those rows are in the lake all the same."""
    try:
        yield
    except WatthouseError as error:
        error.report = report
        raise


def _fetch(
    settings: Settings, source: Source | None, selection: Selection, full: bool, progress: Progress, report: Report
) -> None:
    if source is None:
        live.fetch(settings, selection, full=full, progress=progress, report=report)
        return
    documents = list(source.documents())
    claim(settings, REAL)
    total = sum(document.size for document in documents)
    before = dict(zip(map(id, documents), _running(documents), strict=True))

    def told(document: Document, position: int, rows: int) -> None:
        progress.reading(document.origin, before[id(document)] + position, total, rows)

    lake = lake_of(settings)
    seen = take_in(settings, lake, documents, selection, progress, report, told)
    for dataset in seen:
        tidy(settings, lake, dataset)
    remember(settings, [dataset.id for dataset in seen])


def _running(documents: Iterable[Document]) -> Iterator[int]:
    done = 0
    for document in documents:
        yield done
        done += document.size


def _build(
    settings: Settings, heads: Mapping[Dataset, Head | None], *, full: bool, progress: Progress
) -> tuple[Node, ...]:
    lake, warehouse, models = lake_of(settings), warehouse_of(settings), fingerprint(settings.transform)
    warehouse.sweep()
    loaded = warehouse.loaded()
    if not any(heads.values()) and not loaded:
        return ()
    steps = None if full else warehouse.steps(models)
    if steps is None:
        return _build_anew(settings, warehouse, lake, progress)
    if any(dataset.id in loaded and loaded[dataset.id].is_ahead_of(head) for dataset, head in heads.items()):
        return _build_anew(settings, warehouse, lake, progress)
    behind = [
        dataset for dataset, head in heads.items() if head and _until(loaded.get(dataset.id)) != head.observed_until
    ]
    if not behind:
        return ()
    with warehouse.draft() as draft:
        _load(draft, lake, behind, progress)
        draft.describe(_about(settings))
        progress.stage("building the marts")
        return tuple(draft.replay(steps, [dataset.table for dataset in behind], progress.node))


def _build_anew(settings: Settings, warehouse: Warehouse, lake: Lake, progress: Progress) -> tuple[Node, ...]:
    """Everything, by dbt, which warms up while the rows are loaded."""
    with _transform(settings) as transform, warehouse.draft(empty=True) as draft:
        _load(draft, lake, CATALOG.values(), progress)
        draft.describe(_about(settings))
        progress.stage("building the marts")
        draft.release()
        nodes, steps = transform.run(draft.path.parent, progress.node)
        draft.remember(fingerprint(settings.transform), steps)
        return tuple(nodes)


def _about(settings: Settings) -> dict[str, str]:
    kind = kind_of(settings)
    synthetic = f"synthetic figures, {described(str(kind))}: nobody measured them"
    data = "published by the operators" if kind in {None, REAL} else synthetic
    return {"data": data, "source": PORTAL, "licence": LICENCE}


def _heads(lake: Lake) -> dict[Dataset, Head | None]:
    return {dataset: lake.head(dataset) for dataset in CATALOG.values()}


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
