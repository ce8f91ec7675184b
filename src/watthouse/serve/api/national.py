"""France as a whole: the mix, exchanges, forecasts, gas, temperature, the newest day, two periods side by side."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, answer_series, gives_rows, unbounded
from watthouse.serve.queries.base import refuse_share, region_of
from watthouse.serve.queries.compare import Compared, compare_of
from watthouse.serve.queries.exchanges import exchanges_of
from watthouse.serve.queries.forecast import forecast_of
from watthouse.serve.queries.gas import gas_of
from watthouse.serve.queries.mix import mix_of
from watthouse.serve.queries.now import NowParams, now_of
from watthouse.serve.queries.params import (
    Daily,
    EnergyAsOf,
    Flows,
)
from watthouse.serve.queries.temperature import TemperatureParams, temperature_of

router = APIRouter(tags=["France"])


@gives_rows(
    router,
    "/mix",
    "Load and generation mix of France",
    "A row an interval: load, each source, production, storage, CO₂ intensity",
)
def mix(service: TheService, request: Request, params: Annotated[EnergyAsOf, Query()]) -> Response:
    """Energy of each source, of load and of storage, by interval; mean power or shares where these are asked for."""
    any_number = unbounded(request, params)
    return answer_series(
        service, request, params, lambda snapshot: mix_of(snapshot, params, any_number=any_number), "mix"
    )


@gives_rows(
    router,
    "/exchanges",
    "Exchanges with other countries, by border",
    "A row an interval: net, imports and exports by border; net values are negative for exports",
)
def exchanges(service: TheService, request: Request, params: Annotated[Flows, Query()]) -> Response:
    """Commercial exchanges by border, net and gross, and the physical balance."""
    refuse_share(params.unit, "exchanges are")
    any_number = unbounded(request, params)
    return answer_series(
        service,
        request,
        params,
        lambda snapshot: exchanges_of(snapshot, params, any_number=any_number),
        "exchanges",
    )


@gives_rows(
    router,
    "/forecast",
    "Load forecasts and their errors",
    "A row an interval: load, forecasts of the day before and of the day, and their errors",
)
def forecast(service: TheService, request: Request, params: Annotated[Flows, Query()]) -> Response:
    """Load as it was forecast the day before and on the day, and how far off; days to come included."""
    refuse_share(params.unit, "load is")
    any_number = unbounded(request, params)
    return answer_series(
        service,
        request,
        params,
        lambda snapshot: forecast_of(snapshot, params, any_number=any_number),
        "forecast",
    )


@gives_rows(
    router,
    "/gas",
    "Gas in storage",
    "A row an interval: the stock at its last complete day, and the mean of its complete days",
)
def gas(service: TheService, request: Request, params: Annotated[Daily, Query()]) -> Response:
    """A day on which an operator has not reported yet counts as incomplete, never as less gas."""
    return service.answer(request, params.format, lambda snapshot: gas_of(snapshot, params), "gas")


@gives_rows(
    router,
    "/temperature",
    "Temperature of France, weighted by load, or of a region",
    "A row an interval: lowest, mean and highest temperature",
)
def temperature(service: TheService, request: Request, params: Annotated[TemperatureParams, Query()]) -> Response:
    """Lowest, mean and highest temperature by interval, of the civil days.

    That of France is the mean of its mainland regions, weighted by their load on days that know it.
    """
    region_of(params.region)
    return service.answer(request, params.format, lambda snapshot: temperature_of(snapshot, params), "temperature")


@gives_rows(
    router,
    "/now",
    "The newest measured day, another one, or the last 24 or 48 hours, slot by slot",
    "A row a slot: load, its forecasts, each source, exchanges, CO₂ intensity; forecasts of a day run ahead",
)
def now(service: TheService, request: Request, params: Annotated[NowParams, Query()]) -> Response:
    """Load, forecasts, sources, exchanges and CO₂ intensity in MW and g/kWh, of the newest civil day with a measurement
    where neither a day nor hours are asked for."""
    return service.answer(request, params.format, lambda snapshot: now_of(snapshot, params), "now")


@gives_rows(
    router,
    "/compare",
    "Load and mix of two periods, side by side",
    "A row a quantity: its value in both periods and the difference",
)
def compare(service: TheService, request: Request, params: Annotated[Compared, Query()]) -> Response:
    """Any two periods, of any length: mean power and shares compare them whatever their lengths."""
    return service.answer(request, params.format, lambda snapshot: compare_of(snapshot, params), "compare")
