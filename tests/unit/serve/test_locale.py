"""Numbers, days and instants as French and English write them."""

from datetime import UTC, date, datetime

import pytest

from watthouse.serve.locale import Language

EN, FR = Language.ENGLISH, Language.FRENCH


@pytest.mark.parametrize(
    ("value", "digits", "signed", "english", "french"),
    [
        (1234567.891, 1, False, "1,234,567.9", "1\u202f234\u202f567,9"),
        (-1234.5, 1, False, "−1,234.5", "−1\u202f234,5"),
        (12.0, 0, True, "+12", "+12"),
        (-0.04, 1, False, "0.0", "0,0"),
        (0.04, 1, True, "0.0", "0,0"),
        (None, 1, False, "–", "–"),
        (float("nan"), 1, False, "–", "–"),
    ],
)
def test_a_number_is_written_as_its_readers_write_it(
    value: float | None, digits: int, signed: bool, english: str, french: str
) -> None:
    assert EN.number(value, digits, signed=signed) == english
    assert FR.number(value, digits, signed=signed) == french


def test_a_unit_never_stands_on_the_next_line() -> None:
    assert EN.quantity(5, "MW") == "5\u00a0MW"
    assert FR.percent(0.123) == "12,3\u202f%"
    assert EN.percent(0.123) == "12.3%"
    assert EN.percent(None) == "–"


@pytest.mark.parametrize(
    ("gwh", "said"), [(9_999, "9,999\u00a0GWh"), (10_000, "10.0\u00a0TWh"), (-45_619, "−45.6\u00a0TWh")]
)
def test_much_energy_is_said_in_twh(gwh: float, said: str) -> None:
    assert EN.energy(gwh) == said


def test_days_and_instants_are_those_of_paris() -> None:
    assert EN.day(date(2026, 8, 1)) == "1\u00a0Aug\u00a02026"
    assert FR.days(date(2026, 8, 1), date(2027, 2, 3)) == "1er\u00a0août\u00a02026 – 3\u00a0févr.\u00a02027"
    assert FR.days(date(2026, 8, 1), date(2026, 8, 1)) == "1er\u00a0août\u00a02026"
    assert EN.moment(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == "29\u00a0Mar\u00a02026, 03:00"
    assert EN.moment(datetime(2026, 10, 25, 1, 0, tzinfo=UTC)) == "25\u00a0Oct\u00a02026, 02:00"
