"""What the dbt project promises about itself: contracts, units, tests that can fail."""

import re
import shutil
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
import yaml

from tests.transform.lab import COARSE_IN_REAL_TIME, NATIONAL, Lab, half_hours, power
from tests.transform.test_marts import QUARTERLY, RANKED
from watthouse.catalog import CATALOG, HALF_HOUR, QUARTER_HOUR, REAL_TIME, Kind
from watthouse.errors import WarehouseError
from watthouse.transform import PROJECT

pytestmark = [pytest.mark.slow]

UNITS: Final = {
    "MW",
    "MWh",
    "min",
    "GWh PCS 0 °C",
    "g/kWh",
    "°C",
    "%",
    "0-1",
    "slots",
    "quarter hours",
    "days",
    "operators",
    "storage points",
    "slots, storage points, regions or days",
    "MWh or g/kWh",
}
NUMERIC: Final = re.compile(r"decimal|double|integer|bigint")
NO_UNIT: Final = {"civil_year", "id_consommation", "id_couverture"}
MARTS: Final = {
    "daily_merged",
    "daily_mix",
    "hourly_national",
    "national_slots",
    "regional_slots",
    "forecast_slots",
    "daily_regional",
    "monthly_national",
    "monthly_regional",
    "yearly_regional",
    "gas_daily",
    "gas_points_daily",
    "temperature_daily",
    "tempo_days",
    "exchanges_daily",
    "forecast_daily",
    "records_daily",
    "completeness_daily",
}
ENERGY_CONSUMPTION: Final = {"region", "consumption", "coverage_rate"}


def models(layer: str) -> dict[str, Any]:
    """The models of a layer as their YAML declares them."""
    texts = [path.read_text() for path in (PROJECT / "models" / layer).glob("*.yml")]
    return {model["name"]: model for text in texts for model in yaml.safe_load(text)["models"]}


@pytest.fixture(scope="module")
def lab(blank: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = blank.copy(tmp_path_factory.mktemp("project"))
    lab.observe(NATIONAL[0], power(QUARTERLY, REAL_TIME, 10_000, nucleaire=9_000, gaz=500, pompage=-10))
    lab.observe(NATIONAL[1], half_hours(RANKED, 10_000))
    lab.build_what_changed()
    return lab


def test_a_mart_that_breaks_its_contract_is_not_built(lab: Lab, tmp_path: Path) -> None:
    project = tmp_path / "transform"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "*.py*"))
    declared = project / "models" / "marts" / "temperature.yml"
    text = declared.read_text()
    kept, broken = 'name: tmoy_c, data_type: "decimal(9,3)"', 'name: tmoy_c, data_type: "varchar"'
    assert kept in text
    declared.write_text(text.replace(kept, broken))
    with pytest.raises(WarehouseError, match=r"temperature_daily: .*contract"):
        lab.copy(tmp_path).build_everything(project)


def test_every_mart_is_declared_and_under_contract() -> None:
    assert models("marts").keys() == MARTS
    assert models("energy_consumption").keys() == ENERGY_CONSUMPTION
    configured = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    for schema in ("marts", "energy_consumption"):
        assert configured["models"]["watthouse"][schema]["+contract"] == {"enforced": True}


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        *(("marts", name) for name in sorted(MARTS)),
        *(("energy_consumption", name) for name in sorted(ENERGY_CONSUMPTION)),
    ],
)
def test_every_column_of_a_mart_is_documented_with_its_unit(lab: Lab, schema: str, name: str) -> None:
    model = models(schema)[name]
    assert model["description"].strip()
    assert [column["name"] for column in model["columns"]] == lab.columns(f"{schema}.{name}")
    for column in model["columns"]:
        assert column["description"], column
        if NUMERIC.search(column["data_type"]) and column["name"] not in NO_UNIT:
            unit = re.search(r"\[([^]]+)]$", column["description"])
            assert unit, column
            assert unit[1] in UNITS, column


@pytest.mark.parametrize("layer", ["staging", "core"])
def test_every_model_and_its_columns_are_documented(lab: Lab, layer: str) -> None:
    assert models(layer).keys() == {path.stem for path in (PROJECT / "models" / layer).glob("*.sql")}
    for name, model in models(layer).items():
        assert model["description"].strip(), name
        assert {column["name"] for column in model["columns"]} == set(lab.columns(f"{layer}.{name}")), name
        assert all(column["description"] for column in model["columns"]), name


