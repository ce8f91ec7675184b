"""The command line: one verb, one call. What only some verbs want is imported when they are called."""

import json
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, replace
from datetime import date
from functools import wraps
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import polars as pl
import typer

from watthouse.catalog import Dataset, find
from watthouse.cli import console, signals
from watthouse.cli.export import Format, write
from watthouse.cli.options import (
    AsJson,
    From,
    FullBuild,
    FullFetch,
    FullRefresh,
    LakeWasLost,
    ManyPaths,
    Names,
    OfSample,
    Output,
    Port,
    Since,
    Style,
    Until,
    day,
    settings_of,
)
from watthouse.errors import UnreachableError, UsageError, WatthouseError
from watthouse.home import lake_of, sample_of, warehouse_of
from watthouse.operate import status
from watthouse.operate.schedule import Following
from watthouse.settings import Settings
from watthouse.starting import uncollected
from watthouse.sync.report import Report, Selection, refuse_reversed

if TYPE_CHECKING:
    from watthouse.sources.files import FileSource

EXAMPLES = {
    "run": "watthouse run",
    "refresh": "watthouse refresh eco2mix-national-tr eco2mix-regional-tr --follow",
    "fetch": "watthouse fetch eco2mix-national-tr --from exports/ --since 2025-01-01",
    "build": "watthouse build --full",
    "status": "watthouse status --check",
    "show": "watthouse show daily_merged --since 2025-01-01 --columns civil_date,consommation_mwh",
    "tests": "watthouse tests temperature_daily_plausible",
    "revisions": "watthouse revisions eco2mix-national-tr --column consommation",
    "datasets": "watthouse datasets eco2mix-national-tr",
    "marts": "watthouse marts national_slots",
    "doctor": "watthouse doctor",
    "repair": "watthouse repair --apply",
    "serve": "watthouse serve --port 8050",
    "sample": "watthouse sample --port 8051 --since 2024-01-01 --trouble 429:9,cut:7",
}

_NEWEST_DAYS: Final = 7
_FIRST_LOOK: Final = (
    "civil_date",
    "consommation_mwh",
    "nucleaire_share",
    "eolien_share",
    "solaire_share",
    "taux_co2_g_kwh",
    "net_export_mwh",
    "measured_slots",
    "expected_slots",
)

