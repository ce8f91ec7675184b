"""What the tests of the marts find: which are broken, and the rows that break them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.checks import rows_breaking, tests_found
from watthouse.serve.queries.params import Written

router = APIRouter(tags=["freshness and revisions"])


@gives_rows(router, "/tests", "What the tests of the marts find", "A row a test that warns where it is broken")
def all_tests(service: TheService, request: Request, params: Annotated[Written, Query()]) -> Response:
    """Tests whose breach does not stop a build, over all that is held; one that does holds in whatever is served."""
    return service.answer(request, params.format, tests_found, "tests")


@gives_rows(router, "/tests/{name}", "The rows that break a test", "A row: the rule, the key, the values", 404)
def one_test(
    service: TheService,
    request: Request,
    name: Annotated[str, Path(description="The test's name", examples=["temperature_daily_plausible"])],
    params: Annotated[Written, Query()],
) -> Response:
    """The first 1,000 of them, with the rule that each breaks and the values that the rule speaks of."""
    return service.answer(request, params.format, lambda snapshot: rows_breaking(snapshot, name), name)
