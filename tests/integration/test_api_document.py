"""Whatever is asked, by the rules of the document or against them: the API answers as the document says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.integration.serving import Api
from tests.support import ROOT

pytestmark = [pytest.mark.slow]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
"""All but the one that knows no rule between two parameters: no schema says that ``until`` follows ``since``."""

schema = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json", config=SchemathesisConfig())


def asked(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@schema.parametrize()
@asked(15)
def test_every_answer_is_as_documented(case: schemathesis.Case, api_on_duckdb: Api) -> None:
    case.call_and_validate(base_url=api_on_duckdb.url, checks=CHECKS)


@schema.parametrize()
@asked(4)
def test_every_answer_from_a_database_is_as_documented(case: schemathesis.Case, api_on_postgres: Api) -> None:
    """Fewer are enough: most are refused before any engine is asked."""
    case.call_and_validate(base_url=api_on_postgres.url, checks=CHECKS)
