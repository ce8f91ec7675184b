"""The verbs that keep a home up to date."""

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Annotated, Final

import polars as pl
import typer

from watthouse.catalog import Dataset
from watthouse.cli import console, reports, signals, tables
from watthouse.cli.app import ManyPaths, home, line_of, service, settings_of, verb
from watthouse.cli.options import (
    From,
    FullBuild,
    FullFetch,
    FullRefresh,
    LakeWasLost,
    Names,
    OfSample,
    Port,
    Since,
    UnlessRunning,
    Until,
)
from watthouse.cli.serve import serve_home
from watthouse.errors import BusyError, UnreachableError, UsageError, WatthouseError
from watthouse.home import Home
from watthouse.operate.schedule import Following
from watthouse.settings import Settings
from watthouse.sync.report import Report, Selection

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


@verb()
def run(
    sample: OfSample = False,
    serve: Annotated[bool, typer.Option("--serve", help="Then stay, and serve the pages and the API.")] = False,
    port: Port = None,
) -> None:
    """Refresh, and show the newest days and where everything lies; with the sample where ODRÉ cannot be reached."""
    place, done = _run_sample() if sample else _run_live(home(sample=False))
    if done.traffic is not None:
        reports.report(done)
    newest = pl.DataFrame(place.warehouse.read("daily_merged", columns=_FIRST_LOOK)).tail(_NEWEST_DAYS)
    tables.newest(newest, place)
    if serve:
        # no line of log per request here: it is a person who reads this terminal
        chosen = {"port": port or place.settings.port, "log_requests": False}
        serve_home(place.settings.model_copy(update=chosen), afresh=True)
    reports.leave_if_refused(done)


def _run_live(place: Home) -> tuple[Home, Report]:
    from watthouse.operate import pipeline

    try:
        with console.bar() as bar:
            return place, pipeline.refresh(place, None, Selection.of(), progress=bar)
    except UnreachableError as error:
        is_built = bool(place.warehouse.loaded())
        # synthetic figures get into a lake that has a name only where they are asked for by name
        if place.settings.lake and not is_built:
            raise
        console.err.print(f"[yellow]watthouse:[/] {console.safe(str(error))}")
    if is_built:
        folder = place.settings.home
        console.err.print(
            f"[yellow]watthouse:[/] showing the days that {console.safe(folder)} has from earlier refreshes"
        )
        return place, Report()
    return _run_sample()


def _run_sample() -> tuple[Home, Report]:
    from watthouse.operate import pipeline

    place = Home(settings_of(sample=True))
    console.err.print(f"going on with watthouse's synthetic sample, in {console.safe(place.settings.home)}")
    with service(place, sample=True) as served, console.bar() as bar:
        return place, pipeline.refresh(served, None, Selection.of(), progress=bar)


@verb(cls=ManyPaths)
def refresh(
    paths: From = None,
    names: Names = None,
    since: Since = None,
    until: Until = None,
    sample: OfSample = False,
    follow: Annotated[bool, typer.Option("--follow", help="Stay, and refresh at each dataset's cadence.")] = False,
    full: FullRefresh = False,
    lake_was_lost: LakeWasLost = False,
    unless_running: UnlessRunning = False,
) -> None:
    """Ask ODRÉ what moved (or read exports), keep what is new in the lake, and bring the marts up to date."""
    from watthouse.operate import pipeline
    from watthouse.sources.stores import Sources

    with staying() if follow else nullcontext():
        _refuse_mixtures(paths, {"--sample": sample, "--follow": follow})
        _refuse_half_of_a_loss(full, lake_was_lost, follow)
        selection = Selection.of(names or (), since, until)
        place = home(sample)
        with service(place, sample=sample) as served:
            if follow:
                _follow(served.settings, selection.live(), full=full)
                return
            with _leaving_if_busy() if unless_running else nullcontext(), console.bar() as bar:
                source = Sources.of(paths, served.settings)
                done = pipeline.refresh(served, source, selection, full=full, lake_was_lost=lake_was_lost, progress=bar)
        _report(place, done, paths)


@contextmanager
def _leaving_if_busy() -> Iterator[None]:
    """Exit 0 where another refresh is at work: it brings what this one would, and a mail from cron helps nobody."""
    try:
        yield
    except BusyError as busy:
        console.out.print(f"nothing done: {console.safe(str(busy))}")
        raise typer.Exit(0) from None


