"""The verbs about the publisher's own files: into a store, and from there into PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from watthouse.cli import console, reports
from watthouse.cli.app import extra, home, service, verb
from watthouse.cli.options import FromMonth, LastMonth, Names, OfSample, ToMonth
from watthouse.errors import UsageError, WatthouseError
from watthouse.exports.months import Months
from watthouse.exports.report import ExportReport
from watthouse.exports.shelf import Shelf
from watthouse.home import REAL, Home
from watthouse.settings import Settings
from watthouse.sync.report import Selection

ToStore = Annotated[
    str | None,
    typer.Option("--to-store", metavar="PLACE", help="A folder, s3://… or gs://… instead of where the lake lies."),
]
FromStore = Annotated[
    str | None,
    typer.Option("--from-store", metavar="PLACE", help="A folder, s3://… or gs://… instead of where the lake lies."),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="URL",
        help="postgresql://user@host/database, or postgresql:///?service=name.",
        show_default=False,
    ),
]


@verb()
def grab(
    names: Names = None,
    since: FromMonth = None,
    until: ToMonth = None,
    last_month: LastMonth = False,
    to_store: ToStore = None,
    sample: OfSample = False,
) -> None:
    """Fetch ODRÉ's own Parquet exports, a file a month, byte for byte, into the lake's store or another one."""
    from watthouse.exports.grab import grab as grab_exports

    place, chosen = home(sample), Selection.of(names or ()).live().datasets
    months = Months.of(since, until, last_month=last_month, now=_now(place.settings, sample))
    shelf = _shelf(place, to_store, "--to-store")
    with _telling("fetched"), service(place, sample=sample) as served, console.bar() as bar:
        done = grab_exports(served, shelf, chosen, months, bar)
    _report(done, "fetched")


@verb()
def dump(
    names: Names = None,
    to: To = None,
    since: FromMonth = None,
    until: ToMonth = None,
    last_month: LastMonth = False,
    from_store: FromStore = None,
    sample: OfSample = False,
) -> None:
    """Load the exports that grab stored into PostgreSQL, raw: a table a dataset in schema raw_exports."""
    with extra("postgres"):
        import adbc_driver_postgresql.dbapi  # noqa: F401 - told apart from a failure: it is optional
        import psycopg  # noqa: F401

        from watthouse.database import Database
        from watthouse.exports.dump import dump as dump_exports

    place, chosen = home(sample), Selection.of(names or ()).datasets
    settings = place.settings
    months = Months.of(since, until, last_month=last_month, now=_now(settings, sample))
    url = to or (settings.dump_url.get_secret_value() if settings.dump_url else "")
    if not url:
        raise UsageError("no database is named: use --to postgresql://user@host/database, or set WATTHOUSE_DUMP_URL")
    shelf = _shelf(place, from_store, "--from-store")
    with _telling("loaded"), console.bar() as bar:
        done = dump_exports(shelf, Database(url), chosen, months, bar)
    _report(done, "loaded")


def _shelf(home: Home, url: str | None, name: str) -> Shelf:
    return Shelf(home.settings.place(url, name) if url else home.place, home.settings.lease_seconds)


def _now(settings: Settings, sample: bool) -> datetime:
    return (settings.sample_now if sample else None) or datetime.now(UTC)


@contextmanager
def _telling(verb: str) -> Iterator[None]:
    """Print what was done before an error too."""
    try:
        yield
    except WatthouseError as error:
        if isinstance(error.report, ExportReport):
            _print(error.report, verb)
        raise


def _report(done: ExportReport, verb: str) -> None:
    _print(done, verb)
    if done.failed:
        raise typer.Exit(1)


def _print(done: ExportReport, verb: str) -> None:
    if done.kind != REAL:
        console.announce_sample()
    reports.exports(done, verb)
