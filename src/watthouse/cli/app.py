"""What every verb shares: how it is registered and fails, the home it works on and the service it asks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from importlib.metadata import version as version_of
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperCommand, TyperGroup

from watthouse import inert
from watthouse.cli import console, reports, signals
from watthouse.errors import UsageError, WatthouseError, shown
from watthouse.home import Home
from watthouse.settings import Settings
from watthouse.starting import uncollected
from watthouse.streams import OutputError
from watthouse.sync.report import Report

EXAMPLES = {
    "run": "watthouse run",
    "refresh": "watthouse refresh eco2mix-national-tr eco2mix-regional-tr --follow",
    "fetch": "watthouse fetch eco2mix-national-tr --from exports/ --since 2025-01-01",
    "grab": "watthouse grab eco2mix-regional-tr --last-month --to-store s3://bucket/energy",
    "dump": "watthouse dump eco2mix-regional-tr --since 2024-01 --until 2024-06 --to postgresql://loader@db.example.org/grid",
    "build": "watthouse build --full",
    "status": "watthouse status --check",
    "show": "watthouse show daily_merged --since 2025-01-01 --columns civil_date,consommation_mwh",
    "tests": "watthouse tests temperature_daily_plausible",
    "parity": "watthouse parity postgresql://reader@db.example.org/energy",
    "init-db": "watthouse init-db postgresql://admin@db.example.org/energy",
    "datamart ship": "watthouse datamart ship",
    "datamart status": "watthouse datamart status --json",
    "datamart drop": "watthouse datamart drop --yes",
    "stream demo": "watthouse stream demo",
    "stream produce": "watthouse stream produce --every 15min",
    "stream process": "watthouse stream process",
    "stream check": "watthouse stream check --since 2026-11-01",
    "orchestrate prefect serve": "watthouse orchestrate prefect serve",
    "orchestrate prefect setup": "watthouse orchestrate prefect setup --api http://127.0.0.1:4200/api",
    "orchestrate prefect remove": "watthouse orchestrate prefect remove",
    "revisions": "watthouse revisions eco2mix-national-tr --column consommation",
    "datasets": "watthouse datasets eco2mix-national-tr",
    "marts": "watthouse marts national_slots",
    "doctor": "watthouse doctor",
    "repair": "watthouse repair --apply",
    "serve": "watthouse serve --port 8050",
    "meters load": "watthouse meters load meter-files/",
    "meters check": "watthouse meters check LP_210095893_20150901T011608049.csv",
    "meters show": "watthouse meters show 210095893 --day 2015-09-01",
    "meters co2": "watthouse meters co2 210095893 --since 2015-09-01 --interval hour",
    "meters bill": "watthouse meters bill 210095893 --since 2015-09-01 --shift 20",
    "meters serve": "watthouse meters serve --port 8080",
    "meters watch": "watthouse meters watch meter-files/",
    "sample": "watthouse sample --port 8051 --since 2024-01-01 --trouble 429:9,cut:7",
}


_STOPPED = {
    "": "stopped: run it again to go on from what the lake holds",
    "meters": "stopped: files that were loaded stay, run it again for the rest",
    "datamart": "stopped: the datamart stays as it was, run it again",
    "stream": "stopped: run it again to go on from there",
    "prefect": "stopped: run it again to go on serving",
}
"""What remains where a verb is interrupted, by the group that it is in."""


class _Verbs(TyperGroup):
    """Verbs in the order of their examples, wherever they are registered."""

    # they are registered in several files, in the order of imports, which says nothing to the reader of the help

    def list_commands(self, ctx: Any) -> list[str]:
        names = dict.fromkeys(example.split()[0] for example in EXAMPLES)
        return [name for name in names if name in super(_Verbs, self).list_commands(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as refused:
            raise _inert(refused) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.TyperException as refused:
            raise _inert(refused) from None


def _inert(refused: typer.TyperException) -> typer.TyperException:
    """Typer prints what it refuses as it was typed, and a shell types names of files (``--from *``)."""
    refused.message = inert.line(refused.message)
    return refused


class ManyPaths(TyperCommand):
    """A command whose ``--from`` takes every word up to the next option."""

    # click's options take a fixed number of values, and a shell expands `--from exports/*.csv` to many.

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


app = typer.Typer(
    name="watthouse",
    cls=_Verbs,
    help="France's open energy data in a versioned lake, a warehouse and marts that can be cited.",
    epilog="\n\n".join(["Examples:", *EXAMPLES.values()]),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _group(name: str, about: str, below: typer.Typer = app) -> typer.Typer:
    """Verbs of one subject, below its name."""
    group = typer.Typer(name=name, help=about, no_args_is_help=True, rich_markup_mode=None)
    below.add_typer(group)
    return group


meters = _group("meters", "Meter files: loaded, checked, shown and served.")
datamart = _group("datamart", "A snowflake of the marts on a second PostgreSQL server: shipped, looked at, removed.")
stream = _group(
    "stream", "Real-time power as a stream: from the lake through Kafka and Spark into MongoDB, held against the marts."
)

orchestrate = _group("orchestrate", "Schedulers that run the refresh: deployed, served, removed.")
prefect = _group("prefect", "The hourly refresh on a Prefect server; in an environment of its own.", orchestrate)


def verb(group: typer.Typer | None = None, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a verb whose help ends with its example, and whose every error is one line on standard error."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = function.__name__.strip("_").replace("_", "-")

        @wraps(function)
        def guarded(*words: Any, **named: Any) -> None:
            try:
                with signals.recognised():
                    function(*words, **named)
            except (typer.Exit, typer.Abort, OutputError):
                raise
            except BaseException as error:  # a panic in a Rust library is not an Exception
                _leave(error, _STOPPED[group.info.name or "" if group else ""])

        above = "orchestrate " if group is prefect else ""
        example = EXAMPLES[f"{above}{group.info.name} {name}" if group else name]
        (group or app).command(name=name, epilog=f"Example: {example}", **options)(guarded)
        return function

    return register


def _leave(error: BaseException, stopped: str) -> None:
    """Print what happened in one line, and exit with its code."""
    if isinstance(error, KeyboardInterrupt):
        line, code = stopped, 130
    elif isinstance(error, WatthouseError):
        # what was fetched before the error is in the lake, and the next run will not fetch it again: say so
        line, code = line_of(error), error.exit_code
        if isinstance(error.report, Report) and error.report.counts.fetched:
            reports.report(error.report)
    elif _wants_traceback():
        raise error
    else:
        line, code = line_of(error), 1
    console.err.print(f"[red]watthouse:[/] {console.safe(line)}")
    raise typer.Exit(code)


def _wants_traceback() -> bool:
    try:
        return settings_of().traceback
    except UsageError:  # the settings may be what went wrong
        return False


def line_of(error: BaseException) -> str:
    """The message of an error, in one line."""
    if isinstance(error, WatthouseError):
        return str(error)
    message = shown(error, 200)
    return f"unexpected {type(error).__name__}: {message}: please report it (WATTHOUSE_TRACEBACK=1 shows where)"


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        console.out.print(f"watthouse {version_of('watthouse')}")
        raise typer.Exit


def settings_of(*, sample: bool = False, **chosen: Any) -> Settings:
    """The settings of this call; raises :class:`~watthouse.errors.UsageError` for an invalid variable.

    ``chosen`` overrides the environment.
    """
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        raise UsageError(_fault(error.errors()[0])) from None
    return settings.model_copy(update={"home": settings.home / "sample"}) if sample else settings


def _fault(first: Any) -> str:
    """What is wrong with a setting, in one line; never what a secret one was set to."""
    name = str(first["loc"][0]).upper().removeprefix("WATTHOUSE_")
    field = Settings.model_fields.get(name.lower())
    value = f" '{shown(first['input'])}'" if field and "SecretStr" not in str(field.annotation) else ""
    reason = shown(first["msg"].removeprefix("Value error, "), 120)
    return f"WATTHOUSE_{name}{value} is not valid ({reason}): see docs/cli.md"


def home(sample: bool) -> Home:
    """The home of this call; announces a sample where it holds one."""
    place = Home(settings_of(sample=sample))
    if place.holds_sample():
        console.announce_sample()
    return place


def service(place: Home, *, sample: bool) -> AbstractContextManager[Home]:
    """The home with the service that it asks; the sample is served by this process, until the block ends."""
    return _sampled(place.settings) if sample else nullcontext(place)


@contextmanager
def _sampled(settings: Settings) -> Iterator[Home]:
    from watthouse.sample.publishing import Publisher
    from watthouse.sample.server import Sample, serving

    with serving(Sample(Publisher(settings.sample_seed, settings.sample_since), now=settings.sample_now)) as url:
        yield Home(settings.model_copy(update={"odre_url": url}))


@contextmanager
def extra(name: str, where: str = "") -> Iterator[None]:
    """Raise with what to install, and ``where``, where a module of this extra is missing."""
    try:
        with uncollected():
            yield
    except ModuleNotFoundError as error:
        raise WatthouseError(f"{error.name} is not installed: pip install 'watthouse[{name}]'{where}") from error
