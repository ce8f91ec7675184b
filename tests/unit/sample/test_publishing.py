from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.catalog import CATALOG, CONSOLIDATED, DEFINITIVE, REAL_TIME
from watthouse.errors import UsageError
from watthouse.sample.publishing import Publisher
from watthouse.sample.publishing.eco2mix import Settled

PARIS = ZoneInfo("Europe/Paris")
NATIONAL, REGIONAL = "eco2mix-national-tr", "eco2mix-regional-tr"
NATIONAL_SETTLED, REGIONAL_SETTLED = "eco2mix-national-cons-def", "eco2mix-regional-cons-def"
GAS, TEMPERATURE = "stock-quotidien-stockages-gaz", "temperature-quotidienne-regionale"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYS = {
    NATIONAL: ["date", "heure"],
    NATIONAL_SETTLED: ["date", "heure"],
    REGIONAL: ["date", "heure", "code_insee_region"],
    REGIONAL_SETTLED: ["date", "heure", "code_insee_region"],
    GAS: ["date", "pits"],
    TEMPERATURE: ["date", "code_insee_region"],
}
DATASETS = tuple(KEYS)
TIMES = {GAS: "date", TEMPERATURE: "date"}


@cache
def publisher() -> Publisher:
    return Publisher()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table(dataset: str, now: str, since: str, until: str) -> pl.DataFrame:
    return publisher().table(dataset, utc(now), utc(since), utc(until))


def versions(dataset: str, since: str, until: str) -> pl.DataFrame:
    return publisher().versions(dataset, utc(since), utc(until))


def real_time_begins(now: datetime, minute: int) -> date:
    """The first civil day after the consolidated ones, as of the last processing: told by counting quarters."""
    processed = (now - timedelta(minutes=minute)).replace(minute=0, second=0, microsecond=0) + timedelta(minutes=minute)
    quarter = date(2012, 1, 1)
    while (
        datetime.combine(quarter + relativedelta(months=3), datetime.min.time(), UTC) + 60 * DAY + 9 * HOUR <= processed
    ):
        quarter += relativedelta(months=3)
    return quarter


def told_by_the_record(dataset: str, now: datetime, since: datetime, until: datetime) -> pl.DataFrame:
    """What must be shown: of each slot the last version published, of real time only what is not consolidated."""
    record = publisher().versions(dataset, since, until).filter(pl.col("published_at") <= now)
    if dataset in {NATIONAL, REGIONAL}:
        begins = real_time_begins(now, 17 if dataset == NATIONAL else 19).isoformat()
        record = record.filter(pl.col("date") >= begins)
    return record.sort("published_at").unique(KEYS[dataset], keep="last").drop("published_at")