app = typer.Typer(
    name="watthouse",
    help="France's open energy data in a versioned lake, a warehouse and marts that can be cited.",
    epilog="\n\n".join(["Examples:", *EXAMPLES.values()]),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _verb(**options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a verb whose help ends with its example, and whose every error is one line on standard error."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = function.__name__.strip("_")

        @wraps(function)
        def guarded(*words: Any, **named: Any) -> None:
            try:
                with signals.recognised():
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
    if isinstance(error, KeyboardInterrupt):
        line, code = "stopped: run it again to go on from what the lake holds", 130
    elif isinstance(error, WatthouseError):
        line, code = _line(error), error.exit_code
        if isinstance(error.report, Report) and error.report.counts.fetched:
            console.report(error.report)
    elif settings_of().traceback:
        raise error
    else:
        line, code = _line(error), 1
    console.err.print(f"[red]watthouse:[/] {console.safe(line)}")
    raise typer.Exit(code)


def _line(error: BaseException) -> str:
    if isinstance(error, WatthouseError):
        return str(error)
    said = " ".join(str(error).split())[:200]
    return f"unexpected {type(error).__name__}: {said}: please report it (WATTHOUSE_TRACEBACK=1 shows where)"


@_verb()
def run(
    sample: OfSample = False,
    serve: Annotated[bool, typer.Option("--serve", help="Then stay, and serve the pages and the API.")] = False,
    port: Port = None,
) -> None:
    """Refresh, and show the newest days and where everything lies; with the sample where ODRÉ cannot be reached."""
    settings, done = _run_sample() if sample else _run_live(_home(sample=False))
    if done.asked is not None:
        console.report(done)
    newest = pl.DataFrame(warehouse_of(settings).read("daily_merged", columns=_FIRST_LOOK)).tail(_NEWEST_DAYS)
    console.newest(newest, settings, sample_of(settings))
    if serve:
        _serve(settings.model_copy(update={"port": port or settings.port, "log_requests": False}), afresh=True)
    _leave_if_refused(done)


def _run_live(settings: Settings) -> tuple[Settings, Report]:
    from watthouse.operate import pipeline

    try:
        with console.bar() as bar:
            return settings, pipeline.refresh(settings, None, Selection.of(), progress=bar)
    except UnreachableError as error:
        console.err.print(f"[yellow]watthouse:[/] {console.safe(str(error))}")
    if warehouse_of(settings).loaded():
        console.err.print(f"[yellow]watthouse:[/] these are the days that {settings.home} held before")
        return settings, Report()
    return _run_sample()


def _run_sample() -> tuple[Settings, Report]:
    from watthouse.operate import pipeline

    settings = settings_of(sample=True)
    console.err.print(f"going on with watthouse's synthetic sample, in {settings.home}")
    with _service(settings, sample=True) as served, console.bar() as bar:
        return settings, pipeline.refresh(served, None, Selection.of(), progress=bar)


@_verb(cls=ManyPaths)
def refresh(
    paths: From = None,
    names: Names = None,
    since: Since = None,
    until: Until = None,
    sample: OfSample = False,
    follow: Annotated[bool, typer.Option("--follow", help="Stay, and refresh at each dataset's cadence.")] = False,
    full: FullRefresh = False,
    lake_was_lost: LakeWasLost = False,
) -> None:
    """Ask ODRÉ what moved (or read exports), keep what is new in the lake, and bring the marts up to date."""
    from watthouse.operate import pipeline

    with _staying() if follow else nullcontext():
        selection = Selection.of(names or (), since, until)
        _refuse_mixtures(paths, {"--sample": sample, "--follow": follow})
        _refuse_half_of_a_loss(full, lake_was_lost, follow)
        settings = _home(sample)
        with _service(settings, sample=sample) as served:
            if follow:
                _follow(served, selection, full=full)
                return
            with console.bar() as bar:
                done = pipeline.refresh(
                    served, _files(paths, served), selection, full=full, lake_was_lost=lake_was_lost, progress=bar
                )
        _tell(settings, done, paths)


@_verb(cls=ManyPaths)
def fetch(
    paths: From = None,
    names: Names = None,
    since: Since = None,
    until: Until = None,
    sample: OfSample = False,
    full: FullFetch = False,
    lake_was_lost: LakeWasLost = False,
) -> None:
    """The first half of refresh: ask ODRÉ (or read exports) and keep what is new in the lake."""
    from watthouse.operate import pipeline

    selection = Selection.of(names or (), since, until)
    _refuse_mixtures(paths, {"--sample": sample, "--full": full})
    settings = _home(sample)
    with _service(settings, sample=sample) as served, console.bar() as bar:
        done = pipeline.fetch(
            served, _files(paths, served), selection, full=full, lake_was_lost=lake_was_lost, progress=bar
        )
    _tell(settings, done, paths)


@_verb()
def build(sample: OfSample = False, full: FullBuild = False, lake_was_lost: LakeWasLost = False) -> None:
    """The second half of refresh: load the warehouse from the lake and build the marts."""
    from watthouse.operate import pipeline

    _refuse_half_of_a_loss(full, lake_was_lost)
    settings = _home(sample)
    with console.bar() as bar:
        done = pipeline.build(settings, full=full, lake_was_lost=lake_was_lost, progress=bar)
    console.build(done)
    _leave_if_refused(done)


@_verb()
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
        raise UsageError(f"--until {until} is earlier than --since {first}: turn them round")
    publisher = Publisher(settings.sample_seed if seed is None else seed, first)
    serve(Sample(publisher, now=settings.sample_now, troubles=Troubles.of(trouble)), port, console.serving)


@_verb()
def doctor(sample: OfSample = False, as_json: AsJson = False) -> None:
    """What is installed, reachable and writable, and what to do about the rest."""
    from watthouse.operate.doctor import State, examine

    with _service(settings_of(sample=sample), sample=sample) as served:
        findings = list(examine(served))
    if as_json:
        console.out.print_json(json.dumps([finding.as_json() for finding in findings]))
    else:
        console.findings(findings)
    if any(finding.state is State.BAD for finding in findings):
        raise typer.Exit(1)


@_verb()
def repair(
    apply: Annotated[bool, typer.Option("--apply", help="Restore what can be restored.")] = False,
    sample: OfSample = False,
) -> None:
    """What of a damaged lake can be restored, and from where."""
    from watthouse.operate.repair import look, mend

    settings = _home(sample)
    with console.bar() as bar:
        mendings = mend(settings, bar) if apply else look(settings)
    console.mendings(mendings, applied=apply)
    if any(one.lost or not apply for one in mendings):
        raise typer.Exit(1)


@_verb()
def status_(
    sample: OfSample = False,
    as_json: AsJson = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Read the whole lake; exit 1 where it is damaged, or data older than its cadence."
        ),
    ] = False,
) -> None:
    """How fresh and how whole every dataset is."""
    settings = _home(sample)
    lines = status.look(settings, damage=status.damage_of(settings) if check else None)
    if as_json:
        console.out.print_json(json.dumps([line.as_json() for line in lines]))
    else:
        console.statuses(lines)
    late = [line.dataset for line in lines if line.overdue]
    said = [f"{line.dataset}: {line.damage}" for line in lines if line.damage]
    said += [f"older than the cadence: {', '.join(late)}"] if late else []
    if not said and not any(line.lake_rows for line in lines):
        said = ["the lake is empty"]
    if check and said:
        raise WatthouseError("; ".join(said))


