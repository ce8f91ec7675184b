"""Every figure of every page is one that Plotly knows: pages themselves check nothing, see ``figures/figure.py``."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import dcc
from dash.development.base_component import Component

from tests.figures import checked
from watthouse.serve.dashboard.app import rendered
from watthouse.serve.figures.figure import Figure
from watthouse.serve.service import Service
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]

CHARTS = {
    "/": 4,
    "/mix": 4,
    "/regions": 4,
    "/regions/53": 5,
    "/gas": 5,
    "/exchanges": 5,
    "/questions/1": 1,
    "/questions/4": 1,
    "/questions/5": 1,
    "/questions/6": 2,
    "/data": 2,
}
"""Of each page, how many it has; questions that 75 days answer alone."""
VIEWS = ("", "?unit=share", "?interval=slot&since={day}&until={day}", "?interval=month")
READERS = {"light, english": (False, "en"), "dark, french": (True, "fr")}


@pytest.fixture(scope="module")
def service(sampled: Path) -> Iterator[Service]:
    opened = Service(Settings(home=sampled / "sample"))
    yield opened
    opened.close()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("path", CHARTS)
def test_every_figure_of_a_page_is_one_that_plotly_knows(path: str, reader: str, service: Service) -> None:
    dark, language = READERS[reader]
    with service.snapshots.lease() as snapshot:
        _, day = snapshot.extent("daily_mix")
    states = [{"path": path, "query": view.format(day=day), "language": language, "dark": dark} for view in VIEWS]
    drawn = [[checked(figure) for figure in _figures(rendered(service, state)[0])] for state in states]
    assert max(map(len, drawn)) == CHARTS[path]


def _figures(components: Any) -> Iterator[Figure]:
    for one in components if isinstance(components, Iterable) and not isinstance(components, str) else [components]:
        if isinstance(one, dcc.Graph):
            yield one.figure
        elif isinstance(one, Component):
            yield from _figures(getattr(one, "children", None) or ())
