"""BigQuery as the warehouse. It is built whole each time, and read by `show`, `tests` and `parity`.

Pages and API ask thousands of small questions, of which BigQuery bills each for 10 MB at least: they read a home's file
or PostgreSQL, to which `watthouse build --from-engine` brings the marts.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.errors import UsageError, WarehouseError
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.transform import Step, fingerprint, steps_of, tests_of
from watthouse.transform.dictionary import types_of
from watthouse.warehouse import marts
from watthouse.warehouse.base import BuildReader, Extract, Kept, Loaded, Tested
from watthouse.warehouse.bigquery import builds, raw
from watthouse.warehouse.bigquery.builds import Published
from watthouse.warehouse.bigquery.draft import BigQueryDraft
from watthouse.warehouse.bigquery.project import Place, Project
from watthouse.warehouse.breaking import shown

_MODELS_AT_ONCE: Final = 4
_DECIMAL: Final = re.compile(r"decimal\((\d+), ?(\d+)\)")
_WHOLE: Final[Mapping[str, pa.DataType]] = {"smallint": pa.int16(), "integer": pa.int32()}
_CORE_DECIMALS: Final = {"tch_": "decimal(18,4)", "_mwh": "decimal(18,2)", "tm": "decimal(9,3)"}
"""By part of the name: rates, energies, temperatures."""
_SCHEMAS: Final = {"marts": "models/marts", "core": "models/core", "energy_consumption": "models/energy_consumption"}


class BigQuery:
    """The dataset that ``url`` names, built from rows in dataset ``staging`` of its project."""

    engine = "BigQuery"
    replays = False
    answers = False

    def __init__(
        self,
        url: str,
        *,
        location: str,
        cap: int,
        endpoint: str | None,
        seconds: float,
        threads: int,
        scratch: Path,
        project: Path,
    ) -> None:
        self._project = Project(Place.of(url), location, cap, endpoint, seconds)
        self._target = self._project.place.target
        self._threads = threads
        self._scratch = scratch
        self._models = project

    @property
    def place(self) -> str:
        return str(self._project.place)

    def loaded(self) -> dict[str, Loaded]:
        return raw.loads(self._project, self._target) if self._published else {}

    def kind(self) -> str | None:
        return builds.about(self._project).get("kind") if self._published else None

    def is_readable(self) -> bool:
        return True

    def steps(self) -> list[Step] | None:
        build = self._published
        return steps_of(build.steps) if build and build.fingerprint == self._fingerprint else None

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:
        if dataset.id not in raw.loads(self._project, raw.STAGING):
            return
        table, year = f"{raw.STAGING}.{dataset.table}", f"extract(year from {dataset.time})"
        columns = ", ".join((*dataset.names, OBSERVED_AT))
        for (number,) in self._project.run(f"select distinct {year} as one from {table} order by one"):
            yield self._project.table(f"select {columns} from {table} where {year} = {number}")

    def keep(self) -> Kept | None:
        if self._published is None:
            return None
        dataset = f"{self._target}_kept_{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        builds.keep(self._project, dataset)
        return Kept(f"{self.place}, dataset {dataset}")

    def tested(self) -> list[Tested]:
        found = []
        for name, step in tests_of(steps_of(self._current().steps)).items():
            ((places,),) = self._project.run(f"select count(*) from ({step.sql}) as broken")
            found.append(Tested(name, step.severity, step.titles, places))
        return found

    def breaking(self, test: str) -> pa.Table:
        if test not in (known := tests_of(steps_of(self._current().steps))):
            raise UsageError(f"unknown test '{test}': there are {', '.join(known)}")
        rows = self._project.table(f"select * from ({known[test].sql}) as broken")
        return shown(rows.sort_by([(name, "ascending") for name in rows.column_names]))

    def sweep(self) -> None:
        self._project.drop_dataset(builds.aside(self._target))

    @contextmanager
    def draft(
        self,
        *,
        empty: bool = False,
        on_wait: Callable[[str], None] | None = None,  # noqa: ARG002 - the home's lock has let one writer in
    ) -> Iterator[BigQueryDraft]:
        """``empty`` loads the raw rows again, too; else only what the lake has had since is loaded."""
        draft = BigQueryDraft(self._project, self._fingerprint, self._scratch / "bigquery", anew=empty)
        draft.begin()
        yield draft
        builds.publish(self._project)

    def dbt(self) -> Mapping[str, str]:
        project = self._project
        return {
            "WATTHOUSE_DBT_TARGET": self._target,
            "WATTHOUSE_DBT_PROJECT": project.place.project,
            "WATTHOUSE_DBT_LOCATION": project.location,
            "WATTHOUSE_DBT_BYTES": str(project.cap),
            "WATTHOUSE_DBT_ENDPOINT": project.endpoint or "",
            "WATTHOUSE_DBT_METHOD": "oauth-secrets" if project.is_emulated else "oauth",
            "WATTHOUSE_DBT_SUFFIX": builds.aside(""),
            "WATTHOUSE_DBT_THREADS": str(max(self._threads, _MODELS_AT_ONCE)),
        }

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        return pa.concat_tables(self.pieces(mart, since=since, until=until, columns=columns))

    def pieces(
        self,
        mart: str,
        *,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
        schema: str = "marts",
    ) -> Iterator[pa.Table]:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        self._current()
        built = _Marts(self._project, self._names(schema))
        declared = types_of(self._models, schema, mart)
        for piece in marts.pieces(built, mart, since, until, columns):
            yield _as_declared(piece, declared)

    def tables(self, schema: str) -> list[str]:
        return self._names(schema) if self._published else []

    def extract(self) -> AbstractContextManager[Extract]:
        """Raises: a datamart is shipped from a home's file or PostgreSQL."""
        raise self._unread()

    def stamp(self) -> Hashable:
        """Raises: pages and API read a home's file or PostgreSQL."""
        raise self._unread()

    def open(self, seconds: float) -> BuildReader:  # noqa: ARG002
        """Raises: pages and API read a home's file or PostgreSQL."""
        raise self._unread()

    def warm_up(self) -> None:
        raise self._unread()

    @property
    def _published(self) -> Published | None:
        return builds.published(self._project)

    def _current(self) -> Published:
        if (build := self._published) is None:
            raise WarehouseError(f"there is no warehouse at {self.place} yet: run `watthouse refresh` first")
        return build

    def _unread(self) -> UsageError:
        return UsageError(
            "pages, API and the datamart take the file of a home or PostgreSQL: bring the marts there with `watthouse"
            f" build --from-engine {self.place}`"
        )

    def _names(self, schema: str) -> list[str]:
        """The tables of one of the project's folders: BigQuery has them all in one dataset."""
        models = {path.stem for path in (self._models / _SCHEMAS[schema]).glob("*.sql")}
        return sorted(models & self._project.names(self._target))

    @cached_property
    def _fingerprint(self) -> str:
        """Differs once the models have changed."""
        return fingerprint(self._models)


