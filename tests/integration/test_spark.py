"""Spark on real files: it builds from the lake where it lies what the other engines build, and they take it over."""

import csv
import json
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from tests.spark import PYTHON, QUICK
from tests.support import watthouse

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.spark]

FILES: Final = (
    "odre/eco2mix-national-tr_2025-q1.parquet",
    "odre/eco2mix-national-cons-def_2024-01_6-rows.csv",
    "odre/eco2mix-regional-cons-def_hauts-de-france_2024.csv",
    "odre/stock-quotidien-stockages-gaz_2010-2022.csv",
    "odre/temperature-quotidienne-regionale_2016-2025.parquet",
    "rte/eCO2mix_RTE_tempo_2025-2026.xls",
)
Variables = Mapping[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """Real files in a lake, built by DuckDB."""
    home = tmp_path_factory.mktemp("spark") / "home"
    run(home, "refresh", "--from", *(real_data / name for name in FILES))
    return home


@pytest.fixture(scope="module")
def on_spark(home: Path, spark_jars: Path) -> Variables:
    """The variables by which that home has its warehouse on Spark; it is built."""
    variables = {
        "WATTHOUSE_WAREHOUSE": f"spark://{home.parent / 'built'}",
        "WATTHOUSE_SPARK_PYTHON": str(PYTHON),
        "WATTHOUSE_SPARK_JARS": str(spark_jars),
        **QUICK,
    }
    assert "built 38 models" in run(home, "build", env=variables)
    return variables


def run(home: Path, *words: str | Path, env: Variables | None = None, code: int = 0) -> str:
    """What a call prints, refusals included."""
    done = watthouse(home, *words, env=env)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_every_table_is_the_same_on_three_engines(home: Path, on_spark: Variables, database: str) -> None:
    run(home, "build", env={"WATTHOUSE_WAREHOUSE": database})
    told = run(home, "parity", on_spark["WATTHOUSE_WAREHOUSE"], database)
    for table in ("core.core_regional_power", "marts.daily_merged", "energy_consumption.consumption"):
        assert told.count(table) == 2


def test_gas_is_the_sum_of_what_was_reported(home: Path, on_spark: Variables, real_data: Path) -> None:
    """Once it was null on every day: an empty list of missing operators was '' on Spark, and no null."""
    with (real_data / FILES[3]).open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["date"] == "2020-01-15"]
    told = run(
        home, "show", "gas_daily", "--since", "2020-01-15", "--until", "2020-01-15", "--format", "json", env=on_spark
    )
    (day,) = json.loads(told)
    assert day["missing_operators"] is None
    assert Decimal(str(day["stock_gaz_gwh"])) == sum(Decimal(row["stock_fin_de_journee"]) for row in rows)


def test_a_build_without_news_builds_nothing(home: Path, on_spark: Variables) -> None:
    before = current(on_spark)
    run(home, "build", env=on_spark)
    assert current(on_spark) == before


def test_one_that_fails_leaves_what_is_published(home: Path, on_spark: Variables, tmp_path: Path) -> None:
    before = current(on_spark)
    told = run(home, "build", "--full", env={**on_spark, "WATTHOUSE_SPARK_JARS": str(tmp_path)}, code=1)
    assert "lacks delta-spark_2.13-4.0.0.jar" in told
    assert len(told.strip().splitlines()) == 1
    assert current(on_spark) == before
    run(home, "build", env=on_spark)  # which sweeps
    assert {path.name for path in folder(on_spark).iterdir() if path.is_dir()} == {before}


def test_what_is_built_is_brought_to_a_file(home: Path, on_spark: Variables, tmp_path: Path) -> None:
    own = elsewhere(home, tmp_path / "own")
    told = run(own, "build", "--from-engine", on_spark["WATTHOUSE_WAREHOUSE"], env=on_file(on_spark))
    assert "built 38 models, ran 47 tests" in told
    run(own, "parity", home)


def test_what_is_built_is_brought_to_a_database(home: Path, on_spark: Variables, database: str) -> None:
    variables = {"WATTHOUSE_WAREHOUSE": database}
    run(home, "build", "--from-engine", on_spark["WATTHOUSE_WAREHOUSE"], env=variables)
    run(home, "parity", home, env=variables)


def test_nothing_is_brought_of_other_data(on_spark: Variables, tmp_path: Path) -> None:
    sample = {**on_file(on_spark), "WATTHOUSE_SAMPLE_SINCE": "2026-11-20"}
    run(tmp_path, "fetch", "--sample", env=sample)
    told = run(tmp_path, "build", "--sample", "--from-engine", on_spark["WATTHOUSE_WAREHOUSE"], env=sample, code=1)
    assert "was built from other data" in told


def folder(variables: Variables) -> Path:
    return Path(variables["WATTHOUSE_WAREHOUSE"].removeprefix("spark://"))


def current(variables: Variables) -> str:
    """The folder of the build that is read."""
    return str(json.loads((folder(variables) / "current.json").read_text())["build"])


def on_file(variables: Variables) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name != "WATTHOUSE_WAREHOUSE"}


def elsewhere(home: Path, own: Path) -> Path:
    """A home with the same lake, and no warehouse."""
    shutil.copytree(home, own, ignore=shutil.ignore_patterns("warehouse.duckdb", "scratch"))
    return own
