"""The deployment of the hourly flow on a Prefect server: made, served, taken away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import httpx
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.exceptions import ObjectNotFound
from prefect.flows import EntrypointType
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from watthouse.errors import OrchestrationError
from watthouse.orchestration import blocks
from watthouse.orchestration.flow import refresh
from watthouse.settings import Settings

NAME: Final = "hourly"
FULL_NAME: Final = f"{refresh.name}/{NAME}"
LOCAL: Final = "http://127.0.0.1:4200/api"
HOURLY: Final = Cron("0 * * * *", timezone="Europe/Paris")
# a refresh takes everything since the last: one that comes while another is at work has nothing left to do
ONE_AT_A_TIME: Final = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


@contextmanager
def server(url: str | None) -> Iterator[str]:
    """The API at that URL, else that of Prefect's own settings, else a server of this machine.

    Raises :class:`~watthouse.errors.OrchestrationError` where it does not answer, or refuses.
    """
    chosen = url or get_current_settings().api.url or LOCAL
    with temporary_settings({PREFECT_API_URL: chosen}):
        try:
            with get_client(sync_client=True) as client:
                client.hello()
            yield chosen
        except httpx.HTTPStatusError as error:
            code = error.response.status_code
            advice = "set PREFECT_API_KEY" if code in {401, 403} else "look into its log"
            raise OrchestrationError(f"the Prefect server at {chosen} answered {code}: {advice}") from error
        except httpx.TransportError as error:
            raise OrchestrationError(
                f"no Prefect server answers at {chosen}: start one with `prefect server start`, or name it with --api"
            ) from error


def setup(settings: Settings) -> list[str]:
    """Make, or bring up to date, the three blocks and the deployment; returns what there is now."""
    made = [_saved(block) for block in blocks.of_environment(settings, os.environ)]
    refresh.to_deployment(
        NAME, schedule=HOURLY, concurrency_limit=ONE_AT_A_TIME, entrypoint_type=EntrypointType.MODULE_PATH
    ).apply()
    return [*made, f"deployment {FULL_NAME}"]


def serve(settings: Settings) -> None:
    """Run what is due, until a signal; blocks that are missing are made of this process's environment."""
    for block in blocks.of_environment(settings, os.environ):
        try:
            type(block).load(blocks.NAME)
        except ValueError:
            _saved(block)
    refresh.serve(
        NAME,
        schedule=HOURLY,
        global_limit=ONE_AT_A_TIME,
        # a run that was missed while nobody served is late, and is taken up by whoever serves next
        pause_on_shutdown=False,
        print_starting_message=False,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def remove() -> list[str]:
    """Take away what `setup` made; returns what was there. Runs that Prefect remembers are its own."""
    gone = []
    with get_client(sync_client=True) as client:
        with suppress(ObjectNotFound):
            client.delete_deployment(client.read_deployment_by_name(FULL_NAME).id)
            gone.append(f"deployment {FULL_NAME}")
        for kind in blocks.KINDS:
            with suppress(ObjectNotFound):
                slug = str(kind.get_block_type_slug())
                client.delete_block_document(client.read_block_document_by_name(blocks.NAME, slug).id)
                client.delete_block_type(client.read_block_type_by_slug(slug).id)
                gone.append(f"block {slug}/{blocks.NAME}")
    return gone


def _saved(block: Block) -> str:
    block.save(blocks.NAME, overwrite=True)
    return f"block {block.get_block_type_slug()}/{blocks.NAME}"
