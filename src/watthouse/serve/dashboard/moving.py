"""The callbacks of the page Live: what moves when the server says that something changed, and clicks on its maps."""

from collections.abc import Callable, Mapping
from typing import Any

from anyio import CapacityLimiter, to_thread
from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from watthouse.serve.dashboard.pages import live
from watthouse.serve.dashboard.view import View
from watthouse.serve.service import Service


def wire(dash: Dash, service: Service, view_of: Callable[[Mapping[str, Any]], View], drawing: CapacityLimiter) -> None:
    """Add them, in the threads of ``drawing``.

    ``assets/live.js`` listens to the server, and puts the state that it tells of into ``live-event``.
    """

    async def moved(event: str | None, state: Mapping[str, Any]) -> list[Any]:
        if not event:
            raise PreventUpdate
        return await to_thread.run_sync(live.moved, service, view_of(state), limiter=drawing)

    outputs = [Output(name, prop) for name, prop in live.MOVING]
    dash.callback(outputs, Input("live-event", "data"), State("view", "data"), prevent_initial_call=True)(moved)
    dash.clientside_callback(
        ClientsideFunction("live", "chosen"),
        Output("live-chosen", "data"),
        *(Input(name, "clickData") for name in live.MAPS),
        prevent_initial_call=True,
    )
