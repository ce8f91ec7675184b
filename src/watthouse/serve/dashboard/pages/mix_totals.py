"""Totals of two periods, as `/compare` has them, and the tiles of the page Mix."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from dash.development.base_component import Component

from watthouse.catalog import NATIONAL_SOURCES, Family
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.palette import NATIONAL, SOURCES, carbon_colour
from watthouse.serve.queries.units import Unit

_RATE: Final = "taux_co2_g_kwh"


ByQuantity = Mapping[str, Mapping[str, float | None]]


class TwoPeriods:
    """The totals of two periods in a unit, and shares of production, as ``/compare`` has them."""

    def __init__(
        self,
        totals: ByQuantity,
        shares: ByQuantity,
        unit: Unit,
        against: tuple[date, date],
        *,
        a_year_earlier: bool,
    ) -> None:
        self.totals, self.unit, self.against = totals, unit, against
        self._shares = shares
        self._a_year_earlier = a_year_earlier

    def other_in_words(self, view: View) -> str:
        """The other period, behind a change."""
        if self._a_year_earlier:
            return view.say(en="vs the same period a year earlier", fr="par rapport à la même période un an plus tôt")
        return view.say(en="vs the other period", fr="par rapport à l'autre période")

    def share(self, name: str, which: str = "value") -> float | None:
        """The part of production, 0 to 1, over the time in which the whole mix is known.

        Never one total over another: a source may be known for longer than production is.
        """
        return self._shares[name][which]

    @property
    def by_sum(self) -> bool:
        """Whether values are sums, that differ otherwise than mean power where the periods do."""
        return self.unit is not Unit.MW

    def change(self, name: str) -> float | None:
        """How far the value is from that of the other period, %: of sums, of mean power, or of a rate; None where it
        is known for too little of either."""
        return self.totals[name]["change_pct"]

    def mean_change(self, name: str) -> float | None:
        """How far mean power is from that of the other period, %."""
        return self.totals[name]["mean_power_change_pct"]

    def formatted(self, view: View, value: float | None) -> str:
        """A total in its unit."""
        return view.language.energy(value) if self.unit is Unit.GWH else view.language.quantity(value, self.unit.value)


def tiles(view: View, periods: TwoPeriods) -> Component:
    """The period at a glance, each figure with its change from the other period."""
    speak, rate = view.language, periods.totals[_RATE]["value"]
    return parts.tiles(
        [
            _total_tile(view, periods, "mix-load", view.say(en="Load", fr="Consommation"), "consommation"),
            _total_tile(view, periods, "mix-production", "Production", "production"),
            parts.tile(
                "mix-rate",
                view.say(en="Average CO₂ intensity", fr="Intensité CO₂ moyenne"),
                speak.quantity(rate, "g/kWh", 1),
                _change(view, periods, _RATE),
                carbon_colour(rate or 0),
            ),
            _largest_source(view, periods),
            _without_fossil_fuels(view, periods),
        ]
    )


def _total_tile(view: View, periods: TwoPeriods, name: str, label: str, quantity: str) -> Component:
    value = periods.formatted(view, periods.totals[quantity]["value"])
    return parts.tile(name, label, value, _change(view, periods, quantity))


def _largest_source(view: View, periods: TwoPeriods) -> Component:
    top = max(NATIONAL, key=lambda name: periods.share(name) or 0)
    return parts.tile(
        "mix-top",
        view.say(en="Largest source", fr="Première filière"),
        SOURCES[top].name(view.language) if periods.share(top) else "–",
        view.language.percent(periods.share(top)) + view.say(en=" of production", fr=" de la production"),
        view.style.ink(SOURCES[top]),
    )


def _without_fossil_fuels(view: View, periods: TwoPeriods) -> Component:
    clean = [periods.share(name) for name in NATIONAL if NATIONAL_SOURCES[name].family is not Family.THERMAL]
    known = [share for share in clean if share is not None]
    return parts.tile(
        "mix-low-carbon",
        view.say(en="Without fossil fuels", fr="Hors énergies fossiles"),
        view.language.percent(sum(known) if known else None),
        view.say(en="of production", fr="de la production"),
    )


def _change(view: View, periods: TwoPeriods, quantity: str) -> str:
    """How a quantity differs from the other period, in words."""
    if periods.change(quantity) is None:
        return view.say(en="too little measured to compare", fr="trop peu de mesures pour comparer")
    change = view.language.number(periods.change(quantity), 1, signed=True)
    against = periods.other_in_words(view)
    if not periods.by_sum or quantity == _RATE:
        return view.say(en=f"{change}% {against}", fr=f"{change} % {against}")
    # both figures: a period that has only begun has a small sum but a fair mean
    mean = view.language.number(periods.mean_change(quantity), 1, signed=True)
    return view.say(
        en=f"{mean}% in mean power, {change}% in total, {against}",
        fr=f"{mean} % en puissance moyenne, {change} % en énergie, {against}",
    )
