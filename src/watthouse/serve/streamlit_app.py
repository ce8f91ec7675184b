"""Regions and sources in Streamlit, for those who want to build on it: run by ``watthouse serve --streamlit``.

Every figure is a function of ``serve/figures``, every row the answer of a side (``serve/sides``), in this process.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st

from watthouse.serve import streamlit_sidebar as sidebar
from watthouse.serve.dashboard.reading import made_up
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.palette import NATIONAL, SOURCES
from watthouse.serve.sides import France
from watthouse.serve.sides.opening import Sides
from watthouse.serve.streamlit_parts import Page, errors_in_a_line
from watthouse.serve.streamlit_regions import region, regions
from watthouse.serve.streamlit_sources import source
from watthouse.settings import Settings

_ICON: Final = Path(__file__).with_name("dashboard") / "assets" / "watthouse.svg"


def main() -> None:
    """The page that was chosen, of what the side holds now."""
    st.set_page_config(page_title="watthouse", page_icon=str(_ICON), layout="wide")
    with errors_in_a_line(), _sides().lease() as side:
        language = sidebar.language()
        since, until = sidebar.period(language, side.extent)
        dark = st.context.theme.type == "dark"
        page = Page(side, View(language=language, dark=dark, since=since, until=until), (since, until))
        chosen = st.navigation(_pages(page))
        sidebar.standing(language, side)
        if side.sample:
            st.warning(made_up(page.view, side.sample), icon=":material/science:")
        chosen.run()
        st.caption(page.provenance)


def _opened() -> Sides:
    return Sides(Settings())


# once per server: Streamlit runs this file again for every interaction
_sides: Callable[[], Sides] = st.cache_resource(show_spinner=False)(_opened)


def _pages(page: Page) -> dict[str, list[st.Page]]:
    say = page.view.say
    one_region = st.Page(
        _called("region", partial(region, page)), title=say(en="A region", fr="Une région"), url_path="region"
    )
    whole = _called("regions", partial(regions, page, one_region))
    pages = {
        say(en="Regions", fr="Régions"): [
            st.Page(whole, title=say(en="Regions", fr="Régions"), default=True),
            one_region,
        ]
    }
    if page.side.france:
        pages[say(en="Sources", fr="Filières")] = [*_sources(page, page.side.france)]
    return pages


def _sources(page: Page, france: France) -> Iterator[st.Page]:
    for name in NATIONAL:
        shown = _called(name, partial(source, page, france, name))
        yield st.Page(shown, title=page.view.style.name(SOURCES[name]), url_path=name)


def _called(name: str, page: Callable[[], None]) -> Callable[[], None]:
    """Streamlit knows pages by the names of their functions."""

    def shown() -> None:
        page()

    # two partials of one function would be one page
    shown.__name__ = name
    return shown


if __name__ == "__main__":
    main()