def in_order(dataset: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort(KEYS[dataset])


moments = st.integers(0, 396 * 24).map(lambda hours: utc("2021-01-01T00:00") + hours * HOUR)
nearby = st.sampled_from(
    [-1000 * DAY, -700 * DAY, -150 * DAY, -90 * DAY, -26 * DAY, -3 * DAY, -40 * HOUR, -5 * HOUR, -DAY]
)
on_the_hour = st.sampled_from(
    [timedelta(minutes=m, seconds=s) for m, s in ((16, 59), (17, 0), (19, 0), (18, 59), (0, 0))]
)


@given(dataset=st.sampled_from(DATASETS), now=moments, back=nearby, minute=on_the_hour, days=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_record_says_exactly_what_the_table_showed(
    dataset: str, now: datetime, back: timedelta, minute: timedelta, days: int
) -> None:
    now = now.replace(minute=0, second=0, microsecond=0) + minute
    since = now + back
    shown = publisher().table(dataset, now, since, since + days * DAY)
    expected = told_by_the_record(dataset, now, since, since + days * DAY)
    assert in_order(dataset, shown).equals(in_order(dataset, expected))


@given(dataset=st.sampled_from((NATIONAL, GAS, TEMPERATURE, NATIONAL_SETTLED)), now=moments, later=st.integers(0, 60))
@settings(max_examples=50, deadline=None)
def test_equal_stamps_mean_equal_tables_and_processing_tells_of_every_change(
    dataset: str, now: datetime, later: int
) -> None:
    then = now + later * HOUR
    month = f"{now - 20 * DAY:%Y-%m}"
    since = utc(f"{month}-01T00:00")
    seen, again = (publisher().table(dataset, at, since, since + relativedelta(months=1)) for at in (now, then))
    stamps = [publisher().stamp(dataset, month, at) for at in (now, then)]
    assert (stamps[0] == stamps[1]) == seen.equals(again)
    if not seen.equals(again):
        assert publisher().processed(dataset, now) < publisher().processed(dataset, then)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    "now", ["2020-11-20T00:17", "2021-01-01T00:10", "2021-02-28T22:30", "2021-03-01T09:30", "2021-05-31T09:17"]
)
def test_the_months_and_their_count_are_those_of_the_rows(dataset: str, now: str) -> None:
    small = Publisher(since=date(2020, 11, 20))
    rows = small.table(dataset, utc(now))
    months = rows[TIMES.get(dataset, "date_heure")].dt.strftime("%Y-%m").unique().sort().to_list()
    assert small.months(dataset, utc(now)) == months
    assert small.rows(dataset, utc(now)) == rows.height


@given(now=st.integers(0, 10 * 365).map(lambda days: utc("2011-01-01T10:00") + days * DAY))
@settings(max_examples=12, deadline=None)
def test_what_terega_is_late_with_is_not_counted(now: datetime) -> None:
    assert publisher().rows(GAS, now) == publisher().table(GAS, now).height


@pytest.mark.parametrize("dataset", [NATIONAL_SETTLED, REGIONAL_SETTLED])
def test_what_stays_is_what_the_record_says_last(dataset: str) -> None:
    """Quarters that are definitive are made in one go, without their record."""
    for quarter in ("2015-10", "2020-01", "2021-01"):
        since = utc(f"{quarter}-01T00:00")
        until = since + relativedelta(months=3)
        shown = publisher().table(dataset, utc("2026-09-02T00:00"), since, until)
        expected = told_by_the_record(dataset, utc("2026-09-02T00:00"), since, until)
        assert in_order(dataset, shown).equals(in_order(dataset, expected))


def test_a_history_read_month_by_month_makes_each_definitive_quarter_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    lasting = Settled.lasting
    monkeypatch.setattr(Settled, "lasting", lambda its, month: made.append(month) or lasting(its, month))  # type: ignore[func-returns-value]
    fresh = Publisher()
    for month in (6, 5, 4, 3, 1, 2):
        since = datetime(2015, month, 1, tzinfo=UTC)
        fresh.table(NATIONAL_SETTLED, utc("2026-09-02T00:00"), since, since + relativedelta(months=1))
    assert made == ["2015-04", "2015-01"]


def test_forecasts_between_half_hours_lie_halfway_and_are_settled_as_they_were() -> None:
    window = ("2021-02-01T00:00", "2021-02-08T00:00")
    forecasts = ["date", "heure", "prevision_j1", "prevision_j"]
    real_time, later = (
        table(NATIONAL, "2021-03-01T00:00", *window),
        table(NATIONAL_SETTLED, "2022-10-01T00:00", *window),
    )
    assert real_time.select(forecasts).equals(later.select(forecasts))
    for name in forecasts[2:]:
        values = later[name].to_list()
        assert values[1:-1:2] == [
            (before + after) // 2 for before, after in zip(values[:-2:2], values[2::2], strict=True)
        ]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_month_is_the_same_whatever_was_made_before(dataset: str) -> None:
    fresh = Publisher().table(dataset, utc("2022-01-20T12:30"), utc("2021-12-01T00:00"), utc("2022-01-01T00:00"))
    busy = Publisher()
    for month in ("2021-11", "2022-01", "2021-10"):
        busy.table(dataset, utc("2022-02-20T12:30"), utc(f"{month}-01T00:00"), utc(f"{month}-20T00:00"))
    assert fresh.equals(busy.table(dataset, utc("2022-01-20T12:30"), utc("2021-12-01T00:00"), utc("2022-01-01T00:00")))
    other = Publisher(seed=1).table(dataset, utc("2022-01-20T12:30"), utc("2021-12-01T00:00"), utc("2022-01-01T00:00"))
    assert fresh.is_empty() or not fresh.equals(other)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_window_is_cut_to_the_moment(dataset: str) -> None:
    whole = table(dataset, "2021-12-20T12:30", "2021-08-01T00:00", "2021-12-31T00:00")
    time = pl.col(TIMES.get(dataset, "date_heure")).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    since, until = utc("2021-08-30T22:15"), utc("2021-12-02T00:00")
    assert (
        publisher()
        .table(dataset, utc("2021-12-20T12:30"), since, until)
        .equals(whole.filter((time >= since) & (time < until)))
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_slot_has_two_versions_at_once_and_each_differs_from_the_last(dataset: str) -> None:
    record = versions(dataset, "2021-03-20T00:00", "2021-04-05T00:00")
    key = KEYS[dataset]
    assert not record.select(pl.struct(*key, "published_at").is_duplicated().any()).item()
    told = record.sort(*key, "published_at").with_columns(pl.struct(key).alias("key"))
    compared = [name for name in record.columns if name not in {*key, "published_at"}]
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in [*compared, "key"])
    assert told.filter(same).is_empty()


def test_a_real_time_slot_is_forecast_then_measured_then_revised() -> None:
    record = versions(NATIONAL, "2021-06-01T00:00", "2021-07-01T00:00").with_columns(
        (pl.col("published_at") - pl.col("date_heure")).alias("age")
    )
    assert (record["published_at"].dt.strftime("%M:%S") == "17:00").all()
    measured = record.filter(pl.col("consommation").is_not_null())
    first = measured.group_by("date_heure").agg(pl.col("age").min())["age"]
    assert first.min() >= timedelta(minutes=30)  # type: ignore[operator]
    assert first.max() <= timedelta(hours=2, minutes=30)  # type: ignore[operator]
    slots = record["date_heure"].n_unique()
    soon = measured.filter(pl.col("age").is_between(timedelta(hours=2, minutes=31), 40 * HOUR))
    late = measured.filter(pl.col("age") > 40 * HOUR)
    assert soon.height / slots == pytest.approx(0.10, abs=0.02)
    assert 0.0005 < late.height / slots < 0.007
    assert late["age"].min() >= 4 * DAY  # type: ignore[operator]
    assert late["age"].max() <= 25 * DAY  # type: ignore[operator]
    assert not late["date_heure"].is_duplicated().any()


def test_tomorrow_is_forecast_in_the_evening() -> None:
    before = table(NATIONAL, "2021-06-10T16:16", "2021-06-10T22:00", "2021-06-12T00:00")
    after = table(NATIONAL, "2021-06-10T16:17", "2021-06-10T22:00", "2021-06-12T00:00")
    assert before.height == after.height == 96
    assert before["prevision_j1"].null_count() == 96
    assert after["prevision_j1"].null_count() == 0
    assert after["prevision_j"].null_count() == after["consommation"].null_count() == 96


def test_the_newest_rows_are_partial_or_empty_and_whole_an_hour_later() -> None:
    partial = empty = 0
    for hour in range(48):
        now = utc("2021-06-10T00:17") + hour * HOUR
        newest, later = (
            publisher().table(NATIONAL, at, now - timedelta(minutes=32), now - timedelta(minutes=31))
            for at in (now, now + HOUR)
        )
        assert later["eolien"].null_count() == later["consommation"].null_count() == 0
        empty += newest["consommation"].null_count()
        partial += newest["consommation"].is_not_null().sum() and newest["eolien"].null_count()
    assert partial > 10
    assert empty > 3


def test_a_value_is_withdrawn_now_and_then_for_an_hour_or_for_good() -> None:
    record = versions(NATIONAL, "2021-01-01T00:00", "2021-12-31T00:00").sort("date_heure", "heure", "published_at")
    gone = pl.col("consommation").is_null() & pl.col("consommation").shift().over("date", "heure").is_not_null()
    withdrawn = record.filter(gone)
    last = record.unique(["date", "heure"], keep="last", maintain_order=True)
    for_good = last.filter(pl.col("consommation").is_null()).height
    assert 2 <= withdrawn.height <= 16
    assert 0 < for_good < withdrawn.height


def test_real_time_begins_where_consolidated_data_ends() -> None:
    for now in ("2021-05-31T09:16", "2021-05-31T09:17"):
        rows = table(NATIONAL, now, "2020-12-01T00:00", "2021-06-02T00:00")
        settled = table(NATIONAL_SETTLED, now, "2020-12-01T00:00", "2021-06-02T00:00")
        moved = now.endswith("17")
        first = utc("2021-03-31T22:00") if moved else utc("2020-12-31T23:00")
        assert rows["date_heure"].min() == first
        assert settled["date_heure"].max() == utc("2021-03-31T21:45")
    assert rows["date_heure"].max() == utc("2021-06-01T21:45")
    today = table(REGIONAL, "2021-05-30T09:17", "2021-05-29T00:00", "2021-06-02T00:00")
    assert today["date_heure"].max() == utc("2021-05-30T21:45")
    assert today.filter(pl.col("date_heure") > utc("2021-05-30T09:00"))["consommation"].null_count() == 12 * 51


def test_a_year_becomes_definitive_in_september() -> None:
    window = ("2020-02-01T00:00", "2020-03-01T00:00")
    before, after = (table(REGIONAL_SETTLED, f"2021-09-01T0{hour}", *window) for hour in ("8:59", "9:00"))
    assert set(before["nature"]) == {CONSOLIDATED}
    assert set(after["nature"]) == {DEFINITIVE}
    changed = before["consommation"] - after["consommation"]
    assert (changed != 0).mean() == pytest.approx(0.05, abs=0.01)
    assert changed.abs().max() <= 6  # type: ignore[operator]


def test_some_consolidated_months_are_published_again_without_notice() -> None:
    found = []
    for year in range(2014, 2018):
        record = versions(NATIONAL_SETTLED, f"{year}-01-01T00:00", f"{year + 1}-01-01T00:00")
        settled = record.filter(pl.col("nature") == CONSOLIDATED)
        again = settled.filter(pl.struct("date", "heure").is_duplicated())
        moments = again["published_at"].unique()
        found += [moment for moment in moments if again.filter(pl.col("published_at") == moment).height < 100]
    assert 3 <= len(found) <= 16
    assert all((moment.hour, moment.minute) == (9, 0) for moment in found)


def second_quarters(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("heure").str.slice(3).is_in(["15", "45"]))


def test_quarter_rows_of_settled_national_data_carry_forecasts_only() -> None:
    rows = table(NATIONAL_SETTLED, "2021-12-01T00:00", "2021-02-01T00:00", "2021-02-08T00:00")
    odd = second_quarters(rows)
    assert odd.height == rows.height / 2
    assert odd["prevision_j1"].null_count() == odd["prevision_j"].null_count() == 0
    measures = [c.name for c in CATALOG[NATIONAL].columns if c.unit in {"MW", "g/kWh"} and "prevision" not in c.name]
    assert all(odd[name].null_count() == odd.height for name in measures)


EXCHANGES = tuple(name for name in CATALOG[NATIONAL].names if name.startswith("ech_comm_"))


@pytest.mark.parametrize("later", ["2024-09-15T00:00", "2026-10-01T00:00"])
def test_settled_exchanges_stand_on_quarter_hours_from_27_june_2024_on(later: str) -> None:
    """As in RTE's consolidated file of 2024: nothing else but the forecasts does."""
    rows = table(NATIONAL_SETTLED, later, "2024-06-25T22:00", "2024-06-27T22:00")
    before, after = (second_quarters(rows.filter(pl.col("date") == day)) for day in ("2024-06-26", "2024-06-27"))
    assert before.height == after.height == 48
    assert all(before[name].null_count() == 48 and after[name].null_count() == 0 for name in EXCHANGES)
    measures = [c.name for c in CATALOG[NATIONAL].columns if c.unit in {"MW", "g/kWh"} and "prevision" not in c.name]
    assert all(after[name].null_count() == 48 for name in set(measures) - set(EXCHANGES))


def test_real_time_exchanges_stand_on_half_hours_alone_until_then() -> None:
    for now, day, empty in (("2023-09-20T00:00", "2023-09-10", 48), ("2024-07-10T00:00", "2024-07-01", 0)):
        rows = table(NATIONAL, now, f"{day}T00:00", f"{day}T23:59")
        odd = second_quarters(rows)
        assert odd["consommation"].null_count() == odd["ech_physiques"].null_count() == 0
        for name in EXCHANGES:
            assert rows[name].null_count() == odd[name].null_count() == empty


def test_a_quarter_hour_repeats_its_half_hour_until_2025_and_settled_exchanges_are_those_of_real_time() -> None:
    cases = {
        "2024-12-31": ("2025-01-10T00:00", "2025-06-15T00:00"),
        "2025-01-20": ("2025-02-01T00:00", "2025-06-15T00:00"),
    }
    differing = {}
    for day, moments in cases.items():
        live, settled = (
            table(dataset, now, f"{day}T00:00", f"{day}T23:00").sort("date_heure").select("date_heure", *EXCHANGES)
            for dataset, now in zip((NATIONAL, NATIONAL_SETTLED), moments, strict=True)
        )
        assert live.height == 92
        assert live.equals(settled)
        values = {name: live[name].to_list() for name in EXCHANGES}
        differing[day] = {name for name, its in values.items() if its[::2] != its[1::2]}
    assert differing["2024-12-31"] == set()
    assert {"ech_comm_italie", "ech_comm_allemagne_belgique"} <= differing["2025-01-20"]
    assert "ech_comm_angleterre" not in differing["2025-01-20"]


@pytest.mark.parametrize(
    ("dataset", "copies", "regions"),
    [(NATIONAL, 4, 1), (REGIONAL, 4, 12), (NATIONAL_SETTLED, 4, 1), (REGIONAL_SETTLED, 2, 12)],
)
def test_spring_has_a_phantom_hour_with_the_values_of_the_one_before(dataset: str, copies: int, regions: int) -> None:
    now = "2021-05-01T12:30" if dataset in {NATIONAL, REGIONAL} else "2021-06-15T12:30"
    day = table(dataset, now, "2021-03-27T23:00", "2021-03-28T22:00")
    assert day.height == 24 * copies * regions
    phantom = day.filter(pl.col("heure").str.starts_with("02")).sort("heure", KEYS[dataset][-1])
    before = day.filter(pl.col("heure").str.starts_with("01")).sort("heure", KEYS[dataset][-1])
    assert phantom.height == copies * regions
    assert phantom["date_heure"].min() == utc("2021-03-28T01:00")
    assert phantom.drop("heure", "date_heure").equals(before.drop("heure", "date_heure"))


@pytest.mark.parametrize("dataset", [NATIONAL, REGIONAL])
def test_autumn_shows_the_repeated_hour_once(dataset: str) -> None:
    day = table(dataset, "2021-11-10T12:30", "2021-10-30T22:00", "2021-10-31T23:00")
    assert day["heure"].n_unique() == 96
    assert day["date_heure"].n_unique() == 96
    repeated = day.filter(pl.col("heure").str.starts_with("02"))
    assert repeated["date_heure"].min() == utc("2021-10-31T01:00")


@pytest.mark.parametrize("dataset", [NATIONAL, REGIONAL, NATIONAL_SETTLED, REGIONAL_SETTLED])
def test_every_other_row_is_told_by_the_paris_clock(dataset: str) -> None:
    rows = table(dataset, "2021-09-05T12:30", "2021-03-01T00:00", "2021-07-01T00:00").filter(
        ~pl.col("heure").str.starts_with("02")
    )
    local = rows["date_heure"].dt.convert_time_zone("Europe/Paris")
    assert rows["date"].equals(local.dt.strftime("%Y-%m-%d").alias("date"))
    assert rows["heure"].equals(local.dt.strftime("%H:%M").alias("heure"))


def test_types_are_those_of_the_export_traps_included() -> None:
    text = {
        NATIONAL: {"eolien_terrestre", "eolien_offshore", "stockage_batterie", "destockage_batterie"},
        NATIONAL_SETTLED: {"eolien_terrestre", "eolien_offshore", "stockage_batterie", "destockage_batterie"},
        REGIONAL: {"pompage", "stockage_batterie", "destockage_batterie", "column_68"},
        REGIONAL_SETTLED: {"eolien", "column_30"},
        GAS: set(),
        TEMPERATURE: set(),
    }
    for dataset, expected in text.items():
        rows = table(dataset, "2021-09-05T12:30", "2021-07-01T00:00", "2021-07-02T00:00")
        declared = CATALOG[dataset]
        assert set(declared.names) <= set(rows.columns)
        assert {
            name
            for name, its in rows.schema.items()
            if its == pl.String and (name not in declared or declared.by_name[name].unit)
        } == expected
        if "date_heure" in rows.columns:
            assert rows.schema["date_heure"] == pl.Datetime("ms", "UTC")
            assert rows.schema["date"] == pl.String
        else:
            assert rows.schema["date"] == pl.Date


def test_null_tokens_stand_where_there_is_no_such_technology() -> None:
    rows = table(REGIONAL, "2021-09-05T12:30", "2021-08-01T00:00", "2021-08-08T00:00")
    assert set(rows.filter(pl.col("pompage") == "-")["code_insee_region"]) == {"11", "24", "28", "52", "75"}
    assert rows.filter(pl.col("libelle_region") == "Grand-Est")["code_insee_region"].unique().to_list() == ["44"]
    early = table(REGIONAL_SETTLED, "2021-09-05T12:30", "2014-01-01T00:00", "2014-02-01T00:00")
    assert "-" in set(early["eolien"])
    assert early["eolien_terrestre"].null_count() == early.height
    old = table(NATIONAL_SETTLED, "2021-09-05T12:30", "2012-01-01T00:00", "2012-02-01T00:00")
    assert old["eolien_offshore"].null_count() == old.height
    later = table(NATIONAL_SETTLED, "2021-09-05T12:30", "2018-02-01T00:00", "2018-02-02T00:00")
    assert later["eolien_offshore"].drop_nulls().unique().to_list() == ["ND"]


def test_rates_are_of_load_and_capacity_and_pass_a_hundred() -> None:
    rows = table(REGIONAL_SETTLED, "2021-09-05T12:30", "2021-01-10T00:00", "2021-02-10T00:00")
    covered = (100 * rows["nucleaire"] / rows["consommation"]).round(2)
    assert rows["tco_nucleaire"].equals(covered.alias("tco_nucleaire"))
    assert rows["tco_nucleaire"].max() > 100  # type: ignore[operator]
    assert rows["tch_solaire"].max() > 10  # type: ignore[operator]


def test_terega_is_late_by_days_and_now_and_then_by_a_month() -> None:
    record = versions(GAS, "2012-01-01T00:00", "2020-01-01T00:00").sort("published_at")
    first = record.unique(["date", "pits"], keep="first")
    age = (first["published_at"].dt.date() - first["date"]).dt.total_days()
    storengy = first["source"] == "Storengy"
    assert set(age.filter(storengy)) == {1}
    assert (age.filter(~storengy) > 5).mean() == pytest.approx(1 / 18, abs=0.05)
    assert set(age.filter(~storengy & (age <= 5))) == {1, 2, 3, 4, 5}
    revised = record.filter(pl.struct("date", "pits").is_duplicated()).height / 2 / first.height
    assert revised == pytest.approx(0.01, abs=0.004)
    assert (record["published_at"].dt.strftime("%H:%M:%S") == "10:00:00").all()


def test_temperature_comes_a_month_at_a_time_and_lacks_some_month_ends() -> None:
    assert publisher().months(TEMPERATURE, utc("2021-07-10T07:59"))[-1] == "2021-05"
    assert publisher().months(TEMPERATURE, utc("2021-07-10T08:00"))[-1] == "2021-06"
    rows = table(TEMPERATURE, "2026-01-15T00:00", "2016-01-01T00:00", "2026-01-01T00:00")
    days = pl.date_range(date(2016, 1, 1), date(2025, 12, 31), eager=True)
    missing = sorted(set(days) - set(rows["date"]))
    assert 10 <= len(missing) <= 40
    assert all((day + DAY).day == 1 for day in missing)
    assert rows["id"][0] == f"{rows['date'][0]}T00:00:00-{rows['code_insee_region'][0]}"
    assert set(rows.group_by("date").len()["len"]) == {13}


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    "now",
    [
        "1896-02-29T00:00",
        "2009-12-31T23:59",
        "2011-12-31T22:59",
        "2012-01-01T00:17",
        "2100-06-01T00:00",
        "2142-03-31T23:59",
    ],
)
def test_the_far_past_is_empty_and_the_far_future_goes_on(dataset: str, now: str) -> None:
    ancient = Publisher(since=date(1896, 1, 1))
    moment = utc(now)
    months = ancient.months(dataset, moment)
    assert ancient.processed(dataset, moment) <= moment
    if moment.year < 2010:
        assert months == []
        assert ancient.table(dataset, moment).is_empty()
    elif moment.year >= 2100:
        last = utc(f"{months[-2]}-01T00:00")
        assert last > moment - 250 * DAY
        assert not ancient.table(dataset, moment, last, last + DAY).is_empty()


