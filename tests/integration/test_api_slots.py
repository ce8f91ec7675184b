"""The API by slot, quarter hour, half hour and hour, against the best series in plain Python over the lake."""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import polars as pl
import pytest

from tests import servers
from tests.integration.service import service
from tests.integration.serving import Api, problem, served
from tests.support import PARIS, begun, watthouse
from tests.transform.lab import COARSE_IN_REAL_TIME, SOURCES, Row, best_series
from watthouse.catalog import CATALOG
from watthouse.home import Home
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]

AUTUMN, SPRING = date(2025, 10, 26), date(2026, 3, 29)
NOW: Final = datetime(2026, 3, 30, 9, 40, tzinfo=UTC)
NAMES: Final = ("eco2mix-national-tr", "eco2mix-national-cons-def", "eco2mix-regional-tr", "eco2mix-regional-cons-def")
FLOWS: Final = ("ech_physiques", *COARSE_IN_REAL_TIME)
REGIONS_SOURCES: Final = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
QUARTER: Final = timedelta(minutes=15)


def kept(day: pl.Expr) -> pl.Expr:
    """Both clock changes with the days about them, and where settled data end and real time begins."""
    near = [day.is_between(one - timedelta(days=1), one + timedelta(days=1)) for one in (AUTUMN, SPRING)]
    return near[0] | near[1] | day.is_between(date(2026, 1, 29), date(2026, 2, 2))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the sample's rows about both clock changes: settled ones, exchanges on quarters, and real time."""
    folder = tmp_path_factory.mktemp("slots")
    with service(date(2025, 10, 20), NOW) as sample:
        exports = sample.exports(folder / "exports", NOW, NAMES)
    for path in exports.glob("*.parquet"):
        rows = pl.read_parquet(path)
        rows.filter(kept(pl.col("date").str.to_date())).write_parquet(path)
    home = begun(folder / "home")
    done = watthouse(home, "refresh", "--from", exports)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def variables(engine: str, home: Path, request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """Those by which that home's lake is read from the engine."""
    if engine == "duckdb":
        yield {}
        return
    with servers.database(request.getfixturevalue("warehouse_server")) as url:
        done = watthouse(home, "build", env={"WATTHOUSE_WAREHOUSE": url})
        assert done.returncode == 0, done.stderr
        yield {"WATTHOUSE_WAREHOUSE": url}


@pytest.fixture(scope="module")
def api(home: Path, variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with served(home, tmp_path_factory.mktemp("served"), sample=False, **variables) as running:
        yield running


def series_of(home: Path, *datasets: str) -> list[Row]:
    lake = Home(Settings(home=home)).lake
    rows = (row for name in datasets for row in lake.rows(CATALOG[name]).read_all().to_pylist())
    return sorted(best_series(rows), key=lambda row: (row["date_heure"], row.get("code_insee_region") or ""))


@pytest.fixture(scope="module")
def national(home: Path) -> list[Row]:
    return series_of(home, *NAMES[:2])


@pytest.fixture(scope="module")
def regional(home: Path) -> list[Row]:
    return series_of(home, *NAMES[2:])


def rows(api: Api, path: str) -> list[dict[str, Any]]:
    answer = api.get(f"{path}{'&' if '?' in path else '?'}format=arrow")
    assert answer.status_code == 200, answer.text
    return pl.read_ipc_stream(io.BytesIO(answer.content)).to_dicts()


ALL: Final = f"since={AUTUMN - timedelta(days=1)}&until={SPRING + timedelta(days=1)}"


def known(row: Row, names: Iterable[str]) -> bool:
    return any(row.get(name) is not None for name in names)


def test_the_mix_by_slot_is_the_best_series_row_for_row(api: Api, national: list[Row]) -> None:
    found = rows(api, f"/mix?interval=slot&{ALL}")
    expected = [row for row in national if known(row, ["consommation", *SOURCES, "pompage", "taux_co2"])]
    assert [row["starts"] for row in found] == [row["date_heure"] for row in expected]
    assert {AUTUMN, SPRING} <= {row["date"] for row in expected}
    assert {row["slot_minutes"] for row in found} == {15, 30}
    for row, one in zip(found, expected, strict=True):
        assert (row["heure"], row["nature"]) == (one["heure"], one["nature"])
        for name in ("consommation", *SOURCES, "pompage", "gaz_ccg", "stockage_batterie"):
            assert row[f"{name}_mw"] == one.get(name), (row["starts"], name)
        assert row["taux_co2_g_kwh"] == one.get("taux_co2")
        assert row["slot_minutes"] == one["minutes"]


def test_exchanges_by_slot_are_the_best_series_row_for_row(api: Api, national: list[Row]) -> None:
    found = rows(api, f"/exchanges?interval=slot&{ALL}")
    expected = [row for row in national if known(row, FLOWS)]
    assert [row["starts"] for row in found] == [row["date_heure"] for row in expected]
    for row, one in zip(found, expected, strict=True):
        assert [row[f"{name}_mw"] for name in FLOWS] == [one.get(name) for name in FLOWS]
        if (flow := one["ech_comm_italie"]) is not None:
            assert (row["ech_comm_italie_import_mw"], row["ech_comm_italie_export_mw"]) == (max(flow, 0), max(-flow, 0))
            assert row["commercial_minutes"] == one["steps"]["ech_comm_italie"]


def test_regions_by_slot_are_the_best_series_row_for_row(api: Api, regional: list[Row]) -> None:
    found = rows(api, f"/regions?interval=slot&{ALL}")
    assert [(row["starts"], row["code_insee_region"]) for row in found] == [
        (row["date_heure"], row["code_insee_region"]) for row in regional
    ]
    assert len({row["code_insee_region"] for row in found}) == 12
    for row, one in zip(found, regional, strict=True):
        for name in ("consommation", *REGIONS_SOURCES, "ech_physiques"):
            assert row[f"{name}_mw"] == one.get(name)
    of_one = rows(api, f"/regions/53/mix?interval=slot&{ALL}")
    dropped = ("code_insee_region", "libelle_region")
    assert of_one == [
        {name: value for name, value in row.items() if name not in dropped}
        for row in found
        if row["code_insee_region"] == "53"
    ]


def test_the_marts_by_slot_come_whole_in_every_format(api: Api, regional: list[Row]) -> None:
    path = "/marts/regional_slots/rows"
    arrow = pl.read_ipc_stream(io.BytesIO(api.get(f"{path}?format=arrow").content))
    assert arrow.select("date_heure", "code_insee_region").rows() == [
        (row["date_heure"], row["code_insee_region"]) for row in regional
    ]
    assert pl.read_parquet(io.BytesIO(api.get(f"{path}?format=parquet").content)).equals(arrow)
    texts = pl.read_csv(io.BytesIO(api.get(f"{path}?format=csv").content), schema_overrides={"code_insee_region": str})
    assert texts["consommation_mw"].to_list() == arrow["consommation_mw"].to_list()
    newest = pl.read_ipc_stream(io.BytesIO(api.get(f"{path}?format=arrow&order=desc").content))
    assert newest.equals(arrow[::-1])


Sums = dict[datetime, dict[str, list[tuple[int, int]]]]


def summed(series: Iterable[Row], names: Iterable[str], minutes: int) -> Sums:
    """By interval and column: the values with how long each lasts [min]."""
    found: Sums = defaultdict(lambda: defaultdict(list))
    for row in series:
        at = row["date_heure"]
        starts = at.replace(minute=at.minute // minutes * minutes)
        for name in names:
            if row.get(name) is not None:
                found[starts][name].append((row[name], row["steps"][name]))
    return found


@pytest.mark.parametrize(("interval", "minutes"), [("30min", 30), ("hour", 60)])
def test_every_column_is_integrated_by_itself(api: Api, national: list[Row], interval: str, minutes: int) -> None:
    names = ("consommation", *SOURCES)
    expected = summed(national, names, minutes)
    for unit, of in (("MWh", 60), ("MW", None)):
        found = rows(api, f"/mix?interval={interval}&unit={unit}&{ALL}")
        assert [row["starts"] for row in found] == sorted(expected)
        for row in found:
            for name in names:
                values = expected[row["starts"]][name]
                energy, lasts = sum(value * step for value, step in values), sum(step for _, step in values)
                value = row[f"{name}_{unit.lower()}"]
                if of:
                    assert value == (Decimal(energy) / of if values else None)
                else:
                    assert value == (pytest.approx(energy / lasts) if values else None)
            lasting = sum(step for _, step in expected[row["starts"]]["consommation"])
            assert row["measured_hours"] == lasting / 60
            assert row["complete"] == (lasting == minutes and row["mix_hours"] == minutes / 60)


@pytest.mark.parametrize(("interval", "minutes"), [("30min", 30), ("hour", 60)])
def test_exchanges_are_integrated_border_by_border(api: Api, national: list[Row], interval: str, minutes: int) -> None:
    expected = summed(national, FLOWS, minutes)
    found = rows(api, f"/exchanges?interval={interval}&{ALL}")
    assert [row["starts"] for row in found] == sorted(expected)
    published = {(row["date"], name) for row in national for name in FLOWS if row.get(name) is not None}
    for row in found:
        hour = expected[row["starts"]]
        for name in FLOWS:
            energy = Decimal(sum(value * step for value, step in hour[name])) / 60
            assert row[f"{name}_mwh"] == (energy if hour[name] else None)
        day = row["starts"].astimezone(PARIS).date()
        lasts = [sum(step for _, step in hour[name]) for name in FLOWS if (day, name) in published]
        assert row["measured_hours"] == min(lasts) / 60
        assert row["complete"] == (min(lasts) == minutes)


def test_regions_by_the_hour_are_integrated_like_france(api: Api, regional: list[Row]) -> None:
    expected = summed([row for row in regional if row["code_insee_region"] == "53"], ["consommation"], 60)
    found = rows(api, f"/regions/53/mix?interval=hour&{ALL}")
    assert {row["starts"]: row["consommation_mwh"] for row in found} == {
        starts: Decimal(sum(value * step for value, step in hour["consommation"])) / 60
        for starts, hour in expected.items()
    }
    every = rows(api, f"/regions?interval=hour&{ALL}")
    assert [row["consommation_mwh"] for row in every if row["code_insee_region"] == "53"] == [
        row["consommation_mwh"] for row in found
    ]
    days = rows(api, f"/regions?interval=day&{ALL}")
    assert sum(row["consommation_mwh"] for row in days) == sum(row["consommation_mwh"] for row in every)


def test_shares_by_the_half_hour_add_up_to_one(api: Api) -> None:
    for row in rows(api, f"/mix?interval=30min&unit=share&since={SPRING}&until={SPRING}"):
        if row["mix_hours"]:
            assert sum(row[f"{name}_share"] or 0 for name in SOURCES) == pytest.approx(1)


def test_quarter_hours_are_refused_where_a_value_lasts_longer(api: Api) -> None:
    for path in ("/mix", "/regions", "/regions/53/mix", "/exchanges"):
        said = problem(api.get(f"{path}?interval=15min&since={AUTUMN}&until={AUTUMN}"), 422, "interval")
        assert said["detail"] == f"values of {AUTUMN} last half an hour: choose slot or 30min, or other days"
        fine = rows(api, f"{path}?interval=15min&since={SPRING}&until={SPRING}&unit=MW")
        slots = rows(api, f"{path}?interval=slot&since={SPRING}&until={SPRING}")
        name = "ech_physiques_mw" if path == "/exchanges" else "consommation_mw"
        assert [(row["starts"], row[name]) for row in fine] == [(row["starts"], row[name]) for row in slots]
    assert len(rows(api, f"/mix?interval=15min&since={SPRING}&until={SPRING}")) == 92


def test_forecasts_are_held_against_the_load_quarter_by_quarter(api: Api, home: Path, national: list[Row]) -> None:
    lake = Home(Settings(home=home)).lake
    told = [row for row in lake.rows(CATALOG[NAMES[0]]).read_all().to_pylist() if row["date"] >= SPRING]
    ahead = {row["date_heure"]: row["prevision_j1"] for row in told if row["prevision_j1"] is not None}
    load = {row["date_heure"]: row["consommation"] for row in national if row.get("consommation") is not None}
    slots = rows(api, f"/forecast?interval=slot&since={SPRING}")
    assert {row["starts"]: row["prevision_j1_mw"] for row in slots} == ahead
    assert max(row["starts"] for row in slots) > NOW, "days to come included"
    assert all(row["consommation_mw"] == load.get(row["starts"]) for row in slots)
    for minutes, interval in ((15, "15min"), (30, "30min"), (60, "hour")):
        found = rows(api, f"/forecast?interval={interval}&since={SPRING}&until={SPRING}&unit=MWh")
        assert len(found) == 23 * 60 // minutes
        for row in found:
            quarters = [row["starts"] + number * QUARTER for number in range(minutes // 15)]
            both = [at for at in quarters if at in ahead and at in load]
            assert row["prevision_j1_mwh"] == Decimal(sum(ahead[at] for at in quarters)) / 4
            assert row["prevision_j1_error_mwh"] == Decimal(sum(ahead[at] - load[at] for at in both)) / 4
            missed = [abs(ahead[at] - load[at]) / load[at] for at in both]
            assert row["prevision_j1_mape_pct"] == pytest.approx(100 * sum(missed) / len(missed))


def test_instants_bound_a_period_and_its_end_is_not_in_it(api: Api) -> None:
    whole = rows(api, f"/mix?interval=slot&since={SPRING}&until={SPRING}")
    first = datetime.combine(SPRING, time(0), PARIS).astimezone(UTC)
    for since, until, count in (
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 92),
        ("2026-03-29T00:00:00%2B01:00", "2026-03-30T00:00:00%2B02:00", 92),
        ("2026-03-29T00:00:00+01:00", "2026-03-29T03:15:00+02:00", 9),
    ):
        found = rows(api, f"/mix?interval=slot&since={since}&until={until}")
        assert found == whole[:count]
        assert found[0]["starts"] == first
    said = api.get("/mix?interval=hour&since=2026-03-29T00:00:00Z&until=2026-03-29T02:00:00Z").json()
    assert (said["since"], said["until"]) == ("2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z")
    assert [row["starts"] for row in said["rows"]] == ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"]
    assert all(row["complete"] for row in said["rows"])


@pytest.mark.parametrize(
    ("query", "parameter", "told"),
    [
        ("/mix?interval=slot&since=2026-03-29T00:00:00", "since", "has no UTC offset; use 2025-01-31T12:00:00Z"),
        ("/mix?interval=hour&since=2026-03-29T00:15:00Z", "since", "is inside an interval of hour"),
        ("/mix?interval=30min&until=2026-03-29T00:15:00Z", "until", "is inside an interval of 30min"),
        ("/mix?interval=day&since=2026-03-29T00:00:00Z", "since", "give a civil day for day"),
        ("/mix?interval=slot&since=yesterday", "since", "is not a valid date or instant"),
        ("/mix?since=2026-03-29T02:00:00Z&until=2026-03-29T02:00:00Z", "until", "swap them"),
        ("/gas?since=2026-03-29T02:00:00Z", "since", "is not a valid date"),
        ("/gas?interval=slot", "interval", "choose one of day"),
        ("/temperature?interval=15min", "interval", "choose one of day"),
        ("/regions?since=2026-03-29", "interval", "must be given with since"),
        ("/exchanges?interval=slot&unit=share", "unit", "not part of production"),
    ],
)
def test_what_cannot_be_served_is_refused(api: Api, query: str, parameter: str, told: str) -> None:
    assert told in problem(api.get(query), 422, parameter)["detail"]


def test_json_is_bounded_and_says_which_format_is_not(home: Path, variables: Mapping[str, str], tmp_path: Path) -> None:
    bounds = {"WATTHOUSE_MAX_POINTS": "100", "WATTHOUSE_MAX_ROWS": "150"}
    with served(home, tmp_path, sample=False, **bounds, **variables) as strict:
        for path in ("/mix", "/regions", "/exchanges", "/forecast", "/regions/53/mix"):
            asked = f"{path}?interval=slot&since={SPRING}&until={SPRING + timedelta(days=1)}"
            said = problem(strict.get(asked), 422, "interval")
            assert "csv, parquet or arrow" in said["detail"]
            for style in ("csv", "parquet", "arrow"):
                assert strict.get(f"{asked}&format={style}").status_code == 200
        answer: httpx.Response = strict.get("/marts/regional_slots/rows?format=csv")
        assert answer.text.count("\n") > 10_000


def test_an_interval_that_is_known_then_is_served_too(api: Api) -> None:
    for path in ("/mix", "/regions/53/mix"):
        for interval in ("slot", "15min", "30min", "hour"):
            asked = f"{path}?interval={interval}&since={SPRING}&until={SPRING}"
            now, then = (api.get(f"{asked}{more}").json()["rows"] for more in ("", "&as_of=9999-01-01T00:00:00Z"))
            assert now == then
            assert now
