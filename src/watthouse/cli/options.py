"""The arguments and options of the verbs, and their help."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from watthouse.cli.export import FileFormat


def day(text: str) -> date:
    """A civil day as it is typed on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a valid date; use 2025-01-31") from None


def pause(text: str) -> timedelta:
    """A duration as it is typed on the command line: ``90s``, ``15min``, ``1h``; at most a day."""
    match = re.fullmatch(r"(\d{1,5})(s|min|h)", text)
    chosen = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
    if not timedelta(0) < chosen <= timedelta(days=1):
        raise typer.BadParameter(f"'{text}' is not a valid pause; use 90s, 15min or 1h, at most 24h")
    return chosen


def folder(text: str) -> Path:
    """A folder as it is typed on the command line: an empty word is a variable that was not set, and no folder."""
    if not text.strip():
        raise typer.BadParameter("it is empty: name a folder")
    return Path(text)


_UNITS: Final = {"s": timedelta(seconds=1), "min": timedelta(minutes=1), "h": timedelta(hours=1)}

Names = Annotated[list[str] | None, typer.Argument(metavar="DATASET", help="Only these datasets.", show_default=False)]
From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="PATH...",
        help="Read exports from files, archives, folders, s3://… or gs://…, in any mixture, instead of asking ODRÉ.",
        show_default=False,
    ),
]
Since = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="First civil day (YYYY-MM-DD).")]
Until = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="Last civil day (YYYY-MM-DD).")]
FromMonth = Annotated[str | None, typer.Option("--since", metavar="MONTH", help="First month (YYYY-MM, UTC).")]
ToMonth = Annotated[str | None, typer.Option("--until", metavar="MONTH", help="Last month (YYYY-MM, UTC).")]
LastMonth = Annotated[bool, typer.Option("--last-month", help="Only the month before this one (UTC).")]
FullBuild = Annotated[
    bool, typer.Option("--full", help="Rebuild the warehouse from the lake, not just the changed days.")
]
FullFetch = Annotated[bool, typer.Option("--full", help="Fetch or read everything again, whatever is noted as held.")]
FullRefresh = Annotated[
    bool, typer.Option("--full", help="Fetch or read everything again, and rebuild the whole warehouse.")
]
UnlessRunning = Annotated[
    bool, typer.Option("--unless-running", help="Exit 0, having done nothing, where another refresh is at work.")
]
LakeWasLost = Annotated[
    bool,
    typer.Option(
        "--lake-was-lost",
        help="Go on without what the lake has lost and the warehouse still holds; a copy of that warehouse is kept.",
    ),
]
OfSample = Annotated[
    bool, typer.Option("--sample", help="The synthetic sample, in a home of its own below WATTHOUSE_HOME.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.", show_default="8050")]
Style = Annotated[FileFormat, typer.Option("--format", help="How rows are written.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file instead of standard output.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")]
