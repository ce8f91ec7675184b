"""What the API's calls share: the desk, the period a call means, the shape of its answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import ibis.expr.types as ir
import pyarrow as pa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import REGIONS
from watthouse.serve.formats import MEDIA, Format, Shown, chosen
from watthouse.serve.problems import documented, wrong
from watthouse.serve.queries import slots
from watthouse.serve.queries.as_of import Tables, natures, rows_then, tables_then
from watthouse.serve.queries.attribution import used_of
from watthouse.serve.queries.params import (
    Energy,
    Interval,
    Moments,
    Period,
    Unit,
    finest,
    instant,
    newest_first,
    points,
)
from watthouse.serve.queries.series import COMPLETE, MEASURED, MIXED, STARTS, Mean, Span, energies, energy, shown
from watthouse.serve.queries.slots import (
    BEGINS,
    CLOCK,
    COMMERCIAL_MINUTES,
    MIX_KNOWN,
    NATURE,
    PHYSICAL_MINUTES,
    SLOT_MINUTES,
    Kind,
)
from watthouse.serve.service import Question, Service
from watthouse.serve.snapshots import Snapshot
from watthouse.transform.dictionary import Mart


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
    router: APIRouter, path: str, summary: str, row: str, *statuses: int, model: type[Rows] = Rows
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Register a call that gives rows in every format: what a ``row`` is, and its problems beside everybody's.

    ``model`` is what it answers in JSON.
    """
    described = rows_described(row, model) | documented(*statuses)
    return router.get(path, summary=summary, response_model=model, responses=described)


def rows_described(what: str, model: Any = Rows) -> dict[int | str, dict[str, Any]]:
    """The documentation of a call that gives rows, in every format."""
    binary = {"type": "string", "format": "binary"}
    texts = {MEDIA[Format.CSV]: {"schema": {"type": "string"}}}
    packed = {MEDIA[one]: {"schema": binary} for one in (Format.PARQUET, Format.ARROW)}
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


def answer_series(
    service: Service, request: Request, params: Energy, ask: Callable[[Snapshot], Question], name: str
) -> Response:
    """A series on its way: one by the hour or finer has no bound where its format is made in pieces."""
    return (service.stream if unbounded(request, params) else service.answer)(request, params.format, ask, name)


def unbounded(request: Request, params: Energy) -> bool:
    """Whether a series may have any number of points: JSON is read whole, what was known then is computed whole."""
    known_then = getattr(params, "as_of", None) is not None
    return bool(params.interval.length) and not known_then and chosen(request, params.format) is not Format.JSON


def span_of(
    most: int | None,
    snapshot: Snapshot,
    mart: str,
    params: Period | Moments,
    interval: Interval,
    offered: tuple[Interval, ...],
    auto: tuple[Interval, ...] | None = None,
) -> Span:
    """The period and interval that are meant, ``auto`` among those; raises a problem where that is more points than a
    series may have (any number, where ``most`` is None), or instants are no ends of the interval."""
    since, until = newest_first(snapshot.extent(mart), params)
    if interval is not Interval.AUTO and interval not in offered:
        names = ", ".join(one.value for one in offered)
        raise wrong("interval", f"this is not kept by {interval.value}: ask for one of {names}, or auto")
    first, end = (one if isinstance(one, datetime) else None for one in (params.since, params.until))
    found = interval
    if interval is Interval.AUTO:
        found = Interval.HOUR if first or end else finest(since, until, auto or offered)
    _refuse_uneven(found, since=first, until=end)
    if most is not None and (asked_for := points(since, until, found)) > most:
        instead = ", or csv, parquet or arrow as format, which have no such bound" if found.length else ""
        raise wrong(
            "interval",
            f"{asked_for:,} points of one {found.value} from {since} to {until}, and a series has"
            f" {most:,} at most: take a longer interval or a shorter period{instead}",
        )
    return Span(since, until, found, first, end)


def _refuse_uneven(interval: Interval, **bounds: datetime | None) -> None:
    """Raises a problem for an instant that lies within an interval: part of one would be taken for the whole."""
    for name, moment in bounds.items():
        if moment is None:
            continue
        if interval.length is None:
            raise wrong(name, f"an instant is for intervals of an hour or less: give a civil day for {interval.value}")
        if interval is not Interval.SLOT and (moment - _EPOCH) % interval.length:
            within = f"{instant(moment)} lies within an interval of {interval.value}"
            raise wrong(name, f"{within}: give an instant at which one begins")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def region_of(code: str | None) -> str | None:
    """The region's code; raises a problem for one that there is not."""
    if code is not None and code not in REGIONS:
        raise wrong("region", f"'{code[:20]}' is not a region: the codes are {', '.join(sorted(REGIONS))}")
    return code


def refuse_share(unit: Unit, what: str) -> None:
    """Raises a problem where the share of production is asked of what is none of it (``what``, with its verb)."""
    if unit is Unit.SHARE:
        raise wrong("unit", f"{what} no part of production: ask for MW, MWh or GWh")


