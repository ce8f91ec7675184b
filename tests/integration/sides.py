"""Made-up power of regions and France with the traps that a side may fall into; what is right is counted by slot."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from tests.support import PARIS, Rows, begun, clock, watthouse, write_csv

SOURCES: Final = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
NATIONAL: Final = ("fioul", "charbon", "gaz", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
FRANCE: Final = "FR"
CODES: Final = ("11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93")
PARIS_REGION, EST, BRETAGNE, RHONE = "11", "44", "53", "84"
EARLY, OLD, NEW_YEAR = date(2023, 12, 31), date(2025, 12, 31), date(2026, 1, 1)
"""Settled days years apart, and around a new year."""
BEFORE, SPRING = date(2026, 3, 27), date(2026, 3, 29)
"""Settled days around the change of the clocks; nobody published the day between them."""
LIVE, LAST = date(2026, 3, 30), date(2026, 3, 31)
"""Days of real time; the last ends at noon."""
SETTLED: Final = (EARLY, OLD, NEW_YEAR, BEFORE, SPRING)
REAL_TIME, CONSOLIDATED, DEFINITIVE = "Données temps réel", "Données consolidées", "Données définitives"


@dataclass(frozen=True)
class Slot:
    """What was published of one region, or of :data:`FRANCE`, and slot, MW by the name of its column."""

    region: str
    nature: str
    day: date
    heure: str
    instant: datetime
    minutes: int
    power: dict[str, int | None]

    @property
    def is_true(self) -> bool:
        """False in the hour that the clock skips."""
        return self.instant.astimezone(PARIS).strftime("%H:%M") == self.heure


def write_exports(folder: Path) -> Path:
    """The exports of all four datasets, in a folder of their own."""
    folder.mkdir()
    published = [*_published()]
    for name, natures in {"settled": {CONSOLIDATED, DEFINITIVE}, "live": {REAL_TIME}}.items():
        slots = [slot for slot in published if slot.nature in natures]
        write_csv(folder / f"{name}.csv", _rows(slot for slot in slots if slot.region != FRANCE))
        write_csv(folder / f"france-{name}.csv", _rows(slot for slot in slots if slot.region == FRANCE))
    return folder


def home_of_exports(folder: Path) -> Path:
    """A home whose warehouse was built from them."""
    home = begun(folder / "home")
    done = watthouse(home, "refresh", "--from", write_exports(folder / "exports"))
    assert done.returncode == 0, done.stderr + done.stdout
    return home


def settings_of(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables as arguments of ``Settings``."""
    return {name.removeprefix("WATTHOUSE_").lower(): value for name, value in variables.items()}


def _rows(slots: Iterable[Slot]) -> Rows:
    return [
        {
            **_place(slot.region),
            "nature": slot.nature,
            "date": slot.day,
            "heure": slot.heure,
            "date_heure": slot.instant,
            **slot.power,
        }
        for slot in slots
    ]


def _place(region: str) -> dict[str, str]:
    if region == FRANCE:
        return {"perimetre": "France"}
    return {"code_insee_region": region, "libelle_region": f"Region {region}"}


def _published() -> Iterator[Slot]:
    for region in (*CODES, FRANCE):
        for day in SETTLED:
            yield from _day(region, day, CONSOLIDATED, 30)
        for day in (LIVE, LAST):
            yield from _day(region, day, REAL_TIME, 15)[: 48 if day == LAST else None]
    # definitive data takes the place of consolidated data, slot by slot
    for slot in _day(RHONE, BEFORE, DEFINITIVE, 30)[:20]:
        yield replace(slot, power={**slot.power, "nucleaire": 4_321})


def _day(region: str, day: date, nature: str, minutes: int) -> list[Slot]:
    return [
        Slot(region, nature, day, heure, instant.astimezone(UTC), minutes, _power(region, day, number))
        for number, (heure, instant) in enumerate(clock(day, minutes))
    ]


