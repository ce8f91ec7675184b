"""Bills under declared tariffs over HTTP, against a count minute by minute in fractions; and what is refused."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.integration.meter_grid import (
    AUTUMN,
    AUTUMN_DAYS,
    COLOURS,
    HOURLY,
    IDLE,
    REGISTER,
    co2,
    curves,
    is_off_peak,
    rows,
    tempo_day,
    write_meters,
)
from tests.integration.meter_store import MeterStore
from tests.integration.serving import Api, problem, served
from tests.support import PARIS, watthouse

pytestmark = pytest.mark.slow

PRICES: dict[str, dict[str | None, dict[str, str]]] = {
    "base": {None: {"HP": "0.11", "HC": "0.11"}},
    "hp_hc": {None: {"HP": "0.2345", "HC": "0.1"}},
    "tempo": {
        "BLEU": {"HP": "0.2", "HC": "0.15"},
        "BLANC": {"HP": "0.3", "HC": "0.25"},
        "ROUGE": {"HP": "0.7", "HC": "0.35"},
    },
}
OFF_PEAK: dict[str, tuple[tuple[str, str], ...]] = {
    "base": (),
    "hp_hc": (("22:30", "05:30"), ("12:10", "13:10")),
    "tempo": (("22:00", "06:00"),),
}
STANDING = {"base": ("month", "10.5"), "hp_hc": ("month", "12"), "tempo": ("year", "150")}
SINCE, UNTIL = AUTUMN - timedelta(days=2), AUTUMN + timedelta(days=1)
"""Four days."""
BEGINS = {"base": date(2020, 1, 1), "hp_hc": AUTUMN, "tempo": date(2020, 1, 1)}
"""The tariff hp_hc has no prices for the first two."""


def tariffs() -> str:
    return "\n".join(_declared(option) for option in PRICES)


def _declared(option: str) -> str:
    per, charge = STANDING[option]
    windows = ", ".join(f'"{since}-{until}"' for since, until in OFF_PEAK[option])
    prices = PRICES[option]
    if option == "base":
        written = f"prices = {{ base = {prices[None]['HP']} }}"
    elif option == "hp_hc":
        written = f"prices = {{ hp = {prices[None]['HP']}, hc = {prices[None]['HC']} }}"
    else:
        written = "[tariff.prices]\n" + "\n".join(
            f"{str(colour).lower()} = {{ hp = {by['HP']}, hc = {by['HC']} }}" for colour, by in prices.items()
        )
    return f"""
