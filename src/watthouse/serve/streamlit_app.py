"""Regions and sources in Streamlit, for those who want to build on it: run by ``watthouse serve --streamlit``.

Every figure is a function of ``serve/figures``, every row the answer of a call of the API, asked in this process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from watthouse.catalog import MAINLAND, NATIONAL_SOURCES, REGIONS, Family
from watthouse.errors import WatthouseError
from watthouse.serve import streamlit_sidebar as sidebar
from watthouse.serve.dashboard.reading import Answer, PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.maps import regions_map
from watthouse.serve.figures.palette import NATIONAL, REGIONAL, SOURCES
from watthouse.serve.figures.regional import source_shares, yearly_sources
from watthouse.serve.figures.seasons import source_seasons
from watthouse.serve.figures.style import behaviour
from watthouse.serve.locale import Text
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.compare import COMPARE, Compared
from watthouse.serve.queries.mix import MIX
from watthouse.serve.queries.mixes import MIXES, MixesParams
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.regions import MAP, REGION_MIX, MapParams
from watthouse.serve.queries.units import Interval, Unit
from watthouse.serve.service import Service
from watthouse.settings import Settings

_MEASURES: Final = {
    "consommation": Text(en="Mean load", fr="Consommation moyenne"),
    "production": Text(en="Mean production", fr="Production moyenne"),
    "difference": Text(en="Production − load", fr="Production − consommation"),
}
_ICON: Final = Path(__file__).with_name("dashboard") / "assets" / "watthouse.svg"
# published together, as thermal, for a region
_BURNT: Final = tuple(name for name, source in NATIONAL_SOURCES.items() if source.family is Family.THERMAL)


def main() -> None:
    """The page that was chosen, of the newest build."""
    st.set_page_config(page_title="watthouse", page_icon=str(_ICON), layout="wide")
    with _errors_in_a_line(), _service().snapshots.lease() as snapshot:
        language = sidebar.language()
        dark = st.context.theme.type == "dark"
        # a first reader only to know which days there are to choose from
        whole = PageReader(_service(), snapshot, View(language=language, dark=dark))
        since, until = sidebar.period(whole)
        reader = PageReader(_service(), snapshot, View(language=language, dark=dark, since=since, until=until))
        page = st.navigation(_pages(reader))
        if sample := reader.sample:
            st.warning(sample, icon=":material/science:")
        page.run()
        st.caption(reader.provenance(reader.used))


def _opened() -> Service:
    return Service(Settings())


# once per server: Streamlit runs this file again for every interaction
_service: Callable[[], Service] = st.cache_resource(show_spinner=False)(_opened)


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    """Show an error as one line."""
    try:
        yield
    except (WatthouseError, ProblemError) as error:
        st.error(str(error))


def _pages(reader: PageReader) -> dict[str, list[st.Page]]:
    say = reader.view.say
    sources = [
        st.Page(
            _called(name, partial(_source, reader, name)), title=reader.view.style.name(SOURCES[name]), url_path=name
        )
        for name in NATIONAL
    ]
    one_region = st.Page(
        _called("region", partial(_region, reader)), title=say(en="A region", fr="Une région"), url_path="region"
    )
    whole = _called("regions", partial(_regions, reader, one_region))
    return {
        say(en="Regions", fr="Régions"): [
            st.Page(whole, title=say(en="Regions", fr="Régions"), default=True),
            one_region,
        ],
        say(en="Sources", fr="Filières"): sources,
    }


def _called(name: str, page: Callable[[], None]) -> Callable[[], None]:
    """Streamlit knows pages by the names of their functions."""

    def shown() -> None:
        page()

    # two partials of one function would be one page
    shown.__name__ = name
    return shown


def _regions(reader: PageReader, one_region: st.Page) -> None:
    view = reader.view
    say = view.say
    st.title(say(en="The regions", fr="Les régions"))
    st.caption(_days(reader))
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
        mapped = _map_of(reader, measure)
        figure = regions_map(_mapped(mapped, measure), "MW", view.style, signed=measure == "difference")
        _chart(reader, "map", f"{_MEASURES[measure].of(view.language)}, MW", figure, mapped, height=480)
    with right:
        params = MixesParams(since=view.since, until=view.until, unit=Unit.SHARE)
        shares = reader.ask(MIXES, params)
        title = say(en="What each source contributes to production", fr="Part de chaque filière dans la production")
        _chart(reader, "shares", f"{title}, %", source_shares(shares.rows, view.style), shares, height=480)
    st.page_link(
        one_region,
        label=say(en="One region over the years", fr="Une région au fil des ans"),
        icon=":material/timeline:",
    )


def _region(reader: PageReader) -> None:
    view = reader.view
    say = view.say
    published = sorted(MAINLAND, key=REGIONS.__getitem__)
    chosen = sidebar.place_of("region", published, published[0])
    code = st.selectbox(say(en="Region", fr="Région"), published, chosen, REGIONS.__getitem__, key="region")
    st.query_params["region"] = code
    st.title(REGIONS[code])
    first, last = reader.snapshot.extent("daily_regional")
    years = EnergyAsOf(since=first, until=last, interval=Interval.YEAR, unit=Unit.GWH)
    by_year = reader.ask(REGION_MIX, years, code)
    columns = {name: f"{name}_gwh" for name in REGIONAL}
    figure = yearly_sources(by_year.rows, columns, "GWh", view.style)
    _chart(
        reader,
        "years",
        say(en="Production by source and year, GWh", fr="Production par filière et par an, GWh"),
        figure,
        by_year,
    )
    through = reader.ask(REGION_MIX, EnergyAsOf(since=view.since, until=view.until, unit=Unit.MW), code)
    columns = {name: f"{name}_mw" for name in REGIONAL}
    figure = power.mix(through.rows, columns, "starts", "MW", view.style, "consommation_mw")
    title = say(en="Production by source and load, mean MW", fr="Production par filière et consommation, MW moyens")
    _chart(reader, "mix", f"{title} · {_days(reader)}", figure, through)


def _source(reader: PageReader, name: str) -> None:
    view = reader.view
    say, source = view.say, view.style.name(SOURCES[name])
    st.title(source)
    months = EnergyAsOf(since=reader.extent[0], until=reader.extent[1], interval=Interval.MONTH, unit=Unit.MW)
    by_month = reader.ask(MIX, months)
    through = reader.ask(MIX, EnergyAsOf(since=view.since, until=view.until, unit=Unit.MW))
    _totals(reader, name)
    figure = power.mix(through.rows, {name: f"{name}_mw"}, "starts", "MW", view.style)
    _chart(reader, "time", f"{source}, MW · {_days(reader)}", figure, through, names=[f"{name}_mw"])
    left, right = st.columns([6, 5])
    with left:
        figure = source_seasons(by_month.rows, name, f"{name}_mw", "MW", view.style)
        title = say(en="Mean power by month, MW", fr="Puissance moyenne par mois, MW")
        _chart(reader, "seasons", title, figure, by_month, names=[f"{name}_mw"], height=480)
    with right:
        # no region has gas, coal or oil of its own
        measure = "thermique" if name in _BURNT else name
        mapped = _map_of(reader, measure)
        together = (
            say(en=" (gas, coal and oil together)", fr=" (gaz, charbon et fioul ensemble)") if name in _BURNT else ""
        )
        title = say(en="Mean power by region, MW", fr="Puissance moyenne par région, MW")
        _chart(
            reader,
            "map",
            f"{title}{together}",
            regions_map(_mapped(mapped, measure), "MW", view.style),
            mapped,
            height=480,
        )


def _totals(reader: PageReader, name: str) -> None:
    """The source's energy and share over the whole period."""
    energy, share = (_total(reader, name, unit) for unit in (Unit.GWH, Unit.SHARE))
    speak = reader.view.language
    left, right, _ = st.columns([2, 2, 3])
    left.metric(_days(reader), speak.quantity(energy, "GWh"))
    right.metric(reader.view.say(en="of all production", fr="de toute la production"), speak.percent(share))


