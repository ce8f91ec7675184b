"""Which dataset each row of a document belongs to: its values say which place it is about, and how settled it is."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from watthouse.catalog import CATALOG, REGION_ALIASES, REGIONS, Column, Dataset, Kind
from watthouse.errors import ContractError, UnrecognisedError, listed, shown
from watthouse.sources.casts import cast
from watthouse.sources.cells import fold, words
from watthouse.sources.headers import EXTRA, SMALLER

CODES: Final = {fold(name): code for code, name in REGIONS.items()} | {
    fold(alias): code for alias, code in REGION_ALIASES.items()
}
"""Name of a region, folded → its INSEE code."""

_MANY: Final = 1000
"""Distinct values from which a column of text is free text, and not a dimension."""


def by_dataset(family: Sequence[Dataset], batch: pl.DataFrame, origin: str) -> list[tuple[Dataset, pl.DataFrame]]:
    """The rows of ``batch`` (technical names) of each dataset that it has rows of.

    ``family`` are the datasets that its columns may be of. Raises :class:`~watthouse.errors.UnrecognisedError` where a
    value names a place of no dataset.
    """
    placed = _by_place(family, batch, origin)
    return [mine for datasets, rows in placed for mine in _by_nature(datasets, rows, origin)]


def _by_place(
    family: Sequence[Dataset], batch: pl.DataFrame, origin: str
) -> list[tuple[Sequence[Dataset], pl.DataFrame]]:
    """The rows of ``batch`` with the datasets whose place they are about.

    RTE's files say ``Périmètre`` of France and of a region alike: rows of a region are the regional dataset's.
    """
    closed = next((column for column in family[0].columns if column.closed), None)
    if closed is None:
        return [(family, batch)]
    _refuse_told_apart(family[0], batch, origin)
    if closed.name not in batch.columns:
        return [(family, batch)]
    # RTE's header "Périmètre" stands over "France" and over a region's name alike: only the values tell.
    named = cast(closed, batch.get_column(closed.name)).values
    elsewhere = (named.is_not_null() & ~named.is_in(list(closed.values))).fill_null(value=False)
    if not elsewhere.any():
        return [(family, batch)]
    regions = _regional(family, closed, batch.filter(elsewhere), origin)
    return [regions] if elsewhere.all() else [(family, batch.filter(~elsewhere)), regions]


def _regional(
    family: Sequence[Dataset], closed: Column, rows: pl.DataFrame, origin: str
) -> tuple[Sequence[Dataset], pl.DataFrame]:
    strangers = [str(name) for name in rows.get_column(closed.name).unique().sort() if fold(str(name)) not in CODES]
    regional = [dataset for dataset in CATALOG.values() if _goes_by(dataset, closed)]
    if strangers or not regional:
        raise UnrecognisedError(
            f"{origin}: its {closed.name} is '{shown(strangers[0])}': the catalog has no dataset for that place"
        )
    name = next(column.name for column in regional[0].columns if column.kind is Kind.REGION_NAME)
    rows = rows.rename({closed.name: name})
    # a column with values that the regional dataset lacks would be dropped without a word
    foreign = [column for column in rows.columns if column not in regional[0] and not column.startswith(EXTRA)]
    if lost := [column for column in foreign if rows.get_column(column).drop_nulls().len()]:
        place = rows.get_column(name)[0]
        raise UnrecognisedError(
            f"{origin}: rows of '{shown(place)}' with columns of {family[0].id} ({listed(lost)}):"
            " the catalog has no such dataset"
        )
    return regional, rows.select(column for column in rows.columns if column in regional[0])


def _goes_by(dataset: Dataset, closed: Column) -> bool:
    """Whether a dataset's regions stand under the same header as the one place of another."""
    labels = {fold(label) for label in closed.labels}
    return any(
        column.kind is Kind.REGION_NAME and labels & {fold(label) for label in column.labels}
        for column in dataset.columns
    )


def _refuse_told_apart(dataset: Dataset, batch: pl.DataFrame, origin: str) -> None:
    """Raise where a column that the dataset does not know names regions, or distinguishes rows of one slot."""
    # Several places joined in one file, with a column of their names, may have exactly France's other columns: each
    # row would count as France's.
    for name in [column for column in batch.columns if column.startswith(EXTRA)]:
        values = batch.get_column(name)
        if values.dtype != pl.String or values.n_unique() > _MANY:
            continue
        place = next((text for text in values.drop_nulls().unique() if _is_place(text)), None)
        if place:
            raise UnrecognisedError(
                f"{origin}: column '{shown(name.removeprefix(EXTRA))}' names another place ('{shown(place)}')"
                f" than {dataset.id} covers"
            )
        if _tells_apart(dataset, batch, name):
            raise UnrecognisedError(
                f"{origin}: column '{shown(name.removeprefix(EXTRA))}' distinguishes several series"
                f" ('{shown(values.drop_nulls()[0])}', …), where {dataset.id} has one"
            )


def _tells_apart(dataset: Dataset, batch: pl.DataFrame, name: str) -> bool:
    """Whether rows of one slot differ in a column, and in what was measured: a series each of several places.

    Files that were read before and joined differ in a column too (their names); there most measures agree.
    """
    slot = [column for column in (*dataset.identity, "date", "heure") if column in batch.columns]
    if not slot or dataset.measured not in batch.columns:
        return False
    distinct = batch.group_by(slot).agg(pl.col(name, dataset.measured).drop_nulls().n_unique())
    shared = distinct.filter(pl.col(name) > 1)
    return shared.height > 1 and shared.filter(pl.col(dataset.measured) > 1).height * 2 > shared.height


def _is_place(text: str) -> bool:
    return fold(text) in CODES or not SMALLER.isdisjoint(words(text))


def _by_nature(family: Sequence[Dataset], batch: pl.DataFrame, origin: str) -> list[tuple[Dataset, pl.DataFrame]]:
    version = family[0].version
    if version is None or version not in batch.columns:
        return [(family[0], batch)]
    known = [value for dataset in family for value in dataset.versions]
    natures, rows = _natures(family[0], version, batch, origin), []
    for dataset in family:
        mine = natures.is_in(list(dataset.versions))
        if dataset is family[0]:
            # Rows with a null or unknown nature would vanish here without a trace, as no dataset claims them. The
            # contract, which every row meets once, counts the former and refuses the latter.
            mine |= natures.is_null() | ~natures.is_in(known)
        if mine.any():
            rows.append((dataset, batch.filter(mine.fill_null(value=True))))
    return rows


def _natures(dataset: Dataset, version: str, batch: pl.DataFrame, origin: str) -> pl.Series:
    try:
        return cast(dataset.by_name[version], batch.get_column(version)).values
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise ContractError(f"{origin}: column {version} of {dataset.id}: {error}") from error
