"""Columns known for different times: nothing is divided by another column's hours, in answers and on pages."""

import json
from base64 import b64decode
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from tests.support import Rows, begun, clock, watthouse, write_csv
from watthouse.serve.dashboard.app import rendered
from watthouse.serve.queries.compare import Compared, compare_of
from watthouse.serve.queries.units import Unit
from watthouse.serve.service import Service
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]

WHOLE, TO_NOON, BEGUN = date(2025, 1, 6), date(2025, 1, 7), date(2025, 1, 8)
"""All is known; one source until noon; load, mix and physical balance until 6, commercial exchanges all day."""
_BORDERS = ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
_MIX = {"nucleaire": 30_000, "gaz": 10_000, "eolien": 5_000, "solaire": 5_000, "hydraulique": 0, "fioul": 0,
        "charbon": 0, "bioenergies": 0}  # fmt: skip


def _national(day: date) -> Rows:
    rows: Rows = []
    for heure, instant in clock(day, 15):
        known = day != BEGUN or heure < "06:00"
        measured: dict[str, object] = {"consommation": 50_000, "ech_physiques": -2_000, "taux_co2": 30, **_MIX}
        if day == TO_NOON and heure >= "12:00":
            measured["nucleaire"] = None
        rows.append(
            {
                "perimetre": "France", "nature": "Données temps réel", "date": day, "heure": heure,
                "date_heure": instant, **(measured if known else dict.fromkeys(measured)),
                **{f"ech_comm_{one}": -1_000 for one in _BORDERS},
            }
        )  # fmt: skip
    return rows


