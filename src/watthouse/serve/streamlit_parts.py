"""What every page in Streamlit is made of: a side and a view, and charts with the rows they are drawn from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import polars as pl
import streamlit as st

from watthouse import cells
from watthouse.catalog import LICENCE
from watthouse.errors import WatthouseError
from watthouse.serve.dashboard.reading import measured_by
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.figure import Figure
from watthouse.serve.figures.maps import regions_map
from watthouse.serve.figures.style import behaviour
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.attribution import Used
from watthouse.serve.sides import Rows, Side
from watthouse.serve.streamlit_sidebar import place_in_words


@dataclass(frozen=True)
class Page:
    """A page for one reader: what it reads, and the language, paper and period it is drawn for."""

    side: Side
    view: View
    period: tuple[date, date]
    _used: list[Used] = field(default_factory=list)

    def taken(self, rows: Rows) -> pl.DataFrame:
        """The rows, whose sources are named at the foot of the page."""
        self._used.extend(rows.used)
        return rows.frame

    @property
    def days(self) -> str:
        """The period in words."""
        return self.view.language.days(*self.period)

    @property
    def provenance(self) -> str:
        """Where the figures stand, who measured what was taken of them, on which days, under which licence."""
        place = place_in_words(self.view.language, self.side)
        publishers = measured_by(self.view, self._used, self.side.sample)
        return " · ".join(part for part in (place, publishers, LICENCE) if part)


@contextmanager
def errors_in_a_line() -> Iterator[None]:
    """Show an error as one line."""
    try:
        yield
    except (WatthouseError, ProblemError) as error:
        st.error(str(error))


def region_map(page: Page, title: str, measure: str) -> None:
    """A measure by region on the map, over the period."""
    rows = page.taken(page.side.means(measure, *page.period))
    mapped = rows.rename({f"{measure}_mw": "value"})
    figure = regions_map(mapped, "MW", page.view.style, signed=measure == "difference")
    chart(page, "map", title, figure, rows, height=480)


def chart(
    page: Page,
    name: str,
    title: str,
    figure: Figure,
    rows: pl.DataFrame,
    *,
    height: int = 420,
) -> None:
    """A figure below its title, and the rows it is drawn from for download."""
    say = page.view.say
    st.markdown(f"##### {title}")
    if rows.is_empty():
        st.info(say(en="No data for this period.", fr="Aucune donnée pour cette période."))
        return
    st.plotly_chart(
        # Streamlit would put its own theme over the palette
        figure.update_layout(height=height).to_plotly_json(),
        theme=None,
        config=behaviour(page.view.style, name),
        key=name,
        alt=title,
    )
    with st.expander(say(en="Data", fr="Données")):
        # its toolbar writes a CSV of what it was given
        st.dataframe(cells.inert(rows), hide_index=True)
