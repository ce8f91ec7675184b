"""Whatever a parameter says: an answer, or a refusal that names it; never an error of the server."""

import time

import httpx
import pytest

from tests.integration.extremes import addresses, calls, fault
from tests.integration.serving import Api, problem

pytestmark = [pytest.mark.slow]

SLOW_SECONDS = 5


@pytest.mark.parametrize(("path", "names"), calls(), ids=lambda given: given if isinstance(given, str) else "")
def test_no_value_of_any_parameter_breaks_the_server_or_keeps_it(path: str, names: list[str], against: Api) -> None:
    """On a home with a grid and meters, each asked over the wire as it is written here."""
    faults, slow = [], []
    for address in dict.fromkeys(addresses(path, names)):
        began = time.monotonic()
        try:
            answer = against.client.get(httpx.URL(against.url).copy_with(raw_path=address.encode()))
        except httpx.HTTPError as error:
            faults.append(f"{address}: {error!r}")
            continue
        if (took := time.monotonic() - began) > SLOW_SECONDS:
            slow.append((round(took, 1), address))
        faults += [found] if (found := fault(answer, address)) else []
    assert (faults, slow) == ([], [])


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/revisions?dataset=eco2mix-national-tr&column=date_heure", "column"),
        ("/revisions?dataset=stock-quotidien-stockages-gaz&column=pits", "column"),
        ("/compare?with_since=0001-01-01&with_until=0001-01-31", "with_since"),
        ("/compare?with_since=9999-12-01&with_until=9999-12-31", "with_until"),
    ],
)
def test_what_cannot_be_answered_names_the_parameter(path: str, parameter: str, api: Api) -> None:
    problem(api.get(path), 422, parameter)
