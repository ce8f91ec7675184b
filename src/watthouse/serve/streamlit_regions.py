"""The pages of regions in Streamlit: the same on every side."""

from typing import Final

import streamlit as st

from watthouse.catalog import MAINLAND, REGIONS
from watthouse.serve import streamlit_sidebar as sidebar
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.figures.regional import source_shares, yearly_sources
from watthouse.serve.locale import Text
from watthouse.serve.streamlit_parts import Page, chart, region_map

_MEASURES: Final = {
    "consommation": Text(en="Mean load", fr="Consommation moyenne"),
    "production": Text(en="Mean production", fr="Production moyenne"),
    "difference": Text(en="Production − load", fr="Production − consommation"),
}


def regions(page: Page, one_region: st.Page) -> None:
    """All regions: a quantity on the map, and the shares of their sources."""
    view = page.view
    say = view.say
    st.title(say(en="The regions", fr="Les régions"))
    st.caption(page.days)
    measure = st.radio(
        say(en="On the map", fr="Sur la carte"),
        [*_MEASURES],
        sidebar.place_of("measure", _MEASURES, "consommation"),
        lambda name: _MEASURES[name].of(view.language),
        key="measure",
        horizontal=True,
    )
    st.query_params["measure"] = measure
    left, right = st.columns([5, 6])
    with left:
        region_map(page, f"{_MEASURES[measure].of(view.language)}, MW", measure)
    with right:
        shares = page.taken(page.side.shares(*page.period))
        title = say(en="What each source contributes to production", fr="Part de chaque filière dans la production")
        chart(page, "shares", f"{title}, %", source_shares(shares, view.style), shares, height=480)
    st.page_link(
        one_region,
        label=say(en="One region over the years", fr="Une région au fil des ans"),
        icon=":material/timeline:",
    )


def region(page: Page) -> None:
    """One region: its sources by year, and its production and load over the period."""
    say = page.view.say
    published = sorted(MAINLAND, key=REGIONS.__getitem__)
    chosen = sidebar.place_of("region", published, published[0])
    code = st.selectbox(say(en="Region", fr="Région"), published, chosen, REGIONS.__getitem__, key="region")
    st.query_params["region"] = code
    st.title(REGIONS[code])
    _years(page, code)
    _through(page, code)


def _years(page: Page, code: str) -> None:
    rows = page.taken(page.side.years(code))
    figure = yearly_sources(rows, {name: f"{name}_gwh" for name in REGIONAL}, "GWh", page.view.style)
    title = page.view.say(en="Production by source and year, GWh", fr="Production par filière et par an, GWh")
    chart(page, "years", title, figure, rows)


def _through(page: Page, code: str) -> None:
    rows = page.taken(page.side.through(code, *page.period))
    columns = {name: f"{name}_mw" for name in REGIONAL}
    figure = power.mix(rows, columns, "starts", "MW", page.view.style, "consommation_mw")
    title = page.view.say(
        en="Production by source and load, mean MW", fr="Production par filière et consommation, MW moyens"
    )
    chart(page, "mix", f"{title} · {page.days}", figure, rows)
