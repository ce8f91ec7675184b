"""The pages of France's sources in Streamlit, on every side that has them."""

from typing import Final

import streamlit as st

from watthouse.catalog import NATIONAL_SOURCES, Family
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import SOURCES
from watthouse.serve.figures.seasons import source_seasons
from watthouse.serve.sides import France
from watthouse.serve.streamlit_parts import Page, chart, region_map

# published together, as thermal, for a region
_BURNT: Final = tuple(name for name, source in NATIONAL_SOURCES.items() if source.family is Family.THERMAL)


def source(page: Page, france: France, name: str) -> None:
    """One source: its energy and share, its power through time and by season, and where it stands."""
    say, called = page.view.say, page.view.style.name(SOURCES[name])
    st.title(called)
    _totals(page, france, name)
    through = page.taken(france.through(name, *page.period))
    figure = power.mix(through, {name: f"{name}_mw"}, "starts", "MW", page.view.style)
    chart(page, "time", f"{called}, MW · {page.days}", figure, through)
    left, right = st.columns([6, 5])
    with left:
        by_month = page.taken(france.months(name))
        figure = source_seasons(by_month, name, f"{name}_mw", "MW", page.view.style)
        title = say(en="Mean power by month, MW", fr="Puissance moyenne par mois, MW")
        chart(page, "seasons", title, figure, by_month, height=480)
    with right:
        together = (
            say(en=" (gas, coal and oil together)", fr=" (gaz, charbon et fioul ensemble)") if name in _BURNT else ""
        )
        title = say(en="Mean power by region, MW", fr="Puissance moyenne par région, MW")
        # no region has gas, coal or oil of its own
        region_map(page, f"{title}{together}", "thermique" if name in _BURNT else name)


def _totals(page: Page, france: France, name: str) -> None:
    """The source's energy and share over the whole period."""
    totals = page.taken(france.total(name, *page.period))
    speak = page.view.language
    left, right, _ = st.columns([2, 2, 3])
    left.metric(page.days, speak.quantity(totals[f"{name}_gwh"].item(), "GWh"))
    share = speak.percent(totals[f"{name}_share"].item())
    right.metric(page.view.say(en="of all production", fr="de toute la production"), share)