def test_every_dataset_has_its_staging_model() -> None:
    declared = {f"stg_{dataset.table}" for dataset in CATALOG.values()}
    assert declared == models("staging").keys() - {"stg_days_observed"}


def test_what_may_be_half_hourly_in_real_time_is_what_the_catalog_declares() -> None:
    declared = {column.name for column in CATALOG["eco2mix-national-tr"].columns if HALF_HOUR in column.steps}
    assert declared == set(COARSE_IN_REAL_TIME)
    assert not any(HALF_HOUR in column.steps for column in CATALOG["eco2mix-regional-tr"].columns)
    for dataset in ("eco2mix-national-cons-def", "eco2mix-regional-cons-def"):
        steps = {column.steps for column in CATALOG[dataset].columns if column.kind in {Kind.WHOLE, Kind.RATE}}
        assert steps == {(HALF_HOUR, QUARTER_HOUR)}


ONE_ENGINE: Final = re.compile(
    r"::|//|\b(qualify|exclude|lateral|interval|double precision|float64)\b"
    r"|(?<!dbt\.)\b(unnest|list_\w+|getvariable|epoch\w*|date_?diff|date_?add|date_trunc|arg_m\w+|range|generate_series"
    r"|time_bucket|timezone|filter|listagg|string_agg|explode|div|unix_\w+|strftime|dayofweek|any_value)\s*\("
)
"""What another engine refuses, or answers otherwise."""
OF_ENGINES: Final = {"engines.sql", "contracts.sql", "spark.sql", "bigquery.sql"}
COMMENT: Final = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)


def test_what_engines_differ_in_stands_in_macros_of_its_own() -> None:
    models_and_macros = (path for path in PROJECT.glob("*/**/*.sql") if "target" not in path.parts)
    texts = {path: COMMENT.sub("", path.read_text()) for path in models_and_macros}
    found = {path.name: sorted({one[0] for one in ONE_ENGINE.finditer(text)}) for path, text in texts.items()}
    assert {name for name, words in found.items() if words} == OF_ENGINES, found


BREAKAGE: Final = {
    "core_national_power_key": "insert into core.core_national_power from core.core_national_power limit 1",
    "core_national_power_balances": "update core.core_national_power set fioul = 0, charbon = 0, eolien = 0,"
    " solaire = 0, hydraulique = 0, bioenergies = 0, ech_physiques = 0 where nature = 'Données temps réel'",
    "daily_mix_key": "insert into marts.daily_mix from marts.daily_mix limit 1",
    "daily_mix_rows": "update marts.daily_mix set measured_slots = 97",
    "daily_mix_sources": "insert into marts.daily_mix by name select * replace (civil_date + 1 as civil_date,"
    " null as gaz_mwh) from marts.daily_mix where mix_slots > 0 limit 1",
    "daily_mix_shares": "update marts.daily_mix set nucleaire_share = 2",
    "daily_merged_rows": "update marts.daily_merged set stock_gaz_complete = true",
    "daily_merged_plausible": "update marts.daily_merged set tmoy_c = 60, tmax_c = 60, tmin_c = 60",
    "hourly_national_rows": "update marts.hourly_national set measured_slots = 5",
    "tempo_days_colours": "insert into marts.tempo_days values ('2024-01-01', 'VERT')",
    "records_daily_rows": "update marts.records_daily set previous_date = civil_date",
    "completeness_daily_rows": "update marts.completeness_daily set measured = -1 where measured = 96",
    "completeness_daily_plausible": "update marts.completeness_daily set measured = 99 where measured = 48",
}


def test_the_data_tests_fail_on_what_they_are_there_for(lab: Lab, tmp_path: Path) -> None:
    broken = lab.copy(tmp_path)
    for statement in BREAKAGE.values():
        broken.run(statement)
    assert failing(lab) == set()
    assert failing(broken) == BREAKAGE.keys()


def failing(lab: Lab) -> set[str]:
    """The data tests that find something, over every day."""
    tests = {step.name.split(".")[2]: step.sql for step in lab.steps if step.relation is None and step.sql}
    with duckdb.connect(lab.path) as connection:
        return {name for name, sql in tests.items() if connection.execute(sql).fetchall()}
