from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse.catalog import Column, Kind
from watthouse.sources.casts import Cast, cast
from watthouse.sources.cells import NULL_TOKENS, Writing, number_of

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
        ("70,123", 70_123),
        ("-2,000", -2_000),
        ("1,234,567", 1_234_567),
        ("70,123.0", 70_123),
        ("70.123,0", 70_123),
        ("1.234.567", 1_234_567),
        ("70'123", 70_123),
        ("70’123", 70_123),
        ("70122.99999999999", 70_123),
        ("0,0", 0),
    ],
)
def test_whole_numbers_however_they_are_written(text: str, value: int) -> None:
    assert to(Kind.WHOLE, text).values.to_list() == [value]


@pytest.mark.parametrize("value", ["0.5", "1,5", "70.123", "70,1234", "1234,567", "0,123", 0.5, 70.123, -0.5])
def test_a_fraction_of_a_megawatt_is_refused_and_not_rounded(value: object) -> None:
    with pytest.raises(ValueError, match="is not a whole number of"):
        to(Kind.WHOLE, value)


def test_floats_that_are_whole_are_whole_numbers() -> None:
    assert to(Kind.WHOLE, 3.0, float("nan"), None, 70122.99999999999).values.to_list() == [3, None, None, 70_123]


@pytest.mark.parametrize(
    "texts",
    [("70,123", "12,0"), ("12,00", "70,123"), ("70,123", "8901"), ("8901", "70,123"), ("70,123", "70123,000")],
)
def test_a_comma_that_means_two_things_in_a_document_is_refused_in_any_order(texts: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="a comma may mean thousands or decimals") as refused:
        to(Kind.WHOLE, *texts)
    assert all(f"'{text}'" in str(refused.value) for text in texts)
    one, other = ([text] for text in texts)
    one_by_one = Writing()
    cast(Column("x", Kind.WHOLE, ""), pl.Series(one), one_by_one)
    with pytest.raises(ValueError, match="a comma may mean thousands or decimals"):
        cast(Column("x", Kind.WHOLE, ""), pl.Series(other), one_by_one)


def test_a_comma_means_the_same_in_every_column_of_a_document() -> None:
    writing = Writing()
    cast(Column("rate", Kind.RATE, ""), pl.Series(["7,24"]), writing)
    with pytest.raises(ValueError, match="'70,123' and '7,24'"):
        cast(Column("load", Kind.WHOLE, ""), pl.Series(["70,123"]), writing)
    grouped = Writing()
    cast(Column("load", Kind.WHOLE, ""), pl.Series(["70,123"]), grouped)
    # another column may be shown without marks for thousands: spreadsheets format one at a time
    assert cast(Column("gas", Kind.WHOLE, ""), pl.Series(["8901"]), grouped).values.to_list() == [8901]


@pytest.mark.parametrize("kind", [Kind.WHOLE, Kind.RATE, Kind.STOCK])
@pytest.mark.parametrize(
    "text",
    ["abc", "1.2.3", "1,2,3", "1,23,456", "1,2.3", "1.2,3.4", "inf", "12 34", "1_000", "0x10", "True", "…", "٣"],
)
def test_any_other_text_in_a_number_is_refused_by_its_name(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match="is not a number") as refused:
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


@pytest.mark.parametrize("value", ["1.00049", "1,00049", 1.00049])
def test_decimals_beyond_what_is_kept_are_refused_and_not_rounded(value: object) -> None:
    with pytest.raises(ValueError, match="has more than 3 decimals"):
        to(Kind.TEMPERATURE, value)


@pytest.mark.parametrize("value", ["13.479999999999999", 13.479999999999999, "13.4800000", "13,48"])
def test_what_a_float_adds_to_a_decimal_is_no_digit_of_it(value: object) -> None:
    assert to(Kind.TEMPERATURE, value).values.to_list() == [Decimal("13.480")]


@pytest.mark.parametrize("text", ["8,902.285042", "8.902,285042", "8 902,285042", "8'902.285042", "8902,285042"])
def test_decimals_with_marks_for_thousands(text: str) -> None:
    assert to(Kind.STOCK, text).values.to_list() == [Decimal("8902.285042")]


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
        "2024-01-01 00:00:00",
        "45292",
        "45292.0",
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


@pytest.mark.parametrize("text", ["1899-12-31 02:15:00", "1899-12-30T02:15:00", "1904-01-01 02:15:00", "0.09375"])
def test_clock_times_as_spreadsheets_keep_them(text: str) -> None:
    assert to(Kind.CLOCK, text, "0").values.to_list() == ["02:15", "00:00"]


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
