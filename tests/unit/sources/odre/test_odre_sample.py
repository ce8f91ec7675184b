"""The client against the synthetic service, over real HTTP, in good weather and in every other."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from tests.unit.sources.odre.odre_server import knobs
from tests.unit.sources.reading import read_text, rows_of
from watthouse.catalog import CATALOG, Dataset, live
from watthouse.errors import ClockError, QuotaError, SourceError
from watthouse.sample.publishing import Publisher
from watthouse.sample.server import Limits, Sample, Troubles, serving
from watthouse.sources.odre import Facts, FetchWindow, Odre

pytestmark = pytest.mark.usefixtures("quick")

NOW = datetime(2026, 9, 20, 12, 40, tzinfo=UTC)
NATIONAL = CATALOG["eco2mix-national-tr"]
GAS = CATALOG["stock-quotidien-stockages-gaz"]
DATASETS = tuple(live().values())


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Sample, str]]:
    sample = Sample(Publisher(seed=3, since=date(2026, 2, 1)), now=NOW, pace=0.05)
    with serving(sample) as url:
        yield sample, url


@pytest.fixture
def sample(served: tuple[Sample, str]) -> Sample:
    sample, _ = served
    sample.troubles, sample.meter.limits = Troubles(), Limits()
    sample.move(NOW)
    sample.reset()
    return sample


@pytest.fixture
def odre(served: tuple[Sample, str], sample: Sample, tmp_path: Path) -> Iterator[Odre]:
    with Odre(knobs(served[1], tmp_path, timeout_seconds=5, reach_seconds=10)) as odre:
        yield odre


def told(odre: Odre, dataset: Dataset) -> Facts:
    facts = odre.facts([dataset])[dataset]
    assert isinstance(facts, Facts), facts
    return facts


def monthly(odre: Odre, facts: Facts) -> list[FetchWindow]:
    """A window a month, as the service counts them."""
    months = odre.months(facts)
    assert months is not None
    starts = [datetime.strptime(month.month, "%Y-%m").replace(tzinfo=UTC) for month in months]
    return [
        FetchWindow(start, (start + timedelta(days=31)).replace(day=1), month.rows)
        for start, month in zip(starts, months, strict=True)
    ]


def arrived(odre: Odre, facts: Facts, windows: Sequence[FetchWindow]) -> pl.DataFrame:
    """Every row of the windows, under contract, by key."""
    tables = [
        pl.DataFrame(piece.rows)
        for download in odre.downloads(facts, windows)
        for piece in download.pieces()
        if piece.dataset is facts.dataset and not download.moved
    ]
    return pl.concat(tables).sort(facts.dataset.identity)


def read(odre: Odre, facts: Facts, windows: Sequence[FetchWindow]) -> int:
    """How many rows came, before the contract."""
    return sum(piece.read for download in odre.downloads(facts, windows) for piece in download.pieces())


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.id)
def test_every_row_that_the_publisher_shows_arrives(sample: Sample, odre: Odre, dataset: Dataset) -> None:
    shown = sample.publisher.table(dataset.id, NOW)
    facts = told(odre, dataset)
    windows = monthly(odre, facts)
    assert odre.sample == "seed=3"
    assert facts.rows == shown.height == sum(window.rows or 0 for window in windows)
    assert facts.processed == sample.publisher.processed(dataset.id, NOW)
    assert facts.notes == ()
    assert read(odre, facts, windows) == shown.height
    measured = arrived(odre, facts, windows)[dataset.measured].cast(pl.Float64)
    assert measured.drop_nulls().max() == pytest.approx(shown[dataset.measured].cast(pl.Float64).max())


EVENTS = ("429", "500", "503", "slow", "cut", "reset", "html", "interrupted", "json", "short")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("states", ["", ",no-parquet"])
def test_the_same_rows_arrive_through_every_trouble(sample: Sample, odre: Odre, event: str, states: str) -> None:
    facts = told(odre, GAS)
    windows = monthly(odre, facts)
    calm = arrived(odre, facts, windows)
    retries = odre.usage.retries
    sample.troubles = Troubles.of(f"{event}:3{states}")
    assert arrived(odre, facts, windows).equals(calm)
    assert calm.height == sample.publisher.table(GAS.id, NOW).height
    if event != "slow":
        assert odre.usage.retries > retries


def test_the_same_rows_arrive_through_all_of_it_at_once(
    served: tuple[Sample, str], sample: Sample, tmp_path: Path
) -> None:
    with Odre(knobs(served[1], tmp_path, attempts=8, reach_seconds=10)) as odre:
        facts = told(odre, NATIONAL)
        windows = monthly(odre, facts) * 6
        calm = arrived(odre, facts, windows)
        sample.troubles = Troubles.of("500:7,cut:9,reset:11,html:13,short:5,interrupted:8")
        assert arrived(odre, facts, windows).equals(calm)
        assert odre.usage.retries > 3


def test_what_hangs_is_asked_again(served: tuple[Sample, str], sample: Sample, tmp_path: Path) -> None:
    with Odre(knobs(served[1], tmp_path, timeout_seconds=0.7, reach_seconds=10)) as odre:
        facts = told(odre, GAS)
        windows = monthly(odre, facts)
        sample.troubles = Troubles.of("hang:3")
        assert read(odre, facts, windows) == facts.rows


def test_a_spent_day_stops_at_once(sample: Sample, odre: Odre) -> None:
    facts = told(odre, GAS)
    sample.troubles = Troubles.of("429-day")
    with pytest.raises(QuotaError, match=r"is spent until \d{4}-\d\d-\d\d 00:00Z"):
        odre.months(facts)
    assert odre.usage.requests == 2


def test_another_clock_stops_at_once(sample: Sample, odre: Odre) -> None:
    sample.troubles = Troubles.of("clock")
    with pytest.raises(ClockError, match="3 h behind"):
        odre.facts(DATASETS)
    assert odre.usage.requests == 1


def test_a_service_that_will_not_group_is_fetched_whole(sample: Sample, odre: Odre) -> None:
    sample.troubles = Troubles.of("no-group")
    facts = told(odre, GAS)
    assert odre.months(facts) is None
    assert read(odre, facts, [FetchWindow(None, None, facts.rows)]) == facts.rows


def test_a_column_that_is_gone_is_noted_and_the_rest_arrives(sample: Sample, odre: Odre) -> None:
    sample.troubles = Troubles.of("no-column=solaire")
    facts = told(odre, NATIONAL)
    assert facts.notes == ("the service no longer carries column solaire",)
    pieces = [piece for download in odre.downloads(facts, monthly(odre, facts)[:1]) for piece in download.pieces()]
    assert pieces
    assert all("solaire" not in piece.present and "eolien" in piece.present for piece in pieces)


def test_a_renamed_dataset_is_said_and_the_others_are_told(sample: Sample, odre: Odre) -> None:
    sample.troubles = Troubles.of(f"renamed={GAS.id}")
    facts = odre.facts(DATASETS)
    assert isinstance(facts[GAS], SourceError)
    assert sum(isinstance(said, Facts) for said in facts.values()) == len(DATASETS) - 1


def test_only_months_whose_rows_moved_have_another_fingerprint(sample: Sample, odre: Odre) -> None:
    def shown(dataset: Dataset, at: datetime) -> dict[str, pl.DataFrame]:
        rows = sample.publisher.table(dataset.id, at)
        months = rows.with_columns(pl.col(dataset.time).dt.strftime("%Y-%m").alias("month"))
        return {str(key[0]): part for key, part in months.partition_by("month", as_dict=True).items()}

    later = NOW + timedelta(days=3)
    for dataset in DATASETS:
        sample.move(NOW)
        facts = told(odre, dataset)
        before = {month.month: month.fingerprint for month in odre.months(facts) or ()}
        sample.move(later)
        after = {month.month: month.fingerprint for month in odre.months(facts) or ()}
        old, new = shown(dataset, NOW), shown(dataset, later)
        moved = {month for month in after if before.get(month) != after[month]}
        assert after.keys() == new.keys()
        assert moved == {month for month in new if month not in old or not old[month].equals(new[month])}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.id)
@pytest.mark.parametrize("now", [NOW, NOW + timedelta(days=150)], ids=["2026", "2027"])
def test_an_export_under_the_labels_of_any_vintage_is_read(
    served: tuple[Sample, str], sample: Sample, tmp_path: Path, dataset: Dataset, now: datetime
) -> None:
    sample.move(now)
    month = sample.publisher.months(dataset.id, now)[-2]
    where = f"{dataset.time} >= date'{month}-03' and {dataset.time} < date'{month}-05'"
    url = f"{served[1]}/catalog/datasets/{dataset.id}/exports/csv"
    plain, labelled = (
        httpx.get(url, params={"where": where, "use_labels": labels}).raise_for_status().content
        for labels in ("false", "true")
    )
    assert plain.splitlines()[0] != labelled.splitlines()[0]
    tables = [
        pl.DataFrame(rows_of(read_text(tmp_path, content))).sort(dataset.identity) for content in (plain, labelled)
    ]
    assert not tables[0].is_empty()
    assert tables[0].equals(tables[1])


def test_without_a_key_it_is_forbidden_with_one_it_arrives_and_a_wrong_one_is_named(
    served: tuple[Sample, str], sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "key", "s3cret")
    sample.troubles = Troubles.of("forbidden")
    for key in (None, "other", "s3cret"):
        with Odre(knobs(served[1], tmp_path, reach_seconds=10, api_key=key)) as odre:
            said = odre.facts([GAS])[GAS]
        assert isinstance(said, Facts if key == "s3cret" else SourceError)
        assert key == "s3cret" or "answered 403 (ForbiddenAccess)" in str(said)
        assert key == "s3cret" or "check WATTHOUSE_API_KEY" in str(said)


def test_a_spent_anonymous_quota_stops_at_once(sample: Sample, odre: Odre) -> None:
    facts = told(odre, GAS)
    sample.troubles = Troubles.of("429-anonymous")
    with pytest.raises(QuotaError, match="limit for anonymous users"):
        odre.months(facts)
    assert odre.usage.requests == 2


def test_a_small_quota_is_not_used_up(sample: Sample, odre: Odre) -> None:
    sample.meter.limits = Limits(dataset=20)
    sample.reset()
    facts = told(odre, GAS)
    windows = [FetchWindow(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC), None)] * 40
    with pytest.raises(SourceError, match="2 of 20 requests a month and dataset are left until"):
        read(odre, facts, windows)
    assert sum(sample.requests.values()) == 18
