"""Which datasets rows come from, by their natures: each belongs to one dataset of a pair."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from watthouse.catalog import CATALOG
from watthouse.serve.queries.attribution import Used

_POWER: Final = [dataset for dataset in CATALOG.values() if dataset.versions]
REGIONAL_BY_NATURE: Final = {
    nature: dataset.id for dataset in _POWER if "code_insee_region" in dataset.key for nature in dataset.versions
}
NATIONAL_BY_NATURE: Final = {
    nature: dataset.id for dataset in _POWER if "code_insee_region" not in dataset.key for nature in dataset.versions
}


def used_by(groups: pl.DataFrame, datasets: Mapping[str, str]) -> tuple[Used, ...]:
    """The datasets, in the order of the catalog, behind groups of rows of one ``nature`` each, of the days ``since`` to
    ``until``."""
    # a nature that is not declared belongs to none
    dataset = pl.col("nature").replace_strict(dict(datasets), default=None, return_dtype=pl.String)
    spans = groups.group_by(dataset=dataset).agg(pl.col("since").min(), pl.col("until").max())
    days = {name: ends for name, *ends in spans.drop_nulls().iter_rows()}
    return tuple(Used(CATALOG[name], *days[name]) for name in CATALOG if name in days)
