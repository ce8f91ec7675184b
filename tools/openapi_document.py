"""Write docs/openapi.json from the API itself: ``python -m tools.openapi_document``."""

import json
from pathlib import Path

from watthouse.serve.app import create
from watthouse.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "openapi.json"


def page() -> str:
    """The whole document, its keys in order, so that a change is seen as one."""
    return json.dumps(create(Settings()).openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
