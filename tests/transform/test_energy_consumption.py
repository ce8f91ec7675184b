"""The schema `energy_consumption`: what a home says of awkward observations, by the rules in plain Python."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Final

import pytest

from tests.transform.lab import REGIONAL, Lab, Row, half_hours, power, regional
from watthouse.catalog import CONSOLIDATED, DEFINITIVE, REAL_TIME

pytestmark = [pytest.mark.slow]

SETTLED: Final = REGIONAL[1]
SOURCES: Final = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
POWER: Final = ("consommation", "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "pompage", "bioenergies")
RATES: Final = tuple(f"{kind}_{source}" for source in SOURCES for kind in ("tco", "tch"))
WHOLE: Final = {"thermique": 70, "nucleaire": 500, "eolien": 33, "solaire": 11, "hydraulique": 250, "bioenergies": 9}

ORDINARY, SPRING, AUTUMN = date(2024, 5, 14), date(2024, 3, 31), date(2024, 10, 27)
TWICE, BOTH, HOLED, ZERO, LOADLESS, BACK = (date(2024, 6, day) for day in (2, 3, 4, 5, 6, 7))


@pytest.fixture(scope="module")
def lab(blank: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Views need no build: what was observed is there."""
    lab = blank.copy(tmp_path_factory.mktemp("energy"))
    rated = {name: 10.5 + number for number, name in enumerate(RATES)}
    for day in (ORDINARY, SPRING, AUTUMN):
        lab.observe(SETTLED, settled("53", day, 3_000, pompage=-40, **WHOLE, **rated))
        lab.observe(
            SETTLED, settled("11", day, 8_000, **{**WHOLE, "nucleaire": None})
        )  # published by none of its slots
    lab.observe(SETTLED, settled("53", TWICE, 3_000, pompage=-40, **WHOLE, tco_solaire=1.0))
    lab.observe(SETTLED, settled("53", TWICE, 3_100, DEFINITIVE, **{**WHOLE, "eolien": 34}, tco_solaire=2.0)[:30])
    lab.observe(SETTLED, settled("53", TWICE, 3_200, **{**WHOLE, "eolien": 35}))  # the consolidated rows, revised
    first, *others = settled("53", HOLED, 2_000, **WHOLE)
    lab.observe(SETTLED, [{**first, "solaire": None}, *others])
    both = (settled("53", BOTH, load, nature, **WHOLE) for load, nature in ((900, DEFINITIVE), (800, CONSOLIDATED)))
    lab.observe(SETTLED, [row for rows in both for row in rows])  # in one export
    lab.observe(SETTLED, settled("53", ZERO, 2_000, **dict.fromkeys(WHOLE, 0), pompage=-5))
    lab.observe(SETTLED, settled("53", LOADLESS, None, **WHOLE))
    # definitive without its load: the consolidated row counts; all of it taken back: as if it had never been
    lab.observe(SETTLED, settled("84", BACK, 5_000, **WHOLE, tch_eolien=40.0))
    lab.observe(SETTLED, settled("84", BACK, None, DEFINITIVE, **WHOLE)[:10])
    lab.observe(SETTLED, settled("84", BACK, 5_500, DEFINITIVE, **WHOLE)[20:25])
    lab.observe(SETTLED, settled("84", BACK, None, DEFINITIVE)[20:25])
    lab.observe(REGIONAL[0], regional("24", power(ORDINARY, REAL_TIME, 900, **WHOLE)))
    return lab


def settled(code: str, day: date, load: int | None, nature: str = CONSOLIDATED, **columns: object) -> list[Row]:
    return regional(code, half_hours(day, load, nature, **columns))


def chosen(observations: Iterable[Row]) -> list[Row]:
    """The row of each region and slot that counts; ``total`` is its production."""
    newest: dict[tuple[object, ...], Row] = {}
    for row in sorted(observations, key=lambda row: row["observed_at"]):
        newest[row["code_insee_region"], row["date_heure"], row["nature"]] = row
    known = [row for row in newest.values() if any(row.get(name) is not None for name in (*POWER, *RATES))]
    days, slots = defaultdict(list), defaultdict(list)
    for row in known:
        days[row["code_insee_region"], row["date"], row["nature"]].append(row)
        slots[row["code_insee_region"], row["date_heure"]].append(row)
    kept = [max(rows, key=lambda row: (row["consommation"] is not None, row["nature"])) for rows in slots.values()]
    return [{**row, "total": total(row, days[row["code_insee_region"], row["date"], row["nature"]])} for row in kept]


