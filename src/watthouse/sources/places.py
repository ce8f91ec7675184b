"""Whose figures a document holds: what in headers and values names another place than the dataset's."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from watthouse.catalog import CATALOG, REGION_ALIASES, REGIONS, Column, Dataset, Kind
from watthouse.errors import UnrecognisedError
from watthouse.sources.casts import cast
from watthouse.sources.folding import fold, listed, shown
from watthouse.sources.labels import words

CODES: Final = {fold(name): code for code, name in REGIONS.items()} | {
    fold(alias): code for alias, code in REGION_ALIASES.items()
}
"""Name of a region, folded → its INSEE code."""

EXTRA: Final = "+"
"""What the name of a column begins with that is read for what it says about places alone."""

_REGIONS: Final = frozenset({"region", "regions", "regionale", "regional", "insee", "zone", "territoire", "perimetre"})
_SMALLER: Final = frozenset(
    {"departement", "departements", "metropole", "metropoles", "epci", "commune", "communes", "ville", "canton", "iris"}
)
_MANY: Final = 1000


def is_closed(dataset: Dataset) -> bool:
    """Whether a dataset is about one place alone."""
    return any(column.closed for column in dataset.columns)


def names_another(dataset: Dataset, label: str) -> bool:
    """Whether a header that is none of the dataset's names a kind of place that it does not go by."""
    foreign = _SMALLER if Kind.REGION in {column.kind for column in dataset.columns} else _SMALLER | _REGIONS
    return not foreign.isdisjoint(words(label))


def by_place(
    family: Sequence[Dataset], batch: pl.DataFrame, origin: str
) -> Iterator[tuple[Sequence[Dataset], pl.DataFrame]]:
    """The rows of ``batch`` with the datasets whose place they are about.

    RTE's files say ``Périmètre`` of France and of a region alike: rows of a region are the regional dataset's. Raises
    :class:`~watthouse.errors.UnrecognisedError` where a value names a place of no dataset.
    """
    closed = next((column for column in family[0].columns if column.closed), None)
    if closed is None:
        yield family, batch
        return
    _refuse_told_apart(family[0], batch, origin)
    if closed.name not in batch.columns:
        yield family, batch
        return
    named = cast(closed, batch.get_column(closed.name)).values
    elsewhere = (named.is_not_null() & ~named.is_in(list(closed.values))).fill_null(value=False)
    if not elsewhere.any():
        yield family, batch
        return
    regional, regions = _regional(family, closed, batch.filter(elsewhere), origin)
    if not elsewhere.all():
        yield family, batch.filter(~elsewhere)
    yield regional, regions


def _regional(
    family: Sequence[Dataset], closed: Column, rows: pl.DataFrame, origin: str
) -> tuple[Sequence[Dataset], pl.DataFrame]:
    strangers = [str(name) for name in rows.get_column(closed.name).unique().sort() if fold(str(name)) not in CODES]
    regional = [dataset for dataset in CATALOG.values() if _goes_by(dataset, closed)]
    if strangers or not regional:
        raise UnrecognisedError(
            f"{origin}: its {closed.name} is '{shown(strangers[0])}': the catalog has no dataset of that place"
        )
    name = next(column.name for column in regional[0].columns if column.kind is Kind.REGION_NAME)
    rows = rows.rename({closed.name: name})
    lost = [one for one in rows.columns if one not in regional[0] and rows.get_column(one).drop_nulls().len()]
    if lost := [one for one in lost if not one.startswith(EXTRA)]:
        place = rows.get_column(name)[0]
        raise UnrecognisedError(
            f"{origin}: rows of '{shown(place)}' with columns of {family[0].id} ({listed(lost)}):"
            " the catalog has no such dataset"
        )
    return regional, rows.select(one for one in rows.columns if one in regional[0])


def _goes_by(dataset: Dataset, closed: Column) -> bool:
    """Whether a dataset's regions stand under the same header as the one place of another."""
    labels = {fold(label) for label in closed.labels}
    return any(
        column.kind is Kind.REGION_NAME and labels & {fold(label) for label in column.labels}
        for column in dataset.columns
    )


def _refuse_told_apart(dataset: Dataset, batch: pl.DataFrame, origin: str) -> None:
    """Raise where a column that the dataset does not know names regions, or tells rows of one slot apart."""
    for name in [one for one in batch.columns if one.startswith(EXTRA)]:
        values = batch.get_column(name)
        if values.dtype != pl.String or values.n_unique() > _MANY:
            continue
        place = next((text for text in values.drop_nulls().unique() if _is_place(text)), None)
        if place:
            raise UnrecognisedError(
                f"{origin}: column '{shown(name.removeprefix(EXTRA))}' names another place ('{shown(place)}')"
                f" than {dataset.id} is about"
            )
        if _tells_apart(dataset, batch, name):
            raise UnrecognisedError(
                f"{origin}: column '{shown(name.removeprefix(EXTRA))}' tells several series apart"
                f" ('{shown(values.drop_nulls()[0])}', …), where {dataset.id} has one"
            )


def _tells_apart(dataset: Dataset, batch: pl.DataFrame, name: str) -> bool:
    """Whether rows of one slot differ in a column, and in what was measured: a series each of several places.

    Files that were read before and joined differ in a column too (their names); there most measures agree.
    """
    slot = [one for one in (*dataset.identity, "date", "heure") if one in batch.columns]
    if not slot or dataset.measured not in batch.columns:
        return False
    told = batch.group_by(slot).agg(pl.col(name, dataset.measured).drop_nulls().n_unique()).filter(pl.col(name) > 1)
    return told.height > 1 and told.filter(pl.col(dataset.measured) > 1).height * 2 > told.height


def _is_place(text: str) -> bool:
    return fold(text) in CODES or not _SMALLER.isdisjoint(words(text))
