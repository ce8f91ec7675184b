"""The page of meters against the grid: against a count minute by minute, and what it says is missing."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from dash.development.base_component import Component

from tests.figures import checked
from tests.integration.meter_grid import (
    A_MINUTE,
    AUTUMN,
    COLOURS,
    HOURLY,
    co2,
    curves,
    is_off_peak,
    peak_minutes,
    tempo_day,
    write_meters,
)
from tests.integration.meter_store import MeterStore
from tests.support import PARIS, TODAY
from tests.tariffs import declared
from tests.unit.meters.reading import LP, lp, write
from watthouse.serve.dashboard.app import rendered
from watthouse.serve.service import Service
from watthouse.settings import Settings

pytestmark = pytest.mark.slow

_DAYS = f"meter={HOURLY}&since={AUTUMN - timedelta(days=2)}&until={AUTUMN + timedelta(days=1)}"
_NIGHT = (("22:00", "06:00"),)
_COLOURS = """\
standing_per_year = 0
off_peak = ["22:00-06:00"]
[tariff.prices]
bleu = { hp = 2, hc = 1 }
blanc = { hp = 4, hc = 2 }
rouge = { hp = 8, hc = 4 }
"""
_TARIFFS = declared("One", "base", "2020-01-01", "standing_per_year = 366", "prices = { base = 0.5 }") + declared(
    "Colours", "tempo", "2020-01-01", _COLOURS
)
_PRICES = {"BLEU": (2, 1), "BLANC": (4, 2), "ROUGE": (8, 4)}


@pytest.fixture(scope="module")
def home(metered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the made-up grid and the made-up meters, and tariffs."""
    folder = tmp_path_factory.mktemp("page")
    store = MeterStore(Path(shutil.copytree(metered, folder / "home")))
    # energy on a day of which the grid has nothing, and volts
    more = [lp(f"01/01/2023 {hour:02}:00:00", 1, meter="9") for hour in range(24)]
    # one of a day with a peak and of one without
    more += [lp(f"{day}/10/2024 {hour:02}:00:00", 1, meter="7") for day in (28, 30) for hour in range(24)]
    more += [lp(f"27/10/2024 {hour:02}:00:00", 230, meter="8", kind="Voltage L1", unit="V") for hour in range(4, 24)]
    write(folder / "files" / "LP_9.csv", LP, *more)
    store.load(write_meters(folder / "files"))
    (store.home / "tariffs.toml").write_text(_TARIFFS)
    return store.home


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Service]:
    opened = Service(Settings(home=home))
    yield opened
    opened.close()


def _all(components: Iterable[Any]) -> Iterator[Component]:
    for one in components:
        if isinstance(one, Component):
            yield one
            inner = getattr(one, "children", None)
            yield from _all(inner if isinstance(inner, list | tuple) else [inner])


def _shown(service: Service, query: str) -> dict[str, Component]:
    """What the page shows, by id."""
    shown, _ = rendered(service, {"path": "/meters", "query": f"?{query}"})
    return {str(one.id): one for one in _all(shown) if getattr(one, "id", None)}


def _text(component: Component) -> str:
    words = [component] if isinstance(component, str) else getattr(component, "children", None) or []
    if isinstance(words, str):
        return words
    parts = words if isinstance(words, list | tuple) else [words]
    return " ".join(part if isinstance(part, str) else _text(part) for part in parts)


def _energy() -> dict[tuple[date, str | None, str], Fraction]:
    """Energy by civil day, colour and window, minute by minute."""
    found: dict[tuple[date, str | None, str], Fraction] = defaultdict(Fraction)
    for interval in curves()[HOURLY]:
        for minute, kwh in interval.every_minute:
            window = "HC" if is_off_peak(minute, _NIGHT) else "HP"
            found[minute.astimezone(PARIS).date(), COLOURS.get(tempo_day(minute)), window] += kwh
    return found


