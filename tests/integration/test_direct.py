"""A call answered past FastAPI is answered as FastAPI's own route answers it, and what is wrong with one stays its."""

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Match

from watthouse.serve.api.calls import CALLS
from watthouse.serve.api.direct import Direct
from watthouse.serve.app import create
from watthouse.serve.middleware import API
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]

PLACES = {"insee": "53", "name": "daily_mix_unique"}
GOOD = (
    "/mix?interval=day&unit=GWh",
    "/mix?interval=slot&format=csv",
    "/regions/53/mix?interval=day",
    "/regions/map?measure=eolien&unit=share",
    "/now",
    "/now?hours=24",
    "/gas?interval=week&format=parquet",
    "/records",
    "/tests",
    "/compare",
)
MISREAD = (
    "/mix?since=2025-13-01",
    "/mix?interval=day&interval=hour",
    "/mix?intervall=day",
    "/mix?since=2025-02-01&until=2025-01-01",
    "/mix?unit=",
    "/now?hours=7",
    "/now?day=2025-01-01&hours=24",
    "/regions/map?measure=pompage",
)
"""What no parameters of these calls can be."""
WRONG = (
    *MISREAD,
    "/regions/map?measure=consommation&unit=share",
    "/regions/99/mix",
    "/tests/nonsense",
    "/gas?interval=slot",
)


@pytest.fixture(scope="module")
def apps(sampled: Path) -> Iterator[Mapping[str, FastAPI]]:
    """The application, and one in which FastAPI alone answers."""
    direct, usual = (create(Settings(home=sampled / "sample")) for _ in range(2))
    usual.router.routes[:] = [route for route in usual.router.routes if not isinstance(route, Direct)]
    yield {"direct": direct, "usual": usual}
    for app in (direct, usual):
        app.state.service.close()


async def _asked(app: FastAPI, method: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, API + path)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [*GOOD, *WRONG])
def test_an_answer_is_the_one_of_fastapi(path: str, method: str, apps: Mapping[str, FastAPI]) -> None:
    direct, usual = (asyncio.run(_asked(apps[name], method, path)) for name in ("direct", "usual"))
    assert direct.status_code == usual.status_code == (200 if path in GOOD else usual.status_code)
    assert (usual.status_code == 200) is (path in GOOD)
    assert direct.content == usual.content
    headers = [{**answer.headers, "x-request-id": ""} for answer in (direct, usual)]
    assert headers[0] == headers[1]


def test_every_call_that_is_declared_goes_directly(apps: Mapping[str, FastAPI]) -> None:
    for call in CALLS:
        path = call.at(*([PLACES["insee" if "insee" in call.path else "name"]] if call.place else []))
        assert _match(apps["direct"], path) is Match.FULL, path


@pytest.mark.parametrize("path", MISREAD)
def test_parameters_that_are_wrong_are_left_to_fastapi(path: str, apps: Mapping[str, FastAPI]) -> None:
    assert _match(apps["direct"], path) is Match.NONE


def test_metrics_name_a_call_by_its_path_with_its_parameters_name(apps: Mapping[str, FastAPI]) -> None:
    def labels(app: FastAPI) -> set[str]:
        answer = asyncio.run(_metrics(app))
        return {
            line.split('route="')[1].split('"')[0]
            for line in answer.splitlines()
            if line.startswith("watthouse_requests_total")
        }

    for app in apps.values():
        asyncio.run(_asked(app, "GET", "/regions/53/mix?interval=day"))
    assert f"{API}/regions/{{insee}}/mix" in labels(apps["direct"]) & labels(apps["usual"])


def test_many_at_once_are_computed_by_a_few_threads(apps: Mapping[str, FastAPI]) -> None:
    """Each thread keeps memory from then on."""
    most = 2 * (os.cpu_count() or 1)
    assert asyncio.run(_threads(apps["direct"], 4 * most)) == most
    assert asyncio.run(_threads(apps["usual"], 4 * most)) > most


async def _threads(app: FastAPI, times: int) -> int:
    """How many threads there are after so many requests at once."""
    answers = await asyncio.gather(*(_asked(app, "GET", "/regions/53/mix?interval=day") for _ in range(times)))
    assert {answer.status_code for answer in answers} == {200}
    return sum(thread.name.startswith("AnyIO worker") for thread in threading.enumerate())


async def _metrics(app: FastAPI) -> str:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        return (await client.get("/metrics")).text


def _match(app: FastAPI, path: str) -> Match:
    route = next(route for route in app.router.routes if isinstance(route, Direct))
    address, _, query = path.partition("?")
    scope = {"type": "http", "method": "GET", "path": API + address, "query_string": query.encode()}
    return route.matches(scope)[0]
