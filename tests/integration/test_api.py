"""The API over real HTTP, against the marts it is made from."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import SINCE
from tests.integration.serving import Api, problem
from tests.support import PARIS

pytestmark = [pytest.mark.slow]


def test_each_server_reads_its_own_engine(api: Api, engine: str) -> None:
    """Both serve one home, whose file the server on a database must not open."""
    api.get("/mix")
    opened = [Path(one.path).name for one in api.worker().open_files()]
    assert ("warehouse.duckdb" in opened) == (engine == "duckdb")


def test_the_mix_of_a_period_is_the_sum_of_its_days(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=59)
    said = api.get(f"/mix?since={first}&until={last}&interval=week").json()
    days = api.query(
        "select date_trunc('week', civil_date)::date, sum(nucleaire_mwh)::double, sum(consommation_mwh)::double,"
        " bool_and(measured_slots = expected_slots)"
        f" from marts.daily_mix where civil_date between '{first}' and '{last}' group by 1 order by 1"
    )
    shown = [(row["starts"], row["nucleaire_mwh"], row["consommation_mwh"], row["complete"]) for row in said["rows"]]
    assert shown == [(str(starts), *rest) for starts, *rest in days]
    assert said["interval"] == "week"
    assert any(row["complete"] for row in said["rows"])
    assert said["sample"] == "seed=0"


def test_a_half_reported_day_is_not_complete_and_its_power_is_of_the_hours_measured(api: Api) -> None:
    day, load, slots = api.query(
        "select civil_date, consommation_mwh::double, measured_slots from marts.daily_mix order by 1 desc limit 1"
    )[0]
    (row,) = api.get(f"/mix?since={day}&until={day}&interval=day&unit=MW").json()["rows"]
    assert row["measured_hours"] == slots / 4  # type: ignore[operator]
    assert row["consommation_mw"] == pytest.approx(load / (slots / 4))  # type: ignore[operator]
    assert row["complete"] == (slots in {92, 96})


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
        ("/now?hours=25", 422, "hours"),
        ("/now?day=2025-02-30", 422, "day"),
        ("/now?day=2025-02-03&hours=24", 422, "day"),
        ("/mix?interval=fortnight", 422, "interval"),
        ("/mix?interval=hour&since=2010-01-01&until=2025-01-01", 422, "interval"),
        ("/mix?colour=red", 422, "colour"),
        ("/mix?as_of=2025-01-01T00:00:00", 422, "as_of"),
        ("/mix?as_of=2025-01-01T00:00:00Z&since=2020-01-01&until=2025-01-01", 422, "as_of"),
        ("/exchanges?unit=share", 422, "unit"),
        ("/exchanges/buyers?interval=hour", 422, "interval"),
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
        ("/mix?since=20250101", 422, "since"),
        ("/mix?until=0", 422, "until"),
        ("/mix?since=2025-01-01T00:00:00", 422, "since"),
        ("/mix?since=2025-01-01&since=2025-01-02", 422, "since"),
        ("/mix?as_of=1735689600", 422, "as_of"),
        ("/mix?as_of=0001-01-01T00:00:00%2B14:00", 422, "as_of"),
        ("/compare?since=0001-01-01&until=0001-01-31", 422, "since"),
        ("/regions/94/mix", 404, "insee"),
        ("/regions/map?unit=share&measure=difference", 422, "unit"),
        ("/revisions", 422, "dataset"),
        ("/revisions?dataset=eco2mix-national-tr&column=nothing", 422, "column"),
        ("/revisions?dataset=eco2mix-national-tr&since=2020-01-01", 422, "since"),
        ("/datasets?colour=red", 422, "colour"),
        ("/status?colour=red", 422, "colour"),
        ("/revisions?dataset=nothing", 422, "dataset"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_parameter(
    path: str, status: int, parameter: str, api: Api
) -> None:
    problem(api.get(path), status, parameter)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing.php", "/api/v1/mix/hour"])
def test_what_is_not_there_is_said(path: str, api: Api) -> None:
    assert "/docs" in problem(api.client.get(path), 404)["detail"]


def test_a_method_that_a_call_does_not_take_is_said(api: Api) -> None:
    answer = api.client.delete("/api/v1/mix")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_no_such_format_is_said(api: Api) -> None:
    assert "text/csv" in problem(api.get("/mix", accept="image/png"), 406, "Accept")["detail"]


@pytest.mark.parametrize(
    "path", ["/mix", "/gas?format=csv", "/marts/gas_daily/rows", "/marts/gas_daily/rows?format=arrow"]
)
def test_nothing_comes_where_nothing_changed(path: str, api: Api) -> None:
    first = api.get(path)
    again = api.get(path, if_none_match=f'"another", {first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "x-watthouse-version", "vary"):
        assert again.headers[name] == first.headers[name], name
    assert api.get(path, if_none_match='"another"').content == first.content


def test_an_answer_in_another_format_is_another_answer(api: Api) -> None:
    tags = {api.get(f"/gas?format={style}").headers["etag"] for style in ("json", "csv", "parquet", "arrow")}
    assert len(tags) == 4


@pytest.mark.parametrize(
    "path", ["/api/v1/mix", "/api/v1/marts/daily_mix/rows?format=csv", "/api/v1/status", "/healthz"]
)
def test_head_is_get_without_the_body(path: str, api: Api) -> None:
    whole, head = api.client.get(path), api.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    own = {"date", "x-request-id", "transfer-encoding", "content-length"}
    assert {n: v for n, v in head.headers.items() if n not in own} == {
        n: v for n, v in whole.headers.items() if n not in own
    }


def test_what_was_known_before_anything_was_observed_is_nothing_and_what_is_known_now_is_all(api: Api) -> None:
    now = datetime.now(UTC) + timedelta(minutes=1)
    assert api.get("/mix?as_of=2020-01-01T00:00:00Z").json()["rows"] == []
    for path in ("/mix", "/regions/53/mix"):
        known = api.get(f"{path}?as_of={now:%Y-%m-%dT%H:%M:%SZ}").json()["rows"]
        assert known == api.get(path).json()["rows"]
        assert known


@pytest.mark.parametrize(
    "path",
    [
        "/mix",
        "/mix?interval=hour&unit=share",
        "/regions/53/mix?unit=MW",
        "/exchanges?unit=GWh",
        "/forecast",
        "/gas",
        "/temperature",
        "/temperature?region=94",
        "/now",
        "/compare?unit=share",
        "/regions/map?measure=eolien&unit=share",
        "/regions/mix?unit=share",
        "/marts/daily_merged/rows",
    ],
)
def test_every_column_of_an_answer_is_told_of_with_its_unit(path: str, api: Api) -> None:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    columns = {column["name"]: column for column in said["columns"]}
    assert said["rows"], path
    assert list(columns) == list(dict.fromkeys(columns))
    assert columns.keys() == said["rows"][0].keys()
    for name, column in columns.items():
        assert column["description"], name
        for suffix, unit in {"_mwh": "MWh", "_gwh": "GWh", "_mw": "MW", "_share": "0-1", "_c": "°C"}.items():
            if name.endswith(suffix):
                assert column["unit"].startswith(unit), name


def _comes_again(at: datetime) -> bool:
    """Whether the clock of Paris shows the same time an hour later: of the two hours, RTE publishes the second."""
    return at.astimezone(PARIS).hour == (at + timedelta(hours=1)).astimezone(PARIS).hour


def test_any_day_and_the_last_hours_are_had_slot_by_slot(api: Api) -> None:
    (newest,) = api.query(
        "select max(date_heure) from core.core_national_power where consommation is not null and slot_minutes = 15"
    )[0]
    assert isinstance(newest, datetime)
    for hours in (24, 48):
        said = api.get(f"/now?hours={hours}").json()
        begins = [newest - timedelta(minutes=15 * slot) for slot in range(4 * hours)][::-1]
        begins = [at for at in begins if not _comes_again(at)]
        assert [datetime.fromisoformat(row["date_heure"]) for row in said["rows"]] == begins
        assert said["rows"][-1]["consommation_mw"]
        assert datetime.fromisoformat(said["until"]) - newest == timedelta(minutes=15)
    day = SINCE + timedelta(days=20)
    slots = api.query(
        "select epoch(date_heure)::bigint, consommation, nucleaire, ech_comm_italie from core.core_national_power"
        f" where civil_date = '{day}' and slot_minutes is not null order by 1"
    )
    rows = [row for row in api.get(f"/now?day={day}").json()["rows"] if row["slot_minutes"]]
    names = ("consommation_mw", "nucleaire_mw", "ech_comm_italie_mw")
    assert [
        (int(datetime.fromisoformat(row["date_heure"]).timestamp()), *(row[name] for name in names)) for row in rows
    ] == slots
    assert api.get("/now").json()["rows"] == api.get(f"/now?day={newest.astimezone(PARIS).date()}").json()["rows"]
    for day in (date.min, date.max):
        assert api.get(f"/now?day={day}").json()["rows"] == []


def test_a_day_outside_what_is_held_has_no_row(api: Api) -> None:
    for since in ("0001-01-01", "2090-06-01", "9999-12-31"):
        for path in ("/mix", "/regions/53/mix", "/gas", "/forecast", "/exchanges", "/temperature", "/regions/map"):
            said = api.get(f"{path}?since={since}&until={since}").json()
            assert (said["rows"], said["since"], said["until"]) == ([], since, since), path
    assert api.get("/mix?since=2090-01-01").json()["until"] == "2090-01-01"
    for since in ("0001-01-01", "9999-12-31"):
        assert api.get(f"/mix?since={since}&until={since}&as_of=2026-01-01T00:00:00Z").json()["rows"] == []


@pytest.mark.parametrize("number", range(1, 7))
def test_a_question_of_days_that_are_not_held_has_no_answer_and_says_so(number: int, api: Api) -> None:
    for asked in ("until=2001-01-01", "since=2090-01-01", "until=0001-01-01", "since=2001-01-01&until=2001-02-01"):
        answer = api.get(f"/questions/{number}?{asked}")
        assert answer.status_code == 200, answer.text
        sentence = answer.json()["sentence"]
        assert sentence.startswith("No answer") or "nothing was measured" in sentence


def _energy(api: Api, name: str, since: date, until: date) -> float:
    days = f"from marts.daily_mix where civil_date between '{since}' and '{until}'"
    return float(api.query(f"select sum({name}_mwh) {days}")[0][0])


def _known_hours(api: Api, slots: str, since: date, until: date) -> float:
    """The sample has holes: a mean is over the time that is known."""
    column = "measured_slots" if slots == "consommation_slots" else slots
    lasts = "case when expected_slots <= 50 then 0.5 else 0.25 end"
    days = f"from marts.daily_mix where civil_date between '{since}' and '{until}'"
    return float(api.query(f"select sum({column} * {lasts}) {days}")[0][0])


def test_two_periods_stand_side_by_side(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=16)
    before = (SINCE + timedelta(days=3), SINCE + timedelta(days=9))
    asked = f"since={first}&until={last}&with_since={before[0]}&with_until={before[1]}"
    rows = {row["name"]: row for row in api.get(f"/compare?{asked}&unit=MWh").json()["rows"]}
    for name in ("consommation", "nucleaire"):
        now, then = (_energy(api, name, *days) for days in ((first, last), before))
        row = rows[name]
        assert (row["value"], row["with_value"]) == (now, then)
        assert row["difference"] == pytest.approx(now - then)
        assert row["change_pct"] == pytest.approx((now - then) / then * 100)
        means = (
            now / _known_hours(api, f"{name}_slots", first, last),
            then / _known_hours(api, f"{name}_slots", *before),
        )
        assert (row["mean_power_mw"], row["with_mean_power_mw"]) == pytest.approx(means)
        assert row["mean_power_change_pct"] == pytest.approx((means[0] / means[1] - 1) * 100)
    rate = rows["taux_co2_g_kwh"]
    assert rate["change_pct"] is not None
    assert rate["mean_power_mw"] is rate["mean_power_change_pct"] is None


def test_periods_of_other_length_differ_in_sum_as_they_do_not_in_mean_power(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=19)
    before = SINCE + timedelta(days=3), SINCE + timedelta(days=7)
    asked = f"since={first}&until={last}&with_since={before[0]}&with_until={before[1]}"
    said = api.get(f"/compare?{asked}&unit=GWh").json()
    (load,) = (row for row in said["rows"] if row["name"] == "consommation")
    sums = [_energy(api, "consommation", *days) for days in ((first, last), before)]
    hours = [_known_hours(api, "measured_slots", *days) for days in ((first, last), before)]
    means = [energy / known for energy, known in zip(sums, hours, strict=True)]
    assert [load["mean_power_mw"], load["with_mean_power_mw"]] == pytest.approx(means)
    assert load["mean_power_change_pct"] == pytest.approx(100 * (means[0] / means[1] - 1))
    assert load["change_pct"] == pytest.approx(100 * (sums[0] / sums[1] - 1))
    measured = hours[0] / (10 * 24), hours[1] / (5 * 24)
    assert (said["measured"], said["with_measured"]) == pytest.approx(measured)


def test_a_period_that_is_hardly_measured_is_held_against_nothing(api: Api) -> None:
    ((last,),) = api.query("select max(civil_date) from marts.daily_mix")
    said = api.get(f"/compare?since={last}&until={last}&with_since={SINCE}&with_until={SINCE}").json()
    assert said["measured"] < 0.9
    assert all(row["change_pct"] is row["mean_power_change_pct"] is None for row in said["rows"])
    assert said["rows"][0]["value"] is not None


def test_the_sensitivity_is_that_of_everything_held_where_no_days_are_asked_for(api: Api) -> None:
    said = api.get("/sensitivity").json()
    ((first, last),) = api.query("select min(civil_date)::varchar, max(civil_date)::varchar from marts.daily_merged")
    assert (said["since"], said["until"]) == (first, last)
    assert said["rows"] == api.get(f"/sensitivity?since={first}&until={last}").json()["rows"]
    ((years,),) = api.query(
        "select count(distinct year(civil_date)) from marts.daily_merged"
        " where tmoy_c < 15 and isodow(civil_date) <= 5 and measured_slots = expected_slots"
    )
    assert len(said["rows"]) == years


_ENDS = {
    "MW": "_mw", "MWh": "_mwh", "GWh": "_gwh", "GWh PCS 0 °C": "_gwh", "°C": "_c", "%": "_pct", "g/kWh": "_g_kwh",
    "h": "_hours", "min": "_minutes", "days": "days", "MW/°C": "_mw_per_c", "slots": "_slots",
    "storage points": "points",
}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/now",
        "/mix?unit=MW",
        "/mix?unit=GWh&interval=hour",
        "/exchanges",
        "/exchanges/buyers",
        "/forecast",
        "/gas",
        "/gas/points",
        "/temperature",
        "/compare",
        "/sensitivity",
        "/regions/map",
        "/regions/map?measure=difference&unit=MWh",
        "/regions/mix",
        "/regions/rates",
        "/regions/53/mix",
        "/records",
        "/completeness",
        *(f"/questions/{number}" for number in range(1, 7)),
    ],
)
def test_the_name_of_every_column_ends_in_its_unit(path: str, api: Api) -> None:
    """A part of a whole (0-1) has none; where a row says its own unit, that is no column's."""
    columns = {one["name"]: one["unit"] for one in api.get(path).json()["columns"]}
    assert columns
    for name, unit in columns.items():
        by_row = "unit" in columns and " or " in unit
        assert by_row or not unit or unit == "0-1" or name.endswith(_ENDS[unit]), (name, unit)


