"""The verbs that serve: a home, or the sample alone."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from watthouse.cli import console
from watthouse.cli.app import extra, settings_of, verb
from watthouse.cli.options import OfSample, Port, day, folder
from watthouse.errors import UsageError
from watthouse.home import Home
from watthouse.settings import Settings, StreamlitSide


@verb()
def serve_(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Port = None,
    home: Annotated[
        Path | None,
        typer.Option(parser=folder, metavar="FOLDER", help="The home to serve.", show_default="WATTHOUSE_HOME"),
    ] = None,
    sample: OfSample = False,
    streamlit: Annotated[
        bool, typer.Option("--streamlit", help="Regions and sources in Streamlit instead, to build on.")
    ] = False,
    on: Annotated[
        StreamlitSide | None,
        typer.Option(
            "--on", help="Where the pages in Streamlit read.", show_default="WATTHOUSE_STREAMLIT_ON, or marts"
        ),
    ] = None,
) -> None:
    """Serve the marts: pages to look at, an API at /api/v1, its documentation at /docs."""
    if on and not streamlit:
        raise UsageError(f"--on {on.value} is for the pages in Streamlit: add --streamlit")
    chosen = {"host": host, "port": port, "home": home, "streamlit_on": on}
    settings = settings_of(sample=sample, **{name: value for name, value in chosen.items() if value is not None})
    if streamlit:
        _serve_streamlit(settings)
    else:
        if Home(settings).holds_sample():
            console.announce_sample()
        serve_home(settings)


def _serve_streamlit(settings: Settings) -> None:
    # the datamart's pages need no home
    if settings.streamlit_on is not StreamlitSide.DATAMART and Home(settings).holds_sample():
        console.announce_sample()
    with extra("streamlit"):
        from watthouse.serve.streamlit_run import run
    run(settings)


def serve_home(settings: Settings, *, afresh: bool = False) -> None:
    """Serve the API and the pages; ``afresh`` where this process has computed before."""
    # A server forked from a process that has run polars or Arrow lacks their threads, and waited for them forever:
    # after a refresh (`watthouse run --serve`) it is started as a new process instead.
    warehouse = Home(settings).warehouse
    if not warehouse.answers:
        raise UsageError(
            "pages and API answer from the file of a home or from PostgreSQL: bring the marts there with `watthouse"
            f" build --from-engine {warehouse.place}`"
        )
    with extra("serve"):
        from watthouse.serve.server import refuse_taken, serve
    refuse_taken(settings.host, settings.port)
    console.serving_home(settings)
    serve(settings, afresh=afresh or bool(settings.lake or settings.warehouse))


@verb()
def sample(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8051,
    since: Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="First day of the history.")] = None,
    until: Annotated[
        date | None, typer.Option(parser=day, metavar="DAY", help="Stop its clock at noon of this day.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed makes another country.")] = None,
    trouble: Annotated[
        str, typer.Option(metavar="KIND:EVERY,…", help="What goes wrong, and how often: 429:9 is every ninth request.")
    ] = "",
) -> None:
    """Serve the synthetic ODRÉ alone, over HTTP."""
    from watthouse.sample.publishing import Publisher
    from watthouse.sample.server import Sample, serve
    from watthouse.sample.trouble import Troubles

    settings = settings_of(sample_today=until) if until else settings_of()
    first = since or settings.sample_since
    if until and until < first:
        raise UsageError(f"--until {until} is earlier than --since {first}: swap them")
    publisher = Publisher(settings.sample_seed if seed is None else seed, first)
    serve(Sample(publisher, now=settings.sample_now, troubles=Troubles.of(trouble)), port, console.serving)
