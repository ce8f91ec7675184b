"""The thirteen regions of the sample: their position, climate, consumption and plants.

Climates are fitted to ODRÉ's daily temperatures of 2016–2025, loads and outputs tuned on éCO2mix's year 2014;
capacities, and what is of another year, are set so that the outputs resemble the regions' own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True)
class Climate:
    """°C: the year's mean, cosine and sine of its first two harmonics, the anomalies' spread, the daily range."""

    mean: float
    harmonics: tuple[float, float, float, float]
    spread: float
    winter_range: float
    summer_range: float


@dataclass(frozen=True)
class Region:
    """One region. Capacities and outputs in MW, shares of the national total as fractions."""

    code: str
    latitude: float
    longitude: float
    climate: Climate
    load: float = 0.0
    heating: float = 0.0
    nuclear: float = 0.0
    wind: tuple[float, float] = (0.0, 0.0)
    """Share of onshore wind in 2014 and in 2024."""
    solar: tuple[float, float] = (0.0, 0.0)
    river: float = 0.0
    lakes: float = 0.0
    pumped: float = 0.0
    cycles: float = 0.0
    cogeneration: float = 0.0
    coal: float = 0.0
    oil: float = 0.0
    bioenergy: float = 0.0
    offshore: float = 0.0
    batteries: float = 0.0
    thermal_capacity: float = 500.0
    liveliness: float = 0.95
    """How strongly the load follows the hour, against the country."""

    @property
    def east(self) -> float:
        """Kilometres east of 2.5° E."""
        return (self.longitude - 2.5) * 111.2 * math.cos(math.radians(46.5))

    @property
    def north(self) -> float:
        """Kilometres north of 46.5° N."""
        return (self.latitude - 46.5) * 111.2


def _climate(mean: float, *rest: float) -> Climate:
    c1, s1, c2, s2, spread, winter, summer = rest
    return Climate(mean, (c1, s1, c2, s2), spread, winter, summer)


REGIONS: Final = (
    Region(
        "11", 48.8, 2.4, _climate(12.89, -7.56, -2.70, 0.00, 0.86, 3.20, 4.6, 10.9),
        liveliness=1.12, load=0.1519, heating=0.165, wind=(0.002, 0.008), solar=(0.012, 0.015), river=0.001,
        cogeneration=0.16, cycles=0.0, oil=0.25, bioenergy=0.165, batteries=0.03, thermal_capacity=1800,
    ),
    Region(
        "24", 47.6, 1.6, _climate(12.70, -7.44, -2.80, 0.04, 0.93, 3.21, 5.6, 12.7),
        load=0.0402, heating=0.043, nuclear=11_630, wind=(0.096, 0.075), solar=(0.035, 0.05), river=0.003,
        cogeneration=0.025, bioenergy=0.055, batteries=0.04, thermal_capacity=250,
    ),
    Region(
        "27", 47.2, 4.9, _climate(12.42, -8.24, -2.78, -0.01, 1.02, 3.27, 5.9, 12.7),
        load=0.0442, heating=0.045, wind=(0.022, 0.05), solar=(0.033, 0.035), river=0.016,
        cogeneration=0.05, bioenergy=0.021, batteries=0.03, thermal_capacity=500,
    ),
    Region(
        "28", 49.1, 0.1, _climate(11.90, -6.28, -2.73, -0.01, 0.77, 2.81, 5.2, 10.4),
        load=0.0587, heating=0.062, nuclear=10_690, wind=(0.061, 0.048), solar=(0.02, 0.015), river=0.003,
        cogeneration=0.12, coal=0.25, oil=0.2, bioenergy=0.065, offshore=0.34, batteries=0.05, thermal_capacity=1900,
    ),
    Region(
        "32", 50.0, 2.8, _climate(11.85, -6.71, -2.78, -0.07, 0.74, 2.95, 4.8, 9.9),
        load=0.1100, heating=0.088, nuclear=5_460, wind=(0.214, 0.27), solar=(0.02, 0.025), river=0.0004,
        cogeneration=0.13, cycles=0.24, bioenergy=0.105, batteries=0.2, thermal_capacity=2400,
    ),
    Region(
        "44", 48.7, 5.6, _climate(11.76, -8.15, -2.76, 0.03, 0.91, 3.22, 5.6, 12.5),
        load=0.0971, heating=0.090, nuclear=12_600, wind=(0.233, 0.205), solar=(0.078, 0.06), river=0.175, pumped=0.16,
        cogeneration=0.15, cycles=0.32, coal=0.4, oil=0.05, bioenergy=0.078, batteries=0.1, thermal_capacity=3600,
    ),
    Region(
        "52", 47.5, -0.8, _climate(13.40, -6.97, -2.61, 0.04, 0.79, 3.12, 5.8, 11.6),
        liveliness=1.12, load=0.0569, heating=0.066, wind=(0.063, 0.06), solar=(0.063, 0.05), river=0.0005,
        cogeneration=0.05, cycles=0.14, coal=0.35, oil=0.2, bioenergy=0.048, offshore=0.32, batteries=0.1,
        thermal_capacity=2900,
    ),
    Region(
        "53", 48.2, -2.9, _climate(12.50, -5.36, -2.50, 0.05, 0.61, 2.58, 5.4, 9.5),
        liveliness=1.12, load=0.0469, heating=0.055, wind=(0.082, 0.063), solar=(0.03, 0.02), river=0.01, pumped=0.012,
        cogeneration=0.02, cycles=0.06, oil=0.2, bioenergy=0.037, offshore=0.34, batteries=0.05, thermal_capacity=950,
    ),
    Region(
        "75", 45.2, 0.2, _climate(14.24, -6.97, -2.83, -0.15, 0.86, 3.02, 6.7, 11.3),
        load=0.0913, heating=0.104, nuclear=6_630, wind=(0.048, 0.085), solar=(0.202, 0.27), river=0.065, lakes=0.07,
        cogeneration=0.075, bioenergy=0.158, batteries=0.17, thermal_capacity=450,
    ),
    Region(
        "76", 43.7, 2.2, _climate(14.79, -7.76, -3.15, 0.01, 1.08, 2.72, 7.9, 12.1),
        load=0.0763, heating=0.087, nuclear=2_620, wind=(0.128, 0.086), solar=(0.225, 0.19), river=0.16, lakes=0.31,
        pumped=0.24,
        cogeneration=0.03, bioenergy=0.091, batteries=0.1, thermal_capacity=200,
    ),
    Region(
        "84", 45.4, 4.7, _climate(12.65, -8.34, -2.96, -0.03, 1.09, 3.21, 7.0, 13.4),
        load=0.1387, heating=0.120, nuclear=13_640, wind=(0.045, 0.035), solar=(0.11, 0.115), river=0.43,
        lakes=0.36, pumped=0.56,
        cogeneration=0.10, cycles=0.02, bioenergy=0.105, batteries=0.08, thermal_capacity=600,
    ),
    Region(
        "93", 43.9, 6.0, _climate(15.49, -8.16, -3.30, 0.19, 1.20, 2.25, 8.5, 11.9),
        load=0.0878, heating=0.075, wind=(0.006, 0.005), solar=(0.175, 0.125), river=0.136, lakes=0.26, pumped=0.028,
        cogeneration=0.09, cycles=0.22, oil=0.1, bioenergy=0.072, batteries=0.05, thermal_capacity=3200,
    ),
    Region("94", 42.2, 9.1, _climate(16.94, -6.68, -3.85, 0.41, 0.90, 1.85, 9.0, 10.7)),
)  # fmt: skip
"""In the order of their INSEE codes; Corsica last, which is outside RTE's grid and has a climate only."""

