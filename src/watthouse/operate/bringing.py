"""A build of another engine, published here: its tables are taken and tested as if they had been computed here."""

from watthouse.catalog import CATALOG
from watthouse.errors import WarehouseError
from watthouse.home import Home
from watthouse.sync.report import ProgressReporter, Report, Silent
from watthouse.transform import BROUGHT, Transform
from watthouse.warehouse.base import SCHEMAS, Draft, Warehouse


def bring(home: Home, other: Warehouse, progress: ProgressReporter | None = None) -> Report:
    """Publish the build of ``other`` in the home's own warehouse.

    The raw tables are loaded from the lake, as far as that build follows it: the next refresh goes on from there.
    Raises :class:`~watthouse.errors.WarehouseError` where there is no build, or other models or data made it, and
    :class:`~watthouse.errors.TableError` where the lake cannot be loaded.
    """
    report, progress = Report(), progress or Silent()
    with home.only_one():
        home.refuse_mixture()
        _refuse_foreign(home, other)
        profile = {**home.warehouse.dbt(), BROUGHT: "1"}
        transforming = Transform(profile, home.settings.scratch / "dbt", home.settings.transform)
        drafting = home.warehouse.draft(empty=True, on_wait=progress.notice)
        with transforming as transform, drafting as draft:
            for name, loaded in other.loaded().items():
                progress.stage(f"loading {name}")
                draft.load(home.lake, CATALOG[name], loaded.head)
            _take_tables(draft, other, frozenset(transform.tables()), progress)
            progress.stage("testing the marts")
            draft.describe(home.about)
            nodes, steps = transform.run(draft.release(), progress.node)
            draft.remember(steps)
    report.built = tuple(nodes)
    return report


def _take_tables(draft: Draft, other: Warehouse, wanted: frozenset[str], progress: ProgressReporter) -> None:
    for schema in SCHEMAS:
        for name in sorted(wanted.intersection(other.tables(schema))):
            progress.stage(f"taking {name}")
            draft.bring(name, other.pieces(name, schema=schema))


def _refuse_foreign(home: Home, other: Warehouse) -> None:
    """Raise where the build of ``other`` is none that this home could have made."""
    if not other.loaded():
        raise WarehouseError(f"nothing was built at {other.place} yet: run `watthouse build` with it as the warehouse")
    if other.kind() != home.kind:
        raise WarehouseError(f"{other.place} was built from other data than {home.place} holds: build it from there")
    if other.steps() is None:
        raise WarehouseError(
            f"{other.place} was built by the models of another watthouse: run `watthouse build` with it as warehouse"
        )