@verb(cls=ManyPaths)
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
    from watthouse.sources.stores import Sources

    _refuse_mixtures(paths, {"--sample": sample})
    selection = Selection.of(names or (), since, until)
    place = home(sample)
    with service(place, sample=sample) as served, console.bar() as bar:
        source = Sources.of(paths, served.settings)
        done = pipeline.fetch(served, source, selection, full=full, lake_was_lost=lake_was_lost, progress=bar)
    _report(place, done, paths)


@verb()
def build(
    sample: OfSample = False,
    full: FullBuild = False,
    lake_was_lost: LakeWasLost = False,
    from_engine: Annotated[
        str | None,
        typer.Option(
            "--from-engine",
            metavar="URL",
            help="Take the marts that another warehouse has built from this lake, and test them, instead of building.",
        ),
    ] = None,
) -> None:
    """The second half of refresh: load the warehouse from the lake and build the marts."""
    from watthouse.operate import bringing, pipeline
    from watthouse.warehouse import engines

    _refuse_half_of_a_loss(full, lake_was_lost)
    if from_engine and lake_was_lost:
        raise UsageError("--from-engine builds nothing that could go on without what is lost: leave one of them out")
    place = home(sample)
    with console.bar() as bar:
        if from_engine:
            done = bringing.bring(place, engines.at(from_engine, place.settings), bar)
        else:
            done = pipeline.build(place, full=full, lake_was_lost=lake_was_lost, progress=bar)
    reports.build(done)
    reports.leave_if_refused(done)


@verb()
def init_db(
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="The database, as a user who may make roles; else WATTHOUSE_WAREHOUSE."),
    ] = None,
) -> None:
    """Make the roles, schema and grants of a PostgreSQL warehouse; again and again, if you like."""
    from watthouse.warehouse import engines

    database, roles = engines.initialise(settings_of(), url)
    out = console.out
    tasks = ", ".join(f"{role} {task}" for role, task in roles.items())
    out.print(f"{console.safe(database)} is ready for a warehouse: {tasks}")
    out.print("next: the loader's URL in WATTHOUSE_WAREHOUSE, and the reader's in WATTHOUSE_WAREHOUSE_READER")


def _refuse_mixtures(paths: list[str] | None, chosen: dict[str, bool]) -> None:
    for option, is_chosen in chosen.items():
        if paths and is_chosen:
            raise UsageError(f"--from and {option} exclude each other: files are read whole, {option} is for a service")


def _refuse_half_of_a_loss(full: bool, lake_was_lost: bool, follow: bool = False) -> None:
    if lake_was_lost and follow:
        raise UsageError("--lake-was-lost and --follow exclude each other: refresh once, then follow")
    if lake_was_lost and not full:
        raise UsageError("--lake-was-lost replaces the whole warehouse: use --full --lake-was-lost")


@contextmanager
def staying() -> Iterator[None]:
    """Work that a signal ends in good order at any point."""
    signals.heed(signal.SIGTERM)
    with suppress(KeyboardInterrupt), signals.recognised():
        yield
    console.out.print("stopped")


def _follow(settings: Settings, selection: Selection, *, full: bool) -> None:
    """Refresh forever; with ``full``, the first successful round of each dataset is a full one."""
    from watthouse.operate import pipeline

    if "started_by" not in settings.model_fields_set:
        settings = settings.model_copy(update={"started_by": "follow"})
    known_notes: set[str] = set()
    to_distrust = set(selection.datasets) if full else set()

    def refresh_due(due: tuple[Dataset, ...]) -> set[str]:
        with signals.recognised():
            due_now = replace(selection, datasets=due)
            place = Home(settings)
            done = pipeline.refresh(place, None, due_now, full=bool(to_distrust.intersection(due)))
            # a full round that did not succeed is still due as a full one
            to_distrust.difference_update(dataset for dataset in due if dataset.id not in done.unsettled)
            with signals.unbroken():
                if place.holds_sample(after_fetching=True):
                    console.announce_sample()
                reports.round_of(done, known_notes)
        return done.unsettled

    def on_error(error: BaseException) -> None:
        with signals.unbroken():
            reports.failed(line_of(error))
        if settings.traceback and not isinstance(error, WatthouseError):
            traceback.print_exception(error)

    Following(selection.datasets, refresh_due, on_error, signals.wait).run()


def _report(place: Home, done: Report, paths: list[str] | None) -> None:
    """Print the report; exit 1 where something was refused, or a file that was named itself is not an export."""
    if place.holds_sample(after_fetching=True):
        console.announce_sample()
    reports.report(done)
    reports.leave_if_refused(done, paths)