MAINLAND: Final = REGIONS[:12]
NUCLEAR: Final = tuple(region for region in MAINLAND if region.nuclear)


def table(regions: Sequence[Region]) -> pl.DataFrame:
    """One row a region, in order: its constants as columns with a leading ``r_``; ``_region`` is its place."""
    return pl.DataFrame([{"_region": place, **_columns(region)} for place, region in enumerate(regions)])


def _columns(region: Region) -> dict[str, float]:
    climate, latitude, longitude = region.climate, math.radians(region.latitude), math.radians(region.longitude)
    c1, s1, c2, s2 = climate.harmonics
    columns = {
        "latitude": region.latitude, "sin_latitude": math.sin(latitude), "cos_latitude": math.cos(latitude),
        "sin_longitude": math.sin(longitude), "cos_longitude": math.cos(longitude),
        "mean": climate.mean, "c1": c1, "s1": s1, "c2": c2, "s2": s2, "spread": climate.spread,
        "range": (climate.winter_range + climate.summer_range) / 2,
        "swing": (climate.summer_range - climate.winter_range) / 2,
        "wind": region.wind[0], "wind_shift": region.wind[1] - region.wind[0],
        "solar": region.solar[0], "solar_shift": region.solar[1] - region.solar[0],
    }  # fmt: skip
    shares = (
        "load", "heating", "liveliness", "nuclear", "river", "lakes", "pumped", "cycles", "cogeneration", "coal", "oil",
        "bioenergy", "offshore", "batteries", "thermal_capacity",
    )  # fmt: skip
    return {
        f"r_{name}": float(value)
        for name, value in {**columns, **{name: getattr(region, name) for name in shares}}.items()
    }
