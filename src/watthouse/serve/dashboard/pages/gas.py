"""Gas & weather: gas in storage, temperature, and the thermosensitivity of the load."""

from datetime import timedelta
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component
from dateutil.relativedelta import relativedelta

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, PageReader, percent
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import fill, paired
from watthouse.serve.figures import gas as drawn
from watthouse.serve.figures.palette import LOAD, STOCK, TEMPERATURE
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.gas import GAS
from watthouse.serve.queries.gas_points import GAS_POINTS, GasPointsParams, Holder
from watthouse.serve.queries.mix import MIX
from watthouse.serve.queries.params import Series
from watthouse.serve.queries.sensitivity import SENSITIVITY, SensitivityParams
from watthouse.serve.queries.temperature import DAILY_TEMPERATURE, TemperatureParams
from watthouse.serve.queries.units import Interval, Unit

_GWH: Final = "GWh"
_HIGHEST: Final = "stock_gaz_max_gwh"
_SPANS: Final = {
    Interval.DAY: ("days", "jours"),
    Interval.WEEK: ("weeks", "semaines"),
    Interval.MONTH: ("months", "mois"),
    Interval.YEAR: ("years", "ans"),
}


def body(reader: PageReader, view: View) -> list[Component]:
    """The stock and the temperature, one against the other, and the sensitivity of load year by year."""
    since, until = reader.period
    snapshot = reader.snapshot
    params = Series(since=since, until=until, interval=PAGE.interval(view, reader.period))
    stock = reader.ask(GAS, params)
    warm_params = TemperatureParams(since=since, until=until, interval=params.interval)
    warm = reader.ask(DAILY_TEMPERATURE, warm_params)
    first, last = snapshot.extent("gas_daily")
    # capacities are not published: the highest stock of all years stands in for them
    whole = Series(since=first, until=last, interval=Interval.YEAR)
    ever = reader.ask_of_all_years(GAS, whole)
    begins, ends = snapshot.extent("daily_merged")
    years = SensitivityParams(since=begins, until=ends)
    slopes = reader.ask_of_all_years(SENSITIVITY, years)
    rows = warm.rows.join(stock.rows, "starts", how="full", coalesce=True, suffix="_of_gas").sort("starts")
    rows = rows.with_columns(**_stocks(ever.rows, PAGE.unit(view)))
    return [
        _tiles(view, stock.rows, warm.rows, ever.rows, slopes.rows.filter(pl.col("year") <= until.year)),
        _through_time(reader, view, rows, stock, warm),
        _scatter(reader, view, rows, stock, warm),
        _sensitivity(reader, view, slopes),
        *_fills(reader, view),
    ]


def _stocks(ever: pl.DataFrame, unit: Unit) -> dict[str, pl.Expr]:
    """The stock at the end of an interval and its mean, in GWh or in % of the highest ``ever`` seen."""
    last, mean = pl.col("stock_gaz_gwh"), pl.col("stock_gaz_mean_gwh")
    if unit is Unit.SHARE:
        highest = pl.lit(ever[_HIGHEST].max())
        last, mean = percent(last, highest), percent(mean, highest)
    return {"stock": last, "mean_stock": mean}


def _unit(view: View) -> str:
    most = view.say(en="% of the highest", fr="% du maximum")
    return most if PAGE.unit(view) is Unit.SHARE else _GWH


def _tiles(view: View, stock: pl.DataFrame, warm: pl.DataFrame, ever: pl.DataFrame, slopes: pl.DataFrame) -> Component:
    known = stock.drop_nulls("stock_gaz_gwh")
    return parts.tiles([*_stock_tiles(view, known, ever), _temperature_tile(view, warm), _slope_tile(view, slopes)])


def _stock_tiles(view: View, known: pl.DataFrame, ever: pl.DataFrame) -> list[Component]:
    speak, colour = view.language, view.style.ink(STOCK)
    if known.is_empty():
        nothing = view.say(en="no complete day in this period", fr="aucun jour complet dans cette période")
        return [parts.tile("gas-stock", view.say(en="Gas in storage", fr="Gaz en stock"), "–", nothing, colour)]
    newest, oldest = known.row(-1, named=True), known.row(0, named=True)
    now, before = newest["stock_gaz_gwh"], oldest["stock_gaz_first_gwh"]
    highest = float(ever[_HIGHEST].max() or 0)  # type: ignore[arg-type]
    return [
        parts.tile(
            "gas-stock",
            view.say(en="Gas in storage", fr="Gaz en stock"),
            speak.quantity(now, _GWH),
            view.say(en="at the end of ", fr="à la fin du ") + speak.day(newest["last_complete_day"]),
            colour,
        ),
        parts.tile(
            "gas-change",
            view.say(en="Change over the period", fr="Variation sur la période"),
            speak.quantity(now - before, _GWH, signed=True),
            view.say(en="since the end of ", fr="depuis la fin du ") + speak.day(oldest["first_complete_day"]),
        ),
        parts.tile(
            "gas-fill",
            view.say(en="Of the highest stock on record", fr="Du stock maximal observé"),
            speak.percent(now / highest if highest else None),
            view.say(en=f"highest {speak.quantity(highest, _GWH)}", fr=f"maximum {speak.quantity(highest, _GWH)}"),
        ),
    ]


