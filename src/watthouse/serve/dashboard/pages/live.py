"""Live: the newest slots from the stream's store, on maps that move by themselves; it takes no warehouse."""

from datetime import date
from threading import Condition
from typing import Any, Final

import polars as pl
from cachetools import LRUCache, cached
from dash import html
from dash.development.base_component import Component

from watthouse.catalog import MAINLAND
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages.live_notices import beginning, status
from watthouse.serve.dashboard.pages.live_reader import LiveReader, earlier_in, value_of
from watthouse.serve.dashboard.pages.regions import OUTLINES_AT
from watthouse.serve.dashboard.reading import API
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import live as figures
from watthouse.serve.figures import maps
from watthouse.serve.figures.figure import Figure
from watthouse.serve.formats import Format
from watthouse.serve.locale import Text
from watthouse.serve.service import Service
from watthouse.stream.documents import (
    CO2,
    DIFFERENCE,
    FRANCE,
    LOAD,
    NAMES,
    PRODUCTION,
    Document,
)

_MAPS: Final = {
    LOAD: ("live-load", Text(en="Load", fr="Consommation"), False),
    PRODUCTION: ("live-production", Text(en="Production", fr="Production"), False),
    DIFFERENCE: ("live-difference", Text(en="Production − load", fr="Production − consommation"), True),
}
_VIEWS: Final = 64
"""Views that are kept of a state: a region, a language and a theme each."""
MAPS: Final = tuple(name for name, _, _ in _MAPS.values())
"""The ids of the maps: a click on one names a region."""
_OFFERED: Final = (Format.CSV, Format.JSON, Format.PARQUET)
_MAP_HEIGHT: Final = 340
_DAY_HEIGHT: Final = 400

MOVING: Final = (
    *(("live-status", "children"), ("live-tiles", "children"), ("live-freshness", "children")),
    *((name, "figure") for name, _, _ in _MAPS.values()),
    *(("live-day-title", "children"), ("live-day", "figure")),
    *(("live-sources-title", "children"), ("live-sources", "figure")),
    *(("live-source", "children"), ("live", "data-version")),
)
"""What :func:`moved` gives anew, in its order: components and their properties."""


def apart(service: Service, view: View) -> list[Component]:
    """What the store holds now; how to begin, where none is set."""
    if not service.live.is_set:
        return [beginning(view)]
    reader = LiveReader(service, view, service.live.state())
    words = {
        "data-on": view.say(en="Updates by itself", fr="Mise à jour en continu"),
        "data-off": view.say(en="Reconnecting…", fr="Reconnexion…"),
    }
    return [
        html.Div(status(reader), id="live-status", className="wide"),
        html.P(
            # the script writes into it
            html.Span(id="live-connection", **words),
            className="wide connection",
            role="status",
        ),
        html.Div(_tiles(reader), id="live-tiles", className="tiles"),
        _maps(reader),
        _card(reader, "live-day", _day_title(reader), _day(reader), f"/live/regions/{reader.region}/today"),
        _card(reader, "live-sources", _sources_title(reader), _sources(reader), "/live/regions"),
        _freshness_card(reader),
        # what the script looks for: the state that is shown
        html.Div(id="live", **{"data-version": reader.state.version}),
    ]


def moved(service: Service, view: View) -> list[Any]:
    """What :data:`MOVING` names, as the store is now."""
    return _moved(LiveReader(service, view, service.live.state()))


def _shown_by(reader: LiveReader) -> tuple[object, ...]:
    return reader.state.version, reader.view.address, reader.view.language, reader.view.dark


# everybody who listens asks at once, and most look at the same
@cached(LRUCache(_VIEWS), key=_shown_by, condition=Condition())
def _moved(reader: LiveReader) -> list[Any]:
    return [
        *(status(reader), _tiles(reader), _freshness(reader)),
        *(_map(reader, field) for field in _MAPS),
        *(_day_title(reader), _day(reader), _sources_title(reader), _sources(reader)),
        *(reader.provenance(), reader.state.version),
    ]


def _tiles(reader: LiveReader) -> list[Component]:
    """France at its newest slot, whatever region is chosen."""
    view, document = reader.view, reader.state.documents.get(FRANCE) or {}
    speak = view.language
    fields = [
        *((name, title.of(speak), field, "MW", signed) for field, (name, title, signed) in _MAPS.items()),
        ("live-co2", view.say(en="CO₂ intensity", fr="Intensité CO₂"), CO2, "g/kWh", False),
    ]
    figures = [
        parts.tile(
            f"{name}-france",
            title,
            speak.quantity(value_of(document, field), unit, signed=signed),
            " · ".join([NAMES[FRANCE], *earlier_in(document, field)]),
        )
        for name, title, field, unit, signed in fields
    ]
    day = [speak.day(date.fromisoformat(document["date"])), " · "] if document else []
    until = parts.tile(
        "live-until",
        view.say(en="Measured until", fr="Mesuré jusqu'à"),
        document.get("heure", "–"),
        [*day, _age(document)],
    )
    return [*figures, until]


def _age(document: Document) -> Component:
    """How long ago its slot began: the script writes it, in words, and goes on to."""
    if not document:
        return html.Span()
    return html.Span(className="age", **{"data-instant": document["instant"].isoformat()})