def _regional(day: date, code: str, name: str) -> Rows:
    return [
        {
            "code_insee_region": code, "libelle_region": name, "nature": "Données temps réel", "date": day,
            "heure": heure, "date_heure": instant, "consommation": 4_000, "thermique": 1_000,
            "eolien": None if code == "53" and heure >= "12:00" else 2_000,
            "solaire": 0, "hydraulique": 0, "bioenergies": 0, "nucleaire": 0,
        }
        for heure, instant in clock(day, 15)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("own-hours")
    write_csv(folder / "fr.csv", [row for day in (WHOLE, TO_NOON, BEGUN) for row in _national(day)])
    regions = (("53", "Bretagne"), ("52", "Pays de la Loire"))
    write_csv(folder / "regions.csv", [row for code, name in regions for row in _regional(TO_NOON, code, name)])
    home = begun(folder / "home")
    done = watthouse(home, "refresh", "--from", folder / "fr.csv", folder / "regions.csv")
    assert done.returncode == 0, done.stderr + done.stdout
    return Service(Settings(home=home))


def _body(service: Service, path: str, query: str = "") -> Any:
    """A page as its browser gets it, read back from JSON."""
    body, _ = rendered(service, {"path": path, "query": query, "language": "en"})
    return json.loads(json.dumps(body, cls=PlotlyJSONEncoder, ensure_ascii=False))


def _named(part: Any, name: str) -> Any:
    """The component with this id, wherever it stands."""
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        if isinstance(one, dict) and one.get("id") == name:
            return one
        if (found := _named(one, name)) is not None:
            return found
    return None


def _with_class(part: Any, name: str) -> list[Any]:
    """The components of this class, in order."""
    if isinstance(part, list):
        return [found for one in part for found in _with_class(one, name)]
    if not isinstance(part, dict):
        return []
    return [*([part] if part.get("className") == name else []), *_with_class(list(part.values()), name)]


def _said(service: Service, path: str, query: str, name: str) -> str:
    """The text of one component."""
    return " ".join(_texts(_named(_body(service, path, query), name))).replace("\u00a0", " ")


def _texts(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    if isinstance(part, list):
        return [text for one in part for text in _texts(one)]
    return _texts(part.get("props", part).get("children")) if isinstance(part, dict) else []


def _rows(table: Any) -> list[list[str]]:
    """The cells of the body of a table."""
    body = table["children"][-1]
    return [[" ".join(_texts(cell)) for cell in row["props"]["children"]] for row in body["props"]["children"]]


def _drawn(body: Any, name: str) -> list[dict[str, Any]]:
    """The traces of a chart."""
    traces = _named(body, name)["figure"]["data"]
    return [{key: _unpacked(values) for key, values in trace.items()} for trace in traces]


def _unpacked(values: Any) -> Any:
    """As Plotly packs numbers."""
    if isinstance(values, dict) and "bdata" in values:
        return np.frombuffer(b64decode(values["bdata"]), values["dtype"]).tolist()
    return values


def _compared(service: Service, unit: Unit) -> dict[str, dict[str, Any]]:
    asked = Compared(since=TO_NOON, until=TO_NOON, with_since=WHOLE, with_until=WHOLE, unit=unit)
    with service.snapshots.lease() as snapshot:
        question = compare_of(snapshot, asked)
    return {row["name"]: row for row in pl.DataFrame(question.rows).to_dicts()}


def test_a_source_that_is_known_until_noon_is_not_compared_with_that_of_a_whole_day(service: Service) -> None:
    rows = _compared(service, Unit.GWH)
    for name in ("nucleaire", "production"):
        assert rows[name]["value"] == pytest.approx(rows[name]["with_value"] / 2)
        assert rows[name]["change_pct"] is rows[name]["mean_power_change_pct"] is None
    for name in ("consommation", "eolien", "taux_co2_g_kwh"):
        assert rows[name]["change_pct"] == pytest.approx(0)


def test_no_share_is_compared_where_the_whole_mix_is_known_until_noon(service: Service) -> None:
    rows = _compared(service, Unit.SHARE)
    assert (rows["eolien"]["value"], rows["eolien"]["with_value"]) == pytest.approx((0.1, 0.1))
    assert rows["eolien"]["change_pct"] is None


def test_the_mix_says_of_each_quantity_whether_it_can_be_compared(service: Service) -> None:
    body = _body(service, "/mix", f"?since={TO_NOON}&until={TO_NOON}&with_since={WHOLE}&with_until={WHOLE}")
    told = [" ".join(_texts(tile)) for tile in _with_class(body, "tile")]
    assert [("Load" in one, "Production" in one) for one in told if "too little measured to compare" in one] == [
        (False, True)
    ]


def test_shares_of_the_mix_are_over_the_time_in_which_the_whole_mix_is_known(service: Service) -> None:
    query = f"?since={TO_NOON}&until={TO_NOON}"
    assert _said(service, "/mix", query, "mix-low-carbon") == "80.0%"
    assert _said(service, "/mix", query, "mix-top") == "Nuclear"
    body = _body(service, "/mix", query)
    told = {row[0]: row[2] for row in _rows(_named(body, "mix-table"))}
    assert (told["Nuclear"], told["Gas"], told["Wind"]) == ("60.0", "20.0", "10.0")
    values = dict(zip(*(_drawn(body, "mix-donut")[0][name] for name in ("labels", "values")), strict=True))
    assert values == pytest.approx({"Nuclear": 360, "Gas": 120, "Wind": 60, "Solar": 60})  # GWh until noon
    here = dict(zip(*(_drawn(body, "mix-compare")[0][name] for name in ("y", "x")), strict=True))
    assert (here["Nuclear"], here["Wind"]) == pytest.approx((60, 10))


def test_exchanges_are_over_their_own_time_whatever_the_load_is_known_for(service: Service) -> None:
    query = f"?since={BEGUN}&until={BEGUN}&unit="
    for unit, exports, balance in (("MW", "5,000 MW", "+2,000 MW"), ("GWh", "120 GWh", "+12 GWh"),
                                   ("share", "10.0%", "+4.0%")):  # fmt: skip
        assert _said(service, "/exchanges", query + unit, "exchanges-exports") == exports
        assert _said(service, "/exchanges", query + unit, "exchanges-net") == balance
    rows = _rows(_named(_body(service, "/exchanges", query + "share"), "exchanges-table"))
    assert [row[1] for row in rows] == ["2.0"] * len(_BORDERS) + ["10.0"]
    drawn = _drawn(_body(service, "/exchanges", query + "share&interval=day"), "exchanges-time")
    assert [trace["y"] for trace in drawn if trace["y"] != [0]] == [pytest.approx([2])] * len(_BORDERS)
    longer = f"?since={WHOLE}&until={BEGUN}&unit=MW"  # 72 hours of commercial exchanges, 54 of the balance
    assert _said(service, "/exchanges", longer, "exchanges-exports") == "5,000 MW"
    assert _said(service, "/exchanges", longer, "exchanges-net") == "+2,000 MW"


def test_exchanges_that_nobody_published_are_unknown_and_not_0(tmp_path: Path) -> None:
    rows = [row | dict.fromkeys(f"ech_comm_{one}" for one in _BORDERS) for row in _national(WHOLE)]
    home = begun(tmp_path / "home")
    done = watthouse(home, "refresh", "--from", write_csv(tmp_path / "fr.csv", rows))
    assert done.returncode == 0, done.stderr
    service = Service(Settings(home=home))
    for unit in ("GWh", "MW", "share"):
        told = [
            _said(service, "/exchanges", f"?unit={unit}", f"exchanges-{name}") for name in ("exports", "imports", "top")
        ]
        assert told == ["–"] * 3
        assert {cell for row in _rows(_named(_body(service, "/exchanges", f"?unit={unit}"), "exchanges-table"))
                for cell in row[1:5]} == {"–"}  # fmt: skip


def test_a_region_is_held_against_its_load_by_the_time_in_which_both_are_known(service: Service) -> None:
    query = f"?since={TO_NOON}&until={TO_NOON}&unit="
    for unit, balance in (("MW", "−1,000 MW"), ("GWh", "−12 GWh"), ("share", "−12 GWh")):
        body = _body(service, "/regions/53", query + unit)
        assert " ".join(_texts(_named(body, "region-difference"))).replace("\u00a0", " ") == balance
        told = " ".join(" ".join(_texts(tile)) for tile in _with_class(body, "tile"))
        assert "production is 75% of load" in told
        assert "Wind 66.7% of production" in told
        values = dict(zip(*(_drawn(body, "region-donut")[0][name] for name in ("labels", "values")), strict=True))
        assert values["Wind"] == pytest.approx(2 * values["Thermal"])
    for unit, wanting in (("MW", -1_000), ("GWh", -12), ("share", -25)):
        drawn = {
            trace["name"]: trace["y"]
            for trace in _drawn(_body(service, "/regions/53", f"{query}{unit}&interval=day"), "region-balance")
        }
        assert drawn["Deficit"] == pytest.approx([wanting])


@pytest.mark.parametrize(
    ("unit", "measure", "values"),
    [
        ("MW", "difference", (-1_000, -1_000)),
        ("GWh", "difference", (-24, -12)),
        ("MWh", "difference", (-24_000, -12_000)),
        ("share", "difference", (-25, -25)),
        ("share", "production", (50, 50)),
        ("share", "eolien", (66.667, 66.667)),
    ],
)
def test_regions_are_held_against_each_other_by_mean_power(
    unit: str, measure: str, values: tuple[float, float], service: Service
) -> None:
    """Pays de la Loire knows all day what Bretagne knows until noon."""
    body = _body(service, "/regions", f"?since={TO_NOON}&until={TO_NOON}&unit={unit}&measure={measure}")
    told = {row[0]: row[1] for row in _rows(_named(body, "regions-table"))}
    shown = [float(told[name].replace("−", "-").replace(",", "")) for name in ("Pays de la Loire", "Bretagne")]
    assert shown == pytest.approx(values, abs=0.06)
    mapped = next(trace for trace in _drawn(body, "regions-map") if trace.get("locations") == ["52", "53"])
    assert mapped["z"] == pytest.approx(values, abs=0.001)
