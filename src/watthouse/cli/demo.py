"""The verb that shows the live path: every part of it on this machine, over a synthetic sample."""

import webbrowser
from typing import Annotated

import typer

from watthouse.cli import console
from watthouse.cli.app import extra, settings_of, stream, verb
from watthouse.cli.options import Port
from watthouse.cli.update import staying


@verb(stream)
def demo(
    port: Port = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
) -> None:
    """Start Kafka, a store, the sample service, producer, processor and pages, until Ctrl-C ends all of it."""
    settings = settings_of() if port is None else settings_of(port=port)
    with extra("serve"):
        from watthouse.serve.server import refuse_taken
    with extra("stream"):
        from watthouse.stream.demo import running
    refuse_taken("127.0.0.1", settings.port)
    with staying(), running(settings, lambda line: console.out.print(f"starting {console.safe(line)}")) as show:
        console.out.print(f"live page: {show.page} (synthetic figures; Ctrl-C ends everything)")
        if open_page:
            webbrowser.open(show.page)
        show.go_on()
