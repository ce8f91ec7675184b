"""What a page declares of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from dash.development.base_component import Component
from dateutil.relativedelta import relativedelta

from watthouse.clock import ZONE
from watthouse.serve.dashboard.reading import A_MONTH, PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.units import BY_DAY, Interval, Unit, finest
from watthouse.serve.service import Service

Body = Callable[[PageReader, View], list[Component]]
Apart = Callable[[Service, View], list[Component]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """``units`` and ``intervals`` are what its period bar offers, the default first; ``period`` is whether it has one,
    ``span`` how much it means where the address says no days (nothing: everything held).

    ``marts`` are those whose days can be chosen in a view, ``main`` what it is about: a period that is not asked for
    ends with that, and one that has little of it says so.

    ``heading`` gives the title of a view, where it is another than the page's name; ``series`` tells whether a view
    has anything that is cut into intervals; ``pinned`` is what a lasting link says beside the period.

    A page is made by its ``body`` from one build of the warehouse; one that can do without any is made ``apart``.
    """

    name: str
    en: str
    fr: str
    body: Body | None = None
    apart: Apart | None = None
    units: tuple[Unit, ...] = ()
    intervals: tuple[Interval, ...] = BY_DAY
    period: bool = True
    span: relativedelta | None = A_MONTH
    # functions of the view: a region's page has other days to choose from than the map
    marts: Callable[[View], tuple[str, ...]] = lambda _: ("daily_mix",)
    main: Callable[[View], Main | None] = lambda _: None
    heading: Callable[[View], str | None] = lambda _: None
    series: Callable[[View], bool] = lambda _: True
    pinned: Callable[[PageReader], Mapping[str, str]] = lambda _: {}
    # the clock by which its days are cut
    clock: Callable[[Service], str] = lambda _: ZONE

    def title(self, view: View) -> str:
        return view.say(en=self.en, fr=self.fr)

    def unit(self, view: View) -> Unit:
        """The unit requested."""
        return view.unit if view.unit in self.units else self.units[0]

    def chosen(self, view: View) -> Interval:
        """The interval that is asked for; ``auto`` where the page does not have it."""
        return view.interval if view.interval in self.intervals else Interval.AUTO

    def interval(self, view: View, period: tuple[date, date]) -> Interval:
        """The interval requested: ``auto`` is the finest of the page's that can be looked at."""
        chosen = self.chosen(view)
        return finest(*period, self.intervals) if chosen is Interval.AUTO else chosen
