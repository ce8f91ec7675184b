"""The units that meters write, declared once: what is measured, and how it is converted."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Quantity(Enum):
    """What a meter measures. Values of two quantities are never added or averaged together."""

    ENERGY = "energy"
    REACTIVE_ENERGY = "reactive energy"
    APPARENT_ENERGY = "apparent energy"
    POWER = "power"
    REACTIVE_POWER = "reactive power"
    APPARENT_POWER = "apparent power"
    VOLTAGE = "voltage"
    CURRENT = "current"
    ANGLE = "angle"
    FREQUENCY = "frequency"
    RATIO = "ratio"

    @property
    def is_energy(self) -> bool:
        """Whether values are amounts, which add up over time."""
        return self in {Quantity.ENERGY, Quantity.REACTIVE_ENERGY, Quantity.APPARENT_ENERGY}


@dataclass(frozen=True)
class Unit:
    """One unit: ``factor`` turns its values into the first unit of its quantity."""

    name: str
    quantity: Quantity
    factor: float = 1.0


@dataclass(frozen=True)
class Bounds:
    """What a value may be, in the first unit of its quantity; whatever lies outside was not measured."""

    least: float
    most: float


UNITS: Final = (
    Unit("kWh", Quantity.ENERGY),
    Unit("Wh", Quantity.ENERGY, 1e-3),
    Unit("MWh", Quantity.ENERGY, 1e3),
    Unit("GWh", Quantity.ENERGY, 1e6),
    Unit("kvarh", Quantity.REACTIVE_ENERGY),
    Unit("varh", Quantity.REACTIVE_ENERGY, 1e-3),
    Unit("Mvarh", Quantity.REACTIVE_ENERGY, 1e3),
    Unit("kVAh", Quantity.APPARENT_ENERGY),
    Unit("VAh", Quantity.APPARENT_ENERGY, 1e-3),
    Unit("MVAh", Quantity.APPARENT_ENERGY, 1e3),
    Unit("kW", Quantity.POWER),
    Unit("W", Quantity.POWER, 1e-3),
    Unit("MW", Quantity.POWER, 1e3),
    Unit("kvar", Quantity.REACTIVE_POWER),
    Unit("var", Quantity.REACTIVE_POWER, 1e-3),
    Unit("Mvar", Quantity.REACTIVE_POWER, 1e3),
    Unit("kVA", Quantity.APPARENT_POWER),
    Unit("VA", Quantity.APPARENT_POWER, 1e-3),
    Unit("MVA", Quantity.APPARENT_POWER, 1e3),
    Unit("V", Quantity.VOLTAGE),
    Unit("kV", Quantity.VOLTAGE, 1e3),
    Unit("A", Quantity.CURRENT),
    Unit("kA", Quantity.CURRENT, 1e3),
    Unit("deg", Quantity.ANGLE),
    Unit("Hz", Quantity.FREQUENCY),
    Unit("pf", Quantity.RATIO),
)

# France takes about 450 TWh a year, and 102 GW at its peak (8 February 2012, RTE); its grid has at most 400 kV.
# Import and export are counted by registers of their own, so an energy below zero is a fault of the meter or the file.
BOUNDS: Final = {
    Quantity.ENERGY: Bounds(0, 1e12),
    Quantity.REACTIVE_ENERGY: Bounds(0, 1e12),
    Quantity.APPARENT_ENERGY: Bounds(0, 1e12),
    Quantity.POWER: Bounds(-1e9, 1e9),
    Quantity.REACTIVE_POWER: Bounds(-1e9, 1e9),
    Quantity.APPARENT_POWER: Bounds(0, 1e9),
    Quantity.VOLTAGE: Bounds(0, 1e6),
    Quantity.CURRENT: Bounds(0, 1e6),
    Quantity.ANGLE: Bounds(-360, 360),
    Quantity.FREQUENCY: Bounds(0, 1e3),
    Quantity.RATIO: Bounds(-1, 1),
}

# Meters write kwh and kWh in the same folder; no two units above differ in case alone.
BY_TEXT: Final = {unit.name.lower(): unit for unit in UNITS}


def unit_of(text: str) -> Unit | None:
    """The unit that a file names, in any case; None for one that is not declared."""
    return BY_TEXT.get(text.strip().lower())
