"""The documentation at ``/docs``: Swagger UI from this server, by relative addresses, and keeping nothing.

FastAPI's own page, and that of the package which brings the files, write a script into the page, name the host that
was asked for, and keep the token in the browser's storage.
"""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from watthouse.serve.problems import ProblemError

router = APIRouter(include_in_schema=False)

_FOR_A_DAY: Final = {"cache-control": "public, max-age=86400"}
_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>watthouse: the API</title>
    <link rel="icon" href="swagger/favicon-32x32.png">
    <link rel="stylesheet" href="swagger/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="swagger/swagger-ui-bundle.js"></script>
    <script src="swagger/start.js"></script>
  </body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


@router.get("/docs")
async def page() -> Response:
    """The page."""
    return HTMLResponse(_PAGE)


@router.get("/swagger/start.js")
async def start() -> Response:
    """The script that starts it: in a file, as no page here may have one of its own."""
    return Response(_START, media_type="text/javascript")


@router.get("/swagger/{name}")
def file(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in _FILES:
        raise ProblemError(404, f"there is nothing at /swagger/{name[:60]}: /docs lists what there is")
    packed = files("fastapi_swagger.resources").joinpath(name)
    return Response(packed.read_bytes(), media_type=_FILES[name], headers=_FOR_A_DAY)