@pytest.mark.parametrize(
    ("dataset", "moments"),
    [
        (NATIONAL, {"2021-06-10T12:16:59": "2021-06-10T11:17", "2021-06-10T12:17": "2021-06-10T12:17"}),
        (REGIONAL, {"2021-06-10T12:18:59": "2021-06-10T11:19", "2021-06-10T12:19": "2021-06-10T12:19"}),
        (GAS, {"2021-06-10T09:59": "2021-06-09T10:00", "2021-06-10T10:00": "2021-06-10T10:00"}),
        (TEMPERATURE, {"2021-06-10T07:59": "2021-05-10T08:00", "2021-06-10T08:00": "2021-06-10T08:00"}),
        (NATIONAL_SETTLED, {"2021-05-31T09:00": "2021-05-31T09:00", "2021-09-01T09:00": "2021-09-01T09:00"}),
    ],
)
def test_processing_keeps_its_hours(dataset: str, moments: dict[str, str]) -> None:
    for now, processed in moments.items():
        assert publisher().processed(dataset, utc(now)) == utc(processed)


def test_an_unknown_dataset_is_refused() -> None:
    calls: list[Callable[[], object]] = [
        lambda: publisher().table("no-such", utc("2021-01-01T00:00")),
        lambda: publisher().months("no-such", utc("2021-01-01T00:00")),
        lambda: publisher().versions("no-such", utc("2021-01-01T00:00"), utc("2021-01-02T00:00")),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="no-such"):
            call()


def test_real_time_is_named_so() -> None:
    rows = table(NATIONAL, "2021-05-30T12:17", "2021-05-29T00:00", "2021-05-30T00:00")
    assert set(rows["nature"]) == {REAL_TIME}
    assert set(rows["perimetre"]) == {"France"}
