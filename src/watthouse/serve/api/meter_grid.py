"""Meters against the grid over the API: CO₂, the grid's peak, windows and Tempo colours, and bills."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.errors import UsageError
from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.api.meters import MeterCode, meter_rows
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.meter_params import BillParams, Co2Params, PeakParams, WindowsParams
from watthouse.serve.queries.params import FormatParams
from watthouse.serve.service import Service
from watthouse.warehouse.snapshots import Snapshot

if TYPE_CHECKING:  # what the extra `meters` brings
    from watthouse.meters.tariffs import Tariffs
    from watthouse.serve.meter_grid import MeterGrid

router = APIRouter(prefix="/meters/{meter}", tags=["meters"])


@gives_rows(router, "/co2", "CO₂ of a meter's consumption", "An interval of the curve, and its CO₂", 404)
def co2(service: TheService, request: Request, meter: MeterCode, params: Annotated[Co2Params, Query()]) -> Response:
    """Consumption times the national `taux_co2` of the same slots. What is unknown is left out; its share is stated."""
    grid = service.snapshots.lease
    return _answer(service, request, params, "meter-co2", grid, lambda rows: rows.co2(meter, params))


@gives_rows(router, "/peak", "Consumption at the grid's peak", "A civil day, and what falls into its peak", 404)
def peak(service: TheService, request: Request, meter: MeterCode, params: Annotated[PeakParams, Query()]) -> Response:
    """The peak of a civil day is its `slots` half hours, or hours, of highest national load."""
    grid = service.snapshots.lease
    return _answer(service, request, params, "meter-peak", grid, lambda rows: rows.peak(meter, params))


@gives_rows(router, "/windows", "Consumption by window and colour", "A civil day, window and colour", 404)
def windows(
    service: TheService, request: Request, meter: MeterCode, params: Annotated[WindowsParams, Query()]
) -> Response:
    """A Tempo day lasts from 06:00 to 06:00, so that the hours after midnight have the colour of the day before."""
    grid = service.snapshots.lease_if_built
    return _answer(service, request, params, "meter-windows", grid, lambda rows: rows.windows(meter, params))


@gives_rows(router, "/bill", "Bills under the declared tariffs", "A line of a bill; `total` is its sum", 404, 409)
def bill(service: TheService, request: Request, meter: MeterCode, params: Annotated[BillParams, Query()]) -> Response:
    """Each tariff of the server's file side by side, and what moving load to off-peak hours would change.

    Energy of days without a known Tempo colour, or without prices, has a line of its own and is not in the amounts.
    """
    grid = service.snapshots.lease_if_built
    return _answer(service, request, params, "meter-bill", grid, lambda rows: rows.bill(meter, params), _tariffs)


def _tariffs(service: Service) -> "Tariffs":
    from watthouse.meters.tariffs import read

    try:
        return read(service.settings.tariff_file)
    except UsageError as error:
        # the caller can do nothing about the server's own file
        raise ProblemError(409, str(error)) from None


def _answer(
    service: Service,
    request: Request,
    params: FormatParams,
    name: str,
    lease: "Callable[[], AbstractContextManager[Snapshot | None]]",
    ask: "Callable[[MeterGrid], RowSet]",
    tariffs: "Callable[[Service], Tariffs | None]" = lambda _: None,
) -> Response:
    """What is asked of a meter and the grid of a lease, when its turn comes."""

    def answer() -> Response:
        with lease() as grid:
            sample, declared = grid.sample if grid else None, tariffs(service)
            with meter_rows(service) as rows:
                from watthouse.serve.meter_grid import MeterGrid

                against = MeterGrid(rows, grid, declared)
                return service.versioned(request, params.format, name, against.version, sample, lambda: ask(against))

    return service.queued(answer)
