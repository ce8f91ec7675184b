"""Messages are the lake's rows as JSON, by a schema that says what the catalog says; anything else is told apart."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import jsonschema_rs
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.support import PARIS, clock
from tools import message_schema
from watthouse.catalog import CATALOG, MAINLAND, Dataset, Kind
from watthouse.stream.documents import NATIONAL, REGIONAL
from watthouse.stream.message import DATASETS, LARGEST_RATE, LONGEST, SCHEMA, columns, fault_of, read, written

SEEN: Final = datetime(2026, 11, 30, 11, 20, 1, 123456, UTC)
FRANCE, REGIONS = CATALOG[NATIONAL], CATALOG[REGIONAL]


def frame(dataset: Dataset, *rows: dict[str, Any]) -> pl.DataFrame:
    """Observations as the lake has them: what a row does not say is null, or as usual."""
    schema = {**dict(zip(dataset.names, pl.DataFrame(dataset.schema.empty_table()).dtypes, strict=True))}
    usual = {
        "nature": "Données temps réel",
        "date": date(2026, 11, 30),
        "heure": "12:15",
        "date_heure": datetime(2026, 11, 30, 11, 15, tzinfo=UTC),
        "observed_at": SEEN,
        **({} if dataset is FRANCE else {"code_insee_region": "11", "libelle_region": "Île-de-France"}),
    }
    return pl.DataFrame([{**usual, **row} for row in rows], {**schema, "observed_at": pl.Datetime("us", "UTC")})


def message(**changed: Any) -> bytes:
    """A message about Île-de-France with these fields; one that is ``...`` is left out."""
    whole = json.loads(written(REGIONS, frame(REGIONS, {"consommation": 7123}))["value"][0])
    return json.dumps({name: value for name, value in {**whole, **changed}.items() if value is not ...}).encode()


def as_the_producer_words_it(value: bytes | None) -> bytes | None:
    """The same JSON without a blank, letter by letter as :func:`written` would have it; what is none stays as it is."""
    try:
        return json.dumps(json.loads(value or b""), separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return value


def test_the_schema_is_what_the_catalog_declares() -> None:
    assert SCHEMA.read_text() == message_schema.text(), "run `python -m tools.message_schema`"
    jsonschema_rs.meta.validate(json.loads(SCHEMA.read_text()))


def test_a_message_says_what_was_observed_under_the_publishers_names() -> None:
    (row,) = written(REGIONS, frame(REGIONS, {"consommation": 7123, "tco_eolien": 12.5})).iter_rows(named=True)
    assert row["key"] == "eco2mix-regional-tr|11|2026-11-30T11:15:00Z"
    assert row["fault"] is None
    said = json.loads(row["value"])
    values = said.pop("values")
    assert said == {
        "schema": 1,
        "dataset": "eco2mix-regional-tr",
        "region": "11",
        "instant": "2026-11-30T11:15:00Z",
        "date": "2026-11-30",
        "heure": "12:15",
        "nature": "Données temps réel",
        "observed_at": "2026-11-30T11:20:01.123456Z",
        "sample": None,
    }
    assert values.pop("consommation") == 7123
    assert values.pop("tco_eolien") == 12.5
    assert set(values.values()) == {None}
    assert {*values, "consommation", "tco_eolien"} == {
        column.name for column in REGIONS.columns if column.unit in {"MW", "%"}
    }


def test_a_message_of_a_sample_says_which() -> None:
    (value,) = written(REGIONS, frame(REGIONS, {}), "seed=0")["value"]
    assert json.loads(value)["sample"] == "seed=0"
    back, faults = read([value.encode(), message()])
    assert (back["sample"].to_list(), faults) == (["seed=0", None], {})


def test_the_national_dataset_is_about_fr() -> None:
    (row,) = written(FRANCE, frame(FRANCE, {"perimetre": "France"})).iter_rows(named=True)
    assert row["key"] == "eco2mix-national-tr|FR|2026-11-30T11:15:00Z"
    assert row["fault"] is None
    assert json.loads(row["value"])["region"] == "FR"


@pytest.mark.parametrize(("day", "distinct"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 96)])
def test_on_days_the_clocks_change_each_true_quarter_hour_has_a_key_of_its_own(day: date, distinct: int) -> None:
    slots = [
        {"date": day, "heure": heure, "date_heure": instant}
        for heure, instant in clock(day, 15)
        # the phantom hour of spring never reaches the lake
        if instant.astimezone(PARIS).strftime("%H:%M") == heure
    ]
    messages = written(FRANCE, frame(FRANCE, *slots))
    assert messages["key"].n_unique() == messages.height == distinct
    assert messages["fault"].null_count() == distinct
    said = [json.loads(value) for value in messages["value"]]
    assert [(one["date"], one["heure"]) for one in said] == [(str(day), slot["heure"]) for slot in slots]


OWN_HEAD: Final = b'{"schema":1,"dataset":"eco2mix-regional-tr",'
WHOLE: Final = st.none() | st.integers(-(2**31), 2**31 - 1)
RATE: Final = st.none() | st.floats(-LARGEST_RATE, LARGEST_RATE)
INSTANTS: Final = st.integers(0, 10**6).map(lambda n: datetime(2000, 1, 1, tzinfo=UTC) + n * timedelta(minutes=15))
STAMPS: Final = st.integers(0, 10**15).map(lambda n: SEEN + timedelta(microseconds=n))


@st.composite
def observations(draw: st.DrawFn) -> tuple[Dataset, dict[str, Any]]:
    dataset = draw(st.sampled_from(DATASETS))
    values = {column.name: draw(WHOLE if column.kind is Kind.WHOLE else RATE) for column in columns(dataset)}
    place = {"code_insee_region": draw(st.sampled_from(MAINLAND))} if dataset is REGIONS else {}
    return dataset, {**values, **place, "date_heure": draw(INSTANTS), "observed_at": draw(STAMPS)}


@settings(deadline=None)  # it is slow where the machine is busy
@given(st.lists(observations(), min_size=1, max_size=5))
def test_any_row_comes_back_to_the_bit(observed: list[tuple[Dataset, dict[str, Any]]]) -> None:
    values = [written(dataset, frame(dataset, row)).row(0)[1].encode() for dataset, row in observed]
    back, faults = read(values)
    assert faults == {}
    assert back["position"].to_list() == list(range(len(observed)))
    for (dataset, row), found in zip(observed, back.iter_rows(named=True), strict=True):
        assert found["dataset"] == dataset.id
        assert (found["instant"], found["observed_at"]) == (row["date_heure"], row["observed_at"])
        assert {column.name: found[column.name] for column in columns(dataset)} == {
            column.name: row[column.name] for column in columns(dataset)
        }


@settings(deadline=None)  # it is slow where the machine is busy
@given(st.lists(observations(), min_size=1, max_size=5))
def test_what_this_producer_words_and_what_another_does_is_read_alike(
    observed: list[tuple[Dataset, dict[str, Any]]],
) -> None:
    own = [written(dataset, frame(dataset, row)).row(0)[1].encode() for dataset, row in observed]
    # the same JSON, spaced and ordered otherwise, is not what the producer writes: it is held to the schema one by one
    others = [json.dumps(dict(reversed(json.loads(value).items())), indent=1).encode() for value in own]
    assert_frame_equal(read(own)[0], read(others)[0])


@pytest.mark.parametrize(
    "faulty", [b"\xff", b"{", OWN_HEAD + b"}", OWN_HEAD + b'"values":' + b"[" * 8_000, OWN_HEAD + b'"values":7}']
)
def test_one_that_is_no_message_keeps_no_other_out(faulty: bytes) -> None:
    back, faults = read([message(), faulty, message(region="24")])
    assert list(faults) == [1]
    assert back["position"].to_list() == [0, 2]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, "it is empty"),
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b'{"schema": 1', "it is not JSON"),
        (b'{"schema": NaN}', "it is not JSON"),
        (b"[" * 10_000, "it is not JSON"),
        (b"[1]", "it is not a JSON object"),
        (b" " * (LONGEST + 1), "it has 16,385 bytes, and a message has 16,384 at most"),
        (message(schema=2), "its schema is 2, and version 1 is known here"),
        (message(schema=...), "its schema is None, and version 1 is known here"),
        (message(heure=...), '"heure" is a required property'),
        (message(more=1), "Additional properties are not allowed ('more' was unexpected)"),
        (message(region="FR"), "region: "),
        (message(dataset=NATIONAL), 'region: "FR" was expected'),
        (message(dataset="temperature-quotidienne-regionale"), "dataset: "),
        (message(instant="2026-11-31T11:15:00Z"), "instant: "),
        (message(instant="2026-11-30T11:15:00+01:00"), "instant: "),
        (message(date="2026-02-29"), "date: "),
        (message(heure="24:00"), "heure: "),
        (message(nature="Données définitives"), "nature: "),
        (message(observed_at="2026-11-30T11:20:01Z"), "observed_at: "),
        (message(observed_at="0999-11-30T11:20:01.123456Z"), "observed_at: "),
        (message(observed_at="3000-11-30T11:20:01.123456Z"), "observed_at: "),
        (message(observed_at="+12026-11-30T11:20:01.123456Z"), "observed_at: "),
        (message(instant="+12026-11-30T11:15:00Z"), "instant: "),
        (message(values={}), "values: "),
    ],
)
def test_what_is_no_message_is_told_apart_in_one_line(value: bytes | None, fault: str) -> None:
    found = fault_of(value)
    assert found is not None
    assert found.startswith(fault)
    assert "\n" not in found
    back, faults = read([message(), value, message(region="24"), as_the_producer_words_it(value)])
    assert faults == {1: found, 3: fault_of(as_the_producer_words_it(value))}
    assert back.select("position", "region").rows() == [(0, "11"), (2, "24")]


@pytest.mark.parametrize("wrong", ["7123", 7123.5, True, 2**31, [7123]])
def test_a_value_that_is_no_whole_number_of_megawatts_breaks_the_schema(wrong: object) -> None:
    values = json.loads(message())["values"]
    assert str(fault_of(message(values={**values, "consommation": wrong}))).startswith("values.consommation: ")


@pytest.mark.parametrize("wrong", ["12.5", 1e14, -1e14, 99_999_999_999_999.5, 1e300, [1]])
def test_a_rate_that_no_mart_could_keep_breaks_the_schema(wrong: object) -> None:
    rates = {**json.loads(message())["values"], "tco_eolien": wrong}
    large = as_the_producer_words_it(message(values=rates))
    assert str(fault_of(large)).startswith("values.tco_eolien: ")
    assert read([message(), large])[1] == {1: fault_of(large)}


@pytest.mark.parametrize(
    "odd",
    [
        {"heure": "7:00"},
        {"heure": None},
        {"nature": "provisoire"},
        {"nature": "x" * LONGEST},
        {"date": None},
        {"code_insee_region": "2A"},
        {"code_insee_region": None},
        {"date_heure": datetime(1, 1, 1, tzinfo=UTC)},
        {"observed_at": datetime(999, 1, 1, tzinfo=UTC)},
        {"tco_eolien": 1e15},
    ],
)
def test_a_row_that_breaks_the_schema_is_found_wherever_it_stands(odd: dict[str, Any]) -> None:
    """Only rows that look odd, and the first, are held to the schema: the others could not break it."""
    messages = written(REGIONS, frame(REGIONS, {}, odd, {}))
    assert [fault is None for fault in messages["fault"]] == [True, False, True]
    assert messages["fault"][1] == fault_of(messages["value"][1].encode())