def _temperature_tile(view: View, warm: pl.DataFrame) -> Component:
    speak = view.language
    known = warm.drop_nulls("tmoy_c")
    # weighted by days: the last interval may hold a few only
    days = int(known["days"].sum())
    mean = float((known["tmoy_c"] * known["days"]).sum()) / days if days else None
    lowest, highest = (
        speak.quantity(value, "°C", 1)  # type: ignore[arg-type]
        for value in (known["tmin_c"].min(), known["tmax_c"].max())
    )
    return parts.tile(
        "gas-temperature",
        view.say(en="Mean temperature", fr="Température moyenne"),
        speak.quantity(mean, "°C", 1) if days else "–",
        view.say(
            en=f"{speak.number(days)} days known, {lowest} to {highest}",
            fr=f"{speak.number(days)} jours connus, {lowest} à {highest}",
        )
        if days
        else view.say(en="not known in this period", fr="inconnue sur cette période"),
        view.style.ink(TEMPERATURE),
    )


def _slope_tile(view: View, slopes: pl.DataFrame) -> Component:
    speak = view.language
    known = slopes.drop_nulls("slope_mw_per_c")
    # the newest year with enough cold days, which may not be this one
    newest = known.row(-1, named=True) if known.height else None
    return parts.tile(
        "gas-sensitivity",
        view.say(en="Thermosensitivity below 15 °C", fr="Thermosensibilité sous 15 °C"),
        speak.quantity(newest["slope_mw_per_c"], "MW/°C") if newest else "–",
        view.say(
            en=f"standard error {speak.number(newest['standard_error_mw_per_c'])}, working days of {newest['year']}",
            fr=f"erreur type {speak.number(newest['standard_error_mw_per_c'])}, jours ouvrés de {newest['year']}",
        )
        if newest
        else view.say(en="too few days", fr="trop peu de jours"),
        view.style.ink(LOAD),
    )


def _through_time(reader: PageReader, view: View, rows: pl.DataFrame, stock: Answer, warm: Answer) -> Component:
    partial = (rows["stock_gaz_gwh"].is_not_null() & ~rows["complete_of_gas"].fill_null(False)).rename("partial")
    short = stock.rows.filter(pl.col("complete_days") < pl.col("days"))
    gone = int((short["days"] - short["complete_days"]).sum())
    since, until = reader.period
    warm_days, all_days = (view.language.number(n) for n in (int(warm.rows["days"].sum()), (until - since).days + 1))
    note = view.say(
        en="The stock on the last complete day of each point. Days on which an operator or a storage point (PITS) has"
        f" not reported are left out rather than summed short ({gone} in this period): a gap, or a ring where a point"
        f" lacks some of its days. {warm_days} of {all_days} days have a temperature.",
        fr="Le stock du dernier jour complet de chaque point. Un jour où un opérateur ou un point de stockage (PITS)"
        f" n'a pas déclaré est écarté plutôt que sommé en partie ({gone} dans cette période) : une lacune, ou un"
        f" cercle s'il manque des jours. {warm_days} jours sur {all_days} ont une température.",
    )
    return parts.chart(
        reader,
        "gas-time",
        view.say(en="Gas in storage and temperature", fr="Gaz en stock et température"),
        paired.two_axes(
            rows["starts"],
            paired.Curve(rows["stock"], STOCK, _unit(view), partial),
            paired.Curve(rows["tmoy_c"], TEMPERATURE, "°C"),
            view.style,
        ),
        [stock, warm],
        height=400,
        wide=True,
        note=note,
    )


def _scatter(reader: PageReader, view: View, rows: pl.DataFrame, stock: Answer, warm: Answer) -> Component:
    title = view.say(en="Gas in storage against temperature", fr="Gaz en stock selon la température")
    fit = drawn.fit_of(rows, "tmoy_c", "mean_stock")
    if fit is None:
        few = view.say(
            en="Too few days with both a stock and a temperature to fit a line. Choose a longer period.",
            fr="Trop peu de jours avec un stock et une température pour une droite. Choisissez une période plus"
            " longue.",
        )
        text = [html.P(few, className="nothing")]
        return parts.card(reader, "gas-scatter", title, text, [stock, warm])
    figure = drawn.stock_on_temperature(rows, "mean_stock", _unit(view), fit, view.style)
    note = _fit_note(view, fit, stock.interval)
    return parts.chart(reader, "gas-scatter", title, figure, [stock, warm], note=note, height=400)


