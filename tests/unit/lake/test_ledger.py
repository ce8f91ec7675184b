"""The ledger: what is new is kept once, what was revised is kept twice, and nothing is ever lost."""

import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.catalog import CONSOLIDATED, DEFINITIVE, Dataset, find
from watthouse.errors import LakeError
from watthouse.lake.compare import Counts
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.spool import Spool
from watthouse.lake.table import Head
from watthouse.sources.base import Piece

GAS = find("stock-quotidien-stockages-gaz")
POWER = find("eco2mix-national-cons-def")

Row = Mapping[str, object]


def gas(day: int, stock: str | None, pits: str = "Saline") -> Row:
    value = None if stock is None else Decimal(stock)
    return {"date": date(2022, 1, day), "stock_fin_de_journee": value, "source": "Storengy", "pits": pits}


def power(hour: int, load: int | None, nature: str = CONSOLIDATED, **more: object) -> Row:
    instant = datetime(2024, 1, 1, hour, tzinfo=UTC)
    return {
        "date_heure": instant,
        "date": date(2024, 1, 1),
        "heure": f"{hour + 1:02}:00",
        "nature": nature,
        "consommation": load,
        **more,
    }


def observe(
    lake: Lake,
    dataset: Dataset,
    *documents: Sequence[Row],
    present: Sequence[frozenset[str] | None] = (),
    current: bool = True,
) -> Counts:
    """One refresh that reads these documents in turn."""
    everything = frozenset(dataset.names)
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool")
        for turn, rows in enumerate(documents):
            empty = pl.DataFrame(dataset.schema.empty_table())
            table = pl.concat([empty, pl.DataFrame(list(rows), schema_overrides=empty.schema)], how="diagonal")
            carried = (present[turn] if turn < len(present) else None) or everything
            with spool.document(current=current) as draft:
                draft.add(Piece(dataset, table.to_arrow().cast(dataset.schema), carried, table.height))
        return lake.observe(dataset, spool.by_dataset[dataset])


def latest(lake: Lake, dataset: Dataset) -> pl.DataFrame:
    return lake.as_of(dataset, datetime.now(UTC) + timedelta(days=1)).sort(list(dataset.identity)).collect()


def head(lake: Lake) -> Head:
    found = lake.head(GAS)
    assert found is not None
    return found


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_second_run_writes_nothing(lake: Lake) -> None:
    rows = [gas(1, "10.5"), gas(2, "11")]
    assert observe(lake, GAS, rows) == Counts(fetched=2, new=2)
    version = head(lake).version
    assert observe(lake, GAS, rows) == Counts(fetched=2, unchanged=2)
    assert head(lake).version == version


def test_a_revision_is_appended_and_the_old_value_stays(lake: Lake) -> None:
    observe(lake, GAS, [gas(1, "10.5"), gas(2, "11")])
    assert observe(lake, GAS, [gas(1, "10.25")]) == Counts(fetched=1, revised=1)
    assert lake.scan(GAS).collect().height == 3
    assert latest(lake, GAS)["stock_fin_de_journee"].to_list() == [Decimal("10.25"), Decimal(11)]
    changed = lake.revisions(GAS)
    assert changed.select("date", "column", "from", "to").rows() == [
        (date(2022, 1, 1), "stock_fin_de_journee", "10.500000", "10.250000")
    ]


def test_as_of_sees_what_was_known_then(lake: Lake) -> None:
    observe(lake, GAS, [gas(1, "10.5")])
    then = head(lake).observed_until
    observe(lake, GAS, [gas(1, "9")])
    assert lake.as_of(GAS, then).collect()["stock_fin_de_journee"].to_list() == [Decimal("10.5")]
    assert lake.as_of(GAS, then - timedelta(microseconds=1)).collect().height == 0


def test_a_value_that_fills_an_empty_cell_is_no_revision_but_a_withdrawn_one_is(lake: Lake) -> None:
    observe(lake, GAS, [gas(1, None)])
    observe(lake, GAS, [gas(1, "5")])
    assert lake.revisions(GAS).height == 0
    observe(lake, GAS, [gas(1, None)])
    assert lake.revisions(GAS).select("from", "to").rows() == [("5.000000", None)]