def energies_of(
    mart: Mart,
    rows: ir.Table,
    span: Span,
    unit: Unit,
    title: str,
    means: Sequence[Mean] = (),
    told: Sequence[Shown] = (),
    region: str | None = None,
    regional: bool = False,
) -> Question:
    """Every energy of a mart, by interval; ``told`` says what its ``means`` are; ``regional`` is a row a region."""
    names = energies(mart, unit)
    mixed = (MIXED,) if "mix_slots" in mart.names else ()
    columns = (STARTS, *(A_REGION if regional else ()), *shown(mart, names, unit), *told, MEASURED, *mixed, COMPLETE)
    more = meant(span, unit=unit.value)
    return Question(
        title,
        energy(rows, span, names, unit, means, region, regional),
        columns,
        more,
        (mart.name,),
        ((span.since, span.until),),
    )


def _slots(
    kind: Kind, table: ir.Table, core: str, span: Span, unit: Unit, title: str, names: Sequence[Shown]
) -> Question:
    """Power or energy by slot, quarter hour, half hour or hour; ``names`` are without a unit."""
    values = (Shown(f"{one.name}{unit.suffix}", unit.label, one.description) for one in names)
    rated = (CARBON,) if kind.rated else ()
    regional = A_REGION if kind.regional else ()
    if span.interval is Interval.SLOT:
        minutes = (SLOT_MINUTES,) if kind.mixed else (COMMERCIAL_MINUTES, PHYSICAL_MINUTES)
        known = (MIX_KNOWN,) if kind.mixed else ()
        columns = (BEGINS, CLOCK, *regional, *minutes, NATURE, *values, *rated, *known)
    else:
        mixed = (MIXED,) if kind.mixed else ()
        columns = (STARTS, *regional, *values, *rated, MEASURED, *mixed, COMPLETE)
    rows = slots.cut(span, table, kind, [one.name for one in names], unit)
    return Question(title, rows, columns, meant(span, unit=unit.value), (core,), ((span.since, span.until),))


def by_slot(
    snapshot: Snapshot,
    moment: datetime | None,
    span: Span,
    kind: Kind,
    core: str,
    unit: Unit,
    title: str,
    names: Sequence[Shown],
) -> Question:
    """The same as it is known, or as it was known at ``moment``; raises a problem where quarter hours are asked for and
    a value of the period lasts longer."""

    if span.interval is Interval.QUARTER_HOUR:
        table = tables_then(snapshot) if moment else snapshot.table
        question = slots.longest(span, table(core, "core"), kind, [one.name for one in names])
        refuse_longer(
            rows_then(snapshot, moment, span, (core,), question)[0] if moment else snapshot.engine.rows(question)
        )
    return as_known(
        snapshot,
        moment,
        span,
        (core,),
        lambda table: _slots(kind, table(core, "core"), core, span, unit, title, names),
    )


CARBON: Final = Shown("taux_co2_g_kwh", "g/kWh", "CO₂ intensity of production: mean weighted by production")


def named(mart: Mart, unit: Unit) -> list[Shown]:
    """The energies of a mart that can be shown in this unit, without it."""
    part = ": share of production" if unit is Unit.SHARE else ""
    return [Shown(name, "", mart[f"{name}_mwh"].meaning + part) for name in energies(mart, unit)]


def refuse_longer(found: pa.Table) -> None:
    """Raises a problem where ``found``, of :func:`~watthouse.serve.queries.slots.longest`, passes a quarter hour."""
    (longest,) = found.to_pylist()
    if (longest["quarter_hours"] or 0) > 1:
        day = longest["civil_date"]
        raise wrong("interval", f"values of {day} last half an hour: ask for slot or 30min, or for other days")


def as_known(
    snapshot: Snapshot,
    moment: datetime | None,
    span: Span,
    models: tuple[str, ...],
    ask: Callable[[Tables], Question],
) -> Question:
    """What ``ask`` asks of the marts as they are, or of ``models`` as they would have been at ``moment``."""
    if moment is None:
        return ask(snapshot.table)
    question = ask(tables_then(snapshot))
    core = models[0]
    rows, whose = rows_then(snapshot, moment, span, models, question.rows, natures(core))
    used = used_of(whose, snapshot.datasets_of(core), (span.since, span.until))
    return replace(question.with_rows(rows, as_of=instant(moment)), used=used)


A_REGION: Final = (
    Shown("code_insee_region", "", "INSEE code of the region"),
    Shown("libelle_region", "", "Official name of the region"),
)
DAYS: Final = Shown("days", "days", "Days of the period with any measured slot")


def days(since: date, until: date) -> dict[str, str]:
    """What an answer says of the days it is about."""
    return {"since": since.isoformat(), "until": until.isoformat()}


def meant(span: Span, **more: str) -> dict[str, str]:
    """What an answer says of its period."""
    told = days(span.since, span.until)
    told |= {name: instant(one) for name, one in {"since": span.first, "until": span.end}.items() if one}
    return {**told, "interval": span.interval.value, **more}
