"""A history with holes: pages say how little of a period was measured, lead to where data are, and announce nothing."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from plotly.utils import PlotlyJSONEncoder

from tests.support import Rows, begun, clock, watthouse, write_csv
from watthouse.serve.dashboard.app import rendered
from watthouse.serve.service import Service
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]

FIRST, LAST = date(2025, 1, 6), date(2025, 3, 4)
MEASURED = [*(FIRST + timedelta(days=number) for number in range(10)), LAST - timedelta(days=1), LAST]
_BORDERS = ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
_SOURCES = ("fioul", "charbon", "gaz", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")


def _national(day: date) -> Rows:
    return [
        {
            "perimetre": "France", "nature": "Données temps réel", "date": day, "heure": heure, "date_heure": instant,
            "consommation": 50_000, "ech_physiques": -2_000, "taux_co2": 30, "pompage": 0,
            **dict.fromkeys(_SOURCES, 6_500), **{f"ech_comm_{one}": -400 for one in _BORDERS},
        }
        for heure, instant in clock(day, 15)
    ]  # fmt: skip


def _temperatures(day: date) -> Rows:
    return [
        {
            "id": f"{day}-53",
            "date": day,
            "code_insee_region": "53",
            "region": "Bretagne",
            "tmin": 5,
            "tmax": 9,
            "tmoy": 7,
        }
    ]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """Of 12 days of 58, and of a temperature in a year without any power."""
    folder = tmp_path_factory.mktemp("holes")
    write_csv(folder / "tr.csv", [row for day in MEASURED for row in _national(day)])
    write_csv(folder / "warm.csv", [row for day in (date(2024, 6, 1), date(2024, 6, 2)) for row in _temperatures(day)])
    home = begun(folder / "home")
    done = watthouse(home, "refresh", "--from", folder / "tr.csv", folder / "warm.csv")
    assert done.returncode == 0, done.stderr + done.stdout
    return Service(Settings(home=home))


def _page(service: Service, path: str, query: str = "") -> str:
    """All that a page says, and its links."""
    body, _ = rendered(service, {"path": path, "query": query, "language": "en"})
    return re.sub(r"\s", " ", json.dumps(body, cls=PlotlyJSONEncoder, ensure_ascii=False))


@pytest.mark.parametrize("path", ["/mix", "/exchanges", "/questions/1"])
def test_every_page_says_how_much_of_a_period_was_measured(path: str, service: Service) -> None:
    said = _page(service, path, f"?since={FIRST}&until={LAST}")
    assert f"{100 * 12 / 58:.1f}% of this period was measured, and 46 of 58 days have no data" in said
    assert "of this period was measured" not in _page(service, path, f"?since={FIRST}&until={MEASURED[9]}")


def test_a_page_says_where_a_source_is_not_known(tmp_path: Path) -> None:
    rows = _national(FIRST)
    for row in rows[: len(rows) // 2]:
        row["nucleaire"] = None
    home = begun(tmp_path / "home")
    done = watthouse(home, "refresh", "--from", write_csv(tmp_path / "tr.csv", rows))
    assert done.returncode == 0, done.stderr
    said = _page(Service(Settings(home=home)), "/mix")
    assert "The whole mix is known for only 50.0% of this period: production and shares cover that part." in said
    assert "of this period was measured" not in said


def test_days_that_were_not_measured_are_drawn_as_not_measured(service: Service) -> None:
    said = _page(service, "/exchanges", f"?since={FIRST}&until={LAST}&interval=day")
    assert '"Not measured"' in said
    assert '"No net buyer"' not in said


def test_an_empty_period_leads_to_where_data_are(service: Service) -> None:
    hole = FIRST + timedelta(days=15), FIRST + timedelta(days=17)
    said = _page(service, "/mix", f"?since={hole[0]}&until={hole[1]}")
    assert f"/mix?since={MEASURED[9] - timedelta(days=2)}&until={MEASURED[9]}" in said


def test_a_period_that_is_not_asked_for_ends_with_the_last_day_of_what_the_page_is_about(service: Service) -> None:
    assert f'"value": "{LAST}"' in _page(service, "/mix")
    with service.snapshots.lease() as snapshot:
        assert snapshot.extent("temperature_daily")[1] == date(2024, 6, 2)


def test_no_reason_is_given_that_the_data_do_not_show(service: Service) -> None:
    said = _page(service, "/regions/53", "?since=2024-06-02&until=2024-06-02")
    assert "once a month" not in said
    assert "not there yet" not in said


def test_records_are_not_announced_over_a_history_with_holes(service: Service) -> None:
    said = _page(service, "/")
    assert "records-holes" in said
    assert f"Records need 90% of the time since 6 Jan 2025 to be measured; only {100 * 12 / 58:.1f}% is" in said
    assert "records-table" not in said