def test_a_blank_in_a_file_of_any_age_takes_nothing_back(lake: Lake) -> None:
    """An export that was downloaded before a slot was measured holds it empty, whenever it is read."""
    observe(lake, POWER, [power(1, None, prevision_j=90), power(2, None, prevision_j=91)], current=False)
    observe(lake, POWER, [power(1, 100, prevision_j=90)], current=False)
    old = [power(1, None, prevision_j=80), power(2, None, prevision_j=92)]
    assert observe(lake, POWER, old, current=False) == Counts(fetched=2, revised=1, unchanged=1)
    assert latest(lake, POWER).select("consommation", "prevision_j").rows() == [(100, 90), (None, 92)]
    assert observe(lake, POWER, old) == Counts(fetched=2, revised=1, unchanged=1)
    assert latest(lake, POWER).select("consommation", "prevision_j").rows() == [(None, 80), (None, 92)]


def test_a_blank_between_two_values_hides_no_revision(lake: Lake) -> None:
    for stock in ("5", None, "6", "6"):
        observe(lake, GAS, [gas(1, stock)])
    assert lake.revisions(GAS).select("from", "to").rows() == [("5.000000", None), ("5.000000", "6.000000")]


@pytest.mark.parametrize("name", ["with space", "à é", "a=b", "it's"])
def test_a_lake_may_lie_in_a_folder_of_any_ordinary_name(name: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path / name)
    observe(lake, GAS, [gas(1, "1")])
    assert observe(lake, GAS, [gas(1, "1"), gas(2, "1")]) == Counts(fetched=2, new=1, unchanged=1)
    assert lake.rows(GAS).read_all().num_rows == lake.scan(GAS).collect().height == 2
    assert all(Path(file).exists() for file in lake.local_files(GAS) or ["nothing"])


def test_definitive_after_consolidated_is_a_revision_of_the_slot_whatever_was_read_first(lake: Lake) -> None:
    observe(lake, POWER, [power(1, 100, DEFINITIVE)])
    assert observe(lake, POWER, [power(1, 90, CONSOLIDATED)]) == Counts(fetched=1, revised=1)
    changed = lake.revisions(POWER).select("column", "from", "to").rows()
    assert changed == [("consommation", "90", "100"), ("nature", CONSOLIDATED, DEFINITIVE)]
    assert lake.revisions(POWER, column="consommation").height == 1
    assert lake.revisions(POWER, until=date(2023, 12, 31)).height == 0


def test_files_that_disagree_are_successive_observations_and_a_second_run_is_silent(lake: Lake) -> None:
    first, second = [gas(1, "1"), gas(2, "1")], [gas(1, "2"), gas(2, "1")]
    assert observe(lake, GAS, first, second) == Counts(fetched=4, new=2, revised=1, unchanged=1)
    assert observe(lake, GAS, first, second) == Counts(fetched=4, unchanged=4)
    assert lake.revisions(GAS).select("from", "to").rows() == [("1.000000", "2.000000")]
    assert latest(lake, GAS)["stock_fin_de_journee"].to_list() == [Decimal(2), Decimal(1)]


def test_a_column_the_vintage_lacks_says_nothing(lake: Lake) -> None:
    old = frozenset(POWER.names) - {"eolien_offshore"}
    observe(lake, POWER, [power(1, 100, eolien_offshore=7)])
    assert observe(lake, POWER, [power(1, 100)], present=[old]) == Counts(fetched=1, unchanged=1)
    assert observe(lake, POWER, [power(1, 101)], present=[old]) == Counts(fetched=1, revised=1)
    assert latest(lake, POWER).select("consommation", "eolien_offshore").rows() == [(101, 7)]
    both = ([power(1, 101, eolien_offshore=7)], [power(1, 101)])
    assert observe(lake, POWER, *both, present=[None, old]) == Counts(fetched=2, unchanged=2)


def test_a_slot_that_stands_twice_in_one_file_counts_once_in_any_order(tmp_path: Path) -> None:
    rows = [power(1, None, perimetre="France"), power(1, 50), power(1, 40)]
    lakes = [Lake(tmp_path / name) for name in ("a", "b")]
    counts = [observe(lake, POWER, order) for lake, order in zip(lakes, (rows, rows[::-1]), strict=True)]
    assert counts == [Counts(fetched=3, new=1, dropped=2)] * 2
    assert [latest(lake, POWER)["consommation"].to_list() for lake in lakes] == [[50], [50]]


