"""What engines do differently, by value: the smallest input that tells them apart, on each engine that is there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.by_value import EXPRESSIONS
from tests.spark import PYTHON, QUICK, cluster
from tests.support import ROOT
from watthouse.settings import Settings
from watthouse.warehouse.engines import at

pytestmark = [pytest.mark.slow]

HALF_PAST_ONE: Final = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
CIVIL_YEAR: Final = (date(2025, 1, 1) - date(2024, 1, 1)).days
EXPECTED: Final[Mapping[str, object]] = {
    **{f"sunday {day}": day.isoweekday() == 7 for day in (date(2024, 3, 30), date(2024, 3, 31), date(2024, 4, 1))},
    "quarter hours of 2024-03-24": 96,
    "quarter hours of 2024-03-29": 96,
    "quarter hours of 2024-03-31": 92,
    "quarter hours of 2024-10-27": 96,
    "month": 31 * 96 - 4,
    "year": CIVIL_YEAR * 96 - 4,
    "half hour": int(HALF_PAST_ONE.timestamp()) // 1800,
    "half hour before": int(HALF_PAST_ONE.timestamp()) // 1800 - 1,
    "quarter hour": int(HALF_PAST_ONE.timestamp()) // 900 + 1,
    "microseconds": int(HALF_PAST_ONE.timestamp()) * 10**6 + 123_456,
    "next day": date(2024, 2, 28) + timedelta(days=1),
    "day before": date(2024, 3, 1) - timedelta(days=1),
    "day after none": None,
    "next month": date(2024, 2, 1),
    "next year": date(2025, 1, 1),
    "days between": CIVIL_YEAR,
    "first of year": date(2024, 1, 1),
    "clock time": "02:30:00",
    "least": 1,
    "least of none": None,
    "greatest": 2,
    "greatest of none": None,
    "names": "a, b",
    "no names": None,
    "half up": "0.13",
    "half down": "-0.13",
    "mean": "0.5001",
    "mean below": "-0.5001",
    "days": 3,
    "last of days": date(2024, 3, 1),
    "one day": 1,
    **{name: True for name in EXPRESSIONS if name.startswith("none as ")},
}


def test_each_has_an_expectation() -> None:
    assert EXPECTED.keys() == EXPRESSIONS.keys()


def test_on_duckdb(tmp_path: Path) -> None:
    assert found(tmp_path, sys.executable, {"WATTHOUSE_DBT_TARGET": "duckdb"}) == expected()


def test_on_postgres(tmp_path: Path, database: str) -> None:
    assert found(tmp_path, sys.executable, at(database, Settings(home=tmp_path)).dbt()) == expected()


@pytest.mark.bigquery
def test_on_bigquery(tmp_path: Path, bigquery_server: str) -> None:
    settings = Settings(home=tmp_path, bigquery_endpoint=bigquery_server)
    assert found(tmp_path, sys.executable, at("bigquery://by-value", settings).dbt()) == expected()


@pytest.mark.spark
def test_on_spark(tmp_path: Path, spark_jars: Path) -> None:
    settings = Settings(home=tmp_path, spark_python=PYTHON, spark_jars=spark_jars)
    assert found(tmp_path, PYTHON, at(f"spark://{tmp_path}", settings).dbt()) == expected()


@pytest.mark.spark
def test_on_a_cluster(tmp_path: Path, spark_jars: Path) -> None:
    """A master, and a worker that computes in a process of its own; the driver is ours."""
    settings = Settings(home=tmp_path, spark_python=PYTHON, spark_jars=spark_jars)
    with cluster(tmp_path) as master:
        assert found(tmp_path, PYTHON, at(f"{master}{tmp_path}", settings).dbt()) == expected()
        assert list(tmp_path.glob("app-*/0/stderr")), "an executor ran"


def expected() -> dict[str, str | None]:
    """As an engine says it."""
    words = {True: "true", False: "false", None: None}
    return {
        name: words[value] if isinstance(value, bool) or value is None else str(value)
        for name, value in EXPECTED.items()
    }


def found(folder: Path, python: str | Path, profile: Mapping[str, str]) -> dict[str, str | None]:
    done = subprocess.run(
        [str(python), "-m", "tests.by_value", str(folder)],
        env={**os.environ, **QUICK, **profile, "PYTHONPATH": str(ROOT), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return answer
