"""What a refresh, a fetch or a build did, on standard output; what was refused, on standard error."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from watthouse.cli.console import err, moment, now, out, program, safe, size
from watthouse.exports.report import ExportReport
from watthouse.meters.curve import CurveReport, oddities
from watthouse.sync.report import Report, Traffic
from watthouse.transform import Node

if TYPE_CHECKING:  # what the extra `meters` brings
    from watthouse.meters.load import LoadReport


def report(done: Report) -> None:
    """What was read, what was skipped and why, and the line of counts at the end."""
    _notes(done)
    for origin, reason in {**done.left, **done.unselected}.items():
        out.print(f"[yellow]left[/]     {_why(origin, reason)}")
    _refusals(done)
    for origin, rows in done.known.items():
        out.print(f"[dim]known[/]    {safe(origin)}: already read, {_counted(rows, 'row')}")
    for dataset_id, since in sorted(done.still.items()):
        out.print(f"{dataset_id}: nothing moved since {moment(since)}")
    for dataset_id, counts in sorted(done.by_dataset.items()):
        out.print(
            f"{dataset_id}: {counts.fetched:,} fetched, {counts.new:,} new, {counts.revised:,} revised,"
            f" {counts.unchanged:,} unchanged, {counts.dropped:,} dropped"
        )
    if done.traffic is not None:
        out.print(_traffic(done.traffic))
    if done.outside:
        out.print(f"{done.outside:,} rows are outside the requested days and were not kept")
    if done.built is not None:
        _built(done)
    for reason, rows in sorted(done.dropped.items()):
        out.print(f"dropped {rows:,}: {safe(reason)}")
    counts = done.counts
    out.print(
        f"{counts.fetched} fetched, {counts.new} new, {counts.revised} revised,"
        f" {counts.unchanged} unchanged, {counts.dropped} dropped"
    )


def leave_if_refused(done: Report, paths: list[str] | None = None) -> None:
    """Exit 1 where something was refused, or a file that was named itself is not an export."""
    # In a folder such files are normal (a readme, a picture); a file that was typed was meant to be read.
    typed = {*(paths or ()), *(str(Path(path)) for path in paths or ())}  # a URL as it is, `./x.csv` as `x.csv`
    if done.failed or typed & done.left.keys():
        raise typer.Exit(1)


def exports(done: ExportReport, verb: str) -> None:
    """What a grab or a dump did by dataset, what it refused, and the line of counts at the end."""
    for origin, note in done.notes.items():
        out.print(f"[dim]note[/]     {_why(origin, note)}")
    for origin, reason in done.failed.items():
        err.print(f"[red]refused[/]  {_why(origin, reason)}")
    for dataset_id, moved in sorted(done.by_dataset.items()):
        taken = f"{_counted(moved.taken, 'month')} {verb} ({moved.rows:,} rows, {size(moved.bytes)})"
        out.print(f"{dataset_id}: {taken if moved.taken else f'nothing {verb}'}, {moved.unchanged:,} unchanged")
    if done.traffic is not None:
        out.print(_traffic(done.traffic))
    out.print(f"{done.taken} {verb}, {done.unchanged} unchanged, {len(done.failed)} refused: {safe(done.place)}")


def meter_files(done: "LoadReport") -> None:
    """What became of each meter file, and the line of counts at the end."""
    for origin, reason in done.left.items():
        out.print(f"[yellow]left[/]     {_why(origin, reason)}")
    for origin, reason in done.refused.items():
        err.print(f"[red]refused[/]  {_why(origin, reason)}")
    for origin, figures in done.loaded.items():
        asides = {
            "duplicates": figures.duplicates,
            "of older files replaced": figures.superseded,
            "older than what is held": figures.outdated,
        }
        more = "".join(f", {count:,} {what}" for what, count in asides.items() if count)
        out.print(
            f"{safe(origin)}: {_counted(figures.readings, 'reading')} ({figures.layout}),"
            f" {figures.rejected:,} rejected{more}"
        )
    counts = f"{len(done.loaded)} loaded, {len(done.unchanged)} unchanged, {len(done.refused)} refused"
    out.print(f"{counts}: {safe(done.database)}")


def curves(looked_at: Sequence[CurveReport]) -> None:
    """What is odd about meter files, a channel at a time."""
    for done in looked_at:
        units = safe(", ".join(done.units))
        out.print(f"{safe(done.origin)}: {done.layout}, {_counted(done.readings, 'reading')} in {units}")
        for line, reason in done.reasons.items():
            out.print(f"  [red]line {line}[/]  {safe(reason)}")
        if (more := done.rejected - len(done.reasons)) > 0:
            out.print(f"  and {more:,} more lines that are no readings")
        for data_type, units_of_it in done.mixed.items():
            out.print(f"  [yellow]mixed[/]  {safe(data_type)} is in {safe(', '.join(units_of_it))}")
        for curve in done.curves:
            step = f", every {curve.minutes} min" if curve.minutes else ""
            span = f"{moment(curve.first)} to {moment(curve.last)}"
            name = " ".join(filter(None, (curve.meter_code, curve.data_type, curve.about)))
            out.print(f"  {safe(f'{name} [{curve.unit}]')}: {curve.readings:,}{step}, {span}")
            for oddity in oddities(curve):
                out.print(f"    [yellow]{safe(oddity)}[/]")


def _traffic(traffic: Traffic) -> str:
    retries = f" ({_counted(traffic.retries, 'retry', 'retries')})" if traffic.retries else ""
    return f"{_counted(traffic.requests, 'request')}{retries}, {size(traffic.bytes)} received"


def _counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def round_of(done: Report, known_notes: set[str]) -> None:
    """One round of a refresh that stays: what moved in it, in a line, and notes that are not among ``known_notes``."""
    # A note about a dataset (a column that is gone) comes back with every hourly round: it is printed once.
    moved = {name: counts for name, counts in done.by_dataset.items() if counts.new or counts.revised}
    parts = [f"{name} {counts.new:,} new, {counts.revised:,} revised" for name, counts in moved.items()]
    parts += [f"not up to date: {', '.join(sorted(done.unsettled))}"] if done.unsettled else []
    out.print(f"{now()} {'; '.join(parts) or 'nothing moved'}")
    for note, origins in _by_note(done).items():
        if note not in known_notes:
            out.print(f"[dim]note[/]     {safe(origins[0])}: {safe(note)}")
            known_notes.add(note)
    _refusals(done)
    _warnings(_warned(done.built or ()))


def failed(line: str) -> None:
    """A round that failed; another one follows."""
    err.print(f"{now()} [red]watthouse:[/] {safe(line)}; trying again")


def build(done: Report) -> None:
    """What a build did, and what it left as it was."""
    _notes(done)
    _refusals(done)
    _built(done)


def _notes(done: Report) -> None:
    for note, origins in _by_note(done).items():
        more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
        out.print(f"[dim]note[/]     {safe(origins[0])}{more}: {safe(note)}")


def _built(done: Report) -> None:
    """What was built, what the tests warn of, and where a replaced warehouse is kept."""
    nodes = done.built or ()
    if done.previous_warehouse:
        kept = done.previous_warehouse
        shows = f"`{program()} serve --home {kept.home}` shows it" if kept.home else "drop them when nobody needs it"
        out.print(f"kept     {safe(kept.place)}: the previous warehouse; {safe(shows)}")
    models = sum(node.is_model for node in nodes)
    warned = _warned(nodes)
    nothing = "nothing built" if done.failed else "up to date"
    out.print(f"built {models} models, ran {len(nodes) - models} tests, {len(warned)} warned" if nodes else nothing)
    _warnings(warned)


def _refusals(done: Report) -> None:
    for origin, reason in done.failed.items():
        err.print(f"[red]refused[/]  {_why(origin, reason)}")


def _why(origin: str, reason: str) -> str:
    """A reason with its origin, which is not repeated."""
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
