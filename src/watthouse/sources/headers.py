"""Headers of any vintage → technical names, and the dataset that a document's columns make it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from watthouse.catalog import CATALOG, OTHER_UNITS, SIBLINGS, Column, Dataset, Kind
from watthouse.errors import ContractError, UnrecognisedError, listed, shown
from watthouse.sources.cells import Writing, fold, undouble, words
from watthouse.sources.limits import COLUMNS

EXTRA: Final = "+"
"""Prefix of the names of columns that are read only for the places they name."""
SMALLER: Final = frozenset(
    {"departement", "departements", "metropole", "metropoles", "epci", "commune", "communes", "ville", "canton", "iris"}
)
"""Words of places that no dataset is about."""

_ALIKE: Final = 3
_COARSE: Final = frozenset({"mois", "annee", "semaine", "trimestre", "saison", "month", "year", "week", "quarter"})
_REGIONS: Final = frozenset({"region", "regions", "regionale", "regional", "insee", "zone", "territoire", "perimetre"})
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
class Layout:
    """What a document's columns say: the datasets it may hold rows of, and where their columns stand in it.

    ``family`` are datasets with the same columns: ``nature`` tells row by row which one a row belongs to.
    ``positions`` maps technical names to places in the document (and what begins with :data:`EXTRA` to columns
    that are read only for the places they name); ``notes`` tell which columns are left out. ``writing`` is how the
    document writes its numbers.
    """

    family: tuple[Dataset, ...]
    positions: Mapping[str, int]
    notes: tuple[str, ...] = ()
    writing: Writing = field(default_factory=Writing, compare=False)


@dataclass(frozen=True)
class _Match:
    """A header that names ``column``; ``odd_unit`` is the unit it names where that is not the column's."""

    column: Column
    odd_unit: str = ""


@dataclass(frozen=True)
class _Fit:
    """How well a family fits a header: its matches by place, the strangers beside them, and those that forbid it."""

    family: tuple[Dataset, ...]
    matches: Mapping[int, _Match]
    strangers: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [match.column.name for match in self.matches.values()]

    @property
    def lacking(self) -> frozenset[str]:
        """The columns of its signature that are missing."""
        return self.family[0].signature - set(self.names)

    @property
    def nearness(self) -> tuple[int, int]:
        """How many of its three marks are there (its place, its signature, its key), then how many columns."""
        # a date alone is no mark: every table of days has one
        names_more = set(self.family[0].identity) != {"date"} or not self.lacking
        keyed = names_more and not missing_keys(self.family[0], self.names)
        return sum((not self.foreign, not self.lacking, keyed)), len(set(self.names))

    @property
    def is_plain(self) -> bool:
        """Whether it holds without its whole signature: measured, its place given, and no header left unexplained."""
        dataset, names = self.family[0], set(self.names)
        names_its_place = {column.name for column in dataset.columns if column.closed} <= names
        strangers = [label for label in self.strangers if not _is_junk(label)]
        return (
            names_its_place and dataset.measured in names and not strangers and not missing_keys(dataset, sorted(names))
        )


def recognise(labels: Sequence[str], origin: str, writing: Writing | None = None) -> Layout:
    """The layout of a document with these column headers.

    Raises :class:`~watthouse.errors.UnrecognisedError` where they match no dataset, or are of another place, grain
    or quantity than any has, and :class:`~watthouse.errors.ContractError` where most match a dataset but one that it
    needs is missing, renamed or there twice.
    """
    # The nearest family is chosen first and refused afterwards, so that a message can name what a file nearly is.
    # Siblings come first: they look like a dataset of the catalog (eco2mix-metropoles-tr), in their headers too.
    if len(labels) > COLUMNS:
        raise UnrecognisedError(f"{origin}: over {COLUMNS:,} columns: no export has so many")
    _refuse_siblings(labels, origin)
    fit = max((_fit(family, labels) for family in _families(tuple(CATALOG.values()))), key=lambda fit: fit.nearness)
    family, strangers = fit.family, fit.strangers
    if not fit.is_plain and fit.lacking and not _looks_alike(fit.names, strangers):
        raise UnrecognisedError(f"{origin}: its columns ({listed(labels, 4)}) match no dataset in the catalog")
    _refuse_others(fit, origin)
    if fit.lacking and not fit.is_plain:
        raise ContractError(
            f"{origin}: it looks like {' or '.join(dataset.id for dataset in family)} but lacks column"
            f" {' and '.join(sorted(fit.lacking))} (columns that match nothing: {listed(strangers) or 'none'}):"
            " export it again with every column"
        )
    for dataset in family:
        refuse_missing_keys(dataset, fit.names, origin, strangers)
    return Layout(family, _positions(fit, labels, origin), _notes(strangers), writing or Writing())


def missing_keys(dataset: Dataset, names: Sequence[str]) -> tuple[str, ...]:
    """The columns of ``dataset.identity`` that are neither among ``names`` nor derived from those that are."""
    there = set(names)
    if {"date", "heure"} <= there:
        there.add("date_heure")
    if there & {column.name for column in dataset.columns if column.kind is Kind.REGION_NAME}:
        there.add("code_insee_region")
    return tuple(name for name in dataset.identity if name not in there)


def refuse_missing_keys(dataset: Dataset, names: Sequence[str], origin: str, unmatched: Sequence[str] = ()) -> None:
    """Raise :class:`~watthouse.errors.ContractError` where a key column is missing and cannot be derived."""
    missing = missing_keys(dataset, names)
    if missing:
        others = f" (columns that match nothing: {listed(unmatched)})" if unmatched else ""
        raise ContractError(
            f"{origin}: {dataset.id} needs column {' and '.join(missing)}, which is missing{others}:"
            " export it again with every column under its technical name"
        )


