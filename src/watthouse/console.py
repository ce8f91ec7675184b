"""What a person sees: progress on standard error, results on standard output."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from watthouse.catalog import CATALOG, Dataset
from watthouse.pipeline import Report
from watthouse.status import Status
from watthouse.transform import Node

_PIPE_WIDTH = 200
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_MOST_ROWS = 60


class Bar:
    """Rows, bytes and time left while files are read; then the stage and the model at work."""

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
        DownloadColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress)


def report(done: Report) -> None:
    """What was read, what was left and why, and the line of counts at the end."""
    for note, origins in _by_note(done).items():
        more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
        out.print(f"[dim]note[/]     {safe(origins[0])}{more}: {safe(note)}")
    for origin, reason in {**done.left, **done.unasked}.items():
        out.print(f"[yellow]left[/]     {safe(reason if reason.startswith(origin) else f'{origin}: {reason}')}")
    for origin, reason in done.failed.items():
        err.print(f"[red]refused[/]  {safe(reason if reason.startswith(origin) else f'{origin}: {reason}')}")
    for dataset_id, counts in sorted(done.by_dataset.items()):
        out.print(
            f"{dataset_id}: {counts.fetched:,} fetched, {counts.new:,} new, {counts.revised:,} revised,"
            f" {counts.unchanged:,} unchanged, {counts.dropped:,} dropped"
        )
    if done.outside:
        out.print(f"{done.outside:,} rows lie outside the days asked for and were not fetched")
    if done.built is not None:
        built(done.built)
    for reason, rows in sorted(done.dropped.items()):
        out.print(f"dropped {rows:,}: {safe(reason)}")
    counts = done.counts
    out.print(
        f"{counts.fetched} fetched, {counts.new} new, {counts.revised} revised,"
        f" {counts.unchanged} unchanged, {counts.dropped} dropped"
    )


def built(nodes: Sequence[Node]) -> None:
    """What dbt did, and what its tests warn of."""
    models = sum(node.is_model for node in nodes)
    warned = [node for node in nodes if node.status == "warn"]
    out.print(
        f"built {models} models, ran {len(nodes) - models} tests, {len(warned)} warned" if nodes else "up to date"
    )
    for node in warned:
        out.print(f"[yellow]warning[/]  {node.title}: {safe(node.message)}")


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
            "[yellow]overdue[/]" if line.overdue else "",
        )
    out.print(table)


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
