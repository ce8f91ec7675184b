"""Mix: what produced the electricity of a period, how clean it was, and how another period was."""

from datetime import date
from typing import Final

from dash import html
from dash.development.base_component import Component

from watthouse.serve.api import national
from watthouse.serve.asking import BY_HOUR, EnergyAsOf, Unit
from watthouse.serve.dashboard import parts, shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, Reader
from watthouse.serve.dashboard.view import View, day_of
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import NATIONAL, OTHER_PERIOD, PERIOD, SOURCES, SUB_SOURCES, Ink, carbon_colour

_RATE: Final = "taux_co2_g_kwh"
_HOURS: Final = "measured_hours"
_SHOWN: Final = {Unit.GWH: "GWh", Unit.MWH: "MWh", Unit.MW: "MW", Unit.SHARE: "%"}


def body(reader: Reader, view: View) -> list[Component]:
    """Totals, the series by source, CO₂ intensity, and the same of another period."""
    since, until = reader.period
    unit = PAGE.unit(view)
    asked = EnergyAsOf(since=since, until=until, interval=PAGE.interval(view), unit=unit)
    series = reader.answer("/mix", asked, national.mix_of(reader.desk, reader.snapshot, asked))
    against = _against(reader, view)
    wanted = national.Compared(since=since, until=until, unit=Unit.GWH, with_since=against[0], with_until=against[1])
    compared = reader.answer("/compare", wanted, national.compare_of(reader.desk, reader.snapshot, wanted))
    totals = {row["name"].removesuffix("_gwh"): row for row in compared.rows.to_dicts()}
    return [
        _tiles(view, totals),
        _through_time(reader, view, series, unit),
        _donut(reader, view, totals, compared),
        _carbon(reader, view, series),
        _comparison(reader, view, totals, compared, against),
        _table(reader, view, totals, compared, against),
        _parts_of_sources(reader, view, totals, compared),
    ]


def _against(reader: Reader, view: View) -> tuple[date, date]:
    since, until = day_of(view.more.get("with_since")), day_of(view.more.get("with_until"))
    return (since, until) if since and until and since <= until else reader.year_before


Totals = dict[str, dict[str, float | None]]


def _tiles(view: View, totals: Totals) -> Component:
    speak = view.language
    top = max(NATIONAL, key=lambda name: totals[name]["value"] or 0)
    production = totals["production"]["value"] or 0
    rate = totals[_RATE]["value"]
    low_carbon = sum(totals[name]["value"] or 0 for name in NATIONAL if name not in {"gaz", "charbon", "fioul"})

    as_long = totals[_HOURS]["value"] == totals[_HOURS]["with_value"]

    def change(name: str) -> str:
        said = speak.number(_change(totals, name), 1, signed=True)
        mean = "" if as_long or name == _RATE else view.say(" in mean power", " en puissance moyenne")
        return view.say(f"{said}%{mean} on the other period", f"{said} %{mean} par rapport à l'autre période")

    found = [
        parts.tile(
            "mix-load",
            view.say("Load", "Consommation"),
            speak.energy(totals["consommation"]["value"]),
            change("consommation"),
        ),
        parts.tile("mix-production", "Production", speak.energy(totals["production"]["value"]), change("production")),
        parts.tile(
            "mix-rate",
            view.say("Average CO₂ intensity", "Intensité CO₂ moyenne"),
            speak.quantity(rate, "g/kWh", 1),
            change(_RATE),
            carbon_colour(rate or 0),
        ),
        parts.tile(
            "mix-top",
            view.say("Largest source", "Première source"),
            SOURCES[top].name(speak),
            speak.percent((totals[top]["value"] or 0) / production if production else None)
            + view.say(" of production", " de la production"),
            SOURCES[top].colour(view.dark),
        ),
        parts.tile(
            "mix-low-carbon",
            view.say("Without fossil fuels", "Hors énergies fossiles"),
            speak.percent(low_carbon / production if production else None),
            view.say("of production", "de la production"),
        ),
    ]
    return parts.tiles(found)


def _through_time(reader: Reader, view: View, series: Answer, unit: Unit) -> Component:
    suffix = unit.suffix
    columns = {name: f"{name}{suffix}" for name in NATIONAL}
    if unit is not Unit.SHARE:
        columns = {"pompage": f"pompage{suffix}", **columns}
    load = "" if unit is Unit.SHARE else f"consommation{suffix}"
    return parts.chart(
        reader,
        "mix-time",
        view.say("Generation by source", "Production par filière"),
        power.mix(series.rows, columns, "starts", _SHOWN[unit], view.style, load=load),
        [series],
        height=420,
        wide=True,
        note=parts.partial(view, series.rows, pale=unit is not Unit.MW),
    )


