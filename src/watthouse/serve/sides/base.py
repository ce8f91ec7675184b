"""What the pages in Streamlit ask of a side, and in which shape it answers."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

import polars as pl

from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.locale import Text
from watthouse.serve.queries.attribution import Used

MEASURES: Final = ("consommation", "production", "difference", *REGIONAL)
"""What a map shows: load, production, production less load, or a source."""


@dataclass(frozen=True)
class Rows:
    """Rows, and the datasets that they come from with their days."""

    frame: pl.DataFrame
    used: tuple[Used, ...]


class France(Protocol):
    """The sources of France; units and holes as :class:`Side` has them."""

    def months(self, source: str) -> Rows:
        """A source by calendar month, all that there are, oldest first: ``starts`` (the first of the month),
        ``<source>_mw``, ``complete``."""

    def through(self, source: str, since: date, until: date) -> Rows:
        """The same over a period, by the finest interval that the side has and a chart can show, with a row of nulls
        where nothing is known; ``starts`` is an instant where that is an hour, else a day."""

    def total(self, source: str, since: date, until: date) -> Rows:
        """One row: ``<source>_gwh``, and ``<source>_share`` (0 to 1) of the production of all slots whose whole mix is
        known."""


class Side(Protocol):
    """One place to read from, at one moment.

    Power is in MW, the mean over the time in which its own column is known; energy is in GWh. Pumping is negative: a
    load. A value that nobody published is null, and counts for nothing: never as 0. Periods are civil days, both
    included. Any method may raise a :class:`~watthouse.errors.WatthouseError`.
    """

    @property
    def title(self) -> Text:
        """What it is, in a few words."""

    @property
    def left_out(self) -> Text | None:
        """What other sides show and this one does not, and why; None where nothing is missing."""

    @property
    def sample(self) -> str | None:
        """The synthetic sample whose figures it holds; None for published ones."""

    @property
    def extent(self) -> tuple[date, date]:
        """The first and the last day that can be chosen: on which a load is known; today where there is none."""

    @property
    def france(self) -> France | None:
        """The sources of France, where it has them."""

    def means(self, measure: str, since: date, until: date) -> Rows:
        """One of :data:`MEASURES` by region: ``code_insee_region`` (in order), ``libelle_region``, ``<measure>_mw``,
        ``measured_hours`` of the load."""

    def shares(self, since: date, until: date) -> Rows:
        """The sources of each region: ``code_insee_region`` (in order), ``libelle_region``, ``<source>_share`` (0 to 1,
        of the production of all slots whose whole mix is known), ``measured_hours``, ``mix_hours`` of those slots."""

    def years(self, region: str) -> Rows:
        """A region by calendar year, oldest first, with a row of nulls where nothing is known: ``starts`` (1 January),
        ``<name>_gwh`` of load, production, sources and pumping, ``measured_hours``, ``mix_hours``, and ``complete``
        where all of the year is known."""

    def through(self, region: str, since: date, until: date) -> Rows:
        """A region through time, oldest first, with a row of nulls where nothing is known: ``starts`` of the day, week,
        month or year (the finest with 800 rows at most), ``<name>_mw`` of load, production, sources and pumping,
        ``measured_hours``, ``mix_hours``, and ``complete`` where all of the interval is known, as far as it lies in the
        period."""
