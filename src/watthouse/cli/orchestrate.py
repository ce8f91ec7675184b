"""The verbs that hand the pipeline to a scheduler."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Annotated, Final

import typer

from watthouse.cli import console
from watthouse.cli.app import prefect, settings_of, verb
from watthouse.errors import UsageError
from watthouse.settings import Settings

Api = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="API of the Prefect server, or of Cloud (its key in PREFECT_API_KEY); else as Prefect itself is set.",
        show_default="http://127.0.0.1:4200/api",
    ),
]

_QUIET: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
}
"""Prefect reports how it is used to its makers, unless it is told not to."""


@verb(prefect)
def serve(api: Api = None) -> None:
    """Stay, and run the refresh every hour (Europe/Paris), and whenever somebody asks for it."""
    with _prefect(api) as (orchestration, settings, url):
        console.out.print(f"serving {orchestration.FULL_NAME} for {console.safe(url)}   (Ctrl-C ends it)")
        orchestration.serve(settings)
    console.out.print("stopped")


@verb(prefect)
def setup(api: Api = None) -> None:
    """Make the deployment and its three blocks, of the settings of this call; again and again, if you like."""
    with _prefect(api) as (orchestration, settings, url):
        for made in orchestration.setup(settings):
            console.out.print(made)
    console.out.print(
        f"{console.safe(url)} is ready: `{console.safe(console.program())} orchestrate prefect serve` runs it"
    )


@verb(prefect)
def remove(api: Api = None) -> None:
    """Take away the deployment and the blocks that setup made; the lake and the marts stay."""
    with _prefect(api) as (orchestration, _, url):
        gone = orchestration.remove()
    for what in gone or ["nothing"]:
        console.out.print(f"removed {what} from {console.safe(url)}")


@contextmanager
def _prefect(api: str | None) -> Iterator[tuple[ModuleType, Settings, str]]:
    """The module that speaks to Prefect, this call's settings, and the API that answered."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        from watthouse.orchestration import prefect as orchestration
    except ModuleNotFoundError as missing:
        raise UsageError(
            f"{missing.name} is not installed, and needs an environment of its own: `make .venv-prefect/installed` and"
            " .venv-prefect/bin/watthouse …; or pip install 'watthouse[prefect]' in a new one"
        ) from None
    with orchestration.server(api) as url:
        yield orchestration, settings_of(), url
