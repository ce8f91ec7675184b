from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse.catalog import Column, Kind
from watthouse.sources.casts import NULL_TOKENS, Cast, cast, number_of

NEW_YEAR = datetime(2023, 12, 31, 23, tzinfo=UTC)


def to(kind: Kind, *values: object, dtype: pl.DataType | None = None) -> Cast:
    return cast(Column("x", kind, ""), pl.Series("x", list(values), dtype=dtype))


@pytest.mark.parametrize("kind", [Kind.WHOLE, Kind.RATE, Kind.STOCK, Kind.TEMPERATURE, Kind.TEXT, Kind.REGION])
def test_every_null_token_is_null(kind: Kind) -> None:
    tokens = [*NULL_TOKENS, "ND", "NaN", "NULL", " - ", "\u00a0ND\u202f", "\t"]
    assert to(kind, *tokens).values.null_count() == len(tokens)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123", 123),
        ("-7", -7),
        ("+7", 7),
        (" 12 ", 12),
        ("123.0", 123),
        ("1 234", 1234),
        ("1\u00a0234\u202f567", 1234567),
        ("1\u2009234", 1234),
        ("−3", -3),
        ("1e3", 1000),
        ("12,0", 12),
    ],
)
def test_whole_numbers_however_they_are_written(text: str, value: int) -> None:
    done = to(Kind.WHOLE, text)
    assert (done.values.to_list(), done.rounded) == ([value], 0)


def test_fractions_of_a_megawatt_are_rounded_half_even_and_counted() -> None:
    done = to(Kind.WHOLE, "0.5", "1,5", "2.5", "2.5", "-0.5", "3", "4.0")
    assert (done.values.to_list(), done.rounded) == ([0, 2, 2, 2, 0, 3, 4], 5)
    floats = to(Kind.WHOLE, 0.5, 1.5, float("nan"), None, 3.0)
    assert (floats.values.to_list(), floats.rounded) == ([0, 2, None, None, 3], 2)


@pytest.mark.parametrize("kind", [Kind.WHOLE, Kind.RATE, Kind.STOCK])
@pytest.mark.parametrize("text", ["abc", "1.2.3", "1,2,3", "inf", "12 34", "1_000", "0x10", "True", "…", "٣"])
def test_any_other_text_in_a_number_is_refused_by_its_name(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match="is no number") as refused:
        to(kind, "1", text)
    assert f"'{text}'" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.WHOLE, "99999999999"),
        (Kind.WHOLE, 2**40),
        (Kind.WHOLE, 1e30),
        (Kind.STOCK, "1e30"),
        (Kind.TEMPERATURE, 1e9),
        (Kind.RATE, float("inf")),
        (Kind.WHOLE, True),
        (Kind.DATE, "0001-01-01"),
        (Kind.INSTANT, "9999-01-01T00:00:00+00:00"),
        (Kind.DATE, "31/02/2024"),
        (Kind.DATE, "01/02/24"),
        (Kind.DATE, "20 mars"),
        (Kind.CLOCK, "24:00"),
        (Kind.CLOCK, "02:15:30"),
        (Kind.REGION, "93.5"),
        (Kind.REGION, 931),
    ],
)
def test_what_a_column_cannot_hold_is_refused(kind: Kind, value: object) -> None:
    with pytest.raises(ValueError, match="'"):
        to(kind, value)


def test_rates_may_pass_a_hundred() -> None:
    assert to(Kind.RATE, "177.23", "8,97", "NaN").values.to_list() == [177.23, 8.97, None]


def test_decimals_are_the_same_from_text_and_from_floats() -> None:
    texts = ["15.18", "9.9", "-3,25", "1e1", "8902.285042"]
    floats = [15.18, 9.9, -3.25, 10.0, 8902.285042]
    assert to(Kind.STOCK, *texts).values.to_list() == to(Kind.STOCK, *floats).values.to_list()
    assert to(Kind.STOCK, *texts).values.to_list()[4] == Decimal("8902.285042")


