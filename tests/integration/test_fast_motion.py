"""Months of refreshes in fast motion: the ledger holds every revision the publisher made, no more and no less.

The publisher's own record of versions is the expectation: of each slot, the last version that stood at each refresh.
``WATTHOUSE_WHOLE_YEAR=1`` refreshes every hour of a year (it takes the better part of an hour); else the hours around
what happens in a year are refreshed hourly, and the rest of it every twelve hours.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.integration.service import Service, built_from_tables, service, utc
from tests.support import tables
from watthouse import pipeline
from watthouse.catalog import CATALOG, REGIONS, Column, Dataset, Kind
from watthouse.lake import Lake
from watthouse.report import Selection
from watthouse.revising import OBSERVED_AT
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]

SINCE = date(2024, 10, 1)
BEGIN, END = utc("2025-01-10T00:40"), utc("2026-01-10T00:40")
EVENTFUL = (
    ("2025-01-10", 3, "the first days"),
    ("2025-02-28", 3, "a quarter is consolidated"),
    ("2025-03-28", 4, "the clocks go forward"),
    ("2025-08-31", 3, "a year becomes definitive"),
    ("2025-10-25", 3, "the clocks go back"),
    ("2025-12-30", 3, "the year turns"),
)


def moments() -> Iterator[datetime]:
    """When it is refreshed."""
    stretches = [(utc(f"{day}T00:40"), utc(f"{day}T00:40") + timedelta(days=days)) for day, days, _ in EVENTFUL]
    now = BEGIN
    while now < END:
        yield now
        hourly = "WATTHOUSE_WHOLE_YEAR" in os.environ or any(low <= now < high for low, high in stretches)
        now += timedelta(hours=1 if hourly else 12)
    yield END


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(SINCE, BEGIN, seed=7) as running:
        yield running


@pytest.fixture(scope="module")
def followed(served: Service, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[datetime]]:
    """A home that was refreshed through the year, and when."""
    settings = Settings(home=tmp_path_factory.mktemp("followed"), odre_url=served.url)
    refreshed = []
    for now in moments():
        served.at(now)
        done = pipeline.fetch(settings, None, Selection.of())
        assert not done.failed, done.failed
        refreshed.append(now)
    pipeline.build(settings)
    return settings.home, refreshed


def test_a_year_of_refreshes_ends_equal_to_one_full_fetch(
    served: Service, followed: tuple[Path, list[datetime]], tmp_path: Path
) -> None:
    served.at(END)
    settings = Settings(home=tmp_path / "once", odre_url=served.url)
    assert not pipeline.refresh(settings, None, Selection.of()).failed
    assert tables(followed[0]) == tables(settings.home)
    assert tables(followed[0]) == tables(built_from_tables(served, tmp_path, END))


@pytest.mark.parametrize("name", CATALOG)
def test_the_ledger_holds_every_revision_the_publisher_made_no_more_no_less(
    name: str, served: Service, followed: tuple[Path, list[datetime]]
) -> None:
    dataset, (home, refreshed) = CATALOG[name], followed
    expected = _expected(served, dataset, refreshed)
    held = Lake(home / "lake").scan(dataset).select(*dataset.names, OBSERVED_AT).collect()
    assert held.height > 1000
    assert _in_turn(held, dataset, OBSERVED_AT).equals(_in_turn(expected, dataset, "seen"))
    if name.startswith("eco2mix"):
        assert held.height > held.select(dataset.identity).unique().height, "no revision came up"


def _in_turn(rows: pl.DataFrame, dataset: Dataset, turn: str) -> pl.DataFrame:
    """Each line's versions in the order in which they came."""
    return rows.sort([*dataset.identity, turn]).select(dataset.names)


def _expected(served: Service, dataset: Dataset, refreshed: list[datetime]) -> pl.DataFrame:
    """What stood at each refresh, from the publisher's record; a value that stood before is no version."""
    instant = pl.col(dataset.time).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    first = served.publisher.table(dataset.id, refreshed[0]).select(instant.min()).item()
    record = served.publisher.versions(dataset.id, first, END + timedelta(days=3))
    looks = pl.DataFrame({"seen": refreshed}, schema={"seen": pl.Datetime("us", "UTC")})
    published = pl.col("published_at").cast(pl.Datetime("us", "UTC"))
    stood = (
        _clean(dataset, record)
        .with_columns(published)
        .sort("published_at", maintain_order=True)
        .join_asof(looks, left_on="published_at", right_on="seen", strategy="forward")
        .drop_nulls("seen")
        .unique([*dataset.identity, "seen"], keep="last", maintain_order=True)
        .sort([*dataset.identity, "seen"])
    )
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in dataset.names)
    return stood.filter(~same.fill_null(value=False))


def _clean(dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    """The publisher's rows in the catalog's types: numbers out of text, no phantom hour, names by code."""
    if "heure" in rows.columns:
        clock = pl.col("date_heure").dt.convert_time_zone("Europe/Paris").dt.strftime("%H:%M")
        rows = rows.filter(pl.col("heure") == clock)
    return rows.with_columns(_typed(column) for column in dataset.columns)


def _typed(column: Column) -> pl.Expr:
    value, plain = pl.col(column.name), pl.col(column.name).cast(pl.String)
    typed = {
        Kind.WHOLE: plain.replace(["ND", "-", ""], None).cast(pl.Int32),
        Kind.RATE: value.cast(pl.Float64, strict=False),
        Kind.TEMPERATURE: value.cast(pl.Decimal(9, 3), strict=False),
        Kind.STOCK: value.cast(pl.Decimal(18, 6), strict=False),
        Kind.DATE: plain.str.to_date("%Y-%m-%d", strict=False),
        Kind.INSTANT: value.cast(pl.Datetime("us", "UTC"), strict=False),
        Kind.REGION: plain,
        Kind.REGION_NAME: pl.col("^code_insee_region$").cast(pl.String).replace_strict(REGIONS, return_dtype=pl.String),
    }
    return typed.get(column.kind, value).alias(column.name)