def test_the_co2_of_each_day_is_that_of_its_minutes(service: Service) -> None:
    page, expected = _shown(service, _DAYS), co2(curves()[HOURLY], 10)
    (bars,) = checked(page["meter-co2"].figure).data
    known = {str(day): value for day, value in zip(bars.x, bars.y, strict=True) if value == pytest.approx(value)}
    found = {str(day)[:10]: value for day, value in known.items()}
    assert found == pytest.approx({day: float(one.grams) / 1000 for day, one in expected.items() if one.known_minutes})
    # the second day has a hole of the grid, the third an hour that is published once, the fourth lacks readings
    assert [one == 1 for one in bars.marker.opacity] == [True, False, False, False]
    whole = [*co2(curves()[HOURLY], 0).values()]
    kwh, known_kwh, grams = (sum(getattr(one, name) for one in whole) for name in ("kwh", "known_kwh", "grams"))
    said = _text(page["meter-co2-sum"])
    assert said.startswith(f"{float(grams) / 1000:.2f}\N{NO-BREAK SPACE}kg CO₂, {float(grams / known_kwh):.0f}")
    assert f"known for {100 * float(known_kwh / kwh):.1f}% of the energy (real time)" in said


def test_what_was_used_at_the_peak_of_the_grid_is_told(service: Service) -> None:
    starts = peak_minutes(4, 30)
    energy = {minute: kwh for interval in curves()[HOURLY] for minute, kwh in interval.every_minute}
    days = {day: some for day, some in starts.items() if len(some) == 4 and day.year == AUTUMN.year and day.month == 10}
    at_peak = sum(
        energy.get(start + number * A_MINUTE, 0) for some in days.values() for start in some for number in range(30)
    )
    whole = sum(kwh for minute, kwh in energy.items() if minute.astimezone(PARIS).date() in days)
    said = _text(_shown(service, _DAYS)["meter-peak"])
    assert said.startswith(
        f"{100 * float(at_peak / whole):.1f}% of the energy was used at the grid's peak, the 4 half hours"
    )
    assert f"({len(days)} days known)" in said
    # an hour's kWh is half of one in each of four half hours, of 24 on the day that has a peak
    assert _text(_shown(service, "meter=7")["meter-peak"]).startswith(f"{100 * 2 / 24:.1f}%")


def test_a_synthetic_grid_is_announced(sampled: Path, tmp_path: Path) -> None:
    store = MeterStore(tmp_path / "home")
    day = TODAY - timedelta(days=2)
    lines = [lp(f"{day:%d/%m/%Y} {hour:02}:00:00", 1) for hour in range(24)]
    store.load(write(tmp_path / "LP_1.csv", LP, *lines))
    (store.home / "warehouse.duckdb").symlink_to(sampled / "sample" / "warehouse.duckdb")
    service = Service(Settings(home=store.home))
    page = _shown(service, "")
    assert _text(page["sample"]).startswith("Synthetic sample (")
    assert "in place of RTE" in _text(page["meter-co2-card"])
    service.close()


def test_energy_is_told_by_window_and_colour_and_no_colour_is_no_blue(service: Service) -> None:
    page, expected = _shown(service, _DAYS), _energy()
    names = {"Blue": "BLEU", "White": "BLANC", "Red": "ROUGE", "Colour unknown": None}
    found = {}
    for trace in checked(page["meter-windows"].figure).data:
        name, _, window = trace.name.rpartition(" ")
        assert (trace.marker.pattern.shape == "/") == (window == "HC")
        for day, value in zip(trace.x, trace.y, strict=True):
            if value == pytest.approx(value):
                found[str(day)[:10], names[name], window] = value
    assert found == pytest.approx({(str(day), *rest): float(kwh) for (day, *rest), kwh in expected.items() if kwh})
    assert None in {colour for _, colour, _ in found}
    words = _text(page["meter-windows-card"])
    assert "HC (hatched): 22:00–06:00" in words
    assert "is of no known colour, never blue" in words
    assert "RTE" in words


