"""Where the regions lie: their borders, by INSEE code (``regions.geojson``; its source and licence: ``NOTICE``)."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

# Natural Earth, dissolved from departments by tools/regions_map.py
OUTLINES: Final = Path(__file__).with_name("regions.geojson")


@cache
def regions() -> dict[str, Any]:
    """The 13 regions of metropolitan France as GeoJSON in degrees (WGS 84).

    ``id`` is the code; the properties are the official ``name``, and where there is room for a ``label``.
    """
    borders: dict[str, Any] = json.loads(OUTLINES.read_text(encoding="utf-8"))
    return borders


@cache
def labels() -> dict[str, tuple[float, float]]:
    """Longitude and latitude of the place for a region's label, by code."""
    return {feature["id"]: tuple(feature["properties"]["label"]) for feature in regions()["features"]}