[[tariff]]
name = "A {option}"
option = "{option}"
from = {BEGINS[option]}
source = "made up"
currency = "XTS"
standing_per_{per} = {charge}
{f"off_peak = [{windows}]" if windows else ""}
{written}
"""


@pytest.fixture(scope="module")
def billed(against: Api) -> Api:
    (against.home / "tariffs.toml").write_text(tariffs())
    return against


def expected_energies(option: str) -> dict[tuple[str, str | None], Decimal]:
    """By window and colour, to the mWh, of the days on which the tariff holds."""
    found: dict[tuple[str, str | None], Fraction] = defaultdict(Fraction)
    for one in curves()[HOURLY]:
        for minute, kwh in one.every_minute:
            if minute.astimezone(PARIS).date() >= BEGINS[option]:
                window = "HC" if is_off_peak(minute, OFF_PEAK[option]) else "HP"
                found[window, COLOURS.get(tempo_day(minute)) if option == "tempo" else None] += kwh
    return {key: Decimal(round(kwh * 10**6)) / 10**6 for key, kwh in found.items()}


def standing(option: str) -> Fraction:
    per, charge = STANDING[option]
    days = (UNTIL - max(SINCE, BEGINS[option])).days + 1
    return Fraction(charge) * Fraction(days, 31 if per == "month" else 366)


def money(amount: Fraction) -> float:
    return float((Decimal(amount.numerator) / amount.denominator).quantize(Decimal("0.000001"), ROUND_HALF_UP))


@pytest.mark.parametrize("shift", [0, 12.5, 100])
@pytest.mark.parametrize("option", list(PRICES))
def test_a_bill_is_energy_by_price_and_a_standing_charge(option: str, shift: float, billed: Api) -> None:
    found = rows(billed.get(f"/meters/{HOURLY}/bill?{AUTUMN_DAYS}&tariff=A {option}&shift={shift}"))
    energies, moved = expected_energies(option), Fraction(str(shift)) / 100 if OFF_PEAK[option] else Fraction(0)
    amounts = {"amount": standing(option), "shifted_amount": standing(option)}
    for (window, colour), kwh in energies.items():
        if colour in PRICES[option]:
            by = PRICES[option][colour]
            amounts["amount"] += Fraction(kwh) * Fraction(by[window])
            stays = Fraction(kwh) * (1 - moved if window == "HP" else 1)
            amounts["shifted_amount"] += stays * Fraction(by[window])
            if window == "HP":
                amounts["shifted_amount"] += Fraction(kwh) * moved * Fraction(by["HC"])
    *lines, total = found
    assert total["line"] == "total"
    assert {name: total[name] for name in amounts} == {name: money(amount) for name, amount in amounts.items()}
    shown = {(line["window"] or "HP", line["colour"]): line["energy_kwh"] for line in lines if line["line"] == "energy"}
    assert shown == {key: float(kwh) for key, kwh in energies.items() if key[1] in PRICES[option]}
    every = sum((one.kwh for one in curves()[HOURLY]), Fraction(0))
    assert total["energy_kwh"] == pytest.approx(float(every), abs=1e-5)
    assert total["shifted_kwh"] == total["energy_kwh"], "what moves is neither lost nor used twice"


def test_what_has_no_price_has_a_line_of_its_own(billed: Api) -> None:
    found = rows(billed.get(f"/meters/{HOURLY}/bill?{AUTUMN_DAYS}"))
    unpriced = {(row["tariff"], row["window"]): row for row in found if row["line"] == "unpriced"}
    assert unpriced.keys() == {("A hp_hc", None), ("A tempo", "HP"), ("A tempo", "HC")}
    assert all(row["amount"] is None and row["price"] is None for row in unpriced.values())
    uncovered = unpriced["A hp_hc", None]
    assert (uncovered["since"], uncovered["until"]) == (str(SINCE), str(AUTUMN - timedelta(days=1)))
    assert uncovered["note"] == "the tariff has no prices for these days (2)"
    first_days = [one.kwh for one in curves()[HOURLY] if one.start.astimezone(PARIS).date() < AUTUMN]
    assert uncovered["energy_kwh"] == pytest.approx(float(sum(first_days)))
    colourless = expected_energies("tempo")
    assert {window: unpriced["A tempo", window]["energy_kwh"] for window in ("HP", "HC")} == {
        window: float(colourless[window, None]) for window in ("HP", "HC")
    }
    totals = {row["tariff"]: row["unpriced_kwh"] for row in found if row["line"] == "total"}
    assert list(totals) == ["A base", "A hp_hc", "A tempo"], "side by side, in the order of the file"
    assert totals["A base"] == 0
    assert totals["A tempo"] == pytest.approx(float(colourless["HP", None] + colourless["HC", None]))


def test_an_answer_carries_the_versions_of_all_that_it_is_made_of(billed: Api) -> None:
    path = f"/meters/{HOURLY}/bill?{AUTUMN_DAYS}"
    before = billed.get(path)
    said = before.json()
    grid_version = billed.get("/mix").json()["version"]
    assert (said["grid_version"], said["meter_version"]) == (grid_version, billed.get("/meters").json()["version"])
    assert said["version"].startswith(f"{said['meter_version']}.{said['grid_version']}.")
    assert billed.get(path, if_none_match=before.headers["etag"]).status_code == 304
    (billed.home / "tariffs.toml").write_text(tariffs().replace("0.11", "0.12"))
    assert billed.get(path, if_none_match=before.headers["etag"]).status_code == 200
    (billed.home / "tariffs.toml").write_text(tariffs())
    said = billed.get(f"/meters/{HOURLY}/co2?{AUTUMN_DAYS}").json()
    assert (said["grid_version"], said["version"]) == (grid_version, f"{said['meter_version']}.{grid_version}")
    assert [one["dataset"] for one in said["attribution"]] == ["eco2mix-national-tr"]
    colours = billed.get(f"/meters/{HOURLY}/windows?since=2024-10-26&until=2024-10-26").json()["attribution"]
    assert [(one["dataset"], one["since"], one["until"]) for one in colours] == [
        ("eco2mix-tempo", "2024-10-25", "2024-10-26")
    ]
    assert said["source"].startswith("meter files of this server's owner")
    assert "RTE (2024-10-25 to 2024-10-28)" in said["source"]


def test_what_cannot_be_reckoned_is_a_problem_that_says_why(billed: Api) -> None:
    for call in ("co2", "peak", "windows", "bill"):
        told = problem(billed.get(f"/meters/{REGISTER}/{call}"), 422, "channel")["detail"]
        assert (
            told
            == "the meter has no curve of consumption: no channel of the meter is a curve of active energy or power"
        )
        problem(billed.get(f"/meters/nobody/{call}"), 404, "meter")
        problem(billed.get(f"/meters/{HOURLY}/{call}?channel=999"), 422, "channel")
        problem(billed.get(f"/meters/{HOURLY}/{call}?since=2024-10-02&until=2024-10-01"), 422, "until")
    register = rows(billed.get(f"/meters/{REGISTER}"))[0]["channel"]
    told = problem(billed.get(f"/meters/{REGISTER}/co2?channel={register}"), 422, "channel")["detail"]
    assert "is a register, which counts and is no curve" in told
    reactive = next(one for one in rows(billed.get(f"/meters/{IDLE}")) if one["unit"] == "kvarh")
    told = problem(billed.get(f"/meters/{IDLE}/co2?channel={reactive['channel']}"), 422, "channel")["detail"]
    assert "is reactive energy, which is no active energy; choose a channel: " in told
    for path, parameter in (
        ("co2?interval=week", "interval"),
        ("peak?slots=0", "slots"),
        ("peak?length=day", "length"),
        ("windows?off_peak=22-6", "off_peak"),
        ("windows?off_peak=22:00-06:00,05:00-07:00", "off_peak"),
        ("bill?tariff=B", "tariff"),
        ("bill?shift=101", "shift"),
        ("bill?shift=x", "shift"),
    ):
        problem(billed.get(f"/meters/{HOURLY}/{path}"), 422, parameter)


def test_a_file_of_tariffs_that_cannot_be_used_is_a_conflict(billed: Api) -> None:
    path, file = f"/meters/{HOURLY}/bill", billed.home / "tariffs.toml"
    file.write_text(tariffs().replace("hc = 0.1 ", 'hc = "?" '))
    told = problem(billed.get(path), 409)["detail"]
    assert told == "tariffs.toml: tariff 'A hp_hc', prices.hc: '?' is no amount: write the number of your contract"
    file.unlink()
    told = problem(billed.get(path), 409)["detail"]
    assert (
        told == "there is no file of tariffs (tariffs.toml): docs/meters.md shows one, and WATTHOUSE_TARIFFS names it"
    )
    file.write_text(tariffs())


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Api]:
    """Meters in a home without a warehouse."""
    MeterStore(tmp_path / "home").load(write_meters(tmp_path / "meters"))
    (tmp_path / "tariffs.toml").write_text(tariffs())
    with served(tmp_path / "home", tmp_path, sample=False, WATTHOUSE_TARIFFS=str(tmp_path / "tariffs.toml")) as api:
        yield api


def test_without_a_grid_there_are_bills_but_no_colours(alone: Api) -> None:
    answer = alone.get(f"/meters/{HOURLY}/bill?{AUTUMN_DAYS}").json()
    totals = {row["tariff"]: row for row in answer["rows"] if row["line"] == "total"}
    assert totals["A base"]["unpriced_kwh"] == 0
    assert totals["A tempo"]["unpriced_kwh"] == totals["A tempo"]["energy_kwh"] > 0
    assert (answer["grid_version"], answer["licence"]) == (None, "")
    assert {row["colour"] for row in rows(alone.get(f"/meters/{HOURLY}/windows"))} == {None}
    for call in ("co2", "peak"):
        assert "run `watthouse refresh`" in problem(alone.get(f"/meters/{HOURLY}/{call}"), 503)["detail"]


@pytest.fixture
def told(metered: Path, tmp_path: Path) -> Callable[..., CompletedProcess[str]]:
    """``watthouse meters …`` in a home of one's own, with that grid, those meters and tariffs."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(metered / "warehouse.duckdb", home)
    MeterStore(home).load(write_meters(tmp_path / "meters"))
    (home / "tariffs.toml").write_text(tariffs())
    return lambda *words: watthouse(home, "meters", *words, "--since", str(SINCE), "--until", str(UNTIL))