def test_only_what_came_after_a_stamp_is_read_and_compaction_changes_nothing(lake: Lake) -> None:
    for day in range(1, 12):
        observe(lake, GAS, [gas(day, "1")])
    stamp = head(lake).observed_until
    observe(lake, GAS, [gas(1, "2"), gas(20, "1")])
    assert lake.rows(GAS, since=stamp).read_all().num_rows == 2
    before = lake.rows(GAS).read_all().num_rows
    assert lake.extent(GAS).files == 12
    grown = head(lake)
    assert lake.compact(GAS) == 1
    assert (head(lake).version > grown.version, head(lake) == grown) == (True, True), "no news for a warehouse"
    assert lake.extent(GAS).files == 1
    assert lake.rows(GAS).read_all().num_rows == before == 13
    assert lake.rows(GAS, since=stamp).read_all().num_rows == 2
    assert observe(lake, GAS, [gas(1, "2")]) == Counts(fetched=1, unchanged=1)


def test_a_table_that_was_made_anew_is_looked_over_anew(lake: Lake, tmp_path: Path) -> None:
    """At the same place, and as many commits old as the one that it stands for."""
    observe(lake, GAS, [gas(1, "1"), gas(2, "1")])
    first = lake.extent(GAS)
    assert lake.extent(GAS) == first
    shutil.rmtree(lake.uri(GAS))
    again = Lake(lake.place)
    assert again.extent(GAS).rows == 0
    observe(again, GAS, [gas(5, "1")])
    second = again.extent(GAS)
    assert (second.version, second.rows, second.newest) == (first.version, 1, date(2022, 1, 5))
    observe(again, GAS, [gas(6, "1")])
    assert again.extent(GAS).rows == 2


def stop_the_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return at

    monkeypatch.setattr("watthouse.lake.ledger.datetime", Stopped)


