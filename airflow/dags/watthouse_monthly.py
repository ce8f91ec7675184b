"""Once a month: the publisher's own files of the month that ended, then consolidated values into marts and datamart.

Each task is one call of watthouse, with the variables of the Airflow that runs it; the Airflow variable
``watthouse_program`` names the command where it is not on the PATH.
"""

import pendulum
from airflow.sdk import CronDataIntervalTimetable, chain, dag, task

PROGRAM = "{{ var.value.get('watthouse_program', 'watthouse') }}"
# Of its logical date, which is when its interval began: a backfill and a run by hand are of the month that they name.
MONTH = "{{ (dag_run.logical_date or dag_run.run_after).astimezone(dag.timezone).strftime('%Y-%m') }}"
OF_THE_MONTH = f"--since {MONTH} --until {MONTH}"
CONSOLIDATED = "eco2mix-national-cons-def eco2mix-regional-cons-def"
STARTED_BY = {"WATTHOUSE_STARTED_BY": "airflow"}


@dag(
    schedule=CronDataIntervalTimetable("0 6 1 * *", timezone="Europe/Paris"),
    start_date=pendulum.datetime(2012, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["watthouse"],
)
def watthouse_monthly() -> None:
    """Grab, dump, refresh, ship, check: in this order, each after the one before."""

    @task.bash(env=STARTED_BY, append_env=True)
    def grab() -> str:
        """The publisher's Parquet of the month, into the store: what is there already is left alone."""
        return f"{PROGRAM} grab {OF_THE_MONTH}"

    @task.bash(env=STARTED_BY, append_env=True)
    def dump() -> str:
        """The same into PostgreSQL, a month a transaction."""
        return f"{PROGRAM} dump {OF_THE_MONTH}"

    @task.bash(env=STARTED_BY, append_env=True)
    def refresh() -> str:
        """Consolidated values, whatever month they are of, and the marts that follow."""
        return f"{PROGRAM} refresh {CONSOLIDATED}"

    @task.bash(env=STARTED_BY, append_env=True)
    def ship() -> str:
        """The days that differ, to the datamart."""
        return f"{PROGRAM} datamart ship"

    @task.bash(env=STARTED_BY, append_env=True)
    def check() -> str:
        """The lake is whole, and nothing in it is older than it may be."""
        return f"{PROGRAM} status --check"

    chain(grab(), dump(), refresh(), ship(), check())


watthouse_monthly()