def _fit_note(view: View, fit: drawn.Fit, interval: Interval) -> str:
    speak, (english, french) = view.language, _SPANS[interval]
    share = PAGE.unit(view) is Unit.SHARE
    slope = speak.quantity(fit.slope, f"{'%' if share else _GWH}/°C", 2 if share else 0, signed=True)
    line = f"{slope}, r² = {speak.number(fit.r2, 2)}, n = {speak.number(fit.points)} "
    return view.say(
        en=f"{line}{english}. Both follow the seasons, and the stock lags behind: the line does not mean that one"
        " drives the other. The page Questions removes the season.",
        fr=f"{line}{french}. Les deux suivent les saisons, le stock avec retard : la droite ne dit pas que l'un"
        " entraîne l'autre. La page Questions retire l'effet de saison.",
    )


def _sensitivity(reader: PageReader, view: View, slopes: Answer) -> Component:
    since, until = reader.period
    note = view.say(
        en="How many MW of load each °C colder adds: slope of daily mean load on daily mean temperature, over fully"
        " measured weekdays below 15 °C. All available years, those of the period in colour. Bars: ± 1 standard error,"
        " assuming that days are independent; they are not, so the true uncertainty is larger. The newest year ends"
        " with the last temperatures.",
        fr="Combien de MW de consommation chaque °C de moins ajoute : pente de la consommation moyenne du jour selon sa"
        " température moyenne, jours ouvrés sous 15 °C entièrement mesurés. Toutes les années disponibles, celles de la"
        " période en couleur. Barres : ± 1 erreur type, en supposant les jours indépendants ; ils ne le sont pas, et"
        " l'incertitude réelle est plus grande. La dernière année va jusqu'aux dernières températures.",
    )
    return parts.chart(
        reader,
        "gas-slopes",
        view.say(en="Thermosensitivity (MW per °C), by year", fr="Thermosensibilité (MW/°C), par an"),
        drawn.sensitivity(slopes.rows, range(since.year, until.year + 1), view.style),
        [slopes],
        height=400,
        note=note,
        # the slopes are of every year, whatever the period
        slots=[reader.slots(MIX, period=reader.snapshot.extent("daily_mix"))],
    )


# How far back from the end of the period a storage point's last report may lie.
_RECENT: Final = timedelta(days=6)


def _fills(reader: PageReader, view: View) -> list[Component]:
    (since, until), interval = reader.period, PAGE.interval(view, reader.period)
    ending = GasPointsParams(since=max(since, until - _RECENT), until=until, interval=Interval.YEAR)
    at_end = reader.ask(GAS_POINTS, ending)
    # operators report on days of their own: each point at its own last report
    newest = at_end.rows.sort("civil_date").unique(["source", "pits"], keep="last")
    params = GasPointsParams(since=since, until=until, interval=interval, by=Holder.OPERATOR)
    through = reader.ask(GAS_POINTS, params)
    day = view.language.day(until)
    note = view.say(
        en="Storage points (PITS: point d'interface transport-stockage, where storage meets the gas grid). Capacities"
        " are not published: 100% is the highest stock a point ever reported. Each point shows its last report of the 7"
        f" days up to {day}.",
        fr="Points de stockage (PITS : points d'interface transport-stockage). Les capacités ne sont pas publiées :"
        " 100 % est le stock maximal qu'un point a déclaré. Chaque point est à sa dernière déclaration des 7 jours"
        f" jusqu'au {day}.",
    )
    of_points = parts.chart(
        reader,
        "gas-points",
        view.say(en="Fill level by storage point (PITS)", fr="Remplissage par point de stockage (PITS)"),
        fill.points(newest, view.style),
        [at_end],
        height=360,
        note=note,
    )
    of_operators = parts.chart(
        reader,
        "gas-operators",
        view.say(en="Fill level by operator", fr="Remplissage par opérateur"),
        fill.operators(through.rows, view.style),
        [through],
        height=360,
        note=view.say(
            en="Points that reported in each interval: their last report, over the highest stock each ever reported.",
            fr="Points ayant déclaré dans chaque intervalle : leur dernière déclaration, rapportée au maximum de"
            " chacun.",
        ),
    )
    return [of_points, of_operators]


PAGE: Final = Page(
    name="gas",
    en="Gas & weather",
    fr="Gaz et météo",
    body=body,
    units=(Unit.GWH, Unit.SHARE),
    span=relativedelta(years=1),
    marts=lambda _: ("gas_daily", "temperature_daily"),
    main=lambda _: Main("gas_daily"),
)
