"""Datasets of which the sample knows the declaration alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from watthouse.catalog import CATALOG, REGIONS, Column, Dataset, Kind
from watthouse.sample.publishing import Publisher

REGIONAL = Dataset(
    id="made-up-by-region",
    title="A made-up dataset",
    grain="half hour × region",
    key=("code", "date_heure"),
    time="date_heure",
    measured="load",
    columns=(
        Column("code", Kind.REGION, "region"),
        Column("region", Kind.REGION_NAME, "its name"),
        Column("nature", Kind.TEXT, "how settled"),
        Column("date", Kind.DATE, "civil day"),
        Column("heure", Kind.CLOCK, "clock time"),
        Column("date_heure", Kind.INSTANT, "instant"),
        Column("load", Kind.WHOLE, "load", "MW"),
        Column("share", Kind.RATE, "share", "%"),
        Column("warmth", Kind.TEMPERATURE, "temperature", "°C"),
        Column("held", Kind.STOCK, "stock", "GWh"),
    ),
    signature=frozenset({"load"}),
    cadence=timedelta(hours=1),
    lag=timedelta(hours=1),
    revision_window=timedelta(days=3),
    publisher="nobody",
    since="2024",
    version="nature",
    versions=("provisional", "final"),
    step=timedelta(minutes=30),
    grid=timedelta(minutes=30),
)
NATIONAL = replace(REGIONAL, id="made-up", key=("date_heure",), columns=REGIONAL.columns[2:])
SPRING = date(2024, 3, 31)
"""Of 23 hours."""


@pytest.fixture(params=[REGIONAL, NATIONAL], ids=lambda dataset: dataset.id)
def dataset(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    monkeypatch.setitem(CATALOG, request.param.id, request.param)
    return request.param


def test_every_key_has_a_row_in_every_slot_that_has_ended_and_waited(dataset: Dataset) -> None:
    publisher, now = Publisher(since=SPRING), datetime(2024, 4, 1, 9, 40, tzinfo=UTC)
    first, last = datetime(2024, 3, 30, 23, tzinfo=UTC), datetime(2024, 4, 1, 8, tzinfo=UTC)
    rows = publisher.table(dataset.id, now)
    places = len(REGIONS) if dataset is REGIONAL else 1
    slots = [first + step * dataset.grid for step in range((last - first) // dataset.grid + 1)]
    assert rows["date_heure"].to_list() == [slot for slot in slots for _ in range(places)]
    assert rows.select(dataset.identity).is_unique().all()
    assert publisher.rows(dataset.id, now) == rows.height
    assert publisher.months(dataset.id, now) == ["2024-03", "2024-04"]
    assert publisher.processed(dataset.id, now) == datetime(2024, 4, 1, 9, 30, tzinfo=UTC)
    assert rows.filter(pl.col("date") == SPRING)["heure"].n_unique() == 46


def test_values_are_of_their_kind(dataset: Dataset) -> None:
    rows = Publisher(since=SPRING).table(dataset.id, datetime(2024, 4, 9, tzinfo=UTC))
    assert rows["nature"].unique().to_list() == ["provisional"]
    assert rows["load"].is_between(0, 10_000).all()
    assert rows["share"].is_between(0, 100).all()
    assert rows["warmth"].is_between(-5, 30).all()
    assert rows["held"].is_between(0, 1_000).all()
    assert rows["load"].n_unique() > 200
    if dataset is REGIONAL:
        assert dict(rows.select("code", "region").unique().rows()) == REGIONS


def test_a_seed_gives_the_same_rows_whatever_is_looked_at_first(dataset: Dataset) -> None:
    now, since, until = (datetime(2024, month, 9, tzinfo=UTC) for month in (6, 4, 5))
    whole = Publisher(4, SPRING).table(dataset.id, now)
    part = Publisher(4, SPRING).table(dataset.id, now, since, until)
    assert part.equals(whole.filter(pl.col("date_heure") >= since, pl.col("date_heure") < until))
    assert not whole.equals(Publisher(5, SPRING).table(dataset.id, now))


def test_nothing_is_shown_before_anything_was_published(dataset: Dataset) -> None:
    publisher, now = Publisher(since=SPRING), datetime(2024, 3, 31, 0, 15, tzinfo=UTC)
    assert publisher.table(dataset.id, now).is_empty()
    assert (publisher.rows(dataset.id, now), publisher.months(dataset.id, now)) == (0, [])
    assert publisher.processed(dataset.id, now) <= now
