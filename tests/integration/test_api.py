"""The API over real HTTP, against the marts it is made from."""

import csv
import io
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
import polars as pl
import pyarrow as pa
import pytest

from tests.support import command, environment, watthouse

pytestmark = [pytest.mark.slow]

SINCE = datetime.now(UTC).date() - timedelta(days=75)


@dataclass(frozen=True)
class Api:
    """A running server and the home it serves."""

    client: httpx.Client
    home: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(f"/api/v1{path}", headers=headers)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(self.home / "warehouse.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    home = tmp_path_factory.mktemp("api")
    env = {"WATTHOUSE_SAMPLE_SINCE": str(SINCE), "WATTHOUSE_API_TOKEN": "s3cret", "WATTHOUSE_MAX_ROWS": "500"}
    done = watthouse(home, "refresh", "--sample", env=env)
    assert done.returncode == 0, done.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        command("serve", "--sample", "--port", str(port)),
        env=environment(home, env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        _wait(client, server)
        yield Api(client, home / "sample")
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) is not None


def _wait(client: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert server.poll() is None
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server was not ready in 30 s")


def test_the_mix_of_a_period_is_the_sum_of_its_days(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=59)
    said = api.get(f"/mix?since={first}&until={last}&interval=week").json()
    days = api.query(
        "select date_trunc('week', civil_date)::date, sum(nucleaire_mwh)::double, sum(consommation_mwh)::double"
        f" from marts.daily_mix where civil_date between '{first}' and '{last}' group by 1 order by 1"
    )
    shown = [(row["starts"], row["nucleaire_mwh"], row["consommation_mwh"]) for row in said["rows"]]
    assert shown == [(str(starts), nuclear, load) for starts, nuclear, load in days]
    assert said["interval"] == "week"
    assert all(row["complete"] for row in said["rows"])
    assert said["sample"] == "seed=0"


def test_a_half_reported_day_is_not_complete_and_its_power_is_of_the_hours_measured(api: Api) -> None:
    day, load, slots = api.query(
        "select civil_date, consommation_mwh::double, measured_slots from marts.daily_mix order by 1 desc limit 1"
    )[0]
    (row,) = api.get(f"/mix?since={day}&until={day}&interval=day&unit=MW").json()["rows"]
    assert row["measured_hours"] == slots / 4  # type: ignore[operator]
    assert row["consommation_mw"] == pytest.approx(load / (slots / 4))  # type: ignore[operator]
    assert row["complete"] == (slots in {92, 96})


@pytest.mark.parametrize("style", ["json", "csv", "parquet", "arrow"])
def test_a_mart_is_the_same_in_every_format(style: str, api: Api) -> None:
    answer = api.get(f"/marts/gas_daily/rows?format={style}&columns=civil_date,stock_reported_gwh")
    assert answer.status_code == 200
    shown = [
        (str(row["civil_date"]), float(row["stock_reported_gwh"]))
        for row in {
            "json": lambda: answer.json()["rows"],
            "csv": lambda: list(csv.DictReader(io.StringIO(answer.text))),
            "parquet": lambda: pl.read_parquet(answer.content).to_dicts(),
            "arrow": lambda: pa.ipc.open_stream(answer.content).read_all().to_pylist(),
        }[style]()
    ]
    held = api.query("select civil_date::varchar, stock_reported_gwh::double from marts.gas_daily order by 1")
    assert shown == held
    assert answer.headers["x-watthouse-sample"] == "seed=0"


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_come_one_after_another_and_lack_nothing(order: str, api: Api) -> None:
    found, cursor = [], ""
    while True:
        page = api.get(
            f"/marts/daily_regional/rows?columns=civil_date,code_insee_region&order={order}&limit=177{cursor}"
        ).json()
        found += [(row["civil_date"], row["code_insee_region"]) for row in page["rows"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    held = api.query("select civil_date::varchar, code_insee_region from marts.daily_regional order by 1, 2")
    assert found == (held if order == "asc" else held[::-1])


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/mix?since=2025-02-30", 422, "since"),
        ("/mix?since=2025-02-02&until=2025-02-01", 422, "until"),
        ("/compare?with_since=2025-02-02", 422, "with_since"),
        ("/mix?interval=fortnight", 422, "interval"),
        ("/mix?interval=hour&since=2010-01-01&until=2025-01-01", 422, "interval"),
        ("/mix?colour=red", 422, "colour"),
        ("/mix?as_of=2025-01-01T00:00:00", 422, "as_of"),
        ("/mix?as_of=2025-01-01T00:00:00Z&since=2020-01-01&until=2025-01-01", 422, "as_of"),
        ("/exchanges?unit=share", 422, "unit"),
        ("/exchanges?interval=hour", 422, "interval"),
        ("/temperature?region=00", 422, "region"),
        ("/gas/points?by=pit", 422, "by"),
        ("/gas/points?interval=hour", 422, "interval"),
        ("/gas/points?operator=nobody", 422, "operator"),
        ("/records?measure=nothing", 422, "measure"),
        ("/records?of=week", 422, "of"),
        ("/completeness?dataset=nothing", 422, "dataset"),
        ("/regions/rates?region=00", 422, "region"),
        ("/regions/00/mix", 404, "insee"),
        ("/datasets/nothing", 404, "id"),
        ("/marts/nothing/rows", 404, "name"),
        ("/marts/daily_mix/rows?columns=nothing", 422, "columns"),
        ("/marts/daily_mix/rows?cursor=nothing", 422, "cursor"),
        ("/marts/daily_mix/rows?limit=0", 422, "limit"),
        ("/marts/daily_mix/rows?region=53", 422, "region"),
        ("/marts/daily_regional/rows?format=csv", 422, "limit"),
        ("/revisions?dataset=nothing", 422, "dataset"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_parameter(
    path: str, status: int, parameter: str, api: Api
) -> None:
    answer = api.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


def test_no_such_format_is_said(api: Api) -> None:
    answer = api.get("/mix", accept="image/png")
    assert answer.status_code == 406
    assert "text/csv" in answer.json()["detail"]


def test_nothing_comes_where_nothing_changed(api: Api) -> None:
    first = api.get("/mix")
    again = api.get("/mix", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_was_known_before_anything_was_observed_is_nothing_and_what_is_known_now_is_all(api: Api) -> None:
    now = datetime.now(UTC) + timedelta(minutes=1)
    assert api.get("/mix?as_of=2020-01-01T00:00:00Z").json()["rows"] == []
    for path in ("/mix", "/regions/53/mix"):
        known = api.get(f"{path}?as_of={now:%Y-%m-%dT%H:%M:%SZ}").json()["rows"]
        assert known == api.get(path).json()["rows"]
        assert known


def test_every_other_call_answers_with_rows(api: Api) -> None:
    calls = ("/exchanges", "/forecast", "/gas", "/temperature", "/temperature?region=53", "/now", "/compare")
    for path in (*calls, "/regions/map?measure=eolien&unit=share", "/regions/mix?unit=share"):
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rows"], path
    assert len(api.get("/regions").json()) == 13
    assert api.get("/revisions?dataset=eco2mix-national-tr").status_code == 200


def test_the_mix_of_every_region_is_the_marts_summed_up(api: Api) -> None:
    since, until = SINCE + timedelta(days=4), SINCE + timedelta(days=19)
    held = api.query(
        f"""select code_insee_region, sum(nucleaire_mwh) / 1000, sum(ech_physiques_mwh) / 1000, count(*)
        from marts.daily_regional where civil_date between '{since}' and '{until}' group by 1 order by 1"""
    )
    said = api.get(f"/regions/mix?since={since}&until={until}&unit=GWh").json()
    names = ("code_insee_region", "nucleaire_gwh", "ech_physiques_gwh", "days")
    assert [tuple(row[name] for name in names) for row in said["rows"]] == [
        (code, *(None if one is None else pytest.approx(float(one)) for one in energies), days)
        for code, *energies, days in held
    ]
    assert len(held) == 12
    shares = api.get(f"/regions/mix?since={since}&until={until}&unit=share").json()["rows"]
    main = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
    assert all(sum(row[f"{name}_share"] or 0 for name in main) == pytest.approx(1) for row in shares)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_six_questions_are_answered_or_say_why_not(lang: str, api: Api) -> None:
    listed = api.get(f"/questions?lang={lang}").json()
    assert [one["number"] for one in listed] == [1, 2, 3, 4, 5, 6]
    for one in listed:
        said = api.get(f"/questions/{one['number']}?lang={lang}").json()
        assert said["question"] == one["question"]
        assert said["sentence"]
        assert said["method"]
        assert said["caveat"]
        assert said["figures"]
        assert said["sample"] == "seed=0"
    assert api.get("/questions/7").status_code == 404


def test_the_mix_of_a_question_is_that_of_its_days(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=40)
    answer = api.get(f"/questions/1?since={first}&until={last}&format=csv")
    shown = {row["source"]: float(row["energy_gwh"]) for row in csv.DictReader(io.StringIO(answer.text))}
    ((nuclear, wind),) = api.query(
        "select sum(nucleaire_mwh)::double / 1000, sum(eolien_mwh)::double / 1000 from marts.daily_mix"
        f" where civil_date between '{first}' and '{last}'"
    )
    assert shown["nucleaire"] == pytest.approx(nuclear)
    assert shown["eolien"] == pytest.approx(wind)


def test_gas_by_storage_point_adds_up_to_the_operators(api: Api) -> None:
    first, last = SINCE + timedelta(days=20), SINCE + timedelta(days=30)
    points = api.get(f"/gas/points?since={first}&until={last}&interval=day").json()["rows"]
    held = api.query(
        "select civil_date::varchar, source, pits, stock_fin_de_journee::double from core.core_gas_stock"
        f" where civil_date between '{first}' and '{last}' order by all"
    )
    assert [(row["starts"], row["source"], row["pits"], row["stock_gwh"]) for row in points] == held
    highest = dict(api.query("select pits, max(stock_fin_de_journee)::double from core.core_gas_stock group by all"))
    assert all(row["fill_of_highest"] == pytest.approx(row["stock_gwh"] / highest[row["pits"]]) for row in points)
    operators = api.get(f"/gas/points?since={first}&until={last}&interval=day&by=operator").json()["rows"]
    for row in operators:
        its = [one for one in points if (one["starts"], one["source"]) == (row["starts"], row["source"])]
        assert (row["points"], row["stock_gwh"]) == (len(its), pytest.approx(sum(one["stock_gwh"] for one in its)))
        assert row["fill_of_highest"] == pytest.approx(row["stock_gwh"] / sum(highest[one["pits"]] for one in its))
    alone = api.get(f"/gas/points?since={first}&until={last}&interval=day&operator=Storengy").json()["rows"]
    assert alone == [row for row in points if row["source"] == "Storengy"]


def test_a_week_of_a_storage_point_is_its_last_report(api: Api) -> None:
    rows = api.get(f"/gas/points?since={SINCE}&interval=week&operator=Storengy").json()["rows"]
    days = dict(api.query("select (civil_date, pits)::varchar, stock_fin_de_journee::double from core.core_gas_stock"))
    for row in rows:
        assert 0 <= (date.fromisoformat(row["civil_date"]) - date.fromisoformat(row["starts"])).days < 7
        assert row["stock_gwh"] == days[f"({row['civil_date']}, {row['pits']})"]
    assert {row["civil_date"] for row in rows if row["starts"] != max(one["starts"] for one in rows)} == {
        str(date.fromisoformat(row["starts"]) + timedelta(days=6))
        for row in rows
        if row["starts"] != max(one["starts"] for one in rows)
    }


def test_records_come_newest_first_and_those_that_stand_are_the_highest(api: Api) -> None:
    rows = api.get(f"/records?since={SINCE}&measure=eolien&of=hour").json()["rows"]
    assert [row["civil_date"] for row in rows] == sorted((row["civil_date"] for row in rows), reverse=True)
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert [row["previous_value"] for row in rows] == [*values[1:], None]
    (standing,) = api.get("/records?measure=eolien&of=hour&standing=true").json()["rows"]
    assert standing == rows[0]
    ((most, at),) = api.query(
        "select eolien_mwh::double, date_heure at time zone 'UTC' from marts.hourly_national"
        " where measured_slots = expected_slots order by 1 desc, 2 limit 1"
    )
    assert (standing["value"], standing["date_heure"]) == (most, f"{at:%Y-%m-%dT%H:%M:%SZ}")
    standing_of_all = api.get("/records?standing=true").json()["rows"]
    assert len({(row["measure"], row["span"]) for row in standing_of_all}) == len(standing_of_all) == 2 * 12


def test_completeness_has_a_row_a_day_and_agrees_with_the_status(api: Api) -> None:
    missing = {line["dataset"]: line["missing_days"] for line in api.get("/status").json()["datasets"]}
    for dataset, days in missing.items():
        rows = api.get(f"/completeness?since={SINCE}&dataset={dataset}").json()["rows"]
        dates = [date.fromisoformat(row["civil_date"]) for row in rows]
        assert dates == [dates[0] + timedelta(days=number) for number in range(len(dates))]
        assert sum(row["measured"] == 0 for row in rows) == days, dataset
    assert {row["dataset"] for row in api.get(f"/completeness?since={SINCE}").json()["rows"]} == missing.keys()


def test_tco_is_energy_over_load_and_tch_the_mean_of_what_was_published(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=39)
    rows = api.get(f"/regions/rates?since={first}&until={last}&region=76").json()["rows"]
    held = {
        source: api.query(
            f"select 100 * sum({source} * slot_minutes) / sum(consommation * slot_minutes),"
            f" sum({source} * slot_minutes) / sum(production_mw * slot_minutes),"
            f" sum(tch_{source} * slot_minutes)::double / sum(slot_minutes) filter (tch_{source} is not null)"
            " from core.core_regional_power"
            f" where code_insee_region = '76' and civil_date between '{first}' and '{last}'"
        )[0]
        for source in ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
    }
    assert {row["source"] for row in rows} == held.keys()
    for row in rows:
        tco, share, tch = held[row["source"]]
        assert row["tco_pct"] == pytest.approx(tco)
        assert row["share"] == pytest.approx(share)
        assert row["tch_pct"] == pytest.approx(tch, abs=1e-3)
    assert len(api.get(f"/regions/rates?since={first}&until={last}").json()["rows"]) == 12 * 6
    bretagne = api.get(f"/regions/rates?since={first}&until={last}&region=53").json()["rows"]
    (nuclear,) = (row for row in bretagne if row["source"] == "nucleaire")
    assert (nuclear["energy_mwh"], nuclear["tco_pct"], nuclear["tch_pct"]) == (None, None, None)


def test_an_order_needs_the_token(api: Api) -> None:
    assert api.client.post("/api/v1/refresh").status_code == 401
    wrong = api.client.post("/api/v1/refresh", headers={"authorization": "Bearer s3cre"})
    assert wrong.status_code == 401
    assert "s3cret" not in wrong.text


def test_the_status_says_what_is_served(api: Api) -> None:
    said = api.get("/status").json()
    assert said["data"] == said["sample"] == "seed=0"
    assert {line["dataset"] for line in said["datasets"]} >= {"eco2mix-national-tr", "stock-quotidien-stockages-gaz"}
    assert said["refresh"]["state"] == "never asked for"


def test_without_a_warehouse_it_says_what_to_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        command("serve", "--home", tmp_path / "none", "--port", str(port)),
        env={**os.environ, **environment(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=8)) as client:
            answer = client.get("/api/v1/mix")
            assert client.get("/healthz").status_code == 200
        server.terminate()
    assert answer.status_code == 503
    assert "watthouse refresh" in json.loads(answer.text)["detail"]
