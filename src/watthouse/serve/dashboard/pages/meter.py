"""A channel of a meter: what it measured, what is missing of it, and what is odd about it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.errors import UsageError
from watthouse.meters.channels import MeterChannel
from watthouse.meters.resampling import mean_angle
from watthouse.meters.units import Quantity
from watthouse.serve.dashboard import controls, parts, shell
from watthouse.serve.dashboard.meter_reading import MeterReader
from watthouse.serve.dashboard.pages import meter_charts, meter_grid, meter_report
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.palette import METER
from watthouse.serve.locale import Text

_QUANTITIES: Final = {
    Quantity.ENERGY: Text(en="Energy", fr="Énergie"),
    Quantity.POWER: Text(en="Power", fr="Puissance"),
    Quantity.REACTIVE_ENERGY: Text(en="Reactive energy", fr="Énergie réactive"),
    Quantity.REACTIVE_POWER: Text(en="Reactive power", fr="Puissance réactive"),
    Quantity.APPARENT_ENERGY: Text(en="Apparent energy", fr="Énergie apparente"),
    Quantity.APPARENT_POWER: Text(en="Apparent power", fr="Puissance apparente"),
    Quantity.VOLTAGE: Text(en="Voltage", fr="Tension"),
    Quantity.CURRENT: Text(en="Current", fr="Courant"),
    Quantity.ANGLE: Text(en="Angle", fr="Angle"),
    Quantity.FREQUENCY: Text(en="Frequency", fr="Fréquence"),
    Quantity.RATIO: Text(en="Power factor", fr="Facteur de puissance"),
}
_REGISTERS: Final = Text(en="Registers", fr="Index")


def body(reader: MeterReader, view: View) -> list[Component]:
    """The channel of the address over its period."""
    above = [*_faults(reader, view), _choosers(reader, view)]
    rejects = meter_report.rejects(reader, view)
    if reader.outside:
        return [*above, _bar(reader, view, []), _nothing(reader, view), rejects]
    try:
        rows = reader.rows
    except UsageError as error:
        refused = shell.notice(view.say(en="This cannot be shown", fr="Affichage impossible"), str(error))
        return [*above, _bar(reader, view, []), refused]
    choices = [meter_charts.intervals(reader, view)]
    if rows.is_empty():
        return [*above, _bar(reader, view, choices), _nothing(reader, view), rejects]
    return [
        *above,
        _bar(reader, view, choices),
        parts.tiles([*_tiles(reader, view)]),
        *meter_charts.cards(reader, view),
        *meter_grid.cards(reader, view),
        *meter_report.cards(reader, view),
        rejects,
    ]


def _faults(reader: MeterReader, view: View) -> Iterator[Component]:
    meter, channel = view.more.get("meter"), view.more.get("channel")
    if meter and meter != reader.code:
        yield _fault(view.say(en=f"There is no meter “{meter[:40]}”", fr=f"Il n'y a pas de compteur « {meter[:40]} »"))
    elif channel and channel != str(reader.channel.id):
        yield _fault(
            view.say(
                en=f"The meter has no channel “{channel[:20]}”", fr=f"Le compteur n'a pas de voie « {channel[:20]} »"
            )
        )


def _fault(text: str) -> Component:
    return html.P(f"{text}.", className="fault", role="status")


def _choosers(reader: MeterReader, view: View) -> Component:
    meters = [(code, " · ".join(filter(None, (code, one.plant_code)))) for code, one in sorted(reader.meters.items())]
    label = view.say(en="Meter", fr="Compteur")
    chosen = [
        controls.options("meter", label, {"": meters}, reader.code, ("channel", "since", "until")),
        controls.options(
            "channel", view.say(en="Channel", fr="Voie"), _channels(reader, view), str(reader.channel.id), ("interval",)
        ),
        html.Span(_about(reader, view), className="note", id="meter-about"),
    ]
    return html.Section(chosen, className="bar", **{"aria-label": label})


def _channels(reader: MeterReader, view: View) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The channels by what they measure, so that no two quantities are taken for one."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for channel in sorted(reader.channels, key=lambda one: [*_QUANTITIES].index(one.measured_in.quantity)):
        words = _QUANTITIES[channel.measured_in.quantity] if channel.is_interval else _REGISTERS
        groups.setdefault(words.of(view.language), []).append((str(channel.id), _named(reader, channel)))
    return groups


def _named(reader: MeterReader, channel: MeterChannel) -> str:
    """A channel by what tells it from the meter's others."""
    several = len({one.serial_code for one in reader.channels}) > 1
    more = (channel.stream, channel.period, channel.rate, channel.serial_code if several else "")
    return " · ".join(filter(None, (f"{channel.data_type}, {channel.unit}", *more)))


def _about(reader: MeterReader, view: View) -> str:
    channel = reader.channel
    serial, held = channel.serial_code, view.language.days(*reader.extent)
    if not serial:
        return view.say(en=f"held {held}", fr=f"relevés du {held}")
    return view.say(en=f"serial {serial}, held {held}", fr=f"n° de série {serial}, relevés du {held}")


