"""One header of any vintage or tool → the technical name it stands for, and the unit it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from watthouse.catalog import OTHER_UNITS, Column, Dataset
from watthouse.sources.folding import fold, undouble

_JUNK: Final = re.compile(r"(column|colonne|unnamed|field|index|level|row|rownames?)?\d*", re.ASCII)
_ROW_NUMBER: Final = re.compile(r"X(\.\d+)?")
_BRACKETED: Final = re.compile(r"[\(\[]([^\(\)\[\]]*)[\)\]]\s*$")
_MARKED: Final = re.compile("^(\ufeff|ï»¿|ï\\.\\.|X\\.U\\.FEFF\\.)")
"""A byte-order mark at the start of a header, as itself and as R and cp1252 readers spell it."""

_SPELT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "%": ("%", "pct", "percent", "pourcent"),
    "GWh PCS 0 °C": ("GWh PCS 0 °C", "GWh PCS", "GWh"),
}
"""Unit → its spellings in a header without brackets."""


@dataclass(frozen=True)
class Match:
    """A header that names ``column``; ``odd_unit`` is the unit it names where that is not the column's."""

    column: Column
    odd_unit: str = ""


@lru_cache(maxsize=8192)
def match(dataset: Dataset, label: str) -> Match | None:
    """What a header means in a dataset: ``Consommation (MW)``, ``consommation_mw``, ``Consommation..MW.`` of R."""
    # R's write.csv writes "Consommation..MW.", and pandas and scripts consommation_mw: one header in three spellings
    label = _MARKED.sub("", label)
    names = _names(dataset)
    if column := names.get(fold(label)):
        unit = _BRACKETED.search(undouble(label).strip())
        return Match(column, _odd(column, unit[1] if unit else ""))
    return _with_unit(dataset, _letters(label))


def is_junk(label: str) -> bool:
    """Whether a header is meaningless: empty, a number, ``column_30``, ``Column 64``, ``Unnamed: 0``, R's ``X``."""
    return bool(_JUNK.fullmatch(fold(label)) or _ROW_NUMBER.fullmatch(label))


@lru_cache(maxsize=4096)
def words(label: str) -> tuple[str, ...]:
    """The words of a header, folded: ``code_insee_region``, ``Code INSEE région`` and ``Code.INSEE.région`` alike."""
    return tuple(word for part in re.split(r"[\W_]+", undouble(label)) if (word := fold(part)))


@lru_cache(maxsize=64)
def _names(dataset: Dataset) -> Mapping[str, Column]:
    return {fold(label): column for column in dataset.columns for label in (column.name, *column.labels)}


def _with_unit(dataset: Dataset, letters: str) -> Match | None:
    for name, column in _names(dataset).items():
        if column.unit and letters.startswith(name):
            rest = letters.removeprefix(name)
            if rest in {_letters(unit) for unit in _SPELT_OUT.get(column.unit, (column.unit,))}:
                return Match(column)
            if odd := _odd(column, rest):
                return Match(column, odd)
    return None


def _odd(column: Column, unit: str) -> str:
    others = {_letters(other): other for other in OTHER_UNITS.get(column.unit, ())}
    return others.get(_letters(unit), "") if unit else ""


def _letters(text: str) -> str:
    """Folded, brackets and what is in them included; ``%`` is a letter here."""
    return "".join("%" if part == "%" else fold(part) for part in re.split(r"(%)|[\(\)\[\]]", text) if part)