@pytest.mark.parametrize("shift", [0, 20])
def test_bills_stand_side_by_side_with_what_moving_load_changes(service: Service, shift: int) -> None:
    page, energy = _shown(service, f"{_DAYS}&shift={shift}"), _energy()
    whole = sum(energy.values())
    of_window = {
        (colour, window): sum(kwh for (_, c, w), kwh in energy.items() if (c, w) == (colour, window))
        for colour in _PRICES
        for window in ("HP", "HC")
    }
    tempo = sum(
        of_window[colour, "HP"] * peak + of_window[colour, "HC"] * off_peak
        for colour, (peak, off_peak) in _PRICES.items()
    )
    moved = (
        sum(of_window[colour, "HP"] * (peak - off_peak) for colour, (peak, off_peak) in _PRICES.items()) * shift / 100
    )
    upper, *lower = checked(page["meter-bill"].figure).data
    assert list(upper.y) == ["One", "Colours"]
    assert list(upper.x) == pytest.approx([float(whole / 2 + 4), float(tempo)])
    for after in lower:
        assert list(after.x) == pytest.approx([float(whole / 2 + 4), float(tempo - moved)])
    assert len(lower) == (shift > 0)
    assert [opacity < 1 for opacity in upper.marker.opacity] == [False, True]  # of days without a colour
    assert "that bill is not to be compared" in _text(page["meter-bill-card"])
    table = _text(page["bills"])
    assert f"{float(tempo):.2f}\N{NO-BREAK SPACE}XTS" in table
    assert (f"−{float(moved):.2f}" in table) == (shift > 0)
    unknown = sum(kwh for (_, colour, _), kwh in energy.items() if colour is None)
    assert f"{float(unknown):.1f}\N{NO-BREAK SPACE}kWh" in table
    assert "energy of days whose colour no calendar has" in _text(page["meter-bill-card"])
    assert page["shift"].value == str(shift)


@pytest.mark.parametrize("wrong", ["101", "-1", "x", "1e1", "２"])
def test_a_share_that_there_is_not_is_named_and_nothing_moves(service: Service, wrong: str) -> None:
    page = _shown(service, f"{_DAYS}&shift={wrong}")
    assert f"“{wrong}” is not a whole number from 0 to 100" in _text(page["meter-bill-card"])
    assert page["shift"].value == "0"


def test_only_a_curve_of_energy_or_power_is_set_against_the_grid(service: Service) -> None:
    volts = _shown(service, "meter=8")
    assert "meter-curve" in volts
    assert not {"meter-co2-card", "meter-windows-card", "meter-bill-card"} & {*volts}
    assert "meter-co2" in _shown(service, "meter=00005")  # mean power


def test_days_that_the_grid_lacks_have_no_co2_rather_than_none(service: Service) -> None:
    page = _shown(service, "meter=9")
    assert "is not known here: it is left out, not taken for 0" in _text(page["meter-co2-card"])
    assert "meter-co2" not in page
    assert "meter-windows" in page


def test_what_lacks_is_named_and_takes_nothing_from_the_readings(home: Path, tmp_path: Path) -> None:
    bare = tmp_path / "home"
    bare.mkdir()
    shutil.copy(home / "meters.sqlite", bare)
    service = Service(Settings(home=bare))
    page = _shown(service, _DAYS)
    assert "watthouse refresh" in _text(page["meter-co2-card"])
    assert "meter-curve" in page
    assert [trace.name for trace in checked(page["meter-windows"].figure).data] == ["HP", "HC"]
    assert "there is no file of tariffs (tariffs.toml)" in _text(page["meter-bill-card"])
    (bare / "tariffs.toml").write_text("[[tariff]]\nname = 'x'\noption = 'base'\n")
    assert "tariffs.toml: tariff 'x'" in _text(_shown(service, _DAYS)["meter-bill-card"])
    service.close()
