"""What the API's calls share: the service, the period a call means, the shape of its answer."""

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
    unit: str = Field(description="Its unit; empty where it has none", examples=["GWh"])
    description: str = Field(description="What it is", examples=["Nuclear"])


class UsedOut(BaseModel):
    """Rows of a dataset that an answer is made of."""

    dataset: str = Field(description="The dataset's name at the publisher", examples=["eco2mix-national-tr"])
    title: str = Field(description="What it is", examples=["éCO2mix national, real time"])
    publisher: str = Field(description="Who measured it", examples=["RTE"])
    since: str = Field(description="First civil day of the rows used", examples=["2025-01-01"])
    until: str = Field(description="Last civil day of the rows used", examples=["2025-01-31"])
    source: str = Field(description="Where it is published")
    url: str = Field(description="Its page there")
    licence: str = Field(description="Its licence")


class Rows(BaseModel):
    """Rows with what they are, whose, and how fresh."""

    title: str = Field(description="What the rows are", examples=["Generation mix of France"])
    columns: list[ColumnOut] = Field(description="The columns of the rows, with their units")
    source: str = Field(description="Who measured the figures, and when, in one line")
    attribution: list[UsedOut] = Field(description="The datasets whose rows were used, and the days of these rows")
    licence: str = Field(description="The licence of the data")
    version: str = Field(description="The version of the data this answer is from; no answer mixes two")
    sample: str | None = Field(description="The sample's name where the data are synthetic, else null", examples=[None])
    since: str | None = Field(default=None, description="First civil day that is meant", examples=["2025-01-01"])
    until: str | None = Field(default=None, description="Last civil day that is meant", examples=["2025-01-31"])
    interval: str | None = Field(default=None, description="How much time a row stands for", examples=["day"])
    unit: str | None = Field(default=None, description="The unit of energy or power", examples=["GWh"])
    as_of: str | None = Field(default=None, description="The instant whose knowledge this is", examples=[None])
    measure: str | None = Field(default=None, description="What is mapped", examples=["consommation"])
    with_since: str | None = Field(
        default=None, description="First civil day of the other period", examples=["2024-01-01"]
    )
    with_until: str | None = Field(
        default=None, description="Last civil day of the other period", examples=["2024-01-31"]
    )
    measured: float | None = Field(
        default=None, description="The part of the period that was measured, 0 to 1", examples=[0.98]
    )
    with_measured: float | None = Field(
        default=None, description="The part of the other period that was measured, 0 to 1", examples=[1.0]
    )
    history_since: str | None = Field(
        default=None, description="First civil day of the history that records are of", examples=["2012-01-01"]
    )
    history_measured: float | None = Field(
        default=None, description="The part of that history that was measured, 0 to 1", examples=[0.99]
    )
    found: int | None = Field(default=None, description="How many rows there are, those past `limit` too [rows]")
    next: str | None = Field(default=None, description="The `cursor` of the rows that follow, null after the last")
    rows: list[dict[str, Cell]] = Field(description="One object a row")


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
        304: {"description": "What the caller holds (If-None-Match) is still true", "headers": {"ETag": tag}},
        **documented(406),
    }
