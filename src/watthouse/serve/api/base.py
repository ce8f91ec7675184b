"""What the API's calls share: the service, and the shape of their answers."""

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.serve.formats import MEDIA, Format
from watthouse.serve.problems import documented
from watthouse.serve.service import Service


async def _service(request: Request) -> Service:  # FastAPI hands what is not async to a thread
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


TheService = Annotated[Service, Depends(_service)]


Cell = str | float | int | bool | None


class ColumnOut(BaseModel):
    """A column of the rows."""

    name: str = Field(description="Its name in the rows", examples=["nucleaire_gwh"])
    unit: str = Field(description="Its unit; empty if it has none", examples=["GWh"])
    description: str = Field(description="What it is", examples=["Nuclear"])


class UsedOut(BaseModel):
    """Rows of a dataset behind an answer."""

    dataset: str = Field(description="The dataset's name at the publisher", examples=["eco2mix-national-tr"])
    title: str = Field(description="What it is", examples=["éCO2mix national, real time"])
    publisher: str = Field(description="Who measured it", examples=["RTE"])
    since: str = Field(description="First civil day of the rows used", examples=["2025-01-01"])
    until: str = Field(description="Last civil day of the rows used", examples=["2025-01-31"])
    source: str = Field(description="Where it is published")
    url: str = Field(description="Its page there")
    licence: str = Field(description="Its licence")


class Rows(BaseModel):
    """Rows with their columns, source and version."""

    title: str = Field(description="What the rows are", examples=["Generation mix of France"])
    columns: list[ColumnOut] = Field(description="The columns of the rows, with their units")
    source: str = Field(description="Who measured the figures, and for which days, in one line")
    attribution: list[UsedOut] = Field(description="The datasets behind the answer, and the days of the rows used")
    licence: str = Field(description="The licence of the data")
    version: str = Field(description="The version of the data behind this answer; no answer mixes two")
    sample: str | None = Field(description="The sample's name where the data are synthetic, else null", examples=[None])
    since: str | None = Field(default=None, description="First civil day of the answer", examples=["2025-01-01"])
    until: str | None = Field(default=None, description="Last civil day of the answer", examples=["2025-01-31"])
    interval: str | None = Field(default=None, description="The length of time of one row", examples=["day"])
    unit: str | None = Field(default=None, description="The unit of energy or power", examples=["GWh"])
    as_of: str | None = Field(default=None, description="The instant as of which the answer was known", examples=[None])
    measure: str | None = Field(default=None, description="The measure shown on the map", examples=["consommation"])
    with_since: str | None = Field(
        default=None, description="First civil day of the other period", examples=["2024-01-01"]
    )
    with_until: str | None = Field(
        default=None, description="Last civil day of the other period", examples=["2024-01-31"]
    )
    measured: float | None = Field(
        default=None, description="Share of the period that was measured, 0 to 1", examples=[0.98]
    )
    with_measured: float | None = Field(
        default=None, description="Share of the other period that was measured, 0 to 1", examples=[1.0]
    )
    history_since: str | None = Field(
        default=None, description="First civil day of the history behind the records", examples=["2012-01-01"]
    )
    history_measured: float | None = Field(
        default=None, description="Share of that history that was measured, 0 to 1", examples=[0.99]
    )
    found: int | None = Field(default=None, description="How many rows match, including those beyond `limit` [rows]")
    next: str | None = Field(default=None, description="The `cursor` of the next page, null after the last")
    meter_version: str | None = Field(default=None, description="The version of the readings of meters")
    grid_version: str | None = Field(
        default=None, description="The version of the grid's rows that meters are set against; null without any"
    )
    channels: list[int] | None = Field(default=None, description="The channels of the curve that was used")
    data_type: str | None = Field(default=None, description="What that curve measures, as the files name it")
    rows: list[dict[str, Cell]] = Field(description="One object per row")


def gives_rows(
    router: APIRouter,
    path: str,
    summary: str,
    row: str,
    *statuses: int,
    model: type[Rows] = Rows,
    tag: str | None = None,
    detail: str | None = None,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Register a call that gives rows in every format: what a ``row`` is, and its problems beside everybody's.

    ``model`` is what it answers in JSON, ``detail`` what its documentation adds where the function has no docstring.
    """
    described = rows_described(row, model) | documented(*statuses)
    tags: list[str | Enum] | None = [tag] if tag else None
    return router.get(path, summary=summary, description=detail, response_model=model, responses=described, tags=tags)


def rows_described(what: str, model: Any = Rows) -> dict[int | str, dict[str, Any]]:
    """The documentation of a call that gives rows, in every format."""
    binary = {"type": "string", "format": "binary"}
    texts = {MEDIA[Format.CSV]: {"schema": {"type": "string"}}}
    packed = {MEDIA[style]: {"schema": binary} for style in (Format.PARQUET, Format.ARROW)}
    tag = {"description": "The version of the answer", "schema": {"type": "string"}}
    link = {"description": "The datasets used (rel=via) and their licence", "schema": {"type": "string"}}
    version = {"description": "The version of the data", "schema": {"type": "string"}}
    sample = {"description": "The sample's name, where the data are synthetic", "schema": {"type": "string"}}
    return {
        200: {
            "model": model,
            "description": what,
            "content": texts | packed,
            "headers": {"ETag": tag, "Link": link, "X-Watthouse-Version": version, "X-Watthouse-Sample": sample},
        },
        304: {"description": "The caller's copy (If-None-Match) is current", "headers": {"ETag": tag}},
        **documented(406),
    }
