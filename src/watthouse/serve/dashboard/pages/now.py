"""Now: load and its forecasts, the mix, CO₂ and exchanges, slot by slot, for a day or the last measured hours."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages import records
from watthouse.serve.dashboard.pages.window import SlotWindow, bar, window_of
from watthouse.serve.dashboard.reading import Answer, PageReader, percent
from watthouse.serve.dashboard.slots import (
    lasting,
    to_last_known,
    with_gaps,
    with_second_quarters,
)
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import BORDERS, LOAD, NATIONAL, SOURCES, carbon_colour
from watthouse.serve.queries.now import NOW
from watthouse.serve.queries.units import Unit

_MW: Final = "MW"
_AT: Final = "date_heure"
_LATE: Final = timedelta(hours=6)


def body(reader: PageReader, view: View) -> list[Component]:
    """The newest measured day, another one or the last hours, slot by slot."""
    window = window_of(view, reader.extent)
    params = window.params
    answer = reader.ask(NOW, params)
    # the figures read the publisher's names, as in the datasets
    answer = replace(answer, rows=answer.rows.rename(_published))
    measured = answer.rows.filter(pl.col("consommation").is_not_null())
    above = [*window.fault(), bar(PAGE, view, window)]
    if measured.is_empty():
        title = view.say(en="Now", fr="En ce moment") if window.newest else view.language.day(window.day)
        return [*above, parts.card(reader, "now", title, [parts.nothing(reader), *window.to_newest()], wide=True)]
    # operators report one slot bit by bit: the load is there before the last source
    sources = to_last_known(measured, NATIONAL)
    tiles = [
        *_load(view, window, measured),
        *_rate(view, window, measured),
        *_largest(view, sources, measured),
        *_balance(view, measured),
    ]
    return [
        *above,
        *(stale(view, measured, reader.now, rolling=window.hours is not None) if window.newest else ()),
        parts.tiles(tiles),
        *_charts(reader, view, window, answer, sources, measured),
        *([records.card(reader, view)] if window.newest else []),
    ]


def _published(name: str) -> str:
    """A column of a slot by its publisher's name; production has none."""
    return name if name == "production_mw" else name.removesuffix("_mw").removesuffix("_g_kwh")


