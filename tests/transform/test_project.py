"""What the dbt project promises about itself: contracts, units, tests that can fail."""

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.transform.lab import NATIONAL, Lab, dbt, half_hours, manifest, power
from tests.transform.test_marts import QUARTERLY, RANKED
from watthouse.catalog import CATALOG, REAL_TIME
from watthouse.settings import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("transform")]

UNITS = {
    "MWh",
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
}
NUMERIC = re.compile(r"decimal|double|integer|bigint")
NO_UNIT = {"civil_year"}
MARTS = {
    "daily_merged",
    "daily_mix",
    "hourly_national",
    "daily_regional",
    "monthly_regional",
    "yearly_regional",
    "gas_daily",
    "temperature_daily",
    "exchanges_daily",
    "forecast_daily",
}


def models(schema: str) -> dict[str, Any]:
    nodes = [node for node in manifest().nodes.values() if node.resource_type == "model" and node.schema == schema]
    return {node.name: node for node in nodes}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("project"))
    lab.observe(NATIONAL[0], power(QUARTERLY, REAL_TIME, 10_000, nucleaire=9_000, gaz=500, pompage=-10))
    lab.observe(NATIONAL[1], half_hours(RANKED, 10_000))
    lab.build(full=True)
    return lab


def test_every_mart_has_an_enforced_contract() -> None:
    assert models("marts").keys() == MARTS
    for name, node in models("marts").items():
        assert node.config.contract.enforced, name


def test_a_mart_that_breaks_its_contract_is_not_built(lab: Lab, tmp_path: Path) -> None:
    project = tmp_path / "transform"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "*.py*"))
    shutil.copy(lab.path, tmp_path)
    declared = project / "models" / "marts" / "temperature.yml"
    declared.write_text(
        declared.read_text().replace('name: tmoy_c, data_type: "decimal(9,3)"', 'name: tmoy_c, data_type: "varchar"')
    )
    (result,) = dbt(tmp_path, "run", "--select", "temperature_daily", project=project, check=False)
    assert result.status == "error"
    assert "contract" in result.message


@pytest.mark.parametrize("name", sorted(MARTS))
def test_every_column_of_a_mart_is_documented_with_its_unit(lab: Lab, name: str) -> None:
    node = models("marts")[name]
    assert node.description.strip()
    with duckdb.connect(lab.path) as connection:
        held = [row[0] for row in connection.execute(f"describe marts.{name}").fetchall()]
    assert list(node.columns) == held
    for column in node.columns.values():
        assert column.description, column.name
        if NUMERIC.search(column.data_type) and column.name not in NO_UNIT:
            unit = re.search(r"\[([^]]+)]$", column.description)
            assert unit, f"{column.name}: {column.description}"
            assert unit[1] in UNITS, f"{column.name}: {column.description}"


def test_every_model_and_its_columns_are_documented(lab: Lab) -> None:
    with duckdb.connect(lab.path) as connection:
        for schema in ("staging", "core"):
            for name, node in models(schema).items():
                held = {row[0] for row in connection.execute(f"describe {schema}.{name}").fetchall()}
                assert node.description.strip(), name
                assert held == set(node.columns), name
                assert all(column.description for column in node.columns.values()), name


def test_every_dataset_has_its_staging_model() -> None:
    assert {f"stg_{dataset.table}" for dataset in CATALOG.values()} == models("staging").keys()


BREAKAGE = {
    "core_national_power_key": "insert into core.core_national_power from core.core_national_power limit 1",
    "core_national_power_balances": "update core.core_national_power set fioul = 0, charbon = 0, eolien = 0,"
    " solaire = 0, hydraulique = 0, bioenergies = 0, ech_physiques = 0 where nature = 'Données temps réel'",
    "daily_mix_key": "insert into marts.daily_mix from marts.daily_mix limit 1",
    "daily_mix_rows": "update marts.daily_mix set measured_slots = 97",
    "daily_mix_shares": "update marts.daily_mix set nucleaire_share = 2",
    "daily_merged_rows": "update marts.daily_merged set stock_gaz_complete = true",
    "daily_merged_plausible": "update marts.daily_merged set tmoy_c = 60, tmax_c = 60, tmin_c = 60",
    "hourly_national_rows": "update marts.hourly_national set measured_slots = 5",
}


def test_the_data_tests_fail_on_what_they_are_there_for(lab: Lab, tmp_path: Path) -> None:
    shutil.copy(lab.path, tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        for statement in BREAKAGE.values():
            connection.execute(statement)
        connection.execute(
            f"insert into raw.changed_days values ('{NATIONAL[0]}', '{QUARTERLY}'), ('{NATIONAL[1]}', '{RANKED}')"
        )
    results = dbt(tmp_path, "test", check=False)
    assert {result.node.name for result in results if result.status in {"fail", "warn"}} == BREAKAGE.keys()
