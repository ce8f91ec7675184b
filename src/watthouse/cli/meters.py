"""The verbs about meter files: into the database, looked over, shown, served."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from watthouse.cli import console, reports
from watthouse.cli.app import extra, meters, settings_of, verb
from watthouse.cli.options import AsJson, day
from watthouse.errors import UsageError, WatthouseError
from watthouse.settings import Settings

if TYPE_CHECKING:  # what the extra `meters` brings
    from watthouse.meters.storage.database import MeterDatabase

Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, zips or folders.", show_default=False)]


_AGAIN_MS = 30_000
"""Time after which a watched folder that could not be loaded is tried again."""


@verb(meters)
def load(
    paths: Paths,
    again: Annotated[bool, typer.Option("--again", help="Load files too that are held as they are.")] = False,
) -> None:
    """Load meter files into the database, each whole or not at all; those that are held already are passed over."""
    with _database() as (settings, database):
        _load(paths, settings, database, again=again)


@verb(meters)
def check(paths: Paths, as_json: AsJson = False) -> None:
    """Look meter files over: gaps, duplicates, steps that change, rows out of order, zeros, mixed units, bad lines."""
    from watthouse.meters.curve import curves
    from watthouse.meters.files import Refused, found
    from watthouse.meters.reading import Reading

    settings, looked_at, refused = settings_of(), [], {}
    for file in found(paths, settings):
        try:
            if isinstance(file, Refused):
                raise file.error
            looked_at.append(curves(Reading(file, settings.meter_tz)))
        except WatthouseError as error:
            refused[file.name] = str(error)
    if as_json:
        console.print_json([asdict(one) for one in looked_at])
    else:
        reports.curves(looked_at)
    for reason in refused.values():
        console.err.print(f"[red]refused[/]  {console.safe(reason)}")
    if refused or any(one.rejected for one in looked_at):
        raise typer.Exit(1)


@verb(meters)
def show(
    meter: Annotated[
        str | None, typer.Argument(metavar="METER", help="The code of a meter.", show_default=False)
    ] = None,
    on: Annotated[
        date | None, typer.Option("--day", parser=day, metavar="DAY", help="A day of that meter (YYYY-MM-DD).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The meters that are held; with a code, that meter's channels, or with a day, each channel's values of it."""
    if on and not meter:
        raise UsageError("--day wants the code of a meter before it")
    with _database() as (_, database), database.reading() as connection:
        from watthouse.meters import queries

        if meter is None:
            rows: Sequence[Any] = queries.meters(connection)
        elif on is None:
            rows = queries.channels(connection, meter)
        else:
            queries.channels(connection, meter)  # refuses a meter that there is not
            rows = queries.day(connection, meter, on)
    _print([asdict(row) for row in rows], as_json=as_json)


@verb(meters)
def serve(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
) -> None:
    """Load the folder of meter files, and serve them by the calls of the historic service."""
    chosen: dict[str, Any] = {"host": host} if host else {}
    settings = settings_of(port=port, **chosen)
    with extra("meters"), extra("serve"):
        from watthouse.serve.historic import create
        from watthouse.serve.listening import listen, refuse_taken
    refuse_taken(settings.host, settings.port)
    with _database() as (_, database), database.reading():
        pass  # one line here is better than a server without a database
    console.serving_meters(settings)
    # nothing was parsed in this process: the worker that is forked from it loads the folder
    listen(settings, create, afresh=False)


@verb(meters)
def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that files are dropped into.")],
) -> None:
    """Load a folder of meter files, and what is dropped into it, until Ctrl-C."""
    with extra("meters"):
        from watchfiles import watch as changes_of
    with _database() as (settings, database):
        _load([folder], settings, database, leave=False)
        missed = False
        for changes in changes_of(folder, raise_interrupt=True, rust_timeout=_AGAIN_MS, yield_on_timeout=True):
            changed = {Path(path) for _, path in changes}
            # whoever copies writes into a hidden file first, of which a load of the folder would not know either
            whole = sorted(path for path in changed if path.is_file() and not path.name.startswith("."))
            # what came during an outage is known to nobody: then all of the folder is looked at
            paths = [folder] if missed else whole
            try:
                if paths:
                    _load(paths, settings, database, leave=False)
                missed = False
            except WatthouseError as error:
                missed = True
                console.err.print(f"[red]failed[/]   {console.safe(str(error))}")


def _load(
    paths: Sequence[Path], settings: Settings, database: "MeterDatabase", *, again: bool = False, leave: bool = True
) -> None:
    """Load and report; exit 1 where a file was refused, unless more is to come."""
    from watthouse.meters.load import LoadReport
    from watthouse.meters.load import load as load_files

    try:
        with console.bar() as bar:
            done = load_files(paths, settings, database, bar, again=again)
    except WatthouseError as error:
        if isinstance(error.report, LoadReport):
            reports.meter_files(error.report)
        raise
    reports.meter_files(done)
    if leave and done.refused:
        raise typer.Exit(1)


@contextmanager
def _database() -> Iterator[tuple[Settings, "MeterDatabase"]]:
    with extra("meters"):
        from watthouse.meters.storage.database import MeterDatabase

    settings = settings_of()
    database = MeterDatabase(settings)
    try:
        yield settings, database
    finally:
        database.close()


def _print(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        console.print_json(rows)
        return
    if not rows:
        console.out.print("nothing is held: `watthouse meters load PATH` loads files")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(console.safe(_cell(value)) for value in row.values()))
    console.out.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return (
        console.moment(value)
        if value is not None and not isinstance(value, int)
        else str(value if value is not None else "–")
    )
