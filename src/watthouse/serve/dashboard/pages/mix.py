"""Mix: what produced the electricity of a period, its CO₂ intensity, and how another period compares."""

from datetime import date
from typing import Final

from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard import controls, parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages.mix_totals import ByQuantity, TwoPeriods, tiles
from watthouse.serve.dashboard.reading import Answer, PageReader, Slots
from watthouse.serve.dashboard.slots import whole_mix
from watthouse.serve.dashboard.view import View, day_of
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import NATIONAL, OTHER_PERIOD, PERIOD, SOURCES, SUB_SOURCES, Ink
from watthouse.serve.queries.compare import COMPARE, Compared
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.mix import MIX
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.units import FROM_SLOTS, Unit


def body(reader: PageReader, view: View) -> list[Component]:
    """Totals, the series by source, CO₂ intensity, and the same of another period."""
    since, until = reader.period
    unit, interval = PAGE.unit(view), PAGE.interval(view, reader.period)
    params = EnergyAsOf(since=since, until=until, interval=interval, unit=unit.drawn_by(interval))
    series = reader.ask(MIX, params)
    if series.rows.is_empty():
        return [parts.card(reader, "mix", PAGE.title(view), [parts.nothing(reader)], wide=True)]
    against = _against(reader, view)
    counted = unit.counted
    compared, parted = (_compared(reader, against, in_unit) for in_unit in (counted, Unit.SHARE))
    slots = reader.slots(MIX)
    periods = TwoPeriods(
        _by_name(compared), _by_name(parted), counted, against, a_year_earlier=against == reader.year_before
    )
    return [
        tiles(view, periods),
        _through_time(reader, view, series, params.unit, slots),
        _donut(reader, view, periods, [compared, parted], slots),
        _carbon(reader, view, series, slots),
        _comparison(reader, view, periods, parted),
        _table(reader, view, periods, [compared, parted], slots),
        _parts_of_sources(reader, view, periods, compared, slots),
    ]


def _against(reader: PageReader, view: View) -> tuple[date, date]:
    since, until = day_of(view.more.get("with_since")), day_of(view.more.get("with_until"))
    return (since, until) if since and until and since <= until else reader.year_before


def _compared(reader: PageReader, against: tuple[date, date], unit: Unit) -> Answer:
    since, until = reader.period
    params = Compared(since=since, until=until, unit=unit, with_since=against[0], with_until=against[1])
    return reader.ask(COMPARE, params)


def _by_name(compared: Answer) -> ByQuantity:
    return {row["name"]: row for row in compared.rows.to_dicts()}


def _through_time(reader: PageReader, view: View, series: Answer, unit: Unit, slots: Slots) -> Component:
    suffix = unit.suffix
    columns = {name: f"{name}{suffix}" for name in NATIONAL}
    if unit is not Unit.SHARE:
        # pumping is a load, and no share of production
        columns = {"pompage": f"pompage{suffix}", **columns}
    load = "" if unit is Unit.SHARE else f"consommation{suffix}"
    rows = whole_mix(series.rows, [f"{name}{suffix}" for name in NATIONAL])
    return parts.chart(
        reader,
        "mix-time",
        view.say(en="Generation by source", fr="Production par filière"),
        power.mix(rows, columns, "starts", unit.sign, view.style, load=load),
        [series],
        height=420,
        wide=True,
        note=parts.partial(view, series.rows, pale=unit is not Unit.MW),
        slots=[slots],
    )


def _donut(reader: PageReader, view: View, periods: TwoPeriods, answers: list[Answer], slots: Slots) -> Component:
    production = periods.totals["production"]["value"]
    # shares times production, not the totals: a source may be known for longer than production is
    shares = [(SOURCES[name], (periods.share(name) or 0) * (production or 0)) for name in NATIONAL]
    whole = periods.formatted(view, production)
    return parts.chart(
        reader,
        "mix-donut",
        view.say(en="Share of each source", fr="Part de chaque filière"),
        power.donut(shares, periods.unit.value, view.style, whole),
        answers,
        slots=[slots],
    )


def _carbon(reader: PageReader, view: View, series: Answer, slots: Slots) -> Component:
    return parts.chart(
        reader,
        "mix-carbon",
        view.say(en="CO₂ intensity of production", fr="Intensité CO₂ de la production"),
        power.carbon(series.rows["starts"], series.rows["taux_co2_g_kwh"], view.style),
        [series],
        slots=[slots],
    )


