"""The verbs that read what a home holds."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from watthouse.catalog import find
from watthouse.cli import tables
from watthouse.cli.app import home, verb
from watthouse.cli.export import Format, write
from watthouse.cli.options import OfSample, Output, Since, Style, Until, settings_of
from watthouse.errors import UsageError
from watthouse.home import Home
from watthouse.sync.report import refuse_reversed


@verb()
def show(
    mart: Annotated[str, typer.Argument(metavar="MART", help="The mart to read.")],
    since: Since = None,
    until: Until = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B,…", help="Only these columns, in this order.")] = None,
    sample: OfSample = False,
    style: Style = Format.TABLE,
    output: Output = None,
) -> None:
    """Read a mart."""
    refuse_reversed(since, until)
    held = Home(home(sample))
    chosen = [name.strip() for name in columns.split(",")] if columns else None
    pieces = held.warehouse.pieces(mart, since=since, until=until, columns=chosen)
    _write(map(pl.DataFrame, pieces), style, output, held.sample)


@verb()
def _tests(
    test: Annotated[str | None, typer.Argument(metavar="NAME", help="Show the rows that break this one.")] = None,
    sample: OfSample = False,
    style: Style = Format.TABLE,
    output: Output = None,
) -> None:
    """What the tests of the marts find, over all that is held; with a name, the rows that break that one."""
    held = Home(home(sample))
    if test is None:
        found = [{**asdict(one), "models": ", ".join(one.models)} for one in held.warehouse.tested()]
        _write([pl.DataFrame(found)], style, output, held.sample)
    else:
        _write([pl.DataFrame(held.warehouse.breaking(test))], style, output, held.sample)


@verb()
def revisions(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The dataset to look through.")],
    since: Since = None,
    until: Until = None,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="Only this column.")] = None,
    sample: OfSample = False,
    style: Style = Format.TABLE,
    output: Output = None,
) -> None:
    """What changed in what was published: key, column, from, to, when it was seen."""
    refuse_reversed(since, until)
    one, held = find(dataset), Home(home(sample))
    if column is not None and column not in one:
        raise UsageError(f"{one.id} has no column '{column}': see `watthouse datasets {one.id}`")
    changes = held.lake.revisions(one, since=since, until=until, column=column)
    _write([changes], style, output, held.sample)


@verb()
def datasets(
    dataset: Annotated[str | None, typer.Argument(metavar="ID", help="Show this one's columns.")] = None,
) -> None:
    """The catalog: columns, units, grain, licence, source."""
    if dataset:
        tables.dataset(find(dataset))
    else:
        tables.catalog()


@verb()
def marts(
    mart: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this one's columns.")] = None,
) -> None:
    """The marts, and the columns of one with their units: what `show` reads."""
    from watthouse.transform import dictionary

    held = dictionary.marts(settings_of().transform)
    if mart is None:
        tables.marts(held.values())
    elif mart in held:
        tables.mart(held[mart])
    else:
        raise UsageError(f"unknown mart '{mart}': there are {', '.join(sorted(held))}")


def _write(pieces: Iterable[pl.DataFrame], style: Format, output: Path | None, sample: str | None) -> None:
    if style is Format.TABLE and output is None:
        tables.frame(pieces, hint="see --columns, --since, --format")
        return
    if sample:
        word = pl.lit(f"synthetic sample of watthouse, {sample}").alias("sample")
        pieces = (rows.with_columns(word) for rows in pieces)
    write(pieces, Format.CSV if style is Format.TABLE else style, output)