def stale(view: View, measured: pl.DataFrame, now: datetime, *, rolling: bool = False) -> Iterator[Component]:
    """A warning where the newest measured instant is hours before ``now``."""
    newest: datetime = measured["date_heure"][-1]
    away = now - newest
    if away > _LATE:
        at, ago = view.language.moment(newest), view.language.number(away.days or away.seconds // 3600)
        a_day = away.days == 1
        days = view.say(en="day", fr="jour") if a_day else view.say(en="days", fr="jours")
        since = days if away.days else view.say(en="hours", fr="heures")
        shown = view.say(en="this page shows that day", fr="cette page montre ce jour-là")
        if rolling:
            shown = view.say(en="this page ends there", fr="cette page s'arrête là")
        yield html.P(
            view.say(
                en=f"The newest measured instant is {at}, {ago} {since} ago: {shown}.",
                fr=f"Le dernier instant mesuré est le {at}, il y a {ago} {since} : {shown}.",
            ),
            className="fault",
            role="status",
            id="stale",
        )


def _load(view: View, window: SlotWindow, measured: pl.DataFrame) -> Iterator[Component]:
    newest, at = measured.row(-1, named=True), measured["date_heure"][-1]
    speak = view.language
    # the later of the two, where it is there
    forecast = newest["prevision_j"] or newest["prevision_j1"]
    away = newest["consommation"] - forecast if forecast else None
    yield parts.tile(
        "now-load",
        view.say(en=f"Load at {at:%H:%M}", fr=f"Consommation à {at:%H:%M}"),
        speak.quantity(newest["consommation"], _MW),
        view.say(en="forecast error ", fr="écart à la prévision ") + speak.quantity(away, _MW, signed=True),
        view.style.ink(LOAD),
    )
    peak = measured.row(measured["consommation"].arg_max() or 0, named=True)
    so_far = view.say(en=" so far", fr="") if window.newest and window.hours is None else ""
    yield parts.tile(
        "now-peak",
        view.say(en="Peak of the ", fr="Pointe ") + window.of_it + so_far,
        speak.quantity(peak["consommation"], _MW),
        speak.moment(peak["date_heure"]),
    )


def _rate(view: View, window: SlotWindow, measured: pl.DataFrame) -> Iterator[Component]:
    rate = measured["taux_co2"].drop_nulls()
    if rate.is_empty():
        return
    value = float(rate[-1])
    mean = view.language.number(float(rate.mean() or 0))  # type: ignore[arg-type]
    more = view.say(en=f"mean of the {window.of_it} {mean}", fr=f"moyenne {window.of_it} {mean}")
    label = view.say(en="CO₂ intensity", fr="Intensité CO₂")
    yield parts.tile("now-rate", label, view.language.quantity(value, "g/kWh"), more, carbon_colour(value))


def _largest(view: View, known: pl.DataFrame, measured: pl.DataFrame) -> Iterator[Component]:
    if known.is_empty() or not known["production_mw"][-1]:
        return
    newest = known.row(-1, named=True)
    source = max(NATIONAL, key=lambda name: newest.get(name) or 0)
    share = view.language.percent(newest[source] / newest["production_mw"])
    yield parts.tile(
        "now-source",
        view.say(en="Largest source", fr="Première filière"),
        SOURCES[source].name(view.language),
        view.say(en=f"{share} of production", fr=f"{share} de la production") + _earlier(view, known, measured),
        view.style.ink(SOURCES[source]),
    )


def _balance(view: View, measured: pl.DataFrame) -> Iterator[Component]:
    # the balance may end before the load does
    known = to_last_known(measured, ("ech_physiques",))
    if known.is_empty():
        return
    yield parts.tile(
        "now-balance",
        view.say(en="Net exports", fr="Exportations nettes"),
        view.language.quantity(-known["ech_physiques"][-1], _MW, signed=True),
        view.say(en="physical balance", fr="solde physique") + _earlier(view, known, measured),
    )


def _earlier(view: View, known: pl.DataFrame, measured: pl.DataFrame) -> str:
    """The last instant that is known, where the load is known for longer."""
    last = known["date_heure"][-1]
    return view.say(en=f" at {last:%H:%M}", fr=f" à {last:%H:%M}") if last < measured["date_heure"][-1] else ""


def _charts(
    reader: PageReader, view: View, window: SlotWindow, answer: Answer, sources: pl.DataFrame, measured: pl.DataFrame
) -> Iterator[Component]:
    style, drawn = view.style, with_gaps(measured, _AT)
    yield parts.chart(
        reader,
        "load",
        view.say(en="Load and its forecasts, ", fr="Consommation et prévisions, ") + window.words,
        # forecasts stand on quarter hours: without this a half-hourly load would be dots
        power.load(lasting(answer.rows, ["consommation"], _AT), style),
        [answer],
        fresh=parts.measured_until(view, measured[_AT][-1]),
    )
    yield _mix(reader, view, window, answer, sources, measured)
    yield parts.chart(
        reader,
        "carbon",
        view.say(en="CO₂ intensity of production", fr="Intensité CO₂ de la production"),
        power.carbon(drawn[_AT], drawn["taux_co2"], style),
        [answer],
        height=280,
        fresh=parts.measured_until(view, measured[_AT][-1]),
    )
    yield _borders(reader, view, answer, measured)


def _mix(
    reader: PageReader, view: View, window: SlotWindow, answer: Answer, known: pl.DataFrame, measured: pl.DataFrame
) -> Component:
    title = view.say(en="Generation mix, ", fr="Mix de production, ") + window.words
    if window.newest and window.hours is None:
        title = view.say(
            en="Generation mix to the last measured instant", fr="Mix de production jusqu'au dernier instant mesuré"
        )
    if known.is_empty():
        return parts.card(reader, "mix-now", title, [parts.nothing(reader)], [answer])
    note = ""
    if known.height < measured.height:
        every, some = (f"{rows['date_heure'][-1]:%H:%M}" for rows in (known, measured))
        note = view.say(
            en=f"Every source is known up to {every}, the load up to {some}.",
            fr=f"Toutes les filières sont connues jusqu'à {every}, la consommation jusqu'à {some}.",
        )
    drawn = with_gaps(known, _AT)
    if PAGE.unit(view) is Unit.SHARE:
        shares = drawn.with_columns(percent(pl.col(*NATIONAL), pl.col("production_mw")) / 100)
        figure = power.mix(shares, {name: name for name in NATIONAL}, _AT, "%", view.style)
    else:
        columns = {name: name for name in ("pompage", *NATIONAL)}
        figure = power.mix(drawn, columns, _AT, _MW, view.style, load="consommation")
    return parts.chart(
        reader, "mix-now", title, figure, [answer], note=note, fresh=parts.measured_until(view, measured[_AT][-1])
    )


def _borders(reader: PageReader, view: View, answer: Answer, measured: pl.DataFrame) -> Component:
    borders = [f"ech_comm_{border}" for border in BORDERS]
    # settled exchanges stand at :15 and :45 too, where the load has no row
    known = with_second_quarters(answer.rows, measured, borders)
    sold = _most_sold(view, to_last_known(known, borders))
    rows, unit = lasting(with_gaps(known, _AT), [*borders, "ech_physiques", "consommation"], _AT), _MW
    if PAGE.unit(view) is Unit.SHARE:
        rows = rows.with_columns(percent(pl.col(*borders, "ech_physiques"), pl.col("consommation")))
        unit = parts.of_load(view)
    return parts.chart(
        reader,
        "borders-now",
        view.say(en="Commercial exchanges by border", fr="Échanges commerciaux par frontière"),
        power.borders(rows, _AT, unit, view.style, balance="ech_physiques"),
        [answer],
        height=280,
        note=view.say(
            en=f"The line is the physical balance. {sold}", fr=f"La ligne est le solde physique. {sold}"
        ).rstrip(),
        fresh=parts.measured_until(view, measured[_AT][-1]),
    )


def _most_sold(view: View, known: pl.DataFrame) -> str:
    if known.is_empty():
        return ""
    newest = known.row(-1, named=True)
    sold = {border: -(newest[f"ech_comm_{border}"] or 0) for border in BORDERS}
    border = max(sold, key=lambda name: sold[name])
    if sold[border] <= 0:
        return view.say(
            en="France is not a net seller at any border right now.",
            fr="Aucune frontière n'est acheteuse à cet instant.",
        )
    name, power_sold = BORDERS[border].name(view.language), view.language.quantity(sold[border], _MW)
    return view.say(en=f"Largest buyer: {name}, {power_sold}.", fr=f"Premier acheteur : {name}, {power_sold}.")


PAGE: Final = Page(
    name="now", en="Now", fr="En direct", body=body, units=(Unit.MW, Unit.SHARE), intervals=(), period=False
)
