"""A region's day, slot by slot: the newest measured one, or the one that the address names."""

from collections.abc import Iterator, Mapping

from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.pages import region_mix
from watthouse.serve.dashboard.pages.window import SlotWindow, days
from watthouse.serve.dashboard.reading import Answer, PageReader
from watthouse.serve.dashboard.view import View, day_of
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import NET_FLOW
from watthouse.serve.queries.coverage import Main, extent_of
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.regions import REGION_MIX
from watthouse.serve.queries.units import Interval, Unit


def _window(reader: PageReader) -> SlotWindow | None:
    """The day that the address says, or the newest that was measured; None where none was."""
    view = reader.view
    extent = extent_of(reader.snapshot, Main("daily_regional", view.detail))
    return SlotWindow(view, extent, day_of(view.more.get("day")) or extent[1]) if extent else None


def pinned(reader: PageReader) -> Mapping[str, str]:
    """The day that is shown by slot, for a link that leaves nothing to the newest day."""
    window = _window(reader) if reader.view.detail else None
    return {"day": window.day.isoformat()} if window else {}


def card(reader: PageReader, view: View, unit: Unit) -> Iterator[Component]:
    """The newest measured day slot by slot, or the one that the address says."""
    window = _window(reader)
    if window is None:
        return
    extent = window.extent
    yield from window.fault()
    drawn = unit.drawn_by(Interval.SLOT)
    params = EnergyAsOf(since=window.day, until=window.day, interval=Interval.SLOT, unit=drawn)
    slots = region_mix.without_part_mixes(reader.ask(REGION_MIX, params, view.detail), drawn)
    title = (
        view.say(en="Generation and load by slot, ", fr="Production et consommation par pas de temps, ") + window.words
    )
    if slots.rows.is_empty():
        first, last = (view.language.day(day) for day in extent)
        text = view.say(
            en=f"No data for this day. Data are available from {first} to {last}.",
            fr=f"Aucune donnée pour ce jour. Les données disponibles vont du {first} au {last}.",
        )
        words = [html.P(text, className="nothing"), *window.to_newest()]
        card = parts.card(reader, "region-day", title, words, wide=True)
    else:
        card = _of_day(reader, view, title, slots, drawn)
    card.children.insert(1, days(window, "day-"))
    yield card


def _of_day(reader: PageReader, view: View, title: str, slots: Answer, unit: Unit) -> Component:
    rows, note = slots.rows, parts.partial(view, slots.rows)
    figure = region_mix.stack(view, rows, unit)
    fresh = ""
    if unit is not Unit.SHARE:
        exchanged = view.say(
            en="The dashed line is the physical balance with other regions and countries, exports above 0.",
            fr="La ligne en tirets est le solde des échanges physiques avec l'extérieur, exportations au-dessus de 0.",
        )
        # a line without any point would still stand in the legend
        if rows["ech_physiques_mw"].count():
            figure.add_trace(
                power.line(rows["starts"], -rows["ech_physiques_mw"], NET_FLOW, view.style, unit.value, dash="dash")
            )
            note = f"{exchanged} {note}".strip()
        known = rows.drop_nulls("consommation_mw")["starts"]
        fresh = parts.measured_until(view, known[-1]) if known.len() else ""
    return parts.chart(reader, "region-day", title, figure, [slots], height=400, wide=True, note=note, fresh=fresh)