def _total(reader: PageReader, name: str, unit: Unit) -> float | None:
    params = Compared(since=reader.view.since, until=reader.view.until, unit=unit)
    rows = reader.ask(COMPARE, params).rows
    totals: dict[str, float | None] = dict(rows.select("name", "value").iter_rows())
    return totals[name]


def _mapped(answer: Answer, measure: str) -> pl.DataFrame:
    return answer.rows.rename({f"{measure}_mw": "value"})


def _map_of(reader: PageReader, measure: str) -> Answer:
    days = {"since": reader.view.since, "until": reader.view.until}
    params = MapParams.model_validate(days | {"measure": measure})
    return reader.ask(MAP, params)


def _days(reader: PageReader) -> str:
    return reader.view.language.days(*reader.period)


def _chart(
    reader: PageReader,
    name: str,
    title: str,
    figure: go.Figure,
    answer: Answer,
    *,
    names: list[str] | None = None,
    height: int = 420,
) -> None:
    """A figure below its title, and the rows it is drawn from (of ``names`` only) for download."""
    say = reader.view.say
    st.markdown(f"##### {title}")
    if not answer.rows.height:
        st.info(say(en="No data for this period.", fr="Aucune donnée pour cette période."))
        return
    st.plotly_chart(
        # Streamlit would put its own theme over the palette
        figure.update_layout(height=height),
        theme=None,
        config=behaviour(reader.view.style, name),
        key=name,
        alt=title,
    )
    rows: pl.DataFrame = answer.rows.select("starts", *names, "complete") if names else answer.rows
    with st.expander(say(en="Data", fr="Données")):
        st.dataframe(rows, hide_index=True)


if __name__ == "__main__":
    main()
