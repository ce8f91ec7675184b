"""A year of refreshes in fast motion: the ledger holds every revision the publisher made, no more and no less.

The publisher's own record of versions is the expectation: of each slot, the last version that stood at each refresh.
The days on which something happens are refreshed every few hours, the weeks between them once; the regions, twelve
times as many rows, for a month. `make test-long` refreshes those days hourly, and ``WATTHOUSE_WHOLE_YEAR=1`` everything
every hour of the year, which takes hours.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.integration.service import Service, built_from_tables, service, utc
from tests.support import PARIS, tables
from watthouse.catalog import CATALOG, REGIONS, Column, Dataset, Kind, live
from watthouse.home import Home
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.operate import pipeline
from watthouse.settings import Settings
from watthouse.sync.report import Selection

pytestmark = [pytest.mark.slow]

WHOLE = "WATTHOUSE_WHOLE_YEAR" in os.environ
SINCE = date(2024, 10, 1)
YEAR = (utc("2025-01-10T00:40"), utc("2026-01-10T00:40"))
MONTH = (utc("2025-02-27T00:40"), utc("2025-04-01T00:40"))
EVENTFUL = (
    ("2025-01-10", "the first days"),
    ("2025-03-02", "a quarter is consolidated"),
    ("2025-03-30", "the clocks go forward"),
    ("2025-09-01", "a year becomes definitive"),
    ("2025-10-26", "the clocks go back"),
    ("2026-01-01", "the year turns"),
)
EVENTFUL_HOURS = 24

REGIONAL = tuple(name for name in live() if "regional-" in name)
OTHERS = tuple(name for name in live() if name not in REGIONAL)


@dataclass(frozen=True)
class Followed:
    """A home that was refreshed through a time, and when."""

    home: Path
    names: tuple[str, ...]
    moments: list[datetime]


def moments(begin: datetime, end: datetime, hours: int) -> Iterator[datetime]:
    """When it is refreshed: the last time over a day after the one before, so that the whole span is looked at."""
    stretches = [(utc(f"{day}T00:40"), utc(f"{day}T00:40") + timedelta(hours=EVENTFUL_HOURS)) for day, _ in EVENTFUL]
    now = begin
    while now < end:
        yield now
        if WHOLE or any(low <= now < high for low, high in stretches):
            now += timedelta(hours=1 if WHOLE else hours)
        else:
            now = min([now + timedelta(days=7), *(low for low, _ in stretches if low > now)])
    yield end


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(SINCE, YEAR[0], seed=7) as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((OTHERS, YEAR, 4), id="others"),
        pytest.param((REGIONAL, YEAR if WHOLE else MONTH, 4), id="regional"),
        pytest.param((OTHERS, YEAR, 1), id="others, hourly", marks=pytest.mark.long),
        pytest.param((REGIONAL, MONTH, 1), id="regional, hourly", marks=pytest.mark.long),
    ],
)
def followed(request: pytest.FixtureRequest, served: Service, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    names, span, hours = request.param
    settings = Settings(home=tmp_path_factory.mktemp("followed"), odre_url=served.url)
    refreshed = list(moments(*span, hours))
    for now in refreshed:
        served.at(now)
        done = pipeline.fetch(Home(settings), None, Selection.of(names))
        assert not done.failed, done.failed
    pipeline.build(Home(settings))
    return Followed(settings.home, names, refreshed)


def test_a_year_of_refreshes_ends_equal_to_one_full_fetch(served: Service, followed: Followed, tmp_path: Path) -> None:
    end = followed.moments[-1]
    served.at(end)
    settings = Settings(home=tmp_path / "once", odre_url=served.url)
    assert not pipeline.refresh(Home(settings), None, Selection.of(followed.names)).failed
    assert tables(followed.home) == tables(settings.home)
    assert tables(followed.home) == tables(built_from_tables(served, tmp_path, end, followed.names))


def test_the_ledger_holds_every_revision_the_publisher_made_no_more_no_less(
    served: Service, followed: Followed
) -> None:
    for name in followed.names:
        dataset = CATALOG[name]
        expected = _expected(served, dataset, followed.moments)
        held = Lake(followed.home / "lake").scan(dataset).select(*dataset.names, OBSERVED_AT).collect()
        assert held.height > 1000
        assert _in_turn(held, dataset, OBSERVED_AT).equals(_in_turn(expected, dataset, "seen")), name
        if name.endswith("-tr"):
            assert held.height > held.select(dataset.identity).unique().height, "no revision came up"


def _in_turn(rows: pl.DataFrame, dataset: Dataset, turn: str) -> pl.DataFrame:
    """Each line's versions in the order in which they came."""
    return rows.sort([*dataset.identity, turn]).select(dataset.names)


def _expected(served: Service, dataset: Dataset, refreshed: list[datetime]) -> pl.DataFrame:
    """What stood at each refresh, from the publisher's record; a value that stood before is no version."""
    instant = pl.col(dataset.time).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    first = served.publisher.table(dataset.id, refreshed[0]).select(instant.min()).item()
    begin = first or datetime.combine(SINCE, time(), PARIS)
    record = served.publisher.versions(dataset.id, begin, refreshed[-1] + timedelta(days=3))
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