def test_the_verbs_tell_it_too(told: Callable[..., CompletedProcess[str]]) -> None:
    found = {row["local_time"]: row["co2_kg"] for row in json.loads(told("co2", HOURLY, "--json").stdout)}
    assert {when[:10]: kg for when, kg in found.items()} == {
        when: pytest.approx(float(one.grams) / 1000) for when, one in co2(curves()[HOURLY], 10).items()
    }
    energies = expected_energies("base")
    lines = json.loads(told("bill", HOURLY, "--shift", "100", "--json").stdout)
    totals = {line["tariff"]: line for line in lines if line["line"] == "total"}
    assert totals["A base"]["amount"] == money(Fraction(energies["HP", None]) * Fraction("0.11") + standing("base"))
    assert totals["A hp_hc"]["shifted_amount"] < totals["A hp_hc"]["amount"]
    assert told("bill", HOURLY).stdout.count(" total ") == 3


def test_what_the_verbs_refuse_is_one_line(told: Callable[..., CompletedProcess[str]]) -> None:
    for words, line in (
        (["bill", "nobody"], "there is no meter 'nobody'"),
        (["co2", HOURLY, "--interval", "week"], "--interval: Input should be 'hour', 'day', 'month' or 'period'"),
        (["co2", HOURLY, "--channel", "99"], "channel 99 is none of this meter; choose a channel: "),
    ):
        done = told(*words)
        assert done.returncode == 2, done.stdout
        assert line in done.stderr
        assert done.stderr.count("\n") == 1
