"""The OpenAPI document, the same on every machine."""

import re
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from watthouse.serve.problems import Problem

_NOT_A_WORD: Final = re.compile(r"\W+")


def name_of(route: APIRoute) -> str:
    """What a generated client calls it: ``get_marts_name_rows`` for ``GET /api/v1/marts/{name}/rows``."""
    # from the path, which is stable; function names are not
    words = _NOT_A_WORD.sub("_", route.path.removeprefix("/api/v1")).strip("_")
    return f"{min(route.methods or ()).lower()}_{words}"


def install(app: FastAPI) -> None:
    """Let the document name what every problem looks like."""
    written = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            # problems come from exception handlers, which FastAPI does not document
            app.openapi_schema = _with_problems(written())
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= schema.pop("$defs") | {Problem.__name__: schema}
    return document
