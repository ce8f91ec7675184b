"""A made-up grid and made-up meters on days that break, and what a minute-by-minute count makes of both."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support import PARIS, Rows, clock, write_csv
from tests.unit.meters.reading import LP, lp, write

A_MINUTE: Final = timedelta(minutes=1)
SPRING, AUTUMN = date(2024, 3, 31), date(2024, 10, 27)
HOURLY, FINE, COARSE = "00060", "00005", "00010"
"""Meters whose intervals last 60, 5 and 10 minutes."""
POWER, REGISTER, IDLE = "214612653", "212621145", "210095893"
"""Real meters: five minutes of power, a register alone, and one that takes nothing on days without a grid."""

AUTUMN_DAYS: Final = f"since={AUTUMN - timedelta(days=2)}&until={AUTUMN + timedelta(days=1)}"
"""All that HOURLY has, as an API is asked for it."""

COLOURS: Final = {
    date(2018, 9, 11): "BLEU",
    date(2018, 9, 12): "ROUGE",
    date(2024, 10, 24): "BLEU",
    date(2024, 10, 25): "BLANC",
    date(2024, 10, 26): "ROUGE",
    # the day the clocks change has no colour
    date(2024, 10, 28): "BLEU",
}
_DAYS: Final = (
    (date(2018, 9, 7), "Données définitives", 30),
    (date(2018, 9, 12), "Données définitives", 30),
    (SPRING, "Données définitives", 30),
    *((AUTUMN + timedelta(days=number), "Données temps réel", 15) for number in (-2, -1, 0, 1)),
)


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


@dataclass(frozen=True)
class Slot:
    """A slot of the grid; ``rate`` [g/kWh] is None where it is not known."""

    start: datetime
    minutes: int
    load: int
    rate: int | None
    nature: str

    @property
    def every_minute(self) -> Iterator[datetime]:
        return (self.start + number * A_MINUTE for number in range(self.minutes))


@dataclass(frozen=True)
class Interval:
    """A reading: so many kWh from ``start`` on."""

    start: datetime
    minutes: int
    kwh: Fraction

    @property
    def every_minute(self) -> Iterator[tuple[datetime, Fraction]]:
        return ((self.start + number * A_MINUTE, self.kwh / self.minutes) for number in range(self.minutes))


def slots() -> list[Slot]:
    """No two slots of a day are alike; the autumn hour that comes twice is published once, and two stretches lack."""
    return [
        Slot(at, minutes, 40_000 + number * 7919 % 9973, None if _is_hole(at) else 20 + number * 31 % 47, nature)
        for day, nature, minutes in _DAYS
        for number, (heure, at) in enumerate(clock(day, minutes))
        if f"{at.astimezone(PARIS):%H:%M}" == heure and at < datetime(2024, 10, 28, 14, tzinfo=UTC)
    ]


def _is_hole(at: datetime) -> bool:
    return datetime(2024, 10, 26, 6, tzinfo=UTC) <= at < datetime(2024, 10, 26, 8, 45, tzinfo=UTC)


def write_grid(folder: Path) -> Path:
    """The exports of that grid and of the colours, as their publishers write them."""
    folder.mkdir()
    published: Rows = [
        {"perimetre": "France", "nature": slot.nature, "date": slot.start.astimezone(PARIS).date()}
        | {"heure": f"{slot.start.astimezone(PARIS):%H:%M}", "date_heure": slot.start, "consommation": slot.load}
        | {"nucleaire": slot.load, "taux_co2": slot.rate}
        for slot in slots()
    ]
    write_csv(folder / "national.csv", published)
    lines = "".join(f"{day}\t{colour}\n" for day, colour in COLOURS.items())
    (folder / "tempo.xls").write_text(f"Date\tType de jour TEMPO\n{lines}")
    return folder


def curves() -> dict[str, list[Interval]]:
    """What the made-up meters read, by meter: whole days, but for two hours of :data:`HOURLY`."""
    autumn = [
        moment for moment in _steps(AUTUMN - timedelta(days=2), 4, 60) if f"{moment:%d %H}" not in {"28 09", "28 10"}
    ]
    return {
        HOURLY: [_interval(moment, 60) for moment in autumn],
        FINE: [_interval(moment, 5) for moment in _steps(SPRING, 1, 5)],
        COARSE: [_interval(moment, 10) for moment in _steps(AUTUMN, 1, 10)],
    }


def _interval(start: datetime, minutes: int) -> Interval:
    return Interval(start, minutes, Fraction((start.day * 1440 + start.hour * 60 + start.minute) * 37 % 1009, 1000))


def _steps(day: date, days: int, minutes: int) -> list[datetime]:
    begin, end = (midnight(day + timedelta(days=number)) for number in (0, days))
    return [begin + number * minutes * A_MINUTE for number in range((end - begin) // (minutes * A_MINUTE))]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


def write_meters(folder: Path) -> Path:
    """The files of those meters: HOURLY in kWh, FINE in kW, COARSE in Wh, with an export beside it."""
    units = {HOURLY: ("kwh", 1), FINE: ("kW", 12), COARSE: ("Wh", 1000)}
    for meter, intervals in curves().items():
        unit, factor = units[meter]
        kind = "Active Power Total (Watts)" if unit == "kW" else "Import Wh Total"
        lines = [lp(_stamp(one.start), float(one.kwh * factor), meter=meter, kind=kind, unit=unit) for one in intervals]
        lines += [lp(_stamp(one.start), 9, meter=meter, kind="Export Wh Total") for one in intervals]
        write(folder / f"LP_{meter}.csv", LP, *lines)
    return folder


def real_meters(real_data: Path) -> list[Path]:
    """The files of the real meters."""
    names = (f"2018/LP_{POWER}*", f"2015/TOU_{REGISTER}*", f"2015/LP_{IDLE}*")
    return [path for name in names for path in (real_data / "meters").glob(name)]


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"


@dataclass
class Counted:
    """What a count by minutes finds in one interval of an answer."""

    kwh: Fraction = Fraction(0)
    known_kwh: Fraction = Fraction(0)
    grams: Fraction = Fraction(0)
    minutes: int = 0
    known_minutes: int = 0


def co2(intervals: Iterable[Interval], letters: int) -> dict[str, Counted]:
    """Every minute of the readings times the rate of that minute, by so many letters of the local hour in ISO 8601."""
    rates = {minute: slot.rate for slot in slots() if slot.rate is not None for minute in slot.every_minute}
    found: Mapping[str, Counted] = defaultdict(Counted)
    for interval in intervals:
        for minute, kwh in interval.every_minute:
            counted = found[minute.astimezone(PARIS).replace(minute=0).isoformat()[:letters]]
            counted.kwh += kwh
            counted.minutes += 1
            if minute in rates:
                counted.known_kwh += kwh
                counted.known_minutes += 1
                counted.grams += kwh * rates[minute]
    return dict(found)


def peak_minutes(count: int, length: int) -> dict[date, list[datetime]]:
    """By day, the starts of its slots of highest mean load, of those whose load is known in every minute."""
    loads = {minute: slot.load for slot in slots() for minute in slot.every_minute}
    found = {}
    for day in {minute.astimezone(PARIS).date() for minute in loads}:
        starts = _steps(day, 1, length)
        means = {
            start: sum(loads[start + number * A_MINUTE] for number in range(length))
            for start in starts
            if all(start + number * A_MINUTE in loads for number in range(length))
        }
        found[day] = sorted(sorted(means, key=lambda start: (-means[start], start))[:count])
    return found


def tempo_day(minute: datetime) -> date:
    """The civil day on whose 06:00 the Tempo day of a minute begins."""
    local = minute.astimezone(PARIS)
    return local.date() if local.hour >= 6 else local.date() - timedelta(days=1)


def is_off_peak(minute: datetime, windows: Iterable[tuple[str, str]]) -> bool:
    """Whether the clock shows a time in one of the windows."""
    shown = f"{minute.astimezone(PARIS):%H:%M}"
    return any(since <= shown < until if since < until else shown >= since or shown < until for since, until in windows)
