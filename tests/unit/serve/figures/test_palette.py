"""Sources can be told apart, on both papers, by readers who see colours otherwise too."""

from itertools import pairwise

import numpy as np
import pytest

from watthouse import catalog
from watthouse.serve.figures.palette import BORDERS, NATIONAL, REGIONAL, SOURCES, SUB_SOURCES, carbon_colour
from watthouse.serve.figures.style import Style

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB
SEEN = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
JUST_TOLD = 10
"""ΔE*ab (CIE 1976); about 2.3 is the least that is noticed side by side (Mahy et al. 1994)."""


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(seen @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = to_xyz @ linear / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("dark", [False, True])
def test_layers_that_touch_are_told_apart(dark: bool, seen: str) -> None:
    for inks in ([SOURCES[name] for name in NATIONAL], list(BORDERS.values())):
        for below, above in pairwise(inks):
            apart = np.linalg.norm(
                lab(Style(dark=dark).ink(below), SEEN[seen]) - lab(Style(dark=dark).ink(above), SEEN[seen])
            )
            assert apart > JUST_TOLD, (below.en, above.en, round(float(apart), 1))


def test_every_declared_source_part_and_border_has_its_names_and_colours() -> None:
    assert {*SOURCES} == {*catalog.NATIONAL_SOURCES, *catalog.REGIONAL_SOURCES}
    assert {*NATIONAL} == {*catalog.NATIONAL_SOURCES}
    assert {*REGIONAL} == {*catalog.REGIONAL_SOURCES}
    parts = (catalog.parts_of(catalog.NATIONAL_SOURCES), catalog.parts_of(catalog.REGIONAL_SOURCES))
    assert {*SUB_SOURCES} == {part.name for some in parts for part in some}
    assert {*BORDERS} == {*catalog.BORDERS}


def test_a_source_has_one_colour_for_good() -> None:
    assert len({SOURCES[name].light for name in NATIONAL}) == len(NATIONAL)


@pytest.mark.parametrize(("rate", "as_at"), [(-5, 0), (0, 0), (99.9, 0), (100, 100), (450, 400), (2_000, 800)])
def test_a_co2_rate_has_the_colour_of_the_step_it_reaches(rate: float, as_at: float) -> None:
    assert carbon_colour(rate) == carbon_colour(as_at)
    assert carbon_colour(0) != carbon_colour(100) != carbon_colour(400)
