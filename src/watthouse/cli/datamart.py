"""The verbs about the datamart on a second server: brought up to the warehouse, looked at, removed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from watthouse.cli import console
from watthouse.cli.app import datamart, extra, home, settings_of, verb
from watthouse.cli.options import AsJson, OfSample
from watthouse.errors import UsageError, WatthouseError
from watthouse.home import described
from watthouse.settings import Settings

if TYPE_CHECKING:  # psycopg comes with the extra `postgres`
    from watthouse.datamart.place import Datamart
    from watthouse.datamart.reconciliation import Line
    from watthouse.datamart.ship import Shipment


@verb(datamart)
def ship(
    anew: Annotated[bool, typer.Option("--anew", help="Ship every day, whatever was shipped before.")] = False,
    sample: OfSample = False,
) -> None:
    """Bring the datamart up to the warehouse: the days that differ, in one transaction; prints both sides summed up."""
    place = home(sample)
    with _extra():
        from watthouse.datamart.ship import ship as ship_days

        target = _datamart(place.settings)
    with _adding_up(), console.bar() as bar:
        done = ship_days(place.warehouse, target, anew=anew, on_wait=bar.notice, on_stage=bar.stage)
    _print(done.lines)
    console.out.print(f"\n{console.safe(_said(done))}")


@verb(datamart)
def status(as_json: AsJson = False) -> None:
    """What the datamart holds: days and size of every fact, what was shipped last and from where."""
    with _extra():
        from watthouse.datamart.status import status as status_of

        found = status_of(_datamart(settings_of()))
    if as_json:
        console.print_json(asdict(found))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("fact", "days", "from", "until", "size"):
        table.add_column(heading, justify="right" if heading in {"days", "size"} else "left")
    for fact in found.facts:
        bounds = (console.moment(fact.first), console.moment(fact.last))
        table.add_row(fact.fact, f"{fact.days:,}", *bounds, console.size(fact.bytes))
    console.out.print(table)
    kind = found.about.get("kind")
    held = f"{found.place}: {described(kind) if kind else 'no data'}, layout {found.about['layout']}"
    console.out.print(f"\n{console.safe(held)}")
    if found.shipped_at:
        times = "shipment" if found.shipments == 1 else "shipments"
        shipped = f"{found.shipments:,} {times}, the last on {console.moment(found.shipped_at)}"
        console.out.print(f"{shipped} from {console.safe(found.about['warehouse'])}")


@verb(datamart)
def drop(
    yes: Annotated[bool, typer.Option("--yes", help="Remove it: without this nothing is removed.")] = False,
) -> None:
    """Remove the datamart: schemas datamart and staging, and whatever else was built on their tables."""
    with _extra():
        target = _datamart(settings_of())
    if not yes:
        raise UsageError(f"this removes schemas datamart and staging from {target.database}: run it with --yes")
    dropped = target.drop(console.notice)
    console.out.print(
        f"{console.safe(target.database)}: {'the datamart is gone' if dropped else 'there was no datamart'}"
    )


@contextmanager
def _extra() -> Iterator[None]:
    with extra("postgres"):
        import pgpq  # noqa: F401 - told apart from a failure: it is optional
        import psycopg  # noqa: F401

        yield


def _datamart(settings: Settings) -> "Datamart":
    from watthouse.datamart.place import Datamart

    url, reader = (each.get_secret_value() if each else "" for each in (settings.datamart, settings.datamart_reader))
    if not (url or reader):
        raise UsageError("no datamart is named: set WATTHOUSE_DATAMART to postgresql://user@host/database")
    return Datamart(url or reader, reader or None)


@contextmanager
def _adding_up() -> Iterator[None]:
    """Print both sides where they do not add up, too."""
    try:
        yield
    except WatthouseError as error:
        if isinstance(error.report, list):
            _print(error.report)
        raise


def _print(lines: "Sequence[Line]") -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("fact")
    table.add_column("measure")
    for heading in ("warehouse", "datamart", "difference"):
        table.add_column(heading, justify="right")
    for line in lines:
        table.add_row(line.fact, line.measure, f"{line.warehouse:,}", f"{line.datamart:,}", f"{line.difference:,}")
    console.out.print(table)


def _said(done: "Shipment") -> str:
    """What was done, in one line."""
    if not sum(done.days.values()):
        return f"nothing to ship: {done.place} has every day as the warehouse does"
    counted = ", ".join(f"{days:,} of {name}" for name, days in done.days.items() if days)
    gone = f", {done.removed:,} days removed" if done.removed else ""
    return f"shipped to {done.place}: {done.rows:,} rows; days that differed: {counted}{gone}"