@cache
def _families(catalog: tuple[Dataset, ...]) -> tuple[tuple[Dataset, ...], ...]:
    by_columns: dict[tuple[str, ...], list[Dataset]] = {}
    for dataset in catalog:
        by_columns.setdefault(dataset.names, []).append(dataset)
    return tuple(tuple(datasets) for datasets in by_columns.values())


def _fit(family: tuple[Dataset, ...], labels: Sequence[str]) -> _Fit:
    matches = {place: column for place, label in enumerate(labels) if (column := _match(family[0], label))}
    strangers = tuple(label for place, label in enumerate(labels) if place not in matches)
    foreign = tuple(label for label in strangers if _names_another(family[0], label))
    return _Fit(family, matches, strangers, foreign)


def _refuse_siblings(labels: Sequence[str], origin: str) -> None:
    folded = [fold(label) for label in labels]
    for sibling in SIBLINGS:
        if all(any(mark in label for label in folded) for mark in sibling.marks):
            raise UnrecognisedError(f"{origin}: {sibling.id} ({sibling.title}), which is not a dataset of the catalog")


def _refuse_others(fit: _Fit, origin: str) -> None:
    """Raise where what looks like a dataset is about another place, counts in other units, or is coarser."""
    # A region's file short of one column once became France's figures: headers that name another place decide.
    like = fit.family[0]
    if fit.foreign:
        raise UnrecognisedError(
            f"{origin}: its columns name another place ({listed(fit.foreign)}) than {like.id} covers"
        )
    if odd := next((match for match in fit.matches.values() if match.odd_unit), None):
        raise UnrecognisedError(
            f"{origin}: its {odd.column.name} is in {odd.odd_unit}, where {like.id} has {odd.column.unit}"
        )
    coarse = [label for label in fit.strangers if not _COARSE.isdisjoint(words(label))]
    if coarse and missing_keys(like, fit.names):
        raise UnrecognisedError(
            f"{origin}: its rows are totals by {shown(coarse[0])}, where {like.id} has {like.grain}"
        )


def _positions(fit: _Fit, labels: Sequence[str], origin: str) -> dict[str, int]:
    dataset, positions = fit.family[0], {}
    for place, matched in fit.matches.items():
        name = matched.column.name
        if name in positions:
            raise ContractError(f"{origin}: column {name} of {dataset.id} appears twice: keep the one that is right")
        positions[name] = place
    if _is_closed(dataset):
        positions |= {f"{EXTRA}{labels[place]}": place for place in range(len(labels)) if place not in fit.matches}
    return positions


def _looks_alike(names: Sequence[str], unmatched: Sequence[str]) -> bool:
    strangers = [label for label in unmatched if not _is_junk(label)]
    return len(names) >= _ALIKE and len(names) >= len(strangers)


def _notes(unmatched: Sequence[str]) -> tuple[str, ...]:
    named = [label for label in unmatched if label.strip()]
    return (f"columns left out, as the catalog does not have them: {listed(named)}",) if named else ()


def _is_closed(dataset: Dataset) -> bool:
    """Whether a dataset is about one place alone."""
    return any(column.closed for column in dataset.columns)


def _names_another(dataset: Dataset, label: str) -> bool:
    """Whether a header that is not one of the dataset's names a kind of place that the dataset does not know."""
    foreign = SMALLER if Kind.REGION in {column.kind for column in dataset.columns} else SMALLER | _REGIONS
    return not foreign.isdisjoint(words(label))


@lru_cache(maxsize=8192)
def _match(dataset: Dataset, label: str) -> _Match | None:
    """What a header means in a dataset: ``Consommation (MW)``, ``consommation_mw``, ``Consommation..MW.`` of R."""
    # R's write.csv writes "Consommation..MW.", and pandas and scripts consommation_mw: one header in three spellings
    label = _MARKED.sub("", label)
    names = _names(dataset)
    if column := names.get(fold(label)):
        unit = _BRACKETED.search(undouble(label).strip())
        return _Match(column, _odd(column, unit[1] if unit else ""))
    return _with_unit(dataset, _letters(label))


def _is_junk(label: str) -> bool:
    """Whether a header is meaningless: empty, a number, ``column_30``, ``Column 64``, ``Unnamed: 0``, R's ``X``."""
    return bool(_JUNK.fullmatch(fold(label)) or _ROW_NUMBER.fullmatch(label))


@lru_cache(maxsize=64)
def _names(dataset: Dataset) -> Mapping[str, Column]:
    return {fold(label): column for column in dataset.columns for label in (column.name, *column.labels)}


def _with_unit(dataset: Dataset, letters: str) -> _Match | None:
    for name, column in _names(dataset).items():
        if column.unit and letters.startswith(name):
            rest = letters.removeprefix(name)
            if rest in {_letters(unit) for unit in _SPELT_OUT.get(column.unit, (column.unit,))}:
                return _Match(column)
            if odd := _odd(column, rest):
                return _Match(column, odd)
    return None


def _odd(column: Column, unit: str) -> str:
    others = {_letters(other): other for other in OTHER_UNITS.get(column.unit, ())}
    return others.get(_letters(unit), "") if unit else ""


def _letters(text: str) -> str:
    """Folded, brackets and what is in them included; ``%`` is a letter here."""
    return "".join("%" if part == "%" else fold(part) for part in re.split(r"(%)|[\(\)\[\]]", text) if part)