@_verb()
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
    settings = _home(sample)
    chosen = [name.strip() for name in columns.split(",")] if columns else None
    rows = warehouse_of(settings).read(mart, since=since, until=until, columns=chosen)
    _write(pl.DataFrame(rows), style, output, sample_of(settings))


@_verb()
def _tests(
    test: Annotated[str | None, typer.Argument(metavar="NAME", help="Show the rows that break this one.")] = None,
    sample: OfSample = False,
    style: Style = Format.TABLE,
    output: Output = None,
) -> None:
    """What the tests of the marts find, over all that is held; with a name, the rows that break that one."""
    settings = _home(sample)
    warehouse = warehouse_of(settings)
    if test is None:
        found = [{**asdict(one), "models": ", ".join(one.models)} for one in warehouse.tested()]
        _write(pl.DataFrame(found), style, output, sample_of(settings))
    else:
        _write(pl.DataFrame(warehouse.breaking(test)), style, output, sample_of(settings))


@_verb()
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
    one, settings = find(dataset), _home(sample)
    if column is not None and column not in one:
        raise UsageError(f"{one.id} has no column '{column}': see `watthouse datasets {one.id}`")
    changes = lake_of(settings).revisions(one, since=since, until=until, column=column)
    _write(changes, style, output, sample_of(settings))


@_verb()
def datasets(
    dataset: Annotated[str | None, typer.Argument(metavar="ID", help="Show this one's columns.")] = None,
) -> None:
    """The catalog: columns, units, grain, licence, source."""
    if dataset:
        console.dataset(find(dataset))
    else:
        console.catalog()


@_verb()
def marts(
    mart: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this one's columns.")] = None,
) -> None:
    """The marts, and the columns of one with their units: what `show` reads."""
    from watthouse.transform import dictionary

    held = dictionary.marts(settings_of().transform)
    if mart is None:
        console.marts(held.values())
    elif mart in held:
        console.mart(held[mart])
    else:
        raise UsageError(f"unknown mart '{mart}': there are {', '.join(sorted(held))}")


@_verb()
def serve_(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Port = None,
    home: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The home to serve.", show_default="WATTHOUSE_HOME")
    ] = None,
    sample: OfSample = False,
    streamlit: Annotated[
        bool, typer.Option("--streamlit", help="Regions and sources in Streamlit instead, to build on.")
    ] = False,
) -> None:
    """Serve the marts: pages to look at, an API at /api/v1, its documentation at /docs."""
    chosen = {"host": host, "port": port, "home": home}
    settings = settings_of(sample=sample, **{name: value for name, value in chosen.items() if value is not None})
    _announce(settings)
    if streamlit:
        _serve_streamlit(settings)
    else:
        _serve(settings)