def test_the_map_has_every_region_and_its_mean_power(api: Api) -> None:
    first, last = SINCE + timedelta(days=10), SINCE + timedelta(days=16)
    rows = api.get(f"/regions/map?measure=difference&since={first}&until={last}&unit=MW").json()["rows"]
    held = api.query(
        "select code_insee_region, (sum(production_mwh) / sum(mix_slots * if(expected_slots <= 48, 0.5, 0.25))"
        " - sum(consommation_mwh) / sum(measured_slots * if(expected_slots <= 48, 0.5, 0.25)))::double"
        f" from marts.daily_regional"
        f" where civil_date between '{first}' and '{last}' group by 1 order by 1"
    )
    assert [row["code_insee_region"] for row in rows] == [code for code, _ in held]
    assert [row["difference_mw"] for row in rows] == pytest.approx([value for _, value in held])
    assert len(rows) == 12


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
    lines = [line for line in api.get("/status").json()["datasets"] if line["newest_measured"]]
    missing = {line["dataset"]: line["missing_days"] for line in lines}
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


def test_the_status_says_what_is_served(api: Api) -> None:
    said = api.get("/status").json()
    assert said["data"] == said["sample"] == "seed=0"
    assert {line["dataset"] for line in said["datasets"]} >= {"eco2mix-national-tr", "stock-quotidien-stockages-gaz"}
    assert said["refresh"]["state"] == "never asked for"


def test_the_tests_of_the_marts_and_the_rows_that_break_them_can_be_asked_for(api: Api) -> None:
    said = api.get("/tests").json()["rows"]
    assert {one["name"] for one in said} >= {"temperature_daily_plausible", "core_regional_power_balances"}
    for one in said:
        rows = api.get(f"/tests/{one['name']}").json()
        assert len(rows["rows"]) == min(one["places"], 1000)
        assert rows["columns"][0]["name"] == "rule"
    problem(api.get("/tests/nothing"), 404, "name")
