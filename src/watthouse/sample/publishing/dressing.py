"""From whole megawatts to a row as it is exported: rates, names of the vintage, numbers as text, null tokens, junk."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import polars as pl

from watthouse import catalog
from watthouse.sample.country.noise import chance
from watthouse.sample.country.regions import MAINLAND
from watthouse.sample.publishing.layout import BATTERY, LAYOUTS, RATED, SPLIT
from watthouse.sample.publishing.regional import PUMPING

SPLIT_SINCE: Final = date(2020, 1, 1)
"""Onshore and offshore wind, and batteries, are published from then on (earlier rows lack them)."""
TOKENS_SINCE: Final = date(2018, 1, 1)
"""From then until they are published, the text columns have ``ND``."""
WINDLESS_UNTIL: Final = date(2015, 1, 1)
"""Until then a region with next to no wind farms has ``-``."""

_CODES: Final = [region.code for region in MAINLAND]
_REAL_TIME_NAMES: Final[Mapping[str, str]] = {
    **catalog.REGIONS, "11": "Ile-de-France", "44": "Grand-Est", "52": "Pays-de-la-Loire", "93": "PACA",
}  # fmt: skip
NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "eco2mix-regional-tr": _REAL_TIME_NAMES,
    "eco2mix-regional-cons-def": catalog.REGIONS,
}
"""Dataset → INSEE code → the region's name there."""


def national(rows: pl.DataFrame, dataset_id: str) -> pl.DataFrame:
    """The columns of the export, and the working columns; rows as given."""
    columns = [*_text_from((*SPLIT, *BATTERY), rows), pl.lit("France").alias("perimetre")]
    return _ordered(rows.with_columns(columns), dataset_id)


def regional(rows: pl.DataFrame, dataset_id: str) -> pl.DataFrame:
    """The columns of the export, and the working columns; rows as given."""
    place = pl.col("_region").cast(pl.UInt32)
    names = NAMES[dataset_id]
    rows = rows.with_columns(
        pl.lit(pl.Series(_CODES)).gather(place).alias("code_insee_region"),
        pl.lit(pl.Series([names[code] for code in _CODES])).gather(place).alias("libelle_region"),
        *_rates(),
    )
    text = _real_time_text(rows) if dataset_id == "eco2mix-regional-tr" else _settled_text()
    # regional exports always carry a nameless column: column_30 settled, column_68 in real time
    junk = next(name for name in LAYOUTS[dataset_id] if name.startswith("column_"))
    return _ordered(rows.with_columns(*text, pl.lit(None, pl.String).alias(junk)), dataset_id)


def _rates() -> Iterator[pl.Expr]:
    """Share of the load covered, and of the capacity used, in %."""
    for source in RATED:
        yield (100 * pl.col(source) / pl.col("consommation")).round(2).alias(f"tco_{source}")
        yield (100 * pl.col(source) / pl.col(f"_cap_{source}")).round(2).alias(f"tch_{source}")


def _real_time_text(rows: pl.DataFrame) -> Iterator[pl.Expr]:
    # "-" is ODRÉ's token for "no such technology in the region", and makes the whole column text
    none = ~pl.lit(pl.Series([code in PUMPING for code in _CODES])).gather(pl.col("_region").cast(pl.UInt32))
    measured = pl.col("consommation").is_not_null()
    yield pl.when(none & measured).then(pl.lit("-")).otherwise(pl.col("pompage").cast(pl.String)).alias("pompage")
    yield from _text_from(BATTERY, rows)
    yield from _null_before(SPLIT)


def _settled_text() -> Iterator[pl.Expr]:
    calm = (pl.col("_day") < WINDLESS_UNTIL) & (pl.col("eolien") == 0)
    yield pl.when(calm).then(pl.lit("-")).otherwise(pl.col("eolien").cast(pl.String)).alias("eolien")
    yield from _null_before((*SPLIT, *BATTERY))


def _text_from(names: Sequence[str], rows: pl.DataFrame) -> Iterator[pl.Expr]:
    """Numbers as text: null in early years, then ``ND``, then values, with a stray ``ND`` for a battery."""
    day, measured = pl.col("_day"), pl.col("consommation").is_not_null()
    is_early = bool((rows["_day"] < SPLIT_SINCE).all())
    for name in names:
        if is_early:
            untold = pl.when((day >= TOKENS_SINCE) & measured).then(pl.lit("ND"))
            yield untold.otherwise(pl.lit(None, pl.String)).alias(name)
            continue
        stray = (chance(pl.col("_dice"), f"ND {name}") < 0.0005) & (name in BATTERY) & pl.col(name).is_not_null()
        early = (day < SPLIT_SINCE) | stray
        token = pl.when((day >= TOKENS_SINCE) & measured).then(pl.lit("ND"))
        yield pl.when(early).then(token).otherwise(pl.col(name).cast(pl.String)).alias(name)


def _null_before(names: Sequence[str]) -> Iterator[pl.Expr]:
    for name in names:
        yield pl.when(pl.col("_day") >= SPLIT_SINCE).then(pl.col(name)).alias(name)


def _ordered(rows: pl.DataFrame, dataset_id: str) -> pl.DataFrame:
    working = [name for name in rows.columns if name in {"_day", "_phantom", "_region", "published_at"}]
    return rows.select(*(pl.col(name).cast(its) for name, its in LAYOUTS[dataset_id].items()), *working)
