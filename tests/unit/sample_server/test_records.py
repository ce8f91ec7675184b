"""Records and metadata: limits, filters, groups, refusals in the live service's own words."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.unit.sample_server.tiny import FIRST, LAST, NOW, Tiny
from watthouse.sample.server import Sample

NATIONAL = "eco2mix-national-tr"
REGIONAL = "eco2mix-regional-tr"
GAS = "stock-quotidien-stockages-gaz"


def hours(since: datetime = FIRST, until: datetime = LAST) -> list[int]:
    """The numbers of the national rows in [since, until): row n is hour n, and its measures are n."""
    return [n for n in range(168) if since <= FIRST + timedelta(hours=n) < until]


def ask(client: httpx.Client, dataset: str = NATIONAL, **parameters: object) -> httpx.Response:
    return client.get(f"{dataset}/records", params={name: str(value) for name, value in parameters.items()})


def rows(client: httpx.Client, dataset: str = NATIONAL, **parameters: object) -> list[dict[str, object]]:
    response = ask(client, dataset, **{"limit": 100, **parameters})
    assert response.status_code == 200, response.text
    found: list[dict[str, object]] = response.json()["results"]
    return found


def refusal(client: httpx.Client, **parameters: object) -> str:
    response = ask(client, **parameters)
    assert response.status_code == 400
    assert response.json()["error_code"] == "ODSQLError"
    message: str = response.json()["message"]
    return message.removeprefix("ODSQL query is malformed: ")


def test_metadata_names_every_field_with_its_type(client: httpx.Client) -> None:
    card = client.get(REGIONAL).json()
    types = {field["name"]: field["type"] for field in card["fields"]}
    assert card["dataset_id"] == REGIONAL
    assert types["date_heure"] == "datetime"
    assert types["date"] == types["pompage"] == types["column_68"] == types["code_insee_region"] == "text"
    assert types["consommation"] == "int"
    assert types["tco_solaire"] == "double"
    assert {field["name"]: field["type"] for field in client.get(GAS).json()["fields"]}["date"] == "date"
    assert {tuple(field) for field in card["fields"]} == {("name", "label", "type", "annotations")}


def test_metadata_tells_when_it_was_processed_and_how_much_there_is(client: httpx.Client) -> None:
    default = client.get(REGIONAL).json()["metas"]["default"]
    assert default["data_processed"] == default["modified"] == "2026-09-03T12:17:00+00:00"
    assert default["records_count"] == 2 * 168
    assert default["license"].startswith("Licence Ouverte")
    assert default["title"]


def test_ten_rows_are_given_unless_asked_otherwise_and_a_hundred_at_most(client: httpx.Client) -> None:
    assert len(ask(client).json()["results"]) == 10
    assert ask(client).json()["total_count"] == 168
    assert len(ask(client, limit=-1).json()["results"]) == 100
    assert ask(client, limit=0).json() == {"total_count": 168, "results": []}


def test_pages_do_not_overlap_and_hold_every_row(client: httpx.Client) -> None:
    pages = [rows(client, offset=offset, limit=50, select="consommation") for offset in (0, 50, 100, 150)]
    assert sorted(row["consommation"] for page in pages for row in page) == hours()


@pytest.mark.real
def test_refusals_are_those_that_were_recorded(client: httpx.Client, real_data: Path) -> None:
    recorded = json.loads((real_data / "odre-api" / "error_bodies.json").read_text())
    questions = {
        "limit_over_100": {"limit": 1473},
        "offset_plus_limit_over_10000": {"limit": 100, "offset": 10000},
        "odsql_unknown_field": {"where": "anzahl = 'x'"},
        "odsql_malformed_doc_example": {"select": "invalid_function()"},
    }
    for name, parameters in questions.items():
        response = ask(client, **parameters)
        assert {"status": response.status_code, "body": response.json()} == recorded[name]


def test_an_unknown_dataset_is_not_found(client: httpx.Client) -> None:
    for call in ("", "/records", "/exports/csv"):
        assert client.get(f"eco2mix-lunar-tr{call}").status_code == 404


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["ten", "-2", "1.5", "", "9" * 5000])
def test_a_bad_number_is_refused(client: httpx.Client, name: str, value: str) -> None:
    response = ask(client, **{name: value})
    assert response.status_code == 400
    assert response.json()["error_code"] == "InvalidRESTParameterError"


@pytest.mark.parametrize(
    ("where", "since", "until"),
    [
        ("date_heure >= date'2026-09-01'", datetime(2026, 9, 1, tzinfo=UTC), LAST),
        (
            "date_heure >= date'2026-08-31T23:00:00+00:00' AND date_heure < date'2026-09-01T02:00:00+00:00'",
            datetime(2026, 8, 31, 23, tzinfo=UTC),
            datetime(2026, 9, 1, 2, tzinfo=UTC),
        ),
        ("date_heure > date'2026-09-03T22:00:00Z'", datetime(2026, 9, 3, 23, tzinfo=UTC), LAST),
        ('date_heure <= date"2026-08-28T01:00:00+01:00"', FIRST, FIRST + timedelta(minutes=1)),
        (
            "date_heure = date'2026-09-01T05:00:00'",
            datetime(2026, 9, 1, 5, tzinfo=UTC),
            datetime(2026, 9, 1, 6, tzinfo=UTC),
        ),
        ("date_heure < date'1896-01-01'", FIRST, FIRST),
        ("date_heure >= date'2142-01-01'", LAST, LAST),
    ],
)
def test_where_selects_by_time(client: httpx.Client, where: str, since: datetime, until: datetime) -> None:
    found = ask(client, where=where, limit=100, order_by="date_heure", select="consommation").json()
    assert found["total_count"] == len(hours(since, until))
    assert [row["consommation"] for row in found["results"]] == hours(since, until)[:100]


def test_a_literal_without_offset_and_a_refined_day_are_on_the_clock_asked_for(client: httpx.Client) -> None:
    midnight = datetime(2026, 8, 31, 22, tzinfo=UTC)
    day = {"timezone": "Europe/Paris", "select": "date_heure", "order_by": "date_heure"}
    for parameters in ({"where": "date_heure >= date'2026-09-01'"}, {"refine": "date_heure:2026/09/01"}):
        assert rows(client, **day, **parameters)[0] == {"date_heure": "2026-09-01T00:00:00+02:00"}
    found = rows(client, **day, refine="date_heure:2026/09/01")
    assert len(found) == len(hours(midnight, midnight + timedelta(days=1)))
    utc = rows(client, refine="date_heure:2026/09/01", select="date_heure", order_by="date_heure")
    assert utc[0] == {"date_heure": "2026-09-01T00:00:00+00:00"}
    assert len(rows(client, refine="date_heure:2026/08")) == 96


def test_days_have_no_clock(client: httpx.Client) -> None:
    found = rows(client, GAS, timezone="Europe/Paris", where="date >= date'2026-09-01' and date < date'2026-09-02'")
    assert [row["date"] for row in found] == ["2026-09-01"] * 2
    assert len(rows(client, GAS, timezone="Europe/Paris", where="date = date'2026-09-01'")) == 2


def test_text_columns_are_selected_by_equality(client: httpx.Client) -> None:
    one = rows(client, REGIONAL, where="code_insee_region = '11'")
    assert {row["libelle_region"] for row in one} == {"Île-de-France"}
    assert len(rows(client, REGIONAL, refine="code_insee_region:84", where="heure in ('00:00', \"01:00\")")) == 14


@pytest.mark.parametrize(
    "parameters",
    [
        {"where": "date >= date'2026-09-01'"},
        {"where": "date >= '2026-09-01'"},
        {"where": "date_heure >= '2026-09-01'"},
        {"where": "date_heure != date'2026-09-01'"},
        {"where": "date_heure >= date'2026-13-01'"},
        {"where": "date_heure >= date'2026-09-01T00:00:00 00:00'"},
        {"where": "date_heure < date'9999-12-31T23:59:59-12:00'"},
        {"where": "date_heure <= date'0001-01-01T00:00:00+12:00'"},
        {"where": "nature = 'a' or nature = 'b'"},
        {"where": "nature = 'a' and"},
        {"where": "consommation > 5"},
        {"where": "nature = 'a"},
        {"where": "nature in ()"},
        {"where": "; drop table"},
        {"select": "sum(date)"},
        {"select": "avg(nature)"},
        {"select": "sum(date_heure)"},
        {"select": "sum(*)"},
        {"select": "year(consommation)"},
        {"select": "heure, count(*)", "group_by": "nature"},
        {"select": "year(date_heure)"},
        {"group_by": "date_format(date_heure, 'QQ')"},
        {"group_by": "date_format(date_heure, '%s')"},
        {"group_by": "count(*)"},
        {"group_by": "year(date_heure"},
        {"refine": "consommation:5"},
        {"refine": "nature"},
        {"order_by": "date_heure sideways"},
        {"where": "nature = 'a';"},
        {"where": "nature = 'a' -- and more"},
        {"select": "heure as"},
        {"select": "heure h"},
        {"select": "heure, , nature"},
        {"select": "distinct heure"},
        {"select": "heure from dual"},
        {"order_by": "heure,"},
    ],
)
def test_odsql_that_cannot_be_followed_is_refused(client: httpx.Client, parameters: dict[str, str]) -> None:
    assert refusal(client, **parameters)


@pytest.mark.parametrize("parameter", ["where", "select", "group_by", "order_by", "refine"])
def test_an_unknown_field_is_named_wherever_it_stands(client: httpx.Client, parameter: str) -> None:
    words = {"where": "lune = 'x'", "select": "sum(lune)", "refine": "lune:x"}.get(parameter, "lune")
    assert refusal(client, **{parameter: words}) == "Unknown field: lune"


def test_an_unknown_zone_is_refused(client: httpx.Client) -> None:
    for zone in ("Europe/Atlantis", "../../etc/passwd", "/"):
        assert ask(client, timezone=zone).status_code == 400


def test_selected_columns_come_under_their_aliases(client: httpx.Client) -> None:
    assert rows(client, select="consommation as c, heure", order_by="date_heure desc", limit=1) == [
        {"c": 167, "heure": "23:00"}
    ]


def test_order_runs_across_months_and_pages(client: httpx.Client) -> None:
    found = rows(client, REGIONAL, order_by="code_insee_region desc, consommation", limit=4, offset=166)
    assert [(row["code_insee_region"], row["consommation"]) for row in found] == [
        ("84", 333), ("84", 335), ("11", 0), ("11", 2)
    ]  # fmt: skip


def test_what_has_no_value_comes_last(client: httpx.Client) -> None:
    found = rows(client, where="date_heure < date'2026-08-29'", order_by="solaire", select="solaire")
    assert [row["solaire"] for row in found] == [*solar(hours(FIRST, FIRST + timedelta(days=1))), *[None] * 5]


def solar(numbers: list[int]) -> list[int]:
    return [number * 2 for number in numbers if number % 5]


def test_months_are_summed_as_the_rows_say(client: httpx.Client) -> None:
    found = ask(
        client,
        select="count(*) as n, count(solaire) as s, sum(solaire) as total, min(solaire) as least, max(solaire) as most,"
        " avg(solaire) as mean",
        group_by="year(date_heure) as year, month(date_heure) as month",
        order_by="year, month desc",
    ).json()
    split = datetime(2026, 9, 1, tzinfo=UTC)
    expected = []
    for month, numbers in ((9, hours(split, LAST)), (8, hours(FIRST, split))):
        sun = solar(numbers)
        expected.append({
            "year": 2026, "month": month, "n": len(numbers), "s": len(sun), "total": sum(sun),
            "least": min(sun), "most": max(sun), "mean": pytest.approx(sum(sun) / len(sun)),
        })  # fmt: skip
    assert found == {"total_count": 2, "results": expected}


def test_groups_are_by_the_clock_asked_for(client: httpx.Client) -> None:
    by_day: dict[str, int] = defaultdict(int)
    for number in hours():
        by_day[f"{FIRST + timedelta(hours=number + 2):%Y-%m-%d}"] += 1
    found = rows(
        client,
        select="count(*) as n",
        group_by="date_format(date_heure, 'yyyy-MM-dd') as day",
        timezone="Europe/Paris",
    )
    assert found == [{"day": day, "n": count} for day, count in sorted(by_day.items())]


def test_what_is_not_grouped_is_one_row(client: httpx.Client) -> None:
    assert rows(client, select="count(*), min(gaz), max(date_heure) as last") == [
        {"count(*)": 168, "min(gaz)": 0, "last": "2026-09-03T23:00:00+00:00"}
    ]
    nothing = rows(client, select="count(*) as n, avg(gaz) as g", where="date_heure < date'1896-01-01'")
    assert nothing == [{"n": 0, "g": None}]
    assert rows(client, group_by="nature", where="date_heure < date'1896-01-01'") == []


def test_sums_are_not_read_again_until_something_changed(sample: Sample, client: httpx.Client) -> None:
    tiny = sample.publisher
    assert isinstance(tiny, Tiny)
    question = {"select": "sum(nucleaire) as n", "group_by": "month(date_heure) as m", "where": "heure = '03:00'"}
    first = rows(client, **question)
    asked = tiny.asked
    assert rows(client, **question) == first
    assert tiny.asked == asked
    tiny.revised += 1000
    try:
        assert [row["n"] for row in rows(client, **question)] == [
            int(str(row["n"])) + 1000 * days for row, days in zip(first, (4, 3), strict=True)
        ]
    finally:
        tiny.revised = 0


def test_every_answer_is_signed_and_dated(client: httpx.Client, control: httpx.Client) -> None:
    for response in (client.get(NATIONAL), client.get("nowhere"), control.get("/sample"), control.get("/else")):
        assert response.headers["x-watthouse-sample"] == "seed=7"
        date = datetime.strptime(response.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        assert abs(date - datetime.now(UTC)) < timedelta(seconds=5)
        assert abs(date - NOW) > timedelta(days=1)
