"""The verbs that read what a home holds."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from watthouse.catalog import find
from watthouse.cli import tables
from watthouse.cli.app import home, settings_of, verb
from watthouse.cli.export import FileFormat, write
from watthouse.cli.options import OfSample, Output, Since, Style, Until
from watthouse.errors import UsageError
from watthouse.sync.report import refuse_reversed


@verb()
def show(
    mart: Annotated[str, typer.Argument(metavar="MART", help="The mart to read.")],
    since: Since = None,
    until: Until = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B,…", help="Only these columns, in this order.")] = None,
    sample: OfSample = False,
    style: Style = FileFormat.TABLE,
    output: Output = None,
) -> None:
    """Read a mart."""
    refuse_reversed(since, until)
    place = home(sample)
    chosen = [name.strip() for name in columns.split(",")] if columns else None
    pieces = place.warehouse.pieces(mart, since=since, until=until, columns=chosen)
    _write(map(pl.DataFrame, pieces), style, output, place.sample)


@verb()
def _tests(
    test: Annotated[str | None, typer.Argument(metavar="NAME", help="Show the rows that break this test.")] = None,
    sample: OfSample = False,
    style: Style = FileFormat.TABLE,
    output: Output = None,
) -> None:
    """What the tests of the marts find, over all data; with a name, the rows that break that test."""
    place = home(sample)
    if test is None:
        results = [{**asdict(result), "models": ", ".join(result.models)} for result in place.warehouse.tested()]
        _write([pl.DataFrame(results)], style, output, place.sample)
    else:
        _write([pl.DataFrame(place.warehouse.breaking(test))], style, output, place.sample)


@verb()
def parity(
    others: Annotated[
        list[str],
        typer.Argument(
            metavar="URL...", help="postgresql://user@host/database, bigquery://project, or the folder of a home."
        ),
    ],
    sample: OfSample = False,
) -> None:
    """Whether other warehouses hold the same as this one: every table that people read, row by row."""
    from watthouse.warehouse import engines
    from watthouse.warehouse.parity import compare

    place = home(sample)
    own, differs = place.warehouse, False
    for url in others:
        other = engines.at(url, place.settings)
        found = [*compare(own, other)]
        tables.parity(own, other, found)
        differs |= not found or not all(table.is_equal for table in found)
    if differs:
        raise typer.Exit(1)


@verb()
def revisions(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The dataset to look through.")],
    since: Since = None,
    until: Until = None,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="Only this column.")] = None,
    sample: OfSample = False,
    style: Style = FileFormat.TABLE,
    output: Output = None,
) -> None:
    """What changed in the published data: key, column, from, to, when the change was seen."""
    refuse_reversed(since, until)
    declared, place = find(dataset), home(sample)
    if column is not None and column not in declared:
        raise UsageError(f"{declared.id} has no column '{column}': see `watthouse datasets {declared.id}`")
    if column in declared.key:
        raise UsageError(f"{column} tells rows of {declared.id} apart and is never revised: choose another column")
    changes = place.lake.revisions(declared, since=since, until=until, column=column)
    _write([changes], style, output, place.sample)


@verb()
def datasets(
    dataset: Annotated[str | None, typer.Argument(metavar="ID", help="Show the columns of this dataset.")] = None,
) -> None:
    """The catalog: columns, units, grain, licence, source."""
    if dataset:
        tables.dataset(find(dataset))
    else:
        tables.catalog()


@verb()
def marts(
    mart: Annotated[str | None, typer.Argument(metavar="NAME", help="Show the columns of this mart.")] = None,
) -> None:
    """The marts that `show` reads; with a name, the columns of that mart with their units."""
    from watthouse.transform import dictionary

    by_name = dictionary.marts(settings_of().transform)
    if mart is None:
        tables.marts(by_name.values())
    elif mart in by_name:
        tables.mart(by_name[mart])
    else:
        raise UsageError(f"unknown mart '{mart}': there are {', '.join(sorted(by_name))}")


def _write(pieces: Iterable[pl.DataFrame], style: FileFormat, output: Path | None, sample: str | None) -> None:
    if style is FileFormat.TABLE and output is None:
        tables.frame(pieces, hint="see --columns, --since, --format")
        return
    if sample:
        # in every row: a file is passed on without the terminal that announced what it is
        mark = pl.lit(f"synthetic sample of watthouse, {sample}").alias("sample")
        pieces = (rows.with_columns(mark) for rows in pieces)
    write(pieces, FileFormat.CSV if style is FileFormat.TABLE else style, output)
