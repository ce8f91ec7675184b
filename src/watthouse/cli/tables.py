"""Results as tables and lists that fit the terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
from rich.table import Table

from watthouse.catalog import CATALOG, Dataset
from watthouse.cli.console import announce_sample, moment, out, program, safe, size
from watthouse.home import Home
from watthouse.operate.runs import Run
from watthouse.operate.status import Status

if TYPE_CHECKING:
    from watthouse.operate.doctor import Finding
    from watthouse.operate.repair import Mending
    from watthouse.transform.dictionary import Mart
    from watthouse.warehouse.base import Warehouse
    from watthouse.warehouse.parity import Compared

_MOST_ROWS = 60
_OUTCOMES: dict[str | None, str] = {"done": "green", "failed": "red"}


def newest(rows: pl.DataFrame, home: Home) -> None:
    """The newest days, and where everything lies."""
    out.print()
    frame([rows], hint="see `watthouse show daily_merged`")
    warehouse, sample = home.warehouse, home.sample
    option = " --sample" if sample else ""
    places = {
        "lake": f"{home.place}/  every value ever seen, one Delta table per dataset",
        "warehouse": f"{warehouse.place}  the marts, for {warehouse.engine}",
        "next": "   ".join(f"{program()} {words}" for words in (f"show daily_regional{option}", f"status{option}")),
    }
    out.print()
    for name, place in places.items():
        out.print(f"{name:<10} {safe(place)}")
    if sample:
        out.print()
        announce_sample()


def findings(results: "Sequence[Finding]") -> None:
    """One line per finding, and below it what to do where something is wrong."""
    from watthouse.operate.doctor import Health

    colours = {Health.WELL: "green", Health.ODD: "yellow", Health.BAD: "red"}
    for finding in results:
        out.print(f"[{colours[finding.state]}]{finding.state.value:<5}[/] {finding.name:<10} {safe(finding.message)}")
        if finding.advice:
            out.print(f"{'':<17}[dim]→ {safe(finding.advice)}[/]")


def mendings(results: "Sequence[Mending]", *, applied: bool) -> None:
    """What is wrong with each table, and what can be or was restored from where."""
    verb = "restored" if applied else "can be restored"
    for mending in results:
        out.print(f"[red]damaged[/]  {mending.dataset}: {safe(mending.damage)}")
        for rows, origin in (
            (mending.from_warehouse, "from the warehouse, with their stamps"),
            (mending.from_files, "from files of the table that no entry of its log names, with their stamps"),
        ):
            if rows:
                out.print(f"         {rows:,} observations {verb} {origin}")
        if mending.restamped:
            out.print(
                f"         the stamps of {mending.restamped:,} observations {'were' if applied else 'can be'} corrected"
            )
        again = safe(mending.again)
        if mending.lost:
            out.print(f"         {mending.lost:,} observations are nowhere else; fetch them again with {again}")
        elif not (mending.from_warehouse or mending.from_files or mending.restamped):
            out.print(f"         nothing to restore from here; {again} brings what is missing")
        if mending.aside:
            out.print(f"         the damaged table was moved to {safe(mending.aside)}")
    if not results:
        out.print("nothing to repair: every entry of every log and every file of the lake is as it was written")
    elif not applied:
        out.print("`watthouse repair --apply` does this; what is damaged is moved aside, not removed")


def statuses(lines: Sequence[Status]) -> None:
    """One line per dataset."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("dataset", "newest row", "newest measured", "days missing", "last refresh", "lake", "warehouse", ""):
        table.add_column(name, justify="right" if name in {"days missing", "lake"} else "left", no_wrap=True)
    for line in lines:
        extent = f"{line.lake_rows:,} rows, {size(line.lake_bytes)}" if line.lake_rows else "–"
        table.add_row(
            line.dataset,
            moment(line.newest),
            moment(line.newest_measured),
            f"{line.missing_days:,}" if line.lake_rows else "–",
            moment(line.last_refresh),
            extent,
            _versions(line),
            "[red]damaged[/]" if line.damage else "[yellow]overdue[/]" if line.overdue else "",
        )
    out.print(table)
    for line in lines:
        if line.damage:
            out.print(f"[red]damaged[/]  {line.dataset}: {safe(line.damage)}")


def runs(noted: Sequence[Run]) -> None:
    """One line per run, the newest first; nothing where none is noted."""
    if not noted:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("run", "began", "took", "started by", "new", "revised", "outcome"):
        table.add_column(name, justify="right" if name in {"took", "new", "revised"} else "left", no_wrap=True)
    table.add_column("")
    for run in noted:
        colour = _OUTCOMES.get(run.outcome, "yellow")
        outcome = f"[{colour}]{safe(run.outcome or 'no end noted')}[/]"
        counts = (f"{run.new:,}", f"{run.revised:,}")
        table.add_row(
            safe(run.call), moment(run.began), _took(run), safe(run.started_by), *counts, outcome, _about(run)
        )
    out.print()
    out.print(table)