def _comparison(reader: PageReader, view: View, periods: TwoPeriods, parted: Answer) -> Component:
    style, speak, against = view.style, view.language, periods.against
    names = [SOURCES[name].name(speak) for name in NATIONAL]
    shares = {which: [_percent(periods.share(name, which)) for name in NATIONAL] for which in ("value", "with_value")}
    here = power.BarSeries(speak.days(*reader.period), shares["value"], style.ink(PERIOD))
    there = power.BarSeries(speak.days(*against), shares["with_value"], style.ink(OTHER_PERIOD))
    figure = power.side_by_side(names, [here, there], view.say(en="% of production", fr="% de la production"), style)
    title = view.say(en="Compared with another period", fr="Comparaison avec une autre période")
    slots = [reader.slots(MIX, period=days, of=speak.days(*days)) for days in (reader.period, against)]
    drawn = parts.chart(reader, "mix-compare", title, figure, [parted], height=360, slots=slots)
    # between the head and the chart, where the period it compares with can be changed
    drawn.children.insert(1, _other_days(view, against))
    return drawn


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _other_days(view: View, against: tuple[date, date]) -> Component:
    fields = [
        controls.day_field("with_since", view.say(en="From", fr="Du"), against[0], "against"),
        controls.day_field("with_until", view.say(en="to", fr="au"), against[1], "against"),
    ]
    default = view.href(more={"with_since": None, "with_until": None})
    link = html.A(view.say(en="A year earlier", fr="Un an plus tôt"), href=default, id="a-year-before")
    return html.Div([*fields, link], className="days other")


def _table(reader: PageReader, view: View, periods: TwoPeriods, answers: list[Answer], slots: Slots) -> Component:
    speak, totals, unit = view.language, periods.totals, periods.unit.value
    heads = [
        view.say(en="Source", fr="Filière"), unit, "%",
        f"{speak.days(*periods.against)}, {unit}",
        *([view.say(en="Change in total, %", fr="Variation de l'énergie, %")] if periods.by_sum else []),
        view.say(en="Change in mean power, %", fr="Variation de la puissance moyenne, %"),
    ]  # fmt: skip
    rows = [
        [
            SOURCES[name].name(speak),
            speak.number(totals[name]["value"], 1),
            speak.number(_percent(periods.share(name)), 1),
            speak.number(totals[name]["with_value"], 1),
            *([speak.number(periods.change(name), 1, signed=True)] if periods.by_sum else []),
            speak.number(periods.mean_change(name), 1, signed=True),
        ]
        for name in NATIONAL
    ]
    title = view.say(en="Totals by source", fr="Totaux par filière")
    return parts.card(
        reader, "mix-totals", title, [parts.table(heads, rows, "mix-table", title)], answers, slots=[slots]
    )


def _parts_of_sources(reader: PageReader, view: View, periods: TwoPeriods, compared: Answer, slots: Slots) -> Component:
    speak, totals = view.language, periods.totals
    rows = [
        [
            Ink(english, french, "", "").name(speak),
            speak.number(totals[name]["value"], 1),
            speak.number(_of_source(totals, name), 1),
        ]
        for name, (english, french) in SUB_SOURCES.items()
        # older vintages lack the last columns altogether
        if name in totals and totals[name]["value"] is not None
    ]
    title = view.say(en="Breakdown of the sources", fr="Détail des filières")
    heads = [
        view.say(en="Sub-source", fr="Sous-filière"),
        periods.unit.value,
        view.say(en="% of the source, where broken down", fr="% de la filière, si détaillée"),
    ]
    content = [parts.table(heads, rows, "mix-parts-table", title)] if rows else [parts.nothing(reader)]
    return parts.card(reader, "mix-parts", title, content, [compared], wide=True, slots=[slots])


def _of_source(totals: ByQuantity, name: str) -> float | None:
    """Share of the sub-sources known together, %, by mean power."""
    # years before a source was broken down know nothing of its parts, so the total is that of the parts
    siblings = [sibling for sibling in SUB_SOURCES if sibling.partition("_")[0] == name.partition("_")[0]]
    known = sum(totals[sibling]["mean_power_mw"] or 0 for sibling in siblings if sibling in totals)
    value = totals[name]["mean_power_mw"]
    return 100 * value / known if known and value is not None else None


PAGE: Final = Page(
    name="mix",
    en="Mix",
    fr="Mix",
    body=body,
    units=(Unit.GWH, Unit.MWH, Unit.MW, Unit.SHARE),
    intervals=FROM_SLOTS,
    main=lambda _: Main("daily_mix"),
)
