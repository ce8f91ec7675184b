"""Write what the catalog declares into the dbt project: ``python -m tools.staging``.

That is a staging model a dataset (its SQL, and its YAML with source, columns and units), and the variables of
``dbt_project.yml`` between two marks. They are files, so that whoever runs ``dbt`` in that folder needs nothing else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from watthouse.catalog import (
    BORDERS,
    CATALOG,
    CORSE,
    FORECASTS,
    GAS_OPERATORS,
    HALF_HOUR,
    MAINLAND,
    NATIONAL_SOURCES,
    NATURES,
    REAL_TIME,
    REGIONAL_SOURCES,
    REGIONS,
    STORAGE,
    Column,
    Dataset,
    parts_of,
)
from watthouse.transform import PROJECT

_BEGIN: Final = "  # -- declared by the catalog, written by `python -m tools.staging`\n"
_END: Final = "  # --\n"
_MADE: Final = "# Made from the catalog by `python -m tools.staging`.\n"
_DAY: Final = "date"
"""The column of the civil day, as every dataset has it; models call it ``civil_date``."""


def files(project: Path = PROJECT) -> Mapping[Path, str]:
    """Every file that is made of the catalog, and what it is to hold."""
    declared = project / "dbt_project.yml"
    return {declared: _with_variables(declared.read_text()), **dict(_models(project / "models" / "staging"))}


def write(project: Path = PROJECT) -> None:
    """Bring a dbt project up to the catalog."""
    for path, text in files(project).items():
        path.write_text(text)


def variables() -> dict[str, Any]:
    """The variables of the dbt project that follow from the catalog."""
    return {
        "natures": list(NATURES),
        "national_sources": list(NATIONAL_SOURCES),
        "national_subsources": [part.name for part in parts_of(NATIONAL_SOURCES)],
        "regional_sources": list(REGIONAL_SOURCES),
        "regional_subsources": [part.name for part in parts_of(REGIONAL_SOURCES)],
        "storage": list(STORAGE),
        "borders": list(BORDERS),
        "forecasts": [column.name for column in FORECASTS],
        "half_hourly_in_real_time": list(_half_hourly_in_real_time()),
        "regions_of_power": len(MAINLAND),
        "regions_of_temperature": len(REGIONS),
        "region_without_power": CORSE,
        "gas_operators": list(GAS_OPERATORS),
        "datasets": {dataset.id: _declared(dataset) for dataset in CATALOG.values()},
    }


def _half_hourly_in_real_time() -> Iterator[str]:
    for dataset in CATALOG.values():
        if REAL_TIME in dataset.versions:
            yield from (column.name for column in dataset.columns if HALF_HOUR in column.steps)


def _declared(dataset: Dataset) -> dict[str, Any]:
    return {
        "table": dataset.table,
        "step_minutes": dataset.step // timedelta(minutes=1),
        "identity": list(dataset.identity),
        "columns": list(dataset.names),
    }


def _with_variables(text: str) -> str:
    dumped = yaml.safe_dump(variables(), sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    section = "".join(f"  {line}" for line in dumped.splitlines(keepends=True))
    return re.sub(f"(?<={_BEGIN}).*(?={_END})", lambda _: section, text, flags=re.DOTALL)


def _models(folder: Path) -> Iterator[tuple[Path, str]]:
    for dataset in CATALOG.values():
        name = f"stg_{dataset.table}"
        yield folder / f"{name}.sql", f'{{{{ staged("{dataset.id}") }}}}\n'
        yield folder / f"{name}.yml", _documented(name, dataset)


def _documented(name: str, dataset: Dataset) -> str:
    identity = ", ".join(_renamed(column) for column in dataset.identity)
    observed = '- {name: observed_at, description: "When watthouse first saw the row [UTC]"}'
    columns = "\n".join([*(f"      {_described(column)}" for column in dataset.columns), f"      {observed}"])
    return f"""{_MADE}version: 2

sources:
  - name: raw
    schema: "raw{{{{ env_var('WATTHOUSE_DBT_SUFFIX', '') }}}}"
    tables:
      - name: {dataset.table}
        description: >
          {dataset.title}, {dataset.grain}: every observation of the lake, one row each
          ({dataset.publisher}; {dataset.licence}).
        columns:
          {observed}

models:
  - name: {name}
    description: >
      {dataset.title}: the newest observation of each published row ({identity}), whatever it says: what its publisher
      took back is taken back.
    columns:
{columns}
"""


def _described(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    text = json.dumps(f"{column.meaning[0].upper()}{column.meaning[1:]}{unit}", ensure_ascii=False)
    return f"- {{name: {_renamed(column.name)}, description: {text}}}"


def _renamed(column: str) -> str:
    return "civil_date" if column == _DAY else column


if __name__ == "__main__":
    write()