def _serve_streamlit(settings: Settings) -> None:
    with _extra("streamlit"):
        from watthouse.serve.streamlit_run import run
    run(settings)


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Say what to install where a module of this extra is missing."""
    try:
        with uncollected():
            yield
    except ModuleNotFoundError as error:
        raise WatthouseError(f"{error.name} is not installed: pip install 'watthouse[{name}]'") from error


def _serve(settings: Settings, *, afresh: bool = False) -> None:
    with _extra("serve"):
        from watthouse.serve.server import refuse_taken, serve
    refuse_taken(settings.host, settings.port)
    console.serving_home(settings)
    serve(settings, afresh=afresh)


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        console.out.print(f"watthouse {version_of('watthouse')}")
        raise typer.Exit


def _home(sample: bool) -> Settings:
    """The settings of this call, with a word where its home holds a sample."""
    settings = settings_of(sample=sample)
    _announce(settings)
    return settings


def _announce(settings: Settings) -> None:
    if sample_of(settings):
        console.announce_sample()


@contextmanager
def _service(settings: Settings, *, sample: bool) -> Iterator[Settings]:
    """The settings with the service to ask: the sample is served from here, for as long as it is wanted."""
    if not sample:
        yield settings
        return
    from watthouse.sample.publishing import Publisher
    from watthouse.sample.server import Sample, serving

    with serving(Sample(Publisher(settings.sample_seed, settings.sample_since), now=settings.sample_now)) as url:
        yield settings.model_copy(update={"odre_url": url})


def _refuse_mixtures(paths: list[Path] | None, chosen: dict[str, bool]) -> None:
    for option, is_chosen in chosen.items():
        if paths and is_chosen:
            raise UsageError(f"--from and {option} exclude each other: {option} is for a service, files are read whole")


def _refuse_half_of_a_loss(full: bool, lake_was_lost: bool, follow: bool = False) -> None:
    if lake_was_lost and follow:
        raise UsageError("--lake-was-lost and --follow exclude each other: refresh once, then follow")
    if lake_was_lost and not full:
        raise UsageError("--lake-was-lost replaces the whole warehouse: say --full --lake-was-lost")


def _files(paths: list[Path] | None, settings: Settings) -> "FileSource | None":
    if not paths:
        return None
    from watthouse.sources.files import FileSource

    return FileSource(paths, settings)


@contextmanager
def _staying() -> Iterator[None]:
    """Work that a signal ends in good order, whatever it is at."""
    signals.heed(signal.SIGTERM)
    with suppress(KeyboardInterrupt), signals.recognised():
        yield
    console.out.print("stopped")


def _follow(settings: Settings, selection: Selection, *, full: bool) -> None:
    """Refresh for ever; the first round of each dataset is a ``full`` one where that was asked for."""
    from watthouse.operate import pipeline

    told: set[str] = set()
    to_distrust = set(selection.datasets) if full else set()

    def refresh_due(due: tuple[Dataset, ...]) -> set[str]:
        with signals.recognised():
            wanted = replace(selection, datasets=due)
            done = pipeline.refresh(settings, None, wanted, full=bool(to_distrust.intersection(due)))
            to_distrust.difference_update(one for one in due if one.id not in done.unsettled)
            with signals.unbroken():
                _announce(settings)
                console.round_of(done, told)
        return done.unsettled

    def tell(error: BaseException) -> None:
        with signals.unbroken():
            console.failed(_line(error))
        if settings.traceback and not isinstance(error, WatthouseError):
            traceback.print_exception(error)

    Following(selection.datasets, refresh_due, tell, signals.wait).run()


def _write(rows: pl.DataFrame, style: Format, output: Path | None, sample: str | None) -> None:
    if style is Format.TABLE and output is None:
        console.frame(rows, hint="see --columns, --since, --format")
        return
    if sample:
        rows = rows.with_columns(pl.lit(f"synthetic sample of watthouse, {sample}").alias("sample"))
    write(rows, Format.CSV if style is Format.TABLE else style, output)


def _tell(settings: Settings, done: Report, paths: list[Path] | None) -> None:
    """Print the report; exit 1 where something was refused, or a file that was named itself is no export."""
    _announce(settings)
    console.report(done)
    _leave_if_refused(done, paths)


def _leave_if_refused(done: Report, paths: list[Path] | None = None) -> None:
    if done.failed or {str(path) for path in paths or ()} & done.left.keys():
        raise typer.Exit(1)


def main() -> None:
    """The entry point."""
    signals.heed(signal.SIGINT)
    app()
