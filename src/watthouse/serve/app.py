"""The ASGI application: the API, its middleware, and the pages."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as version_of
from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from watthouse.serve import document, middleware, problem_handlers, swagger
from watthouse.serve.api import calls, datasets, ledger, live, meter_grid, meters, questions, regional
from watthouse.serve.api.direct import Direct
from watthouse.serve.bodies import CALLBACKS, LARGEST_CALLBACK
from watthouse.serve.formats import Format
from watthouse.serve.front import Front
from watthouse.serve.heads import Heads
from watthouse.serve.listening import ENDING
from watthouse.serve.pages import Pages
from watthouse.serve.queries.params import refuse_repeated
from watthouse.serve.service import Service
from watthouse.settings import Settings
from watthouse.starting import uncollected

_ABOUT = """
France's electricity, gas storage and temperature, as published by the operators on ODRÉ: stored, versioned, and
aggregated without losing an hour. Days are civil days (Europe/Paris), `since` and `until` both included; instants are
UTC.
"""

# Seconds left to the first answers before the pages are loaded.
_WARM_AFTER: Final = 0.5

_FEWER: Final = "send fewer files at a time, or raise WATTHOUSE_METER_UPLOAD_BYTES"

_ROUTED = (datasets, calls, regional, questions, ledger, live, meters, meter_grid)


def create(settings: Settings) -> FastAPI:
    """The server of one home."""
    service = Service(settings)
    pages = Pages(service)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        # in the background: the server is ready in about two thirds of the time
        warming = threading.Timer(_WARM_AFTER, _warm, args=[pages, service])
        warming.daemon = True
        warming.start()
        _let_go_at_the_end(service)
        yield
        warming.cancel()
        service.close()

    app = FastAPI(
        title="watthouse",
        version=version_of("watthouse"),
        summary="France's open energy data, ready to cite",
        description=_ABOUT,
        # FastAPI's own page loads Swagger from a CDN, and nothing here asks another host; see swagger.py
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        openapi_url=f"{middleware.API}/openapi.json",
        # the default ids contain the names of Python functions: a rename would break generated clients
        generate_unique_id_function=document.name_of,
        lifespan=living,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.service = service
    app.include_router(swagger.router)
    document.install(app)
    problem_handlers.install(app)
    # on every call, as FastAPI silently takes the last of two values
    api = APIRouter(prefix=middleware.API, dependencies=[Depends(refuse_repeated)])
    for room in _ROUTED:
        api.include_router(room.router)
    app.include_router(api)
    # before FastAPI's own routes for the same calls, which it documents, and whose mistakes it explains
    app.router.routes.insert(0, Direct(service, calls.CALLS, middleware.API))
    # outside of /api/v1: probes and scrapers expect these at the root
    app.include_router(middleware.router)
    # before the mount, which would send a browser on to the root of the historic service
    app.router.routes.append(Route("/meters", pages))
    # the clients of the historic meter service know its calls and nothing of an API
    app.mount("/meters", service.meters)
    # whatever is not a call of the API is a page, or the pages' own 404
    app.router.default = pages
    _surround(app, settings)
    return app


def _let_go_at_the_end(service: Service) -> None:
    """End the connections that listen before the server waits for all: they would keep it until it is killed."""
    # a signal reaches the main thread alone; the application of a test may run in another
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(ENDING, service.live.let_go)


def _warm(pages: Pages, service: Service) -> None:
    """Load what the first call needs, then the pages, in the background: the server is ready before."""
    with uncollected():
        service.snapshots.warm_up()
    pages.load()


def _surround(app: FastAPI, settings: Settings) -> None:
    """Add the middleware, the innermost first."""
    # the middleware knows JSON and HTML by itself
    for style in (Format.CSV, Format.ARROW):  # Parquet is packed in itself
        add_compress_type(style.media)
    # an event must not wait for the next ones, that it may be packed with them
    remove_compress_type("text/event-stream")
    app.add_middleware(CompressMiddleware)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD", "OPTIONS"],
            # scripts of other origins can read no header that is not named here
            expose_headers=["etag", "x-watthouse-sample", "x-watthouse-version", "x-request-id"],
        )
    app.add_middleware(Heads)
    app.add_middleware(Front, settings=settings, larger=_larger_bodies(settings))
    # last, hence outermost: it counts and times what the others answer, too
    middleware.install(app, settings)


def _larger_bodies(settings: Settings) -> dict[str, tuple[int, str]]:
    """The calls that take more than a small body: bytes at most, and what to do about more."""
    return {
        f"{middleware.API}/meters/uploads": (settings.meter_upload_bytes, _FEWER),
        CALLBACKS: (LARGEST_CALLBACK, ""),
    }
