"""Airflow with its own database, as the folder `airflow/` has it set; and the real thing beside a test."""

import os
import secrets
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from tools.services.base import free_port

ROOT: Final = Path(__file__).parents[1]
PROGRAM: Final = ROOT / ".venv-airflow" / "bin" / "airflow"
FOLDER: Final = ROOT / "airflow"
DAG: Final = "watthouse_monthly"
_PATIENCE: Final = 240.0


def environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Of an Airflow whose database and logs lie in ``home``, and whose tasks have ``more``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WATTHOUSE_", "AIRFLOW"))}
    port = str(free_port())
    own = {
        "PATH": f"{PROGRAM.parent}:{kept['PATH']}",  # `standalone` calls itself by its name
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(FOLDER / "config" / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER / "dags"),
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__PORT": port,
        # each process makes up one of its own where none is set, and refuses the others'
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW_VAR_WATTHOUSE_PROGRAM": str(ROOT / ".venv" / "bin" / "watthouse"),
    }
    return {**kept, **own, **more}


def airflow(env: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], env=env, capture_output=True, text=True, check=False)


@contextmanager
def standalone(env: Mapping[str, str]) -> Iterator[psutil.Process]:
    """Scheduler, DAG processor and API beside the block; all of them are ended with their group."""
    home = Path(env["AIRFLOW_HOME"])
    with (home / "standalone.log").open("ab") as log:
        process = subprocess.Popen([PROGRAM, "standalone"], env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            wait(lambda: _is_ready(env), lambda: (home / "standalone.log").read_text()[-3000:])
            yield psutil.Process(process.pid)
        finally:
            # api-server and scheduler make groups of their own
            started = psutil.Process(process.pid).children(recursive=True)
            os.killpg(process.pid, signal.SIGTERM)
            _, left = psutil.wait_procs(started, timeout=20)
            for one in left:
                one.kill()
            process.wait(20)


def states(env: Mapping[str, str]) -> dict[str, str]:
    """The state of every run of the DAG, by the month of its logical date."""
    rows = _asked(env, "select logical_date, state from dag_run where dag_id = ? order by 1", DAG)
    return {str(began)[:7]: str(state) for began, state in rows}


def tries(env: Mapping[str, str], task: str) -> dict[str, int]:
    """How often that task was tried in each run, by the month of its logical date."""
    query = (
        "select r.logical_date, t.try_number from task_instance t join dag_run r using (dag_id, run_id)"
        " where r.dag_id = ? and t.task_id = ?"
    )
    return {str(month)[:7]: int(str(number)) for month, number in _asked(env, query, DAG, task)}


def wait(done: Callable[[], object], why: Callable[[], object]) -> None:
    """Until it is; fails with the reason where that takes minutes."""
    until = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < until, why()
        time.sleep(0.1)


def _is_ready(env: Mapping[str, str]) -> bool:
    """Whether the API answers, and the DAG was read."""
    try:
        httpx.get(f"http://127.0.0.1:{env['AIRFLOW__API__PORT']}/api/v2/monitor/health", timeout=2).raise_for_status()
    except httpx.HTTPError:
        return False
    return bool(_asked(env, "select 1 from serialized_dag where dag_id = ?", DAG))


def _asked(env: Mapping[str, str], query: str, *words: str) -> list[tuple[object, ...]]:
    database = f"file:{env['AIRFLOW_HOME']}/airflow.db?mode=ro"
    with closing(sqlite3.connect(database, uri=True, timeout=30)) as connection:
        return connection.execute(query, words).fetchall()