def _as_declared(rows: pa.Table, declared: Mapping[str, str]) -> pa.Table:
    """The same in the widths of the contract: BigQuery gives every whole number 64 bits, every decimal nine digits."""
    for place, field in enumerate(rows.schema):
        kind = declared.get(field.name) or _undeclared(field)
        if match := _DECIMAL.fullmatch(kind):
            width: pa.DataType = pa.decimal128(int(match[1]), int(match[2]))
        elif kind in _WHOLE:
            width = _WHOLE[kind]
        else:
            continue
        rows = rows.set_column(place, field.name, rows.column(place).cast(width))
    return rows


def _undeclared(column: "pa.Field[pa.DataType]") -> str:
    """The type of a column of core, which has no contract: as the models cast it."""
    if pa.types.is_int64(column.type):
        return "integer"
    if pa.types.is_decimal(column.type):
        return next((kind for part, kind in _CORE_DECIMALS.items() if part in column.name), "decimal(18,6)")
    return ""


class _Marts:
    """The tables of a schema, for :func:`watthouse.warehouse.marts.pieces`."""

    def __init__(self, project: Project, names: Sequence[str]) -> None:
        self.schema = project.place.target
        self._project = project
        self._names = names

    def names(self) -> list[str]:
        return [*self._names]

    def columns(self, mart: str) -> dict[str, str]:
        table = self._project.described(self.schema, mart)
        # unknown values first, where other engines have them last
        return {column.name: f"{column.name} nulls last" for column in table.schema}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._project.run(sql)

    def table(self, sql: str) -> pa.Table:
        return self._project.table(sql)
