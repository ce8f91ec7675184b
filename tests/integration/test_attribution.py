"""An answer names the publishers of the rows that it used, and the days of these rows, in every format."""

import csv
import io
import json
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest

from tests.integration.serving import Api
from watthouse.catalog import CATALOG

pytestmark = [pytest.mark.slow]

NATIONAL = ("eco2mix-national-tr", "eco2mix-national-cons-def")
REGIONAL = ("eco2mix-regional-tr", "eco2mix-regional-cons-def")
GAS, TEMPERATURE = "stock-quotidien-stockages-gaz", "temperature-quotidienne-regionale"


def _days(api: Api, dataset: str, since: str, until: str) -> tuple[str, str] | None:
    """The first and the last day that the publisher's own rows measure, of those that no settled row replaces."""
    table, measured = CATALOG[dataset].table, CATALOG[dataset].measured
    settled = table.replace("_tr", "_cons_def")
    other = f" and date_heure not in (select date_heure from raw.{settled} where {measured} is not null)"
    ((first, last),) = api.query(
        f"select min(date)::varchar, max(date)::varchar from raw.{table} where {measured} is not null"
        f" and date between '{since}' and '{until}'{other if settled != table else ''}"
    )
    return (first, last) if first else None


@pytest.mark.parametrize(
    ("path", "datasets"),
    [
        ("/mix", NATIONAL),
        ("/mix?as_of=2999-01-01T00:00:00Z", NATIONAL),
        ("/exchanges", NATIONAL),
        ("/exchanges/buyers", NATIONAL),
        ("/regions/53/mix", REGIONAL),
        ("/regions/map", REGIONAL),
        ("/regions/mix", REGIONAL),
        ("/regions/rates", REGIONAL),
        ("/gas", (GAS,)),
        ("/gas/points", (GAS,)),
        ("/temperature?region=53", (TEMPERATURE,)),
        ("/questions/1", NATIONAL),
        ("/questions/6", (*NATIONAL, GAS)),
        ("/marts/gas_daily/rows", (GAS,)),
        ("/marts/daily_mix/rows", NATIONAL),
    ],
)
def test_an_answer_names_its_publishers_and_the_days_of_their_rows(
    path: str, datasets: tuple[str, ...], api: Api
) -> None:
    said = api.get(path).json()
    since, until = said.get("since", "0001-01-01"), said.get("until", "9999-12-31")
    told = {one["dataset"]: (one["since"], one["until"]) for one in said["attribution"]}
    expected = {name: _days(api, name, since, until) for name in datasets}
    assert told == {name: days for name, days in expected.items() if days}
    assert told
    for one in said["attribution"]:
        assert CATALOG[one["dataset"]].publisher in one["publisher"]
        assert CATALOG[one["dataset"]].publisher in said["source"]
        assert one["url"] == f"https://odre.opendatasoft.com/explore/dataset/{one['dataset']}/"


def test_what_was_not_used_is_not_named(api: Api) -> None:
    assert "Météo-France" not in api.get("/mix").json()["source"]
    assert "RTE" not in api.get("/gas").json()["source"]
    assert "Storengy" in api.get("/gas").json()["source"]
    assert api.get("/mix?since=2090-01-01").json()["attribution"] == []


def test_columns_of_the_merged_mart_are_attributed_to_whoever_measured_them(api: Api) -> None:
    def publishers(columns: str) -> set[str]:
        rows = api.get(f"/marts/daily_merged/rows?columns=civil_date,{columns}").json()
        return {one["dataset"] for one in rows["attribution"]}

    assert GAS in publishers("stock_gaz_gwh")
    assert TEMPERATURE in publishers("tmoy_c")
    assert publishers("consommation_mwh").issubset(NATIONAL)
    assert {GAS, TEMPERATURE} <= publishers("stock_gaz_gwh,tmoy_c,consommation_mwh")


def test_a_page_of_rows_is_attributed_by_its_own_days(api: Api) -> None:
    page = api.get("/marts/gas_daily/rows?limit=3&order=desc").json()
    (one,) = page["attribution"]
    assert (one["since"], one["until"]) == (page["rows"][-1]["civil_date"], page["rows"][0]["civil_date"])


def test_two_periods_are_attributed_each_by_its_own_days(api: Api) -> None:
    said = api.get("/compare").json()
    assert all(one["until"] <= said["with_until"] or one["since"] >= said["since"] for one in said["attribution"])


@pytest.mark.parametrize("style", ["json", "csv", "parquet", "arrow"])
@pytest.mark.parametrize("path", ["/temperature", "/marts/temperature_daily/rows"])
def test_every_format_links_to_what_it_is_made_of(path: str, style: str, api: Api) -> None:
    first = api.get(f"{path}?format={style}")
    again = api.get(f"{path}?format={style}")
    assert again.headers["link"] == first.headers["link"]
    links = unquote(first.headers["link"])
    assert f'<https://odre.opendatasoft.com/explore/dataset/{TEMPERATURE}/>; rel="via"' in links
    assert "Météo-France" in links
    assert '<https://www.etalab.gouv.fr/licence-ouverte-open-licence/>; rel="license"' in links


def test_files_that_have_a_place_for_it_carry_it(api: Api) -> None:
    answer = api.get("/gas?format=parquet")
    metadata = pq.read_schema(io.BytesIO(answer.content)).metadata
    (one,) = json.loads(metadata[b"attribution"])
    assert one["dataset"] == GAS
    assert "Storengy" in metadata[b"source"].decode()


@pytest.mark.parametrize("path", ["/temperature", "/marts/temperature_daily/rows"])
def test_a_csv_says_in_its_first_row_whose_it_is(path: str, api: Api) -> None:
    first, *others = csv.DictReader(io.StringIO(api.get(f"{path}?format=csv").text))
    assert list(first)[-1] == "attribution"
    assert "Météo-France" in first["attribution"]
    assert {row["attribution"] for row in others} == {""}


def test_the_completeness_of_one_dataset_is_attributed_to_it_alone(api: Api) -> None:
    said = api.get(f"/completeness?dataset={GAS}").json()
    assert {one["dataset"] for one in said["attribution"]} == {GAS}
