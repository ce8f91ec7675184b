"""Where the regions lie: their borders, by INSEE code (``regions.geojson``; its source and licence: ``NOTICE``)."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

BORDERS: Final = Path(__file__).with_name("regions.geojson")
SOURCE: Final = "Natural Earth"


@cache
def regions() -> dict[str, Any]:
    """The 13 regions of metropolitan France as GeoJSON in degrees (WGS 84): ``id`` is the code, ``name`` official."""
    borders: dict[str, Any] = json.loads(BORDERS.read_text(encoding="utf-8"))
    return borders
