"""A channel against the grid: its CO₂, its energy by window and Tempo colour, and what it would cost."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import Any, Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.errors import UsageError, WatthouseError
from watthouse.meters import queries
from watthouse.meters.channels import MeterChannel
from watthouse.meters.consumption import chosen_curve, curve_of
from watthouse.meters.series import readings
from watthouse.meters.tariffs import Tariffs, read
from watthouse.meters.units import Quantity
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.meter_reading import MeterReader
from watthouse.serve.dashboard.pages import meter_bill
from watthouse.serve.dashboard.reading import Answer, made_up
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import meter_grid, meters
from watthouse.serve.figures.palette import CARBON, TEMPO
from watthouse.serve.locale import Text
from watthouse.serve.meter_grid import MeterGrid
from watthouse.serve.meter_rows import Consumption
from watthouse.serve.problems import ProblemError, told
from watthouse.serve.queries.meter_params import Co2Params, ConsumptionParams, GridInterval, PeakParams, WindowsParams

_CO2: Final = Text(en="CO₂ of the energy, by day", fr="CO₂ de l'énergie, par jour")
_WINDOWS: Final = Text(en="Energy by window and Tempo colour", fr="Énergie par plage et couleur Tempo")
_BILL: Final = Text(en="Bills side by side", fr="Factures comparées")
_WHOLE: Final = 0.9995
"""From here on a share is shown as 100.0%."""
_OFF_PEAK: Final = "22:00-06:00"
_HEIGHT: Final = 300
_NATURES: Final = {
    "Données temps réel": Text(en="real time", fr="temps réel"),
    "Données consolidées": Text(en="consolidated", fr="consolidées"),
    "Données définitives": Text(en="definitive", fr="définitives"),
}
Shown = tuple[list[Component], list[Answer]]
"""What a card holds, and the rows behind it."""


def cards(reader: MeterReader, view: View) -> list[Component]:
    """What the grid says of a curve of active energy or power; nothing of any other channel."""
    if not is_curve(reader.channel):
        return []
    with ExitStack() as stack:
        try:
            grid = stack.enter_context(reader.service.snapshots.lease_if_built())
            why = ""
        except WatthouseError as error:  # the readings can be shown without it
            grid, why = None, told(error)
        reader.sample = grid.sample if grid else None
        tariffs, undeclared = _tariffs(reader)
        against = MeterGrid(_Read(reader), grid, tariffs)
        warning = [html.P(made_up(view, reader.sample), className="fault", id="sample")] if reader.sample else []
        return [
            *warning,
            _or_why(reader, "meter-co2", _CO2, lambda: _co2(reader, view, against if grid else None, why)),
            _or_why(reader, "meter-windows", _WINDOWS, lambda: _windows(reader, view, against, tariffs)),
            _or_why(reader, "meter-bill", _BILL, lambda: meter_bill.card(reader, view, against, undeclared), wide=True),
        ]


def is_curve(channel: MeterChannel) -> bool:
    """Whether a channel can be set against the grid."""
    return channel.is_interval and channel.measured_in.quantity in {Quantity.ENERGY, Quantity.POWER}


class _Read:
    """The curve of the channel over the period: read once, whatever is set against the grid."""

    def __init__(self, reader: MeterReader) -> None:
        self._reader, self.zone = reader, reader.zone.key
        self.version = queries.version(reader.connection, self.zone)

    def consumption(self, _meter_code: str, _params: ConsumptionParams, /) -> Consumption:
        return Consumption(self._chosen, *self._reader.period, iter([self._curve]))

    @cached_property
    def _chosen(self) -> list[MeterChannel]:
        return chosen_curve(self._reader.channels, self._reader.channel.id)

    @cached_property
    def _curve(self) -> pl.DataFrame:
        reader, chosen = self._reader, self._chosen
        # a series that files write in Wh and in kWh is two channels
        whole = chosen == [reader.channel]
        return curve_of(
            reader.rows if whole else readings(reader.connection, chosen, reader.bounds, reader.most), chosen
        )


def _tariffs(reader: MeterReader) -> tuple[Tariffs | None, str]:
    """The declared tariffs, or why there are none."""
    try:
        return read(reader.service.settings.tariff_file), ""
    except UsageError as error:
        return None, str(error)


def _or_why(reader: MeterReader, name: str, title: Text, made: Callable[[], Shown], *, wide: bool = False) -> Component:
    """A card, or why it cannot be shown: what the grid lacks takes nothing from the readings."""
    try:
        body, answers = made()
    except (WatthouseError, ProblemError) as error:
        why = told(error) if isinstance(error, WatthouseError) else str(error)
        body, answers = [html.P(why, className="nothing")], []
    return parts.card(reader, name, title.of(reader.view.language), body, answers, wide=wide)


def _co2(reader: MeterReader, view: View, against: MeterGrid | None, why: str) -> Shown:
    if against is None:
        first = view.say(
            en="There are no grid data in this home yet: they come by “watthouse refresh”.",
            fr="Il n'y a pas encore de données du réseau ici : elles viennent par « watthouse refresh ».",
        )
        return [html.P(why or first, className="nothing")], []
    since, until = reader.period
    days_of: dict[str, Any] = {"since": since, "until": until, "channel": reader.channel.id}
    params = Co2Params(**days_of, interval=GridInterval.DAY)
    answer = reader.against("co2", params, against.co2(reader.code, params))
    rows = answer.rows.with_columns(civil_date=pl.col("local_time").str.head(10).str.to_date())
    if not rows["co2_kg"].count():
        none = view.say(
            en="The CO₂ intensity of these days is not known here: it is left out, not taken for 0.",
            fr="L'intensité CO₂ de ces jours n'est pas connue ici : elle est omise, pas comptée pour 0.",
        )
        return [html.P(none, className="nothing")], []
    is_whole = pl.min_horizontal("known_share", "coverage") >= _WHOLE
    days = pl.select(civil_date=pl.date_range(since, until)).join(rows, on="civil_date", how="left")
    days = days.with_columns(value=pl.col("co2_kg"), complete=is_whole.fill_null(False))
    title, figure = _CO2.of(view.language), meters.bars(days, "kg CO₂", view.style, CARBON)
    line = parts.provenance_line(reader, [answer])
    drawn = parts.graph(view, "meter-co2", parts.signed(figure, title, line), _HEIGHT)
    peak = reader.against("peak", at_peak := PeakParams(**days_of), against.peak(reader.code, at_peak))
    notes = [html.P(_emitted(view, rows), className="note", id="meter-co2-sum"), *_at_peak(view, peak.rows, at_peak)]
    return [drawn, *notes], [answer, peak]


def _emitted(view: View, rows: pl.DataFrame) -> str:
    """The CO₂ of the period, of how much of the energy, and how settled the rows of the grid are."""
    known = float((rows["energy_kwh"] * rows["known_energy_share"].fill_null(0)).sum())
    read, mass, speak = float(rows["energy_kwh"].sum()), float(rows["co2_kg"].sum()), view.language
    named = sorted({nature for text in rows["natures"].drop_nulls() for nature in text.split("; ") if nature})
    natures = ", ".join(_NATURES[name].of(speak) if name in _NATURES else name for name in named)
    kilos, rate = speak.measure(mass, "kg CO₂"), speak.quantity(mass * 1000 / known if known else None, "g/kWh")
    share = speak.percent(known / read if read else None)
    return view.say(
        en=f"{kilos}, {rate}; the CO₂ intensity is known for {share} of the energy ({natures}). Pale: days known in"
        " part.",
        fr=f"{kilos}, {rate} ; intensité CO₂ connue pour {share} de l'énergie ({natures}). En clair : jours connus en"
        " partie.",
    )


def _at_peak(view: View, rows: pl.DataFrame, asked: PeakParams) -> Iterator[Component]:
    """What part of the energy was used while the grid had its peak, over the days of which that is known."""
    known = rows.filter(pl.col("peak_kwh").is_not_null())
    energy = float(known["energy_kwh"].sum())
    if energy:
        share, days = view.language.percent(float(known["peak_kwh"].sum()) / energy), view.language.number(known.height)
        words = view.say(
            en=f"{share} of the energy was used at the grid's peak, the {asked.slots} half hours of highest national"
            f" load of each day ({days} days known).",
            fr=f"{share} de l'énergie a été consommée à la pointe du réseau, les {asked.slots} demi-heures de plus"
            f" forte consommation nationale de chaque jour ({days} jours connus).",
        )
        yield html.P(words, className="note", id="meter-peak")


def _windows(reader: MeterReader, view: View, against: MeterGrid, tariffs: Tariffs | None) -> Shown:
    since, until = reader.period
    off_peak = _off_peak(tariffs)
    params = WindowsParams(since=since, until=until, channel=reader.channel.id, off_peak=off_peak)
    answer = reader.against("windows", params, against.windows(reader.code, params))
    if not answer.rows["energy_kwh"].sum():
        none = view.say(en="No energy was read, or none but 0.", fr="Aucune énergie relevée, ou rien que des zéros.")
        return [html.P(none, className="nothing")], []
    title, figure = _WINDOWS.of(view.language), meter_grid.windows(answer.rows, view.style)
    line = parts.provenance_line(reader, [answer])
    drawn = parts.graph(view, "meter-windows", parts.signed(figure, title, line), _HEIGHT)
    return [drawn, _by_colour(view, answer.rows, title), *_said_of_windows(view, answer.rows, off_peak)], [answer]


def _by_colour(view: View, rows: pl.DataFrame, title: str) -> Component:
    heads = [view.say(en="Tempo colour", fr="Couleur Tempo"), "HP, kWh", "HC, kWh", view.say(en="Share", fr="Part")]
    whole, lines = float(rows["energy_kwh"].sum()), []
    for colour in (*TEMPO, None):
        of_it = rows.filter(pl.col("colour").eq_missing(pl.lit(colour, pl.String)))
        if of_it.height:
            peak, off_peak = (
                float(of_it.filter(pl.col("window") == name)["energy_kwh"].sum()) for name in ("HP", "HC")
            )
            share = view.language.percent((peak + off_peak) / whole if whole else None)
            kwh = (view.language.number(energy, 1) for energy in (peak, off_peak))
            lines.append([meter_grid.name_of(colour, view.style), *kwh, share])
    return parts.table(heads, lines, "windows", title)


def _said_of_windows(view: View, rows: pl.DataFrame, off_peak: str) -> Iterator[Component]:
    hours = off_peak.replace(",", ", ").replace("-", "–")
    words = view.say(
        en=f"HC (hatched): {hours}. A Tempo day lasts from 06:00 to 06:00.",
        fr=f"HC (hachurées) : {hours}. Un jour Tempo va de 6 h à 6 h.",
    )
    if rows["colour"].has_nulls():
        words += view.say(
            en=" A day that no Tempo calendar has is of no known colour, never blue: RTE's calendars come by"
            " “watthouse refresh --from”.",
            fr=" Un jour absent du calendrier Tempo n'a pas de couleur connue, jamais bleu : les calendriers de RTE"
            " viennent par « watthouse refresh --from ».",
        )
    yield html.P(words, className="note")


def _off_peak(tariffs: Tariffs | None) -> str:
    """The windows of the first declared tariff that has some, as the API is asked for them; else those of Tempo."""
    versions = [versions[-1] for versions in tariffs.by_name.values()] if tariffs else []
    windows = next((one.off_peak for one in versions if one.off_peak), ())
    return ",".join(f"{window.since:%H:%M}-{window.until:%H:%M}" for window in windows) or _OFF_PEAK
