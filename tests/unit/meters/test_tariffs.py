"""The file of tariffs: what it may say, and the one line that says what is wrong with it."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.tariffs import declared
from watthouse.errors import UsageError
from watthouse.meters.tariffs import Tariffs, read
from watthouse.meters.windows import Window, windows_of

BASE = declared(
    "Base", "base", "2024-02-01", "to = 2025-01-31", "standing_per_month = 10", "prices = { base = 0.2016 }"
)
_OFF_PEAK = 'off_peak = ["22:30-06:30"]'
HP_HC = declared(
    "Two prices", "hp_hc", "2024-02-01", "standing_per_year = 120.5", _OFF_PEAK, "prices = { hp = 0.3, hc = 0.1 }"
)
LATER = BASE.replace("2024-02-01", "2025-02-01").replace("to = 2025-01-31", "").replace("0.2016", "0.19")


def tariffs_of(text: str, folder: Path) -> Tariffs:
    path = folder / "tariffs.toml"
    path.write_text(text)
    return read(path)


def test_prices_are_the_decimals_that_were_written(tmp_path: Path) -> None:
    declared = tariffs_of(BASE + HP_HC, tmp_path).by_name
    (base,), (two,) = declared["Base"], declared["Two prices"]
    assert base.price("HP", None) == Decimal("0.2016"), "and not the float next to it"
    assert (base.since, base.last, two.last) == (date(2024, 2, 1), date(2025, 1, 31), date.max)
    assert (two.price("HP", None), two.price("HC", None)) == (Decimal("0.3"), Decimal("0.1"))
    assert two.off_peak == (Window(time(22, 30), time(6, 30)),)


def test_prices_follow_each_other_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    declared = tariffs_of(LATER + BASE, tmp_path)
    assert [one.price("HP", None) for one in declared.by_name["Base"]] == [Decimal("0.2016"), Decimal("0.19")]
    assert declared.version != tariffs_of(BASE + LATER, tmp_path).version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "tariff: it is missing"),
        ("tariff = []", "tariff: List should have at least 1 item after validation, not 0"),
        ("x", "is not TOML in UTF-8: "),
        (BASE.replace("base = 0.2016", "base = -0.1"), "tariff 'Base', prices.base: -0.1 is out of range"),
        (BASE.replace("base = 0.2016", "base = inf"), "tariff 'Base', prices.base: Infinity is out of range"),
        (BASE.replace("base = 0.2016", "base = true"), "tariff 'Base', prices.base: 'True' is no amount"),
        (BASE.replace("base = 0.2016", 'base = "your price"'), "tariff 'Base', prices.base: 'your price' is no amount"),
        (BASE.replace("base = 0.2016", "base = 0.123456789"), "tariff 'Base', prices.base: 0.123456789 has more"),
        (BASE.replace("{ base = 0.2016 }", "{}"), "tariff 'Base', prices.base: it is missing"),
        (BASE.replace("base = 0.2016", "hp = 1, base = 1"), "tariff 'Base', prices.hp: there is no such key"),
        (BASE.replace("currency", "curency"), "tariff 'Base', currency: it is missing (and 1 more)"),
        (BASE.replace('"XTS"', '"euros"'), "tariff 'Base', currency: String should match"),
        (BASE.replace('source = "made up"', 'source = " "'), "tariff 'Base', source: String should have at least 1"),
        (BASE.replace("to = 2025-01-31", "to = 2024-01-31"), "tariff 'Base': it ends (2024-01-31) before it begins"),
        (BASE.replace("standing_per_month = 10", ""), "tariff 'Base': one of standing_per_month and standing_per_year"),
        (BASE + "standing_per_year = 1", "is needed, and not both"),
        (BASE.replace('"base"', '"flat"'), "tariff 'Base': Input tag 'flat'"),
        (BASE.replace('name = "Base"', ""), "tariff number 1, name: it is missing"),
        (BASE.replace("prices", 'off_peak = ["22:00-06:00"]\nprices'), "tariff 'Base', off_peak: there is no such key"),
        (HP_HC.replace('["22:30-06:30"]', "[]"), "tariff 'Two prices', off_peak: use a list of windows"),
        (HP_HC.replace("-06:30", "-24:30"), "tariff 'Two prices', off_peak: '22:30-24:30' is not a window"),
        (HP_HC.replace("-06:30", "-22:30"), "tariff 'Two prices', off_peak: '22:30-22:30' begins where it ends"),
        (HP_HC.replace('"]', '", "06:00-07:00"]'), "tariff 'Two prices', off_peak: two windows overlap at 06:00"),
        (BASE + LATER.replace("2025-02-01", "2025-01-31"), "tariff 'Base' has two prices on 2025-01-31"),
        (BASE + LATER.replace("XTS", "EUR"), "tariff 'Base' changes its option or its currency: give it another name"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_line_with_file_and_key(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        tariffs_of(text, tmp_path)
    line = str(refused.value)
    assert line.startswith("tariffs.toml")
    assert expected in line
    assert "\n" not in line


def test_a_window_may_end_at_midnight_and_touch_the_next() -> None:
    assert windows_of(["22:00-00:00", "00:00-06:00"]) == (Window(time(22), time(0)), Window(time(0), time(6)))
