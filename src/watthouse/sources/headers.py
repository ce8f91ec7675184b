"""Headers of any vintage → technical names, and the dataset that a document's columns make it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import polars as pl

from watthouse.catalog import CATALOG, SIBLINGS, Dataset
from watthouse.errors import ContractError, UnrecognisedError
from watthouse.sources.base import Piece
from watthouse.sources.casts import cast
from watthouse.sources.contract import apply, missing_keys, refuse_missing_keys
from watthouse.sources.folding import fold, listed, shown
from watthouse.sources.labels import Match, is_junk, match, words
from watthouse.sources.numbers import Writing
from watthouse.sources.places import EXTRA, by_place, is_closed, names_another

_ALIKE: Final = 3
_DISCLAIMER: Final = r"^\W*RTE ne pourra\b"
_COARSE: Final = frozenset({"mois", "annee", "semaine", "trimestre", "saison", "month", "year", "week", "quarter"})


@dataclass(frozen=True)
class Layout:
    """What a document's columns say: the datasets it may hold rows of, and where their columns stand in it.

    ``family`` are datasets with the same columns: ``nature`` tells row by row which one a row belongs to.
    ``positions`` maps technical names to places in the document (and what begins with :data:`places.EXTRA` to columns
    that are read only for the places they name); ``notes`` tell which columns are left out. ``writing`` is how the
    document writes its numbers.
    """

    family: tuple[Dataset, ...]
    positions: Mapping[str, int]
    notes: tuple[str, ...] = ()
    writing: Writing = field(default_factory=Writing, compare=False)

    def with_notes(self, notes: Sequence[str]) -> "Layout":
        """The same layout with more notes."""
        return replace(self, notes=(*self.notes, *notes)) if notes else self

    def pieces(self, batch: pl.DataFrame, origin: str, position: int) -> Iterator[Piece]:
        """The rows of ``batch`` (technical names) under contract: one piece a dataset that it has rows of.

        RTE's closing sentence, which re-saves keep as a row, is left out.
        """
        batch = _without_disclaimer(batch, min(self.positions, key=lambda name: self.positions[name]))
        for family, rows in by_place(self.family, batch, origin):
            for dataset, routed in _routed(family, rows, origin):
                yield apply(dataset, routed, origin, notes=self.notes, position=position, writing=self.writing)


@dataclass(frozen=True)
class _Fit:
    """How well a family fits a header: its matches by place, the strangers beside them, and those that forbid it."""

    family: tuple[Dataset, ...]
    matches: Mapping[int, Match]
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
        keyed = not missing_keys(self.family[0], self.names)
        return sum((not self.foreign, not self.lacking, keyed)), len(set(self.names))

    @property
    def is_plain(self) -> bool:
        """Whether it holds without its whole signature: measured, its place given, and no header left unexplained."""
        dataset, names = self.family[0], set(self.names)
        names_its_place = {column.name for column in dataset.columns if column.closed} <= names
        strangers = [label for label in self.strangers if not is_junk(label)]
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


@cache
def _families(catalog: tuple[Dataset, ...]) -> tuple[tuple[Dataset, ...], ...]:
    by_columns: dict[tuple[str, ...], list[Dataset]] = {}
    for dataset in catalog:
        by_columns.setdefault(dataset.names, []).append(dataset)
    return tuple(tuple(datasets) for datasets in by_columns.values())


def _fit(family: tuple[Dataset, ...], labels: Sequence[str]) -> _Fit:
    matches = {place: column for place, label in enumerate(labels) if (column := match(family[0], label))}
    strangers = tuple(label for place, label in enumerate(labels) if place not in matches)
    foreign = tuple(label for label in strangers if names_another(family[0], label))
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
    if is_closed(dataset):
        positions |= {f"{EXTRA}{labels[place]}": place for place in range(len(labels)) if place not in fit.matches}
    return positions


def _looks_alike(names: Sequence[str], unmatched: Sequence[str]) -> bool:
    strangers = [label for label in unmatched if not is_junk(label)]
    return len(names) >= _ALIKE and len(names) >= len(strangers)


def _without_disclaimer(batch: pl.DataFrame, first: str) -> pl.DataFrame:
    if batch.schema[first] != pl.String:
        return batch
    closing = pl.col(first).str.contains(_DISCLAIMER).fill_null(value=False)
    return batch.filter(~closing) if batch.select(closing.any()).item() else batch


def _notes(unmatched: Sequence[str]) -> tuple[str, ...]:
    named = [label for label in unmatched if label.strip()]
    return (f"columns left out, as the catalog does not have them: {listed(named)}",) if named else ()


def _routed(family: Sequence[Dataset], batch: pl.DataFrame, origin: str) -> Iterator[tuple[Dataset, pl.DataFrame]]:
    version = family[0].version
    if version is None or version not in batch.columns:
        yield family[0], batch
        return
    natures = _natures(family[0], version, batch, origin)
    known = [value for dataset in family for value in dataset.versions]
    for dataset in family:
        mine = natures.is_in(list(dataset.versions))
        if dataset is family[0]:
            # Rows with a null or unknown nature would vanish here without a trace, as no dataset claims them. The
            # contract, which every row meets once, counts the former and refuses the latter.
            mine |= natures.is_null() | ~natures.is_in(known)
        if mine.any():
            yield dataset, batch.filter(mine.fill_null(value=True))


def _natures(dataset: Dataset, version: str, batch: pl.DataFrame, origin: str) -> pl.Series:
    try:
        return cast(dataset[version], batch.get_column(version)).values
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise ContractError(f"{origin}: column {version} of {dataset.id}: {error}") from error