def _maps(reader: LiveReader) -> Component:
    view = reader.view
    panels = [
        html.Figure(
            [
                html.Figcaption(title.of(view.language)),
                parts.graph(view, name, _map(reader, field), _MAP_HEIGHT),
            ]
        )
        for field, (name, title, _) in _MAPS.items()
    ]
    hint = view.say(
        en="The newest measured slot of each region, MW; production is of the newest slot whose every source is known."
        " Click on a region to see its day.",
        fr="Le dernier pas de temps mesuré de chaque région, MW ; la production est celle du dernier pas dont toutes"
        " les filières sont connues. Cliquez sur une région pour voir sa journée.",
    )
    body = [html.Div(panels, className="panels three"), html.P(hint, className="note")]
    return parts.card(reader, "live-maps", view.say(en="Regions now", fr="Régions, à l'instant"), body, wide=True)


def _map(reader: LiveReader, field: str) -> Figure:
    _, title, signed = _MAPS[field]
    values = {region: value_of(reader.state.documents.get(region, {}), field) for region in MAINLAND}
    rows = pl.DataFrame(
        {"code_insee_region": [*values], "value": [*values.values()]},
        {"code_insee_region": pl.String, "value": pl.Int64},
    )
    figure = maps.regions_map(rows, "MW", reader.view.style, signed=signed, outlines=OUTLINES_AT)
    return parts.signed(figure, title.of(reader.view.language), reader.provenance())


def _card(reader: LiveReader, name: str, title: str, figure: Figure, call: str) -> Component:
    """A figure, and links to the rows behind it as they are when they are asked for."""
    links = [html.A(style.value.upper(), href=f"{API}{call}?format={style.value}", download="") for style in _OFFERED]
    below = html.P(
        [link for pair in zip(links, [" · "] * len(links), strict=True) for link in pair][:-1], className="note"
    )
    return parts.card(reader, name, title, [parts.graph(reader.view, name, figure, _DAY_HEIGHT), below])


def _day_title(reader: LiveReader) -> str:
    day = f", {reader.view.language.day(date.fromisoformat(reader.newest['date']))}" if reader.newest else ""
    return f"{reader.name}{day}"


def _day(reader: LiveReader) -> Figure:
    """The day of the region's newest slot, from its first quarter hour to its last."""
    rows, style = reader.day, reader.view.style
    if rows.is_empty():
        return figures.empty(reader.view.say(en="No slot measured yet", fr="Aucun pas de temps mesuré"), style)
    figure = figures.day(rows, reader.layout.sources, (rows["starts"][0], rows["starts"][-1]), style)
    return parts.signed(figure, _day_title(reader), reader.provenance())


def _sources_title(reader: LiveReader) -> str:
    at = reader.mix.get("heure", "–")
    return reader.view.say(en=f"{reader.name}: sources at {at}", fr=f"{reader.name} : filières à {at}")


def _sources(reader: LiveReader) -> Figure:
    """What each source of the region makes in the newest slot whose mix is known, the largest first."""
    document, shares = reader.mix, reader.layout.shares
    known = [
        figures.SourceNow(source, document[f"{source}_mw"], document.get(shares[source]))
        for source in reader.layout.sources
        if document.get(f"{source}_mw") is not None
    ]
    figure = figures.sources(sorted(known, key=lambda one: -one.mw), reader.view.style)
    return parts.signed(figure, _sources_title(reader), reader.provenance())


def _freshness_card(reader: LiveReader) -> Component:
    view = reader.view
    body = [
        html.Div(_freshness(reader), id="live-freshness"),
        html.P(reader.provenance(), className="provenance", id="live-source"),
    ]
    title = view.say(en="Freshness and figures by region", fr="Fraîcheur et valeurs par région")
    return parts.card(reader, "live-regions", title, body, wide=True)


def _freshness(reader: LiveReader) -> Component:
    view = reader.view
    heads = [
        *(
            view.say(en="Region", fr="Région"),
            view.say(en="Age", fr="Âge"),
            view.say(en="Measured until", fr="Mesuré jusqu'au"),
        ),
        *(f"{title.of(view.language)} (MW)" for _, title, _ in _MAPS.values()),
    ]
    rows = [_line(reader, region) for region in (FRANCE, *MAINLAND)]
    return parts.table(heads, rows, "live-table", view.say(en="Freshness by region", fr="Fraîcheur par région"))


def _line(reader: LiveReader, region: str) -> list[object]:
    view, document = reader.view, reader.state.documents.get(region) or {}
    speak = view.language
    here = {"className": "here", "aria-current": "true"} if region == reader.region else {}
    name = html.A(NAMES[region], href=view.href(detail="" if region == FRANCE else region), **here)
    until = speak.moment(document["instant"]) if document else view.say(en="not measured", fr="pas mesurée")
    values = [
        " ".join(
            [speak.number(value_of(document, field), signed=signed), *(f"({at})" for at in earlier_in(document, field))]
        )
        for field, (_, _, signed) in _MAPS.items()
    ]
    return [name, _age(document), until, *values]


def _heading(view: View) -> str | None:
    return f"{PAGE.title(view)} · {NAMES[view.detail]}" if view.detail in MAINLAND else None


PAGE: Final = Page(name="live", en="Live", fr="Temps réel", apart=apart, intervals=(), period=False, heading=_heading)
