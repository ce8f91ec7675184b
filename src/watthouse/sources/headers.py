"""Headers of any vintage → technical names, and the dataset that a document's columns make it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import ContractError, UnrecognisedError
from watthouse.sources.base import Piece
from watthouse.sources.casts import cast
from watthouse.sources.contract import apply, missing_keys, refuse_missing_keys
from watthouse.sources.folding import fold, listed

_JUNK = re.compile(r"(column|unnamed|field|index|level)?\d*", re.ASCII)
_ALIKE = 3


@dataclass(frozen=True)
class Layout:
    """What a document's columns say: the datasets it may hold rows of, and where their columns stand in it.

    ``family`` are datasets with the same columns: ``nature`` tells row by row which one a row belongs to.
    ``positions`` maps technical names to places in the document; ``notes`` tell which columns are left out.
    """

    family: tuple[Dataset, ...]
    positions: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def pieces(self, batch: pl.DataFrame, origin: str, position: int) -> Iterator[Piece]:
        """The rows of ``batch`` (technical names) under contract: one piece a dataset that it has rows of."""
        for dataset, rows in _routed(self.family, batch, origin):
            yield apply(dataset, rows, origin, notes=self.notes, position=position)


def recognise(labels: Sequence[str], origin: str) -> Layout:
    """The layout of a document with these column headers.

    Raises :class:`~watthouse.errors.UnrecognisedError` where they are those of no dataset, and
    :class:`~watthouse.errors.ContractError` where most are but one that is needed is gone, renamed or there twice.
    """
    family, positions = _closest(labels, origin)
    names = list(positions)
    unmatched = [label for place, label in enumerate(labels) if place not in positions.values()]
    lacking = family[0].signature - set(names)
    if lacking and not _looks_alike(names, unmatched):
        raise UnrecognisedError(f"{origin}: its columns ({listed(labels, 4)}) are those of no dataset in the catalog")
    if lacking:
        raise ContractError(
            f"{origin}: it looks like {' or '.join(dataset.id for dataset in family)} but lacks column"
            f" {' and '.join(sorted(lacking))} (columns that match nothing: {listed(unmatched) or 'none'}):"
            " export it again with every column"
        )
    for dataset in family:
        refuse_missing_keys(dataset, names, origin, unmatched)
    return Layout(family, positions, _notes(unmatched))


@cache
def _families(catalog: tuple[Dataset, ...]) -> tuple[tuple[Dataset, ...], ...]:
    by_columns: dict[tuple[str, ...], list[Dataset]] = {}
    for dataset in catalog:
        by_columns.setdefault(dataset.names, []).append(dataset)
    return tuple(tuple(datasets) for datasets in by_columns.values())


@cache
def _names(dataset: Dataset) -> Mapping[str, str]:
    return {fold(label): column.name for column in dataset.columns for label in (column.name, *column.labels)}


def _closest(labels: Sequence[str], origin: str) -> tuple[tuple[Dataset, ...], dict[str, int]]:
    """The family whose signature is there, else the one that most columns match."""

    def nearness(family: tuple[Dataset, ...]) -> tuple[bool, bool, int]:
        matched = {_names(family[0]).get(fold(label)) for label in labels} - {None}
        names = sorted(name for name in matched if name)
        return family[0].signature <= matched, not missing_keys(family[0], names), len(matched)

    family = max(_families(tuple(CATALOG.values())), key=nearness)
    return family, _positions(family[0], labels, origin)


def _positions(dataset: Dataset, labels: Sequence[str], origin: str) -> dict[str, int]:
    positions: dict[str, int] = {}
    for place, label in enumerate(labels):
        name = _names(dataset).get(fold(label))
        if name in positions:
            raise ContractError(
                f"{origin}: column {name} of {dataset.id} stands there twice: keep the one that is right"
            )
        if name:
            positions[name] = place
    return positions


def _looks_alike(names: Sequence[str], unmatched: Sequence[str]) -> bool:
    strangers = [label for label in unmatched if not _is_junk(label)]
    return len(names) >= _ALIKE and len(names) >= len(strangers)


def _is_junk(label: str) -> bool:
    """Whether a header says nothing: empty, a number, ``column_30``, ``Column 64``, ``Unnamed: 0``."""
    return bool(_JUNK.fullmatch(fold(label)))


def _notes(unmatched: Sequence[str]) -> tuple[str, ...]:
    named = [label for label in unmatched if label.strip()]
    return (f"columns left out, as the catalog has no place for them: {listed(named)}",) if named else ()


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
            # a null or unknown nature belongs nowhere: the contract counts the one and refuses the other
            mine |= natures.is_null() | ~natures.is_in(known)
        if mine.any():
            yield dataset, batch.filter(mine.fill_null(value=True))


def _natures(dataset: Dataset, version: str, batch: pl.DataFrame, origin: str) -> pl.Series:
    try:
        return cast(dataset[version], batch.get_column(version)).values
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise ContractError(f"{origin}: column {version} of {dataset.id}: {error}") from error
