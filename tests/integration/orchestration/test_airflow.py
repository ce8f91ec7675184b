"""The monthly DAG on a real Airflow: a month by `dags test`, three by a backfill with a task killed, end to end."""

import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
import pytest

from tests import servers
from tests.airflow import DAG, PROGRAM, airflow, environment, standalone, states, tries, wait
from tests.integration.service import Service, service
from tests.integration.test_runs import runs
from tests.support import begun
from tools.services.base import ServiceFailedError
from watthouse.catalog import live

pytestmark = [pytest.mark.slow, pytest.mark.orchestration]

NOW: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)
SINCE: Final = date(2025, 12, 20)
"""So that twelve days of December are consolidated by then."""
MONTHS: Final = ("2025-12", "2026-01", "2026-02")


@dataclass(frozen=True)
class Chain:
    """What the DAG works on, from the service to the datamart, and the Airflow that it runs on."""

    served: Service
    bucket: servers.Bucket
    dumped: str
    datamart: str
    home: Path
    env: Mapping[str, str]

    def stored(self) -> set[tuple[str, str]]:
        """Dataset and month of every export in the store."""
        names = [name.split("/")[-2:] for name in self.bucket.names() if "/exports/" in name]
        return {(dataset, file.removesuffix(".parquet")) for dataset, file in names if file.endswith(".parquet")}

    def loaded(self) -> dict[tuple[str, str], int]:
        """Rows of every dataset and month in PostgreSQL."""
        return {
            (one, month): rows for one, month, rows in _asked(self.dumped, "dataset, month, rows", "raw_exports.files")
        }

    def published(self, months: tuple[str, ...]) -> dict[tuple[str, str], int]:
        """The same by the publisher, past any HTTP; months without rows are left out."""
        bounds = [datetime.fromisoformat(f"{month}-01T00:00+00:00") for month in (*MONTHS, "2026-03")]
        ends = dict(zip(MONTHS, pairwise(bounds), strict=True))
        table = self.served.publisher.table
        rows = {(name, month): table(name, NOW, *ends[month]).height for name in live() for month in months}
        return {key: count for key, count in rows.items() if count}


def _asked(url: str, columns: str, table: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(f"select {columns} from {table}").fetchall()  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def chain(
    s3_server: str, warehouse_server: str, datamart_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    if not PROGRAM.exists():
        servers.do_without(
            ServiceFailedError("Airflow has an environment of its own: run `make .venv-airflow/installed`")
        )
    folder, bucket = tmp_path_factory.mktemp("airflow"), servers.s3(s3_server)
    with (
        servers.database(warehouse_server) as dumped,
        servers.database(datamart_server) as datamart,
        service(SINCE, NOW) as served,
    ):
        home = begun(folder / "home")
        variables = {
            **served.variables,
            **bucket.variables,
            "WATTHOUSE_HOME": str(home),
            "WATTHOUSE_LAKE": f"{bucket.url}/lake",
            "WATTHOUSE_DUMP_URL": dumped,
            "WATTHOUSE_DATAMART": datamart,
            "WATTHOUSE_SAMPLE_TODAY": str(NOW.date()),
        }
        env = environment(folder, variables)
        migrated = airflow(env, "db", "migrate")
        assert migrated.returncode == 0, migrated.stderr
        yield Chain(served, bucket, dumped, datamart, home, env)


def test_a_month_goes_from_the_service_through_store_and_database_to_the_datamart(chain: Chain) -> None:
    done = airflow(chain.env, "dags", "test", DAG, "2025-12-01T06:00:00+01:00")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(chain.env) == {"2025-12": "success"}
    published = chain.published(MONTHS[:1])
    assert chain.stored() == published.keys()
    assert chain.loaded() == published
    days = {day for (day,) in _asked(chain.datamart, "distinct civil_date", "datamart.fact_daily_balance")}
    consolidated = chain.served.publisher.table("eco2mix-national-cons-def", NOW)["date"].unique()
    assert {str(day) for day in days} == {str(day) for day in consolidated}
    assert {run["started_by"] for run in runs(chain.home, dict(chain.env))} == {"airflow"}


def test_three_months_are_backfilled_and_a_task_that_is_killed_is_tried_again(chain: Chain) -> None:
    with standalone(chain.env) as running:
        # the run that is due at once is of last month: it fails, as the sample ends before that
        assert airflow(chain.env, "dags", "unpause", DAG).returncode == 0
        wait(lambda: _have_ended(chain, 2), lambda: states(chain.env))
        asked = airflow(chain.env, *_BACKFILL)
        assert asked.returncode == 0, asked.stdout + asked.stderr
        _kill(running, "dump")
        wait(lambda: _have_ended(chain, 4), lambda: states(chain.env))
    ended = states(chain.env)
    assert [ended.get(month) for month in MONTHS] == ["success"] * 3
    dumps, shipments = ([tries(chain.env, task)[month] for month in MONTHS] for task in ("dump", "ship"))
    assert sum(dumps) == sum(shipments) + 1, "one was killed, and tried again"
    assert chain.loaded() == chain.published(MONTHS)
    assert chain.stored() == chain.published(MONTHS).keys()
    assert any((Path(chain.env["AIRFLOW_HOME"]) / "logs").rglob("*.log"))


def _have_ended(chain: Chain, runs_of_it: int) -> bool:
    found = states(chain.env)
    return len(found) == runs_of_it and {*found.values()} <= {"success", "failed"}


_BACKFILL: Final = (
    "backfill", "create", "--dag-id", DAG, "--from-date", "2025-12-01", "--to-date", "2026-02-28",
    "--reprocess-behavior", "completed", "--max-active-runs", "1",
)  # fmt: skip


def _kill(running: psutil.Process, verb: str) -> None:
    """Kill watthouse at that verb, the first time that it is seen there."""
    found: list[psutil.Process] = []

    def seen() -> bool:
        for process in running.children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.Error:
                continue
            if verb in words and words[0] != "bash":
                found.append(process)
        return bool(found)

    wait(seen, lambda: f"no {verb} is at work")
    found[0].send_signal(signal.SIGKILL)
