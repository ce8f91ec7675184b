"""The command line: one verb, one call."""

import json
from collections.abc import Callable
from datetime import date
from functools import wraps
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from pydantic import ValidationError
from typer.core import TyperCommand

from watthouse import console, pipeline, status
from watthouse.catalog import find
from watthouse.errors import UsageError, WatthouseError
from watthouse.export import Format, write
from watthouse.settings import Settings
from watthouse.sources.files import FileSource

EXAMPLES = {
    "refresh": "watthouse refresh --from exports/ eCO2mix_RTE_En-cours-TR.zip",
    "fetch": "watthouse fetch eco2mix-national-tr --from exports/ --since 2025-01-01",
    "build": "watthouse build --full",
    "status": "watthouse status --check",
    "show": "watthouse show daily_merged --since 2025-01-01 --columns civil_date,consommation_mwh",
    "revisions": "watthouse revisions eco2mix-national-tr --column consommation",
    "datasets": "watthouse datasets eco2mix-national-tr",
}

app = typer.Typer(
    name="watthouse",
    help="France's open energy data in a versioned lake, a warehouse and marts that can be cited.",
    epilog="\n\n".join(["Examples:", *EXAMPLES.values()]),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class ManyPaths(TyperCommand):
    """A command whose ``--from`` takes every word up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread, taking = [], False
        for word in args:
            if word.startswith("-"):
                taking = word == "--from"
                spread += [] if taking else [word]
            else:
                spread += ["--from", word] if taking else [word]
        if "--from" in args and "--from" not in spread:
            spread.append("--from")
        return super().parse_args(ctx, spread)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no day: write it as 2025-01-31") from None


Names = Annotated[list[str] | None, typer.Argument(metavar="DATASET", help="Only these datasets.", show_default=False)]
From = Annotated[
    list[Path], typer.Option("--from", metavar="PATH...", help="Files, archives or folders of exports, in any mixture.")
]
Since = Annotated[date | None, typer.Option(parser=_day, metavar="DAY", help="First civil day (YYYY-MM-DD).")]
Until = Annotated[date | None, typer.Option(parser=_day, metavar="DAY", help="Last civil day (YYYY-MM-DD).")]
Full = Annotated[bool, typer.Option("--full", help="Rebuild the warehouse from the lake, not just the changed days.")]
Style = Annotated[Format, typer.Option("--format", help="How rows are written.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file instead of standard output.")]


def _verb(**options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a verb whose help ends with its example, and whose every error is one line on standard error."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = function.__name__.rstrip("_")

        @wraps(function)
        def guarded(*words: Any, **named: Any) -> None:
            try:
                function(*words, **named)
            except (typer.Exit, typer.Abort):
                raise
            except BaseException as error:  # a library's panic is no Exception
                _leave(error)

        app.command(name=name, epilog=f"Example: {EXAMPLES[name]}", **options)(guarded)
        return function

    return register


def _leave(error: BaseException) -> None:
    """Say what happened in one line, and leave with its exit code."""
    if isinstance(error, WatthouseError):
        line, code = str(error), error.exit_code
        if isinstance(error.report, pipeline.Report) and error.report.counts.fetched:
            console.report(error.report)
    elif isinstance(error, KeyboardInterrupt):
        line, code = "stopped: run it again to go on from what the lake holds", 130
    elif _settings().traceback:
        raise error
    else:
        said = " ".join(str(error).split())[:200]
        line, code = (
            f"unexpected {type(error).__name__}: {said}: please report it (WATTHOUSE_TRACEBACK=1 shows where)",
            1,
        )
    console.err.print(f"[red]watthouse:[/] {console.safe(line)}")
    raise typer.Exit(code)


@_verb(cls=ManyPaths)
def refresh(paths: From, names: Names = None, since: Since = None, until: Until = None, full: Full = False) -> None:
    """Read exports, keep what is new in the lake, and bring the marts up to date."""
    settings, selection = _settings(), pipeline.Selection.of(names or (), since, until)
    source = FileSource(paths, settings)
    with console.bar() as bar:
        done = pipeline.refresh(settings, source, selection, full=full, progress=bar)
    _tell(done, paths)


@_verb(cls=ManyPaths)
def fetch(paths: From, names: Names = None, since: Since = None, until: Until = None) -> None:
    """The first half of refresh: read exports and keep what is new in the lake."""
    settings, selection = _settings(), pipeline.Selection.of(names or (), since, until)
    source = FileSource(paths, settings)
    with console.bar() as bar:
        done = pipeline.fetch(settings, source, selection, progress=bar)
    _tell(done, paths)


@_verb()
def build(full: Full = False) -> None:
    """The second half of refresh: load the warehouse from the lake and build the marts."""
    with console.bar() as bar:
        nodes = pipeline.build(_settings(), full=full, progress=bar)
    console.built(nodes)


@_verb()
def status_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where data is older than its cadence.")] = False,
) -> None:
    """How fresh and how whole every dataset is."""
    lines = status.look(_settings())
    if as_json:
        console.out.print_json(json.dumps([line.as_json() for line in lines]))
    else:
        console.statuses(lines)
    late = [line.dataset for line in lines if line.overdue]
    if check and (late or not any(line.lake_rows for line in lines)):
        raise WatthouseError(f"older than the cadence: {', '.join(late)}" if late else "the lake is empty")


@_verb()
def show(
    mart: Annotated[str, typer.Argument(metavar="MART", help="The mart to read.")],
    since: Since = None,
    until: Until = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B,…", help="Only these columns, in this order.")] = None,
    style: Style = Format.TABLE,
    output: Output = None,
) -> None:
    """Read a mart."""
    warehouse = pipeline.warehouse_of(_settings())
    chosen = [name.strip() for name in columns.split(",")] if columns else None
    _write(pl.DataFrame(warehouse.read(mart, since=since, until=until, columns=chosen)), style, output)


@_verb()
def revisions(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The dataset to look through.")],
    since: Since = None,
    until: Until = None,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="Only this column.")] = None,
    style: Style = Format.TABLE,
    output: Output = None,
) -> None:
    """What changed in what was published: key, column, from, to, when it was seen."""
    one = find(dataset)
    if column is not None and column not in one:
        raise UsageError(f"{one.id} has no column '{column}': see `watthouse datasets {one.id}`")
    changes = pipeline.lake_of(_settings()).revisions(one, since=since, until=until, column=column)
    _write(changes, style, output)


@_verb()
def datasets(
    dataset: Annotated[str | None, typer.Argument(metavar="ID", help="Show this one's columns.")] = None,
) -> None:
    """The catalog: columns, units, grain, licence, source."""
    if dataset:
        console.dataset(find(dataset))
    else:
        console.catalog()


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        console.out.print(f"watthouse {version_of('watthouse')}")
        raise typer.Exit


def _write(rows: pl.DataFrame, style: Format, output: Path | None) -> None:
    if style is Format.TABLE and output is None:
        console.frame(rows, hint="see --columns, --since, --format")
    else:
        write(rows, Format.CSV if style is Format.TABLE else style, output)


def _tell(done: pipeline.Report, paths: list[Path]) -> None:
    """Print the report; exit 1 where a file was refused, or one that was named itself is no export."""
    console.report(done)
    if done.failed or {str(path) for path in paths} & done.left.keys():
        raise typer.Exit(1)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name, value = f"WATTHOUSE_{first['loc'][0]}".upper(), first["input"]
        raise UsageError(f"{name} '{value}' will not do ({first['msg']}): see docs/cli.md") from error


def main() -> None:
    """The entry point."""
    app()
