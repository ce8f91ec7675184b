"""What a person sees: progress on standard error, results on standard output."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from watthouse.catalog import CATALOG, Dataset
from watthouse.operate.status import Status
from watthouse.settings import Settings
from watthouse.sync.report import Report
from watthouse.transform import Node

if TYPE_CHECKING:
    from watthouse.operate.doctor import Finding
    from watthouse.operate.repair import Mending
    from watthouse.transform.dictionary import Mart

_PIPE_WIDTH = 200
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_MOST_ROWS = 60


class Bar:
    """Rows, the part that is done and time left while rows come in; then the stage and the model at work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("reading", total=None, rows="")

    def reading(self, origin: str, done: int, total: int, rows: int) -> None:
        self._progress.update(
            self._task, description=f"reading {_short(origin)}", completed=done, total=total, rows=f"{rows:,} rows"
        )

    def stage(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def node(self, node: Node) -> None:
        self._progress.update(self._task, description=f"building {node.title}")


@contextmanager
def bar() -> Iterator[Bar]:
    """A progress bar on a terminal; nothing on a pipe or in a log."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress)


def report(done: Report) -> None:
    """What was read, what was left and why, and the line of counts at the end."""
    _notes(done)
    for origin, reason in {**done.left, **done.unasked}.items():
        out.print(f"[yellow]left[/]     {_why(origin, reason)}")
    _refusals(done)
    for dataset_id, moment in sorted(done.still.items()):
        out.print(f"{dataset_id}: nothing moved since {_moment(moment)}")
    for dataset_id, counts in sorted(done.by_dataset.items()):
        out.print(
            f"{dataset_id}: {counts.fetched:,} fetched, {counts.new:,} new, {counts.revised:,} revised,"
            f" {counts.unchanged:,} unchanged, {counts.dropped:,} dropped"
        )
    if done.asked is not None:
        again = f", {done.asked.retries:,} of them again" if done.asked.retries else ""
        times = "once" if done.asked.requests == 1 else f"{done.asked.requests:,} times"
        out.print(f"asked {times}{again}, {_size(done.asked.bytes)} came")
    if done.outside:
        out.print(f"{done.outside:,} rows lie outside the days asked for and were not fetched")
    if done.built is not None:
        _built(done)
    for reason, rows in sorted(done.dropped.items()):
        out.print(f"dropped {rows:,}: {safe(reason)}")
    counts = done.counts
    out.print(
        f"{counts.fetched} fetched, {counts.new} new, {counts.revised} revised,"
        f" {counts.unchanged} unchanged, {counts.dropped} dropped"
    )


def round_of(done: Report, told: set[str]) -> None:
    """One round of a refresh that stays: what moved in it, in a line, and what was not ``told`` before."""
    moved = {name: counts for name, counts in done.by_dataset.items() if counts.new or counts.revised}
    said = [f"{name} {counts.new:,} new, {counts.revised:,} revised" for name, counts in moved.items()]
    said += [f"not up to date: {', '.join(sorted(done.unsettled))}"] if done.unsettled else []
    out.print(f"{_now()} {'; '.join(said) or 'nothing moved'}")
    for note, origins in _by_note(done).items():
        if note not in told:
            out.print(f"[dim]note[/]     {safe(origins[0])}: {safe(note)}")
            told.add(note)
    _refusals(done)
    _warnings(_warned(done.built or ()))


def failed(line: str) -> None:
    """A round that could not be ended; the next one comes."""
    err.print(f"{_now()} [red]watthouse:[/] {safe(line)}; it is tried again")


@cache
def announce_sample() -> None:
    """What every figure of a sample is shown with, once."""
    err.print("[magenta]sample[/]   these figures are synthetic, made by watthouse: nobody measured them")


def serving_home(settings: Settings) -> None:
    """Where a home is served."""
    address = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    out.print(f"\nopen       {address}   (its API: {address}/docs; Ctrl-C ends it)")


def serving(url: str) -> None:
    """Where the sample is served, and how to ask it: into a home of its own."""
    out.print(f"a synthetic ODRÉ at {url}   (Ctrl-C ends it)")
    out.print(f"ask it with   WATTHOUSE_HOME=var/rehearsal WATTHOUSE_ODRE_URL={url} {_program()} refresh")


def newest(rows: pl.DataFrame, settings: Settings, sample: str | None) -> None:
    """The newest days, and where everything lies."""
    out.print()
    frame(rows, hint="see `watthouse show daily_merged`")
    option = " --sample" if sample else ""
    places = {
        "lake": f"{settings.lake}/  every value ever seen, a Delta table a dataset",
        "warehouse": f"{settings.warehouse}  the marts, for DuckDB",
        "next": "   ".join(f"{_program()} {words}" for words in (f"show daily_regional{option}", f"status{option}")),
    }
    out.print()
    for name, place in places.items():
        out.print(f"{name:<10} {place}")
    if sample:
        out.print()
        announce_sample()


def findings(found: "Sequence[Finding]") -> None:
    """A line a finding, and what to do under those that are not well."""
    from watthouse.operate.doctor import State

    colours = {State.WELL: "green", State.ODD: "yellow", State.BAD: "red"}
    for one in found:
        out.print(f"[{colours[one.state]}]{one.state.value:<5}[/] {one.name:<10} {safe(one.said)}")
        if one.advice:
            out.print(f"{'':<17}[dim]→ {safe(one.advice)}[/]")


def build(done: Report) -> None:
    """What was built alone, and what was left as it was."""
    _notes(done)
    _refusals(done)
    _built(done)


def mendings(found: "Sequence[Mending]", *, applied: bool) -> None:
    """What is wrong with each table, and what can be or was restored from where."""
    verb = "restored" if applied else "can be restored"
    for one in found:
        out.print(f"[red]damaged[/]  {one.dataset}: {safe(one.damage)}")
        for rows, origin in (
            (one.from_warehouse, "from the warehouse, with their stamps"),
            (one.from_files, "from files of the table that no entry of its log names, with their stamps"),
        ):
            if rows:
                out.print(f"         {rows:,} observations {verb} {origin}")
        if one.restamped:
            out.print(f"         {one.restamped:,} observations {'were' if applied else 'can be'} stamped anew")
        if one.lost:
            out.print(f"         {one.lost:,} observations are nowhere else; have them again with {safe(one.again)}")
        elif not (one.from_warehouse or one.from_files or one.restamped):
            out.print(f"         no observation to restore from here; {safe(one.again)} brings what is missing")
        if one.aside:
            out.print(f"         the damaged table lies in {safe(one.aside)}")
    if not found:
        out.print("nothing to repair: every entry of every log and every file of the lake is as it was written")
    elif not applied:
        out.print("`watthouse repair --apply` does so; what is damaged is moved aside, not removed")


def _notes(done: Report) -> None:
    for note, origins in _by_note(done).items():
        more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
        out.print(f"[dim]note[/]     {safe(origins[0])}{more}: {safe(note)}")


def _built(done: Report) -> None:
    """What dbt did, and what its tests warn of; where the warehouse lies that was replaced."""
    nodes = done.built or ()
    if done.kept:
        shows = f"`{_program()} serve --home {done.kept.parent}` shows it"
        out.print(f"kept     {safe(str(done.kept))}: the warehouse as it was before; {safe(shows)}")
    models = sum(node.is_model for node in nodes)
    warned = _warned(nodes)
    nothing = "nothing built" if done.failed else "up to date"
    out.print(f"built {models} models, ran {len(nodes) - models} tests, {len(warned)} warned" if nodes else nothing)
    _warnings(warned)


def statuses(lines: Sequence[Status]) -> None:
    """A line a dataset."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("dataset", "newest row", "newest measured", "days missing", "last refresh", "lake", "warehouse", ""):
        table.add_column(name, justify="right" if name in {"days missing", "lake"} else "left", no_wrap=True)
    for line in lines:
        held = f"{line.lake_rows:,} rows, {_size(line.lake_bytes)}" if line.lake_rows else "–"
        table.add_row(
            line.dataset,
            _moment(line.newest),
            _moment(line.newest_measured),
            f"{line.missing_days:,}" if line.lake_rows else "–",
            _moment(line.last_refresh),
            held,
            _versions(line),
            "[red]damaged[/]" if line.damage else "[yellow]overdue[/]" if line.overdue else "",
        )
    out.print(table)
    for line in lines:
        if line.damage:
            out.print(f"[red]damaged[/]  {line.dataset}: {safe(line.damage)}")


def frame(rows: pl.DataFrame, *, hint: str) -> None:
    """The newest rows and as many columns as the terminal is wide; a line says what is not shown."""
    shown = rows.tail(_MOST_ROWS)
    texts = {name: [_cell(value) for value in shown[name]] for name in rows.columns}
    widths = {name: max([len(name), *map(len, cells)]) + 2 for name, cells in texts.items()}
    fitting = _fitting(widths, out.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in fitting:
        table.add_column(name, justify="right" if rows.schema[name].is_numeric() else "left", no_wrap=True)
    for row in zip(*(texts[name] for name in fitting), strict=True):
        table.add_row(*map(safe, row))
    out.print(table)
    left = [f"{rows.height - shown.height:,} older rows"] if rows.height > shown.height else []
    left += [f"{len(texts) - len(fitting)} more columns"] if len(fitting) < len(texts) else []
    if left:
        out.print(f"[dim]not shown: {' and '.join(left)} ({hint})[/]")
    if not rows.height:
        out.print("[dim]no rows[/]")


def catalog() -> None:
    """The datasets, a line each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("dataset", "grain", "since", "refreshed every", "publisher"):
        table.add_column(name, no_wrap=True)
    for dataset in CATALOG.values():
        table.add_row(dataset.id, dataset.grain, dataset.since, _span(dataset), dataset.publisher)
    out.print(table)


def dataset(one: Dataset) -> None:
    """A dataset: what it is, then its columns with their units."""
    out.print(f"[bold]{one.id}[/]  {one.title}")
    facts = {
        "grain": one.grain,
        "key": ", ".join(one.identity),
        "since": one.since,
        "refreshed every": _span(one),
        "source": f"{one.source}, data by {one.publisher}",
        "licence": one.licence,
        "notes": one.notes,
    }
    for name, fact in facts.items():
        out.print(f"  {name:<16} {safe(fact)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("column", "kind", "unit", "meaning"):
        table.add_column(name, no_wrap=True)
    for column in one.columns:
        table.add_row(column.name, column.kind.value, column.unit, safe(column.meaning))
    out.print(table)


def marts(held: "Iterable[Mart]") -> None:
    """The marts, a line each: what names one of its rows, and the first sentence of what it is."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("mart", "columns", "a row for each"):
        table.add_column(name, justify="right" if name == "columns" else "left", no_wrap=True)
    table.add_column("what")
    for one in held:
        table.add_row(
            one.name, str(len(one.columns)), ", ".join(one.key), safe(one.description.partition(". ")[0].rstrip("."))
        )
    out.print(table)


def mart(one: "Mart") -> None:
    """A mart: what it is, then its columns with their units."""
    out.print(f"[bold]{one.name}[/]")
    for name, fact in {"what": one.description, "a row for each": ", ".join(one.key)}.items():
        out.print(f"  {name:<16} {safe(fact)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("column", "type", "unit", "meaning"):
        table.add_column(name, no_wrap=True)
    for column in one.columns:
        table.add_row(column.name, column.type, column.unit, safe(column.meaning))
    out.print(table)


def _refusals(done: Report) -> None:
    for origin, reason in done.failed.items():
        err.print(f"[red]refused[/]  {_why(origin, reason)}")


def _why(origin: str, reason: str) -> str:
    """A reason that names its origin, once."""
    return safe(reason if reason.startswith(origin) else f"{origin}: {reason}")


def _warned(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if node.status == "warn"]


def _warnings(warned: Sequence[Node]) -> None:
    for node in warned:
        rows = f"the rows: `watthouse tests {node.title}`"
        out.print(f"[yellow]warning[/]  {node.title}: {safe(node.message)} ({rows})")


def _by_note(done: Report) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for origin, notes in done.notes.items():
        for note in notes:
            grouped.setdefault(note, []).append(origin)
    return grouped


def _fitting(widths: dict[str, int], width: int) -> list[str]:
    chosen: list[str] = []
    for name, needed in widths.items():
        if chosen and sum(widths[c] for c in chosen) + needed > width:
            break
        chosen.append(name)
    return chosen


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}"
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(value: object) -> str:
    if value is None:
        return "–"
    return value.strftime("%Y-%m-%d %H:%MZ") if isinstance(value, datetime) else str(value)


def _program() -> str:
    """How this program was called, so that what is shown can be typed."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "watthouse" and not shutil.which("watthouse") else "watthouse"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"


def _versions(line: Status) -> str:
    if line.lake_version is None:
        return "–"
    return "not built" if line.warehouse_version is None else f"{line.warehouse_version} of {line.lake_version}"


def _span(dataset: Dataset) -> str:
    hours = dataset.cadence.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _short(origin: str) -> str:
    return safe(origin.rsplit("/", 1)[-1][-48:])


def safe(text: str) -> str:
    """Text that Rich prints as it is."""
    return text.replace("[", r"\[")