def _bar(reader: MeterReader, view: View, choices: Sequence[Component]) -> Component:
    pinned = {"meter": reader.code, "channel": str(reader.channel.id)}
    return controls.period_bar(view, reader.period, reader.extent, choices, pinned)


def _nothing(reader: MeterReader, view: View) -> Component:
    days, first, last = view.language.days(*reader.period), *map(view.language.day, reader.extent)
    title = view.say(en=f"No readings for {days}", fr=f"Aucun relevé : {days}")
    text = view.say(
        en=f"Readings of this channel are held from {first} to {last}.",
        fr=f"Les relevés de cette voie vont du {first} au {last}.",
    )
    newest = html.A(
        view.say(en="Show the newest days", fr="Voir les jours les plus récents"),
        href=view.href(since=None, until=None),
        id="newest",
    )
    return parts.card(reader, "meter-nothing", title, [html.P([text, " ", newest], className="nothing")], wide=True)


def _tiles(reader: MeterReader, view: View) -> Iterator[Component]:
    if not reader.channel.is_interval:
        yield from _counted(reader, view)
        return
    yield from _summed(reader, view) if reader.channel.is_summed else _averaged(reader, view)
    yield from _ends(reader, view)
    yield from _wholeness(reader, view)


def _summed(reader: MeterReader, view: View) -> Iterator[Component]:
    """Of an energy: the total, and the mean power over the time that was read."""
    unit, speak = reader.channel.unit, view.language
    total, hours = float(reader.rows["value"].sum()), float(reader.rows["minutes"].sum()) / 60
    yield parts.tile("meter-total", "Total", speak.measure(total, unit), speak.days(*reader.period), _ink(view))
    label, mean = view.say(en="Mean power", fr="Puissance moyenne"), total / hours if hours else None
    over = speak.quantity(hours, "h", 0 if hours >= 1 else 2)
    more = view.say(en=f"over the {over} read", fr=f"sur les {over} relevées")
    # what an hour of a power makes has its unit, and an h: kWh, varh, kVAh
    yield parts.tile("meter-mean", label, speak.measure(mean, unit.removesuffix("h")), more)


def _averaged(reader: MeterReader, view: View) -> Iterator[Component]:
    mean = view.language.measure(_mean(reader), reader.channel.unit)
    days = view.language.days(*reader.period)
    yield parts.tile("meter-mean", view.say(en="Mean", fr="Moyenne"), mean, days, _ink(view))


def _ends(reader: MeterReader, view: View) -> Iterator[Component]:
    """The greatest and the least value, each with the moment of its first."""
    values, instants = reader.rows["value"], reader.rows["instant"]
    each = meter_charts.per_step(reader, view) if reader.channel.is_summed else ""
    for name, label, at in (
        ("meter-greatest", view.say(en="Greatest", fr="Maximum"), values.arg_max() or 0),
        ("meter-least", view.say(en="Least", fr="Minimum"), values.arg_min() or 0),
    ):
        shown = view.language.measure(values[at], reader.channel.unit)
        yield parts.tile(name, f"{label}{each}", shown, reader.moment(instants[at]))


def _mean(reader: MeterReader) -> float | None:
    weight = pl.col("minutes").fill_null(1.0)
    mean = (pl.col("value") * weight).sum() / weight.sum()
    if reader.channel.measured_in.quantity is Quantity.ANGLE:
        mean = mean_angle(pl.col("value"))
    (found,) = reader.rows.select(mean).row(0)
    return float(found)


def _counted(reader: MeterReader, view: View) -> Iterator[Component]:
    """Of a register: what it had counted first and last, and the difference."""
    rows, unit = reader.rows, reader.channel.unit
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    label, moment = view.say(en="Last count", fr="Dernier index"), reader.moment(last["instant"])
    yield parts.tile("meter-last", label, view.language.measure(last["value"], unit), moment, _ink(view))
    if rows.height > 1:
        label, moment = view.say(en="First count", fr="Premier index"), reader.moment(first["instant"])
        yield parts.tile("meter-first", label, view.language.measure(first["value"], unit), moment)
        grown = view.language.measure(last["value"] - first["value"], unit)
        yield parts.tile(
            "meter-grown", view.say(en="Difference", fr="Différence"), grown, view.language.days(*reader.period)
        )
    yield parts.tile(
        "meter-readings", view.say(en="Snapshots", fr="Relevés d'index"), view.language.number(rows.height)
    )


def _wholeness(reader: MeterReader, view: View) -> Iterator[Component]:
    held, missing, speak = reader.rows.height, reader.missing, view.language
    of = speak.number(held + missing)
    yield parts.tile(
        "meter-coverage",
        view.say(en="Coverage", fr="Couverture"),
        speak.percent(held / (held + missing), 0 if not missing else 1),
        view.say(en=f"{speak.number(held)} of {of} intervals", fr=f"{speak.number(held)} intervalles sur {of}"),
    )
    gaps = len(reader.coverage.gaps) if reader.coverage else 0
    yield parts.tile(
        "meter-gaps",
        view.say(en="Gaps", fr="Lacunes"),
        speak.number(gaps),
        view.say(en=f"{speak.number(missing)} intervals missing", fr=f"{speak.number(missing)} intervalles manquants"),
    )


def _ink(view: View) -> str:
    return view.style.ink(METER)