def test_decimals_beyond_what_is_kept_are_rounded_and_counted() -> None:
    assert to(Kind.TEMPERATURE, "1.00049", "1.5").rounded == 1
    assert to(Kind.TEMPERATURE, 1.00049, 1.5).rounded == 1


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "01/01/2024",
        "1/1/2024",
        "2024/01/01",
        "01-01-2024",
        "2024-01-01T00:00:00",
        "2023-12-31T23:00:00Z",
        " 2024-01-01 ",
    ],
)
def test_civil_dates_iso_or_day_first(text: str) -> None:
    assert to(Kind.DATE, text).values.to_list() == [date(2024, 1, 1)]


def test_a_date_that_is_an_instant_is_its_day_in_france() -> None:
    assert to(Kind.DATE, NEW_YEAR).values.to_list() == [date(2024, 1, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T00:00:00+01:00",
        "2024-01-01T00:00:00+0100",
        "2023-12-31T23:00:00Z",
        "2023-12-31T23:00:00+00:00",
        "2023-12-31 23:00:00+00:00",
        "2023-12-31T23:00Z",
        "2023-12-31T23:00:00.000Z",
    ],
)
def test_instants_with_any_offset(text: str) -> None:
    assert to(Kind.INSTANT, text).values.to_list() == [NEW_YEAR]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Europe/Berlin", "America/New_York"])
def test_typed_instants_of_any_zone_and_unit(unit: str, zone: str) -> None:
    there = to(Kind.INSTANT, NEW_YEAR, dtype=pl.Datetime(unit, zone)).values  # type: ignore[arg-type]
    assert (there.to_list(), there.dtype) == ([NEW_YEAR], pl.Datetime("us", "UTC"))


def test_instants_without_an_offset_say_nothing_by_themselves() -> None:
    texts = to(Kind.INSTANT, "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "01/01/2024 00:00", None)
    assert texts.naive is not None
    assert texts.naive.to_list() == [True, False, True, False]
    assert texts.values.is_null().to_list() == [True, False, True, True]
    typed = to(Kind.INSTANT, datetime(2024, 1, 1))  # noqa: DTZ001
    assert (typed.values.to_list(), typed.naive is not None and typed.naive.to_list()) == ([None], [True])


def test_clock_times() -> None:
    assert to(Kind.CLOCK, "2:15", "02:15:00", "23:45", "").values.to_list() == ["02:15", "02:15", "23:45", None]


@pytest.mark.parametrize("code", ["93", " 93", "93.0", 93, 93.0])
def test_region_codes_in_any_type(code: object) -> None:
    assert to(Kind.REGION, code).values.to_list() == ["93"]
    assert to(Kind.REGION, 1, "1"[0:0] or None).values.to_list() == ["01", None]


def test_known_values_have_one_spelling_and_unknown_ones_are_kept() -> None:
    operator = Column("source", Kind.TEXT, "", values=("Storengy", "Teréga"))
    spelt = cast(operator, pl.Series(["STORENGY", "Terega ", "TerÃ©ga", " TIGF ", "-"])).values.to_list()
    assert spelt == ["Storengy", "Teréga", "Teréga", "TIGF", None]


@given(st.integers(-9_999_999, 9_999_999))
def test_a_whole_number_reads_the_same_in_french_and_in_english(number: int) -> None:
    spaced = f"{number:,}".replace(",", "\u202f")
    assert number_of(spaced) == number_of(f"{number},0") == number_of(f"{number}.00") == number
    assert to(Kind.WHOLE, spaced, str(number), f"{number}.0").values.to_list() == [number] * 3


@given(st.text(max_size=12), st.sampled_from([kind for kind in Kind if kind.name != "TEXT"]))
def test_text_becomes_a_value_or_null_or_is_refused(text: str, kind: Kind) -> None:
    with suppress(ValueError):
        assert len(to(kind, text, dtype=pl.String()).values) == 1
