"""What the marts hold, in words: read from the descriptions of the models that make them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

_UNIT: Final = re.compile(r"^(?P<meaning>.*?)(?:\s*\[(?P<unit>[^\]]+)\])?$", re.DOTALL)
_DAYS: Final = ("civil_date", "civil_month", "civil_year")


@dataclass(frozen=True)
class MartColumn:
    """A column: ``unit`` is empty where it has none."""

    name: str
    type: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Mart:
    """A mart: ``key`` are the columns that name one of its rows, in the order rows come in."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[MartColumn, ...]

    @cached_property
    def day(self) -> str:
        """The column of its civil day, month or year."""
        return next(column.name for column in self.columns if column.name in _DAYS)

    @cached_property
    def by_name(self) -> Mapping[str, MartColumn]:
        return {column.name: column for column in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@lru_cache
def marts(project: Path) -> Mapping[str, Mart]:
    """Every mart of the dbt project, by name."""
    return {mart.name: mart for path in sorted((project / "models/marts").glob("*.yml")) for mart in _read(path)}


@lru_cache
def types_of(project: Path, schema: str, table: str) -> Mapping[str, str]:
    """The types that a table's contract declares, by column; none for one without."""
    for path in sorted((project / "models" / schema).glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            if model["name"] == table:
                return {each["name"]: each["data_type"] for each in model["columns"] if "data_type" in each}
    return {}


def _read(path: Path) -> Iterator[Mart]:
    for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
        yield Mart(
            name=model["name"],
            description=" ".join(model["description"].split()),
            key=_key(model),
            columns=tuple(_column(entry) for entry in model["columns"]),
        )


def _key(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of its test of uniqueness; a view of a table that has such a test declares them itself."""
    if declared := model.get("config", {}).get("meta", {}).get("key"):
        return tuple(declared)
    unique = next(test["unique_key"] for test in model["data_tests"] if "unique_key" in test)
    return tuple(unique["arguments"]["columns"])


def _column(entry: Mapping[str, Any]) -> MartColumn:
    # dbt has no field for a unit: by convention a description ends in it, in brackets
    match = _UNIT.match(entry["description"])
    assert match is not None
    return MartColumn(entry["name"], entry["data_type"], match["unit"] or "", match["meaning"])
