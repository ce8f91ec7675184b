"""One server for all tests here; each gets it as new: its clock at NOW, no trouble, nothing asked yet."""

from collections.abc import Iterator

import httpx
import pytest

from tests.unit.sample_server.tiny import NOW, Tiny
from watthouse.sample.server import Limits, Sample, Troubles, serving


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Sample, str]]:
    sample = Sample(Tiny(), now=NOW, pace=0.2)
    with serving(sample) as url:
        yield sample, url


@pytest.fixture
def sample(served: tuple[Sample, str]) -> Sample:
    sample, _ = served
    sample.troubles, sample.meter.limits = Troubles(), Limits()
    sample.move(NOW)
    sample.reset()
    return sample


@pytest.fixture(scope="session")
def clients(served: tuple[Sample, str]) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """One for the API, one for the control calls."""
    _, url = served
    with (
        httpx.Client(base_url=f"{url}/catalog/datasets/", timeout=5) as api,
        httpx.Client(base_url=url.removesuffix("/api/explore/v2.1"), timeout=5) as control,
    ):
        yield api, control


@pytest.fixture
def client(clients: tuple[httpx.Client, httpx.Client], sample: Sample) -> httpx.Client:
    return clients[0]


@pytest.fixture
def control(clients: tuple[httpx.Client, httpx.Client], sample: Sample) -> httpx.Client:
    return clients[1]
