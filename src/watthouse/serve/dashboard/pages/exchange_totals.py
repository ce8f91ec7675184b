"""Exchanges of a whole period: by border, in one unit, and as the tiles of the page Exchanges."""

from collections.abc import Iterable, Mapping
from math import inf

import polars as pl
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.palette import BORDERS, EXPORTS, IMPORTS, Ink
from watthouse.serve.queries.units import Unit

ByBorder = Mapping[str, float | None]


class ExchangeTotals:
    """Exchanges of the whole period by column, in a unit: None where a column is known for none of it."""

    def __init__(self, values: Mapping[str, float | None], unit: Unit) -> None:
        self.unit = unit
        # whole MW and MWh: a tenth of either was never measured
        self.digits = 0 if unit in {Unit.MW, Unit.MWH} else 1
        self._values = values

    def of_load(self, load: float | None) -> "ExchangeTotals":
        """Mean power as parts of the mean load (both MW), %."""
        shares = {
            name: None if value is None or not load else 100 * value / load for name, value in self._values.items()
        }
        return ExchangeTotals(shares, Unit.SHARE)

    @property
    def net_export(self) -> float | None:
        """The physical balance, exports positive."""
        return self._values["net_export"]

    def gross(self, way: str) -> ByBorder:
        """Commercial exports or imports (``export``, ``import``) of each border, both positive."""
        values = {border: self._values[f"ech_comm_{border}_{way}"] for border in BORDERS}
        return {border: None if value is None else abs(value) for border, value in values.items()}

    def net(self) -> ByBorder:
        """Commercial exports of each border less its imports."""
        # RTE publishes exports as negative; the page has exports above 0 everywhere
        values = {border: self._values[f"ech_comm_{border}"] for border in BORDERS}
        return {border: None if value is None else -value for border, value in values.items()}

    def label(self, view: View) -> str:
        """The unit as it stands beside a figure."""
        return label_of(view, self.unit)

    def formatted(self, view: View, value: float | None, *, signed: bool = False) -> str:
        """A total in its unit."""
        if self.unit is Unit.SHARE:
            return view.language.percent(None if value is None else value / 100, signed=signed)
        if self.unit is Unit.GWH and not signed:
            return view.language.energy(value)
        return view.language.quantity(value, self.unit.value, signed=signed)


def label_of(view: View, unit: Unit) -> str:
    """A unit of exchanges: their percentages are parts of the load."""
    return parts.of_load(view) if unit is Unit.SHARE else unit.value


def over_all(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None, never 0, where nothing is."""
    # what nobody published is unknown: a sum of nothing would read as "no exchanges"
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def tiles(view: View, totals: ExchangeTotals, bought: pl.DataFrame) -> Component:
    """The period at a glance; ``bought`` has the buyers of each interval."""
    return parts.tiles(
        [
            _net_exports(view, totals),
            _commercial(view, totals, "exchanges-exports", "export", EXPORTS),
            _commercial(view, totals, "exchanges-imports", "import", IMPORTS),
            _largest_buyer(view, totals),
            _days_exporting(view, bought),
        ]
    )


def _net_exports(view: View, totals: ExchangeTotals) -> Component:
    return parts.tile(
        "exchanges-net",
        view.say(en="Net exports", fr="Exportations nettes"),
        totals.formatted(view, totals.net_export, signed=True),
        view.say(en="physical balance", fr="solde des échanges physiques") + _of_load(view, totals.unit),
    )


def _commercial(view: View, totals: ExchangeTotals, name: str, way: str, ink: Ink) -> Component:
    return parts.tile(
        name,
        view.style.name(ink),
        totals.formatted(view, over_all(totals.gross(way).values())),
        view.say(en="commercial, over all borders", fr="commerciales, toutes frontières") + _of_load(view, totals.unit),
        view.style.ink(ink),
    )


def _largest_buyer(view: View, totals: ExchangeTotals) -> Component:
    border, net = max(totals.net().items(), key=lambda item: -inf if item[1] is None else item[1])
    buyer = "–"
    if net is not None:
        # a border may sell more than it buys on every side: then nobody is a net buyer
        buyer = BORDERS[border].name(view.language) if net > 0 else view.say(en="none", fr="aucun")
    return parts.tile(
        "exchanges-top",
        view.say(en="Largest net buyer", fr="Premier acheteur net"),
        buyer,
        totals.formatted(view, net, signed=True) + _of_load(view, totals.unit).replace(",", ""),
        view.style.ink(BORDERS[border]),
    )


def _days_exporting(view: View, bought: pl.DataFrame) -> Component:
    days, net_days = int(bought["days"].sum()), int(bought["net_export_days"].sum())
    return parts.tile(
        "exchanges-days",
        view.say(en="Days as a net exporter", fr="Jours exportateurs nets"),
        view.say(en=f"{net_days} of {days}", fr=f"{net_days} sur {days}"),
        view.say(en="by the physical balance", fr="selon le solde physique"),
    )


def _of_load(view: View, unit: Unit) -> str:
    return view.say(en=", of load", fr=", de la consommation") if unit is Unit.SHARE else ""