def _power(region: str, day: date, number: int) -> dict[str, int | None]:
    if region == FRANCE:
        return _national_power(day, number)
    place = CODES.index(region)
    power: dict[str, int | None] = {"consommation": 3_000 + 100 * place + number}
    power |= {name: 50 * (at + 1) + 7 * place + (number * (at + 3)) % 41 for at, name in enumerate(SOURCES)}
    power["pompage"] = -10 * (number % 5) if region == RHONE else None
    if region == BRETAGNE:  # publishes no nuclear power, and lacks its load for a while
        power |= {"nucleaire": None} | ({"consommation": None} if day == BEFORE and number in {3, 4, 5} else {})
    if (region, day) == (RHONE, BEFORE) and number in {30, 31}:
        power["thermique"] = None
    if (region, day) == (PARIS_REGION, BEFORE) and number == 7:
        power |= dict.fromkeys(SOURCES, 0)
    if (region, day) == (EST, NEW_YEAR):  # a day whose load nobody knows has no production either
        power["consommation"] = None
    return power


def _national_power(day: date, number: int) -> dict[str, int | None]:
    power: dict[str, int | None] = {"consommation": 40_000 + number, "pompage": -7 * (number % 3)}
    power |= {name: 500 * (at + 1) + (number * (at + 5)) % 37 for at, name in enumerate(NATIONAL)}
    if day == BEFORE and number in {20, 21, 22}:
        power["eolien"] = None
    return power


@cache
def true_slots() -> tuple[Slot, ...]:
    """One slot of each region and instant: the most settled."""
    rank = {REAL_TIME: 1, CONSOLIDATED: 2, DEFINITIVE: 3}
    best: dict[tuple[str, datetime], Slot] = {}
    for slot in _published():
        key = slot.region, slot.instant
        if slot.is_true and (key not in best or rank[best[key].nature] < rank[slot.nature]):
            best[key] = slot
    return tuple(best.values())


@dataclass(frozen=True)
class Truth:
    """The slots of one question, and what comes of them."""

    slots: tuple[Slot, ...]

    @classmethod
    def of(cls, region: str, since: date, until: date, days: tuple[date, ...]) -> "Truth":
        """The slots of a region and period, on those ``days`` that a side holds."""
        return cls(tuple(s for s in true_slots() if s.region == region and since <= s.day <= until and s.day in days))

    def mean(self, name: str) -> float | None:
        """Mean power, MW; ``difference`` is that of production less that of load."""
        if name == "difference":
            production, load = self.mean("production"), self.mean("consommation")
            return None if production is None or load is None else production - load
        known = [(Fraction(value), slot.minutes) for slot, value in self._values(name)]
        minutes = sum(length for _, length in known)
        return float(sum(value * length for value, length in known) / minutes) if minutes else None

    def gwh(self, name: str) -> float | None:
        """Energy, GWh."""
        energies = [Fraction(value * slot.minutes, 60_000) for slot, value in self._values(name)]
        return float(sum(energies)) if energies else None

    def share(self, name: str) -> float | None:
        """Of production, over the slots that know all of it."""
        mixed = [slot for slot in self.slots if _production(slot) is not None]
        known = [(slot.power[name], slot.minutes) for slot in mixed if slot.power[name] is not None]
        whole = sum(_production(slot) * slot.minutes for slot in mixed)  # type: ignore[operator]
        return float(Fraction(sum(value * length for value, length in known), whole)) if known and whole else None  # type: ignore[misc]

    def hours(self, name: str) -> float:
        """The time in which a column is known, h."""
        return sum(slot.minutes for slot, _ in self._values(name)) / 60

    def _values(self, name: str) -> list[tuple[Slot, int]]:
        read: Callable[[Slot], int | None] = _production if name == "production" else lambda slot: slot.power[name]
        return [(slot, value) for slot in self.slots if (value := read(slot)) is not None]


def _production(slot: Slot) -> int | None:
    """The sum of the sources that the region publishes on that day, where all are known, and any load of the day."""
    published, loaded = _of_day(slot.region, slot.day)
    values = [slot.power[name] for name in published]
    return sum(values) if loaded and values and None not in values else None  # type: ignore[arg-type]


@cache
def _of_day(region: str, day: date) -> tuple[tuple[str, ...], bool]:
    slots = [slot for slot in true_slots() if (slot.region, slot.day) == (region, day)]
    sources = NATIONAL if region == FRANCE else SOURCES
    published = tuple(name for name in sources if any(slot.power[name] is not None for slot in slots))
    return published, any(slot.power["consommation"] is not None for slot in slots)
