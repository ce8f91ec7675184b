"""The questions that are declared once (:class:`~watthouse.serve.queries.call.Call`), as calls of the API."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.formats import Format, chosen
from watthouse.serve.queries import (
    buyers,
    checks,
    compare,
    completeness,
    exchanges,
    forecast,
    gas,
    gas_points,
    mix,
    mixes,
    now,
    rates,
    records,
    regions,
    sensitivity,
    temperature,
)
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import FormatParams
from watthouse.serve.service import Service
from watthouse.warehouse.snapshots import Snapshot

CALLS: Final = (
    mix.MIX,
    exchanges.EXCHANGES,
    forecast.FORECAST,
    gas.GAS,
    temperature.DAILY_TEMPERATURE,
    now.NOW,
    compare.COMPARE,
    gas_points.GAS_POINTS,
    records.RECORDS,
    buyers.BUYERS,
    sensitivity.SENSITIVITY,
    regions.REGION_MIX,
    regions.MAP,
    rates.RATES,
    mixes.MIXES,
    completeness.COMPLETENESS,
    checks.TESTS,
    checks.TEST,
)


router = APIRouter()


def _register(call: Call) -> None:
    statuses = [404] if call.place else []
    register = gives_rows(router, call.path, call.summary, call.row, *statuses, tag=call.tag, detail=call.detail)
    # FastAPI reads parameters from a signature, so a part of the path needs one of its own
    if call.place is None:

        @register
        def answer(service: TheService, request: Request, params: Annotated[call.params, Query()]) -> Response:  # type: ignore[name-defined]
            return answered(service, request, call, params)

    else:

        @register
        def answer_of(
            service: TheService,
            request: Request,
            place: call.place,  # type: ignore[name-defined]
            params: Annotated[call.params, Query()],  # type: ignore[name-defined]
        ) -> Response:
            return answered(service, request, call, params, place)


def answered(service: Service, request: Request, call: Call, params: FormatParams, *place: str) -> Response:
    """A series by the hour or finer has no bound where its format is made in pieces."""
    any_number = call.series and unbounded(request, params)
    more = {"any_number": any_number} if call.series else {}
    name = call.name(*place)

    def ask(snapshot: Snapshot) -> RowSet:
        return call.build(snapshot, params, *place, **more)

    # 13 years of every region by slot, 2.7 million rows, took at most 296 MB this way
    if any_number:
        return service.stream(request, params.format, ask, name)
    if getattr(params, "as_of", None) is None and call is not checks.TEST:
        return service.answer(request, params.format, ask, name)
    # these run models again, over all that they are made of
    return service.known(request, params.format, name) or service.alone(
        lambda: service.answer(request, params.format, ask, name)
    )


def unbounded(request: Request, params: Any) -> bool:
    """Whether a series may have any number of points: JSON is read whole, what was known then is computed whole."""
    known_then = getattr(params, "as_of", None) is not None
    return bool(params.interval.length) and not known_then and chosen(request, params.format) is not Format.JSON


for _call in CALLS:
    _register(_call)