def _took(run: Run) -> str:
    return f"{(run.ended - run.began).total_seconds():.1f} s" if run.ended else "–"


def _about(run: Run) -> str:
    """What went wrong; where no end is noted, who would know."""
    return safe(run.line if run.outcome else f"running, or killed: {run.where}")


def frame(pieces: Iterable[pl.DataFrame], *, hint: str) -> None:
    """The newest rows and the columns that fit the terminal; a last line tells what is not shown."""
    # piece by piece, with only the rows that will be shown: a mart of any size takes little memory
    height, shown = 0, pl.DataFrame()
    for rows in pieces:
        height += rows.height
        shown = pl.concat([shown, rows]).tail(_MOST_ROWS) if shown.height else rows.tail(_MOST_ROWS)
    texts = {name: [_cell(value) for value in shown[name]] for name in shown.columns}
    widths = {name: max([len(name), *map(len, cells)]) + 2 for name, cells in texts.items()}
    fitting = _fitting(widths, out.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in fitting:
        table.add_column(safe(name), justify="right" if shown.schema[name].is_numeric() else "left", no_wrap=True)
    for row in zip(*(texts[name] for name in fitting), strict=True):
        table.add_row(*map(safe, row))
    out.print(table)
    left = [f"{height - shown.height:,} older rows"] if height > shown.height else []
    left += [f"{len(texts) - len(fitting)} more columns"] if len(fitting) < len(texts) else []
    if left:
        out.print(f"[dim]not shown: {' and '.join(left)} ({hint})[/]")
    if not height:
        out.print("[dim]no rows[/]")


def catalog() -> None:
    """The datasets, one per line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("dataset", "grain", "since", "refreshed every", "publisher"):
        table.add_column(name, no_wrap=True)
    for dataset in CATALOG.values():
        table.add_row(dataset.id, dataset.grain, dataset.since, _span(dataset), dataset.publisher)
    out.print(table)


def dataset(declared: Dataset) -> None:
    """A dataset: what it is, then its columns with their units."""
    out.print(f"[bold]{declared.id}[/]  {declared.title}")
    facts = {
        "grain": declared.grain,
        "key": ", ".join(declared.identity),
        "since": declared.since,
        "refreshed every": _span(declared),
        "source": f"{declared.source}, data by {declared.publisher}",
        "licence": declared.licence,
        "notes": declared.notes,
    }
    for name, fact in facts.items():
        out.print(f"  {name:<16} {safe(fact)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("column", "kind", "unit", "meaning"):
        table.add_column(name, no_wrap=True)
    for column in declared.columns:
        table.add_row(column.name, column.kind.value, column.unit, safe(column.meaning))
    out.print(table)


def marts(described: "Iterable[Mart]") -> None:
    """The marts, one per line: what identifies a row, and the first sentence of the description."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("mart", "columns", "a row for each"):
        table.add_column(name, justify="right" if name == "columns" else "left", no_wrap=True)
    table.add_column("what")
    for mart in described:
        summary = safe(mart.description.partition(". ")[0].rstrip("."))
        table.add_row(safe(mart.name), str(len(mart.columns)), safe(", ".join(mart.key)), summary)
    out.print(table)


def mart(described: "Mart") -> None:
    """A mart: what it is, then its columns with their units."""
    out.print(f"[bold]{safe(described.name)}[/]")
    for name, fact in {"what": described.description, "a row for each": ", ".join(described.key)}.items():
        out.print(f"  {name:<16} {safe(fact)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("column", "type", "unit", "meaning"):
        table.add_column(name, no_wrap=True)
    for column in described.columns:
        table.add_row(*map(safe, (column.name, column.type, column.unit, column.meaning)))
    out.print(table)


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
    return moment(value) if isinstance(value, datetime) else str(value)


def _versions(line: Status) -> str:
    if line.lake_version is None:
        return "–"
    return "not built" if line.warehouse_version is None else f"{line.warehouse_version} of {line.lake_version}"


def _span(dataset: Dataset) -> str:
    hours = dataset.cadence.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def parity(own: "Warehouse", other: "Warehouse", compared: "Sequence[Compared]") -> None:
    """Which tables of two warehouses are equal, how many rows each has, and where the others differ first."""
    out.print(f"{safe(own.place)} and {safe(other.place)}")
    if not compared:
        out.print("neither holds a table")
        return
    rows = [
        {
            "table": table.table,
            "equal": "equal" if table.is_equal else "different",
            "rows here": table.rows[0],
            "rows there": table.rows[1],
            "differs first at": table.first or None,
        }
        for table in compared
    ]
    frame([pl.DataFrame(rows, infer_schema_length=None)], hint="")
