"""What is noted as fetched is what the service shows, whatever it did meanwhile, whichever days were asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.integration.service import Service, service, utc
from watthouse.catalog import find
from watthouse.errors import QuotaError
from watthouse.home import Home
from watthouse.lake.ledger import Lake
from watthouse.operate import pipeline
from watthouse.settings import Settings
from watthouse.sources.odre import Odre
from watthouse.sync.report import Report, Selection

pytestmark = [pytest.mark.slow]

SETTLED = "eco2mix-national-cons-def"
RESTLESS = "eco2mix-national-tr"

Change = Callable[[pl.DataFrame], pl.DataFrame]


def as_it_is(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@dataclass
class Publishing:
    """What a service shows of every dataset otherwise than it would, and how much later it says it was processed."""

    change: Change = as_it_is
    later: timedelta = timedelta()


@contextmanager
def publishing(since: date, now: datetime) -> Iterator[tuple[Service, Publishing]]:
    """A service whose figures can be changed behind its back."""
    with service(since, now) as served:
        publisher, otherwise = served.publisher, Publishing()
        table, stamp, processed = publisher.table, publisher.stamp, publisher.processed
        publisher.table = lambda *asked: otherwise.change(table(*asked))  # type: ignore[method-assign]
        publisher.stamp = lambda *asked: (stamp(*asked), otherwise.change)  # type: ignore[method-assign]
        publisher.processed = lambda *asked: processed(*asked) + otherwise.later  # type: ignore[method-assign]
        yield served, otherwise


def settings(home: Path, served: Service, **more: object) -> Settings:
    return Settings(home=home, odre_url=served.url, **more)  # type: ignore[arg-type]


def fetch(settings: Settings, name: str, *, full: bool = False, until: date | None = None) -> Report:
    return pipeline.fetch(Home(settings), None, Selection.of([name], until=until), full=full)


def held(settings: Settings, name: str) -> pl.DataFrame:
    """Every observation."""
    return Lake(settings.home / "lake").scan(find(name)).collect()


def empty(*names: str) -> Change:
    """The same rows with nothing in these columns."""
    return lambda rows: rows.with_columns(pl.lit(None, rows.schema[name]).alias(name) for name in names)


@pytest.mark.parametrize("until", [date(2025, 7, 31), date(2025, 12, 31)], ids=["summer", "winter"])
def test_days_asked_for_that_end_with_a_month_lose_no_hour_of_the_next_day(until: date, tmp_path: Path) -> None:
    with service(until.replace(day=20), utc("2026-06-15T12:00")) as served:
        home = settings(tmp_path, served, window_rows=1)
        fetch(home, SETTLED, until=until)
        assert held(home, SETTLED)["date"].max() == until
        fetch(home, SETTLED)
    assert held(home, SETTLED).filter(pl.col("date") == until + timedelta(days=1)).height == 96


def test_a_short_export_of_the_last_days_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    now = utc("2026-03-31T14:40")
    with service(date(2026, 3, 1), now) as served:
        home = settings(tmp_path, served, attempts=2)
        fetch(home, RESTLESS)
        before = held(home, RESTLESS).height
        served.at(now + timedelta(hours=4))
        served.trouble("short:1")
        (refused,) = fetch(home, RESTLESS).failed.values()
        assert "of the 476 rows it says it has" in refused
        assert held(home, RESTLESS).height == before
        served.trouble("")
        assert fetch(home, RESTLESS).counts.revised
        assert fetch(home, RESTLESS, full=True).counts.revised == 0


def test_numbers_that_the_service_calls_text_are_seen_when_they_are_filled_in(tmp_path: Path) -> None:
    names = ["eolien_offshore", "stockage_batterie"]
    with publishing(date(2025, 12, 1), utc("2026-03-31T14:40")) as (served, otherwise):
        home = settings(tmp_path, served)
        otherwise.change = empty(*names)
        fetch(home, SETTLED)
        assert held(home, SETTLED).select(pl.col(names).count()).row(0) == (0, 0)
        otherwise.change, otherwise.later = as_it_is, timedelta(hours=1)
        assert fetch(home, SETTLED).counts.revised
        assert all(held(home, SETTLED).select(pl.col(names).count()).row(0))
        assert fetch(home, SETTLED, full=True).counts.revised == 0


def test_what_is_published_during_a_refresh_and_taken_back_later_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def more(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(pl.col("consommation") + 1000)

    downloads = Odre.downloads
    with publishing(date(2025, 12, 1), utc("2026-03-31T14:40")) as (served, otherwise):

        def late(*asked: object) -> object:
            otherwise.change, otherwise.later = more, timedelta(minutes=1)
            return downloads(*asked)  # type: ignore[arg-type]

        home = settings(tmp_path, served)
        with monkeypatch.context() as patched:
            patched.setattr(Odre, "downloads", late)
            fetch(home, SETTLED)
        otherwise.change, otherwise.later = as_it_is, timedelta(minutes=2)
        assert fetch(home, SETTLED).counts.revised
        before = served.requests
        assert fetch(home, SETTLED).counts.fetched == 0
        assert served.requests - before == 1
        assert fetch(home, SETTLED, full=True).counts.revised == 0


def test_datasets_that_were_not_brought_up_to_date_are_told(tmp_path: Path) -> None:
    names = [RESTLESS, SETTLED, "eco2mix-regional-tr"]
    with service(date(2025, 12, 1), utc("2026-03-31T14:40")) as served:
        home = settings(tmp_path, served, attempts=1, window_rows=1)
        assert pipeline.fetch(Home(home), None, Selection.of(names)).unsettled == set()
        assert pipeline.fetch(Home(home), None, Selection.of(names)).unsettled == set()
        served.trouble(f"renamed={RESTLESS}")
        assert pipeline.fetch(Home(home), None, Selection.of(names)).unsettled == {RESTLESS}
        served.trouble("short:1")
        assert pipeline.fetch(Home(home), None, Selection.of(names), full=True).unsettled == set(names)
        served.trouble("429-day:5")
        with pytest.raises(QuotaError) as caught:
            pipeline.fetch(Home(home), None, Selection.of(names), full=True)
        assert caught.value.report.unsettled == set(names)


def test_a_ledger_that_cannot_be_read_stops_no_other_dataset(tmp_path: Path) -> None:
    with service(date(2026, 3, 1), utc("2026-03-31T14:40")) as served:
        home = settings(tmp_path, served)
        fetch(home, RESTLESS)
        for entry in (tmp_path / "lake" / RESTLESS / "_delta_log").iterdir():
            entry.write_text("{")
        done = pipeline.fetch(Home(home), None, Selection.of([RESTLESS, "eco2mix-regional-tr"]))
        assert list(done.failed) == [RESTLESS]
        assert done.unsettled == {RESTLESS}
        assert held(home, "eco2mix-regional-tr").height


def called_consolidated(rows: pl.DataFrame) -> pl.DataFrame:
    """The first days of January are in the wrong dataset."""
    early = pl.col("date_heure") < utc("2026-01-20")
    return rows.with_columns(pl.when(early).then(pl.lit("Données consolidées")).otherwise("nature").alias("nature"))


@pytest.mark.parametrize("names", [[RESTLESS], [RESTLESS, SETTLED]])
def test_rows_that_say_they_are_of_another_dataset_are_said_and_looked_at_again(
    names: list[str], tmp_path: Path
) -> None:
    with publishing(date(2026, 1, 10), utc("2026-02-25T14:40")) as (served, otherwise):
        home = settings(tmp_path, served, window_rows=1)
        otherwise.change = called_consolidated
        done = pipeline.fetch(Home(home), None, Selection.of(names))
        ((origin, why),) = done.failed.items()
        assert (origin, done.unsettled) == (f"{RESTLESS}, 2026-01", {RESTLESS})
        assert f"it holds {96 * 10 + 4:,} rows of {SETTLED}" in why
        assert held(home, RESTLESS)["date"].min() == date(2026, 1, 20)
        assert not held(home, SETTLED).height
        otherwise.change = as_it_is
        assert fetch(home, RESTLESS).counts.new == 96 * 10 + 4