def _change(totals: Totals, name: str) -> float | None:
    """How far mean power is from that of the other period, %: the same as energy's, where as many hours were measured.

    A day that has only begun, set against a whole one, would be a fall in demand. A rate is a mean already.
    """
    value, other = totals[name]["value"], totals[name]["with_value"]
    hours, other_hours = (1, 1) if name == _RATE else (totals[_HOURS]["value"], totals[_HOURS]["with_value"])
    if value is None or not other or not hours or not other_hours:
        return None
    mean, before = value / hours, other / other_hours
    return 100 * (mean - before) / abs(before)


def _donut(reader: Reader, view: View, totals: Totals, compared: Answer) -> Component:
    whole = view.language.energy(totals["production"]["value"])
    return parts.chart(
        reader,
        "mix-donut",
        view.say("Share of each source", "Part de chaque filière"),
        power.donut([(SOURCES[name], totals[name]["value"]) for name in NATIONAL], "GWh", view.style, whole),
        [compared],
    )


def _carbon(reader: Reader, view: View, series: Answer) -> Component:
    return parts.chart(
        reader,
        "mix-carbon",
        view.say("CO₂ intensity of production", "Intensité CO₂ de la production"),
        power.carbon(series.rows["starts"], series.rows["taux_co2_g_kwh"], view.style),
        [series],
    )


def _comparison(reader: Reader, view: View, totals: Totals, compared: Answer, against: tuple[date, date]) -> Component:
    style, speak = view.style, view.language
    names = [SOURCES[name].name(speak) for name in NATIONAL]
    shares = {which: [_share(totals, name, which) for name in NATIONAL] for which in ("value", "with_value")}
    here = power.Side(speak.days(*reader.period), shares["value"], style.ink(PERIOD))
    there = power.Side(speak.days(*against), shares["with_value"], style.ink(OTHER_PERIOD))
    figure = power.side_by_side(names, here, there, view.say("% of production", "% de la production"), style)
    title = view.say("Compared with another period", "Comparaison avec une autre période")
    drawn = parts.chart(reader, "mix-compare", title, figure, [compared], height=360)
    drawn.children.insert(1, _other_days(view, against))
    return drawn


def _share(totals: Totals, name: str, which: str) -> float | None:
    production, value = totals["production"][which], totals[name][which]
    return 100 * value / production if production and value is not None else None


def _other_days(view: View, against: tuple[date, date]) -> Component:
    fields = [
        shell.day_field("with_since", view.say("From", "Du"), against[0], "against"),
        shell.day_field("with_until", view.say("to", "au"), against[1], "against"),
    ]
    default = view.href(more={"with_since": None, "with_until": None})
    link = html.A(view.say("A year before", "Un an avant"), href=default, id="a-year-before")
    return html.Div([*fields, link], className="days other")


def _table(reader: Reader, view: View, totals: Totals, compared: Answer, against: tuple[date, date]) -> Component:
    speak = view.language
    heads = [
        view.say("Source", "Filière"), "GWh", "%",
        speak.days(*against) + ", GWh",
        view.say("Change of mean power, %", "Variation de la puissance moyenne, %"),
    ]  # fmt: skip
    rows = [
        [
            SOURCES[name].name(speak),
            speak.number(totals[name]["value"], 1),
            speak.number(_share(totals, name, "value"), 1),
            speak.number(totals[name]["with_value"], 1),
            speak.number(_change(totals, name), 1, signed=True),
        ]
        for name in NATIONAL
    ]
    title = view.say("Totals by source", "Totaux par filière")
    return parts.card(reader, "mix-totals", title, [parts.table(heads, rows, "mix-table", title)], [compared])


def _parts_of_sources(reader: Reader, view: View, totals: Totals, compared: Answer) -> Component:
    speak = view.language
    rows = [
        [
            Ink(english, french, "", "").name(speak),
            speak.number(totals[name]["value"], 1),
            speak.number(_of_source(totals, name), 1),
        ]
        for name, (english, french) in SUB_SOURCES.items()
        if name in totals and totals[name]["value"] is not None
    ]
    title = view.say("What the sources are made of", "Détail des filières")
    heads = [view.say("Part of a source", "Sous-filière"), "GWh", view.say("% of its source", "% de sa filière")]
    content = [parts.table(heads, rows, "mix-parts-table", title)] if rows else [parts.nothing(reader)]
    return parts.card(reader, "mix-parts", title, content, [compared], wide=True)


def _of_source(totals: Totals, name: str) -> float | None:
    source, value = totals[name.partition("_")[0]]["value"], totals[name]["value"]
    return 100 * value / source if source and value is not None else None


PAGE: Final = Page("mix", "Mix", "Mix", body, units=(Unit.GWH, Unit.MWH, Unit.MW, Unit.SHARE), intervals=BY_HOUR)
