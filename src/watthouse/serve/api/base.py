"""What the API's calls share: the desk, and the period a call means."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from watthouse.catalog import REGIONS
from watthouse.serve.asking import Interval, Period, finest, newest_first, points
from watthouse.serve.delivery import MEDIA, Format
from watthouse.serve.desk import Desk
from watthouse.serve.problems import wrong
from watthouse.serve.series import Span
from watthouse.serve.snapshots import Snapshot


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]

Cell = str | float | int | bool | None


class ColumnOut(BaseModel):
    """A column of the rows."""

    name: str = Field(description="Its name in the rows", examples=["nucleaire_gwh"])
    unit: str = Field(description="Its unit; empty where it has none", examples=["GWh"])
    description: str = Field(description="What it is", examples=["Nuclear"])


class Rows(BaseModel):
    """Rows with what they are, whose, and how fresh."""

    title: str = Field(description="What the rows are", examples=["Generation mix of France"])
    columns: list[ColumnOut] = Field(description="The columns that need a word")
    source: str = Field(description="Where the figures are from")
    licence: str = Field(description="The licence of the data")
    version: str = Field(description="The version of the data this answer is from; no answer mixes two")
    sample: str | None = Field(description="The sample's name where the data are synthetic, else null", examples=[None])
    since: str | None = Field(default=None, description="First civil day that is meant", examples=["2025-01-01"])
    until: str | None = Field(default=None, description="Last civil day that is meant", examples=["2025-01-31"])
    interval: str | None = Field(default=None, description="How much time a row stands for", examples=["day"])
    unit: str | None = Field(default=None, description="The unit of energy or power", examples=["GWh"])
    as_of: str | None = Field(default=None, description="The instant whose knowledge this is", examples=[None])
    next: str | None = Field(default=None, description="The `cursor` of the rows that follow, null after the last")
    rows: list[dict[str, Cell]] = Field(description="One object a row")


def rows_of(what: str) -> dict[int | str, dict[str, object]]:
    """The documentation of a call that gives rows, in every format."""
    binary = {"type": "string", "format": "binary"}
    texts = {MEDIA[Format.CSV]: {"schema": {"type": "string"}}}
    packed = {MEDIA[one]: {"schema": binary} for one in (Format.PARQUET, Format.ARROW)}
    tag = {"description": "The version of the answer", "schema": {"type": "string"}}
    return {
        200: {
            "model": Rows,
            "description": what,
            "content": texts | packed,
            "headers": {"ETag": tag},
        },
        304: {"description": "What the caller holds (If-None-Match) is still true", "headers": {"ETag": tag}},
        406: {"description": "No such format"},
    }


def span_of(
    most: int, snapshot: Snapshot, mart: str, asked: Period, interval: Interval, offered: tuple[Interval, ...]
) -> Span:
    """The period and interval that are meant; raises a problem where that is more points than a series may have."""
    since, until = newest_first(snapshot.extent(mart), asked)
    if interval is not Interval.AUTO and interval not in offered:
        names = ", ".join(one.value for one in offered)
        raise wrong("interval", f"this is not kept by {interval.value}: ask for one of {names}, or auto")
    chosen = finest(since, until, offered) if interval is Interval.AUTO else interval
    if (asked_for := points(since, until, chosen)) > most:
        raise wrong(
            "interval",
            f"{asked_for:,} points of one {chosen.value} from {since} to {until}, and a series has"
            f" {most:,} at most: take a longer interval or a shorter period",
        )
    return Span(since, until, chosen)


def region_of(code: str | None) -> str | None:
    """The region's code; raises a problem for one that there is not."""
    if code is not None and code not in REGIONS:
        raise wrong("region", f"'{code[:20]}' is no region: the codes are {', '.join(sorted(REGIONS))}")
    return code


def meant(span: Span, **more: object) -> dict[str, object]:
    """What an answer says of its period."""
    said = {"since": span.since.isoformat(), "until": span.until.isoformat(), "interval": span.interval.value}
    return said | {name: value for name, value in more.items() if value is not None}