def test_what_is_stamped_within_a_millisecond_is_news_all_the_same(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was stepped back: each stamp is the last one and a microsecond, until time has caught up."""
    stop_the_clock(monkeypatch, datetime(2026, 11, 22, 12, 0, 0, 123_456, UTC))
    observe(lake, GAS, [gas(1, "1")])
    stamps = []
    for stock in "234":
        stamps.append(head(lake).observed_until)
        observe(lake, GAS, [gas(1, stock)])
    assert [lake.rows(GAS, since=stamp).read_all().num_rows for stamp in stamps] == [3, 2, 1]
    assert lake.months_since(GAS, stamps[-1]) == {"2022-01"}
    assert lake.rows(GAS, since=head(lake).observed_until).read_all().num_rows == 0


def test_stamps_grow_even_where_the_clock_goes_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    observe(lake, GAS, [gas(1, "1")])
    first = head(lake).observed_until
    stop_the_clock(monkeypatch, datetime(2001, 1, 1, tzinfo=UTC))
    observe(lake, GAS, [gas(1, "2")])
    second = head(lake).observed_until
    assert second > first
    assert latest(lake, GAS)["stock_fin_de_journee"].to_list() == [Decimal(2)]


def test_a_lake_of_a_newer_watthouse_is_refused(lake: Lake) -> None:
    observe(lake, GAS, [gas(1, "1")])
    DeltaTable(lake.uri(GAS)).alter.set_table_properties({"watthouse.format": "2"}, raise_if_not_exists=False)
    with pytest.raises(LakeError, match=r"newer watthouse \(lake format 2, this one knows 1\): upgrade watthouse"):
        observe(lake, GAS, [gas(1, "2")])


def test_a_folder_that_is_no_delta_table_is_said_in_one_line(lake: Lake) -> None:
    observe(lake, GAS, [gas(1, "1")])
    log = Path(lake.uri(GAS)) / "_delta_log" / "00000000000000000001.json"
    log.write_text("{rubbish")
    with pytest.raises(LakeError) as refusal:
        lake.scan(GAS)
    assert "\n" not in str(refusal.value)


def test_a_lake_written_before_the_catalog_gained_a_column_still_reads(lake: Lake) -> None:
    from dataclasses import replace

    fewer = replace(GAS, columns=tuple(column for column in GAS.columns if column.name != "source"))
    fewer = replace(fewer, key=("date", "pits"))
    observe(lake, fewer, [{"date": date(2022, 1, 1), "stock_fin_de_journee": Decimal(1), "pits": "Saline"}])
    wider = replace(GAS, key=("date", "pits"))
    assert observe(lake, wider, [gas(1, "1"), gas(2, "3")]) == Counts(fetched=2, new=1, revised=1)
    assert latest(lake, wider)["source"].to_list() == ["Storengy", "Storengy"]


def parquet_of(lake: Lake) -> set[str]:
    return {path.name for path in Path(lake.uri(GAS)).rglob("month=*/*.parquet")}


def test_an_attempt_that_fails_leaves_no_file_behind(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no commit names would be taken for lost observations by a repair."""
    observe(lake, GAS, [gas(1, "1")])
    before = parquet_of(lake)

    def beaten(*_: object, **__: object) -> None:
        raise LakeError("another was faster")

    monkeypatch.setattr("watthouse.lake.table.Table.append", beaten)
    with pytest.raises(LakeError, match="another was faster"):
        observe(lake, GAS, [gas(2, "1")])
    assert parquet_of(lake) == before


def test_what_is_committed_stays_where_what_follows_the_commit_fails(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    observe(lake, GAS, [gas(1, "1")])
    monkeypatch.setattr("watthouse.lake.table.keep_digests", full)
    with pytest.raises(LakeError, match="the disk is full"):
        observe(lake, GAS, [gas(2, "1")])
    assert latest(lake, GAS).height == 2


def test_a_month_is_one_file_however_few_rows_are_compared_at_a_time(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", chunk_rows=1)
    hours = [{**power(1, 100), "date_heure": datetime(2024, month, 1, tzinfo=UTC)} for month in (3, 1, 2, 1)]
    hours[3]["date_heure"] += timedelta(hours=1)  # type: ignore[operator]
    assert observe(lake, POWER, hours) == Counts(fetched=4, new=4)
    assert (lake.extent(POWER).files, lake.extent(POWER).version) == (3, 1)
    actions = pl.DataFrame(DeltaTable(lake.uri(POWER)).get_add_actions(flatten=True)).sort("partition.month")
    assert actions["num_records"].to_list() == [2, 1, 1]
    assert actions["max.date_heure"].to_list()[0] == datetime(2024, 1, 1, 1, tzinfo=UTC)


def _write_forty(root: Path, start: int) -> None:
    lake = Lake(root)
    for turn in range(10):
        observe(lake, GAS, [gas(1 + (start + turn) % 25, str(start * 100 + turn), pits=f"p{start}")])


@pytest.mark.slow
def test_two_writers_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_forty, args=(root, start)) for start in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    rows = Lake(root).scan(GAS).collect()
    assert rows.height == 20
    assert rows.select("date", "pits").n_unique() == 20
    assert rows[OBSERVED_AT].n_unique() == 20


OBSERVATIONS = st.lists(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["a", "b"]), st.sampled_from([None, "1", "2"])),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[:2],
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


@given(OBSERVATIONS)
@settings(max_examples=25, deadline=None)
def test_the_ledger_is_the_list_of_what_changed(folder: Path, windows: list[list[tuple[int, str, str | None]]]) -> None:
    """Against a ledger kept in a dict: every change once, in order, and the newest value on top."""
    lake = Lake(Path(tempfile.mkdtemp(dir=folder)))
    told: dict[tuple[int, str], list[str | None]] = {}
    for window in windows:
        fresh = sum((day, pits) not in told for day, pits, _ in window)
        changed = sum((day, pits) in told and told[day, pits][-1] != stock for day, pits, stock in window)
        counts = observe(lake, GAS, [gas(day, stock, pits) for day, pits, stock in window])
        assert counts == Counts(len(window), fresh, changed, len(window) - fresh - changed)
        for day, pits, stock in window:
            history = told.setdefault((day, pits), [])
            if not history or history[-1] != stock:
                history.append(stock)
    held = lake.scan(GAS).sort(OBSERVED_AT).collect()
    assert held.height == sum(map(len, told.values()))
    for (day, pits), history in told.items():
        stocks = held.filter((pl.col("date") == date(2022, 1, day)) & (pl.col("pits") == pits))["stock_fin_de_journee"]
        assert stocks.to_list() == [None if value is None else Decimal(value) for value in history]


def test_nothing_is_observed_once_it_is_no_longer_wanted(tmp_path: Path) -> None:
    """As where another machine has taken over: what was downloaded before would look like a revision."""
    lake = Lake(tmp_path / "lake")
    observe(lake, GAS, [gas(1, "1")])

    def taken_over() -> None:
        raise LakeError("another has taken over")

    with pytest.raises(LakeError, match="another has taken over"), Spool(tmp_path / "spool") as spool:
        lake.observe(GAS, [], taken_over)
    assert astuple(head(lake)) == astuple(head(Lake(tmp_path / "lake")))
    assert lake.scan(GAS).collect().height == 1
    assert spool