def total(row: Row, day: list[Row]) -> int | None:
    published = [name for name in SOURCES if any(other.get(name) is not None for other in day)]
    if any(row.get(name) is None for name in published) or all(other["consommation"] is None for other in day):
        return None
    return sum(row[name] for name in published) or None


def number(row: Row) -> int:
    at: datetime = row["date_heure"]
    return int(at.timestamp()) // 900 * 100 + int(row["code_insee_region"])


def beginning(row: Row) -> tuple[Any, ...]:
    return number(row), row["code_insee_region"], row["date"], time.fromisoformat(row["heure"])


def pct(row: Row, name: str) -> float | None:
    value = row.get(name)
    return None if value is None or row["total"] is None else float(Fraction(100 * value, row["total"]))


def test_consumption_is_what_the_rules_say(lab: Lab) -> None:
    expected = [
        (*beginning(row), *(row.get(name) for name in POWER), *(pct(row, name) for name in POWER[1:]))
        for row in chosen(lab.seen[SETTLED])
        if any(row.get(name) is not None for name in POWER)
    ]
    found = [tuple(row.values()) for row in lab.rows("energy_consumption.consumption")]
    assert found == sorted(expected)


def test_coverage_is_as_published(lab: Lab) -> None:
    expected = [
        (*beginning(row), *(row.get(name) for name in RATES))
        for row in chosen(lab.seen[SETTLED])
        if any(row.get(name) is not None for name in RATES)
    ]
    found = [tuple(row.values()) for row in lab.rows("energy_consumption.coverage_rate")]
    assert found == sorted(expected)


def test_a_day_has_its_slots_and_autumn_s_hour_once(lab: Lab) -> None:
    for day, slots in ((ORDINARY, 48), (SPRING, 46), (AUTUMN, 48)):
        rows = lab.rows("energy_consumption.consumption", f"code_insee = '53' and date_enreg = '{day}'")
        assert len({row["heure_enreg"] for row in rows}) == len(rows) == slots
    (two,) = lab.rows(
        "energy_consumption.consumption", f"code_insee = '53' and date_enreg = '{AUTUMN}' and heure_enreg = '02:00'"
    )
    assert two["id_consommation"] == int(datetime.fromisoformat("2024-10-27T02:00+01:00").timestamp()) // 900 * 100 + 53


def test_a_share_is_of_known_production_alone(lab: Lab) -> None:
    def row(day: date, heure: str, code: str = "53") -> Row:
        where = f"code_insee = '{code}' and date_enreg = '{day}' and heure_enreg = '{heure}'"
        return lab.one("energy_consumption.consumption", where)

    assert row(ORDINARY, "12:00")["pct_thermique"] == 100 * 70 / 873
    assert row(ORDINARY, "12:00")["pct_pompage"] == 100 * -40 / 873
    assert row(ORDINARY, "12:00", "11")["pct_thermique"] == 100 * 70 / 373
    assert row(ORDINARY, "12:00", "11")["pct_nucleaire"] is None
    for day, heure in ((HOLED, "00:00"), (ZERO, "12:00"), (LOADLESS, "12:00")):
        assert {row(day, heure)[f"pct_{name}"] for name in POWER[1:]} == {None}
    assert row(HOLED, "00:30")["pct_solaire"] == 100 * 11 / 873
    assert row(ZERO, "12:00")["thermique"] == 0


def test_a_region_has_the_name_of_its_last_day(lab: Lab, tmp_path: Any) -> None:
    own = lab.copy(tmp_path)
    own.build_what_changed()
    later = settled("53", ORDINARY + timedelta(days=365), 3_000)
    own.observe(SETTLED, [{**row, "libelle_region": "Breizh"} for row in later])
    own.observe(SETTLED, [{**row, "libelle_region": "Bretagne"} for row in later])
    own.observe(SETTLED, [{**row, "libelle_region": "Former"} for row in settled("53", ORDINARY, 3_001)])
    own.build_what_changed()
    assert {row["code_insee"]: row["libelle_region"] for row in own.rows("energy_consumption.region")} == {
        "11": "R11",
        "24": "R24",
        "53": "Bretagne",
        "84": "R84",
    }


def test_real_time_is_not_in_it(lab: Lab) -> None:
    for table in ("consumption", "coverage_rate"):
        assert not lab.rows(f"energy_consumption.{table}", "code_insee = '24'")
