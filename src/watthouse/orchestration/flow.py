"""The hourly refresh as a flow of Prefect: a task a dataset, then the marts, then what changed, for people to see."""

from typing import Any, Final

from prefect import State, flow, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.states import Failed

from watthouse.catalog import live
from watthouse.errors import SourceError, WatthouseError
from watthouse.home import Home
from watthouse.operate import pipeline
from watthouse.orchestration import blocks
from watthouse.sync.report import Report, Selection

RETRIES: Final = 2


@task(task_run_name="fetch {dataset}", retries=RETRIES)
def fetch(dataset: str) -> dict[str, Any]:
    """What has moved of one dataset, into the lake; returns the counts."""
    done = _whole(pipeline.fetch(Home(blocks.apply()), None, Selection.of([dataset])))
    counts = done.counts
    return {"dataset": dataset, "fetched": counts.fetched, "new": counts.new, "revised": counts.revised}


@task(task_run_name="build", retries=RETRIES)
def build() -> int:
    """The marts, from what the lake has; returns how many models and tests were run."""
    return len(_whole(pipeline.build(Home(blocks.apply()))).built or ())


@flow(name="watthouse")
def refresh(retry_seconds: float = 60) -> State[Any] | None:
    """Bring the lake and the marts up to date; a dataset that cannot be had keeps none of the others."""
    # one after the other: a home has one writer
    fetched = {name: _tried(fetch, retry_seconds, name) for name in live()}
    built = _tried(build, retry_seconds)
    rows = [state.result() for state in fetched.values() if state.is_completed()]
    create_table_artifact(rows, key="watthouse-changes", description="What the last refresh brought, in rows")
    settings = blocks.apply()
    create_link_artifact(f"http://{settings.host}:{settings.port}/", "The pages", key="watthouse-pages")
    reasons = [_reason(state) for state in (*fetched.values(), built) if not state.is_completed()]
    return Failed(message="; ".join(dict.fromkeys(reasons))) if reasons else None


def _tried(call: Any, retry_seconds: float, *words: str) -> Any:
    return call.with_options(retry_delay_seconds=retry_seconds)(*words, return_state=True)


def _whole(done: Report) -> Report:
    """The report of a call; raises with the first reason where something was refused."""
    if done.failed:
        raise SourceError(next(iter(done.failed.values())))
    return done


def _reason(state: State[Any]) -> str:
    """The pipeline's own line."""
    error = state.result(raise_on_failure=False)
    return str(error) if isinstance(error, WatthouseError) else str(state.message)
