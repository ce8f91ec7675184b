"""The charts of a channel: its curve, its days, and its times of day."""

from collections.abc import Iterator
from typing import Final

import polars as pl
from dash.development.base_component import Component

from watthouse.meters.days import day_statistics
from watthouse.meters.intervals import EVERY, MINUTES_OF
from watthouse.meters.profile import cell_minutes, profile
from watthouse.meters.resampling import resample
from watthouse.serve.dashboard import controls, parts
from watthouse.serve.dashboard.meter_reading import MeterReader
from watthouse.serve.dashboard.reading import Answer
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import meters
from watthouse.serve.figures.stack import FEW
from watthouse.serve.locale import Text
from watthouse.serve.queries.units import Interval

_INTERVALS: Final = {
    Interval.SLOT: Text(en="As read", fr="Tel que relevé"),
    Interval.HALF_HOUR: Text(en="30 min", fr="30 min"),
    Interval.HOUR: Text(en="Hour", fr="Heure"),
    Interval.DAY: Text(en="Day", fr="Jour"),
}
_PER: Final = {
    Interval.HALF_HOUR: Text(en="per 30 min", fr="par 30 min"),
    Interval.HOUR: Text(en="per hour", fr="par heure"),
    Interval.DAY: Text(en="per day", fr="par jour"),
}
_SHOWN: Final = 2_100
"""Points that can be looked at: a week of five minutes."""
_CELLS: Final = 10_000
"""Cells of a heat map: a year by the hour."""
_A_DAY: Final = 24 * 60


def cards(reader: MeterReader, view: View) -> Iterator[Component]:
    """What is drawn of the period; of a register, which counts and does not measure, its curve alone."""
    if reader.channel.is_interval or reader.rows.height > 1:
        yield _curve(reader, view)
    if reader.channel.is_interval:
        yield from _heat_map(reader, view)
        yield _band(reader, view)


def intervals(reader: MeterReader, view: View) -> Component:
    """The intervals to choose from: those no reading is longer than, of which not too many are drawn."""
    chosen = _chosen(reader)
    auto = view.interval not in _offered(reader)
    meant = _INTERVALS[_auto(reader)].of(view.language).lower()
    links = [(f"Auto ({meant})", view.href(interval=Interval.AUTO), "interval-auto", auto)]
    links += [
        (
            _INTERVALS[one].of(view.language),
            view.href(interval=one),
            f"interval-{one.value}",
            one is chosen and not auto,
        )
        for one in _offered(reader)
    ]
    return controls.choice(view.say(en="One point per", fr="Un point par"), "interval", links)


def per_step(reader: MeterReader, view: View) -> str:
    """`` per 10 min``, where all readings of the period last as long."""
    lengths = reader.rows["minutes"].unique()
    if len(lengths) != 1 or lengths[0] is None:
        return view.say(en=" per interval", fr=" par intervalle")
    return view.say(en=" per ", fr=" par ") + view.language.quantity(lengths[0], "min")


def _offered(reader: MeterReader) -> list[Interval]:
    if not reader.channel.is_interval:
        return [Interval.SLOT]
    most = reader.service.settings.max_points
    # readings of any number are read, but not drawn
    slots = [Interval.SLOT] if reader.rows.height <= most else []
    longer = [one for one in _PER if reader.longest <= MINUTES_OF[one.value]]
    return slots + [one for one in longer if one is Interval.DAY or _points(reader, one) <= most] or [Interval.SLOT]


def _points(reader: MeterReader, interval: Interval) -> int:
    since, until = reader.period
    return ((until - since).days + 1) * _A_DAY // MINUTES_OF[interval.value]


def _auto(reader: MeterReader) -> Interval:
    """The finest that can be looked at; energies of intervals of several lengths cannot be compared."""
    offered = _offered(reader)
    uneven = reader.channel.is_summed and reader.rows["minutes"].n_unique() > 1
    for interval in offered:
        points = reader.rows.height if interval is Interval.SLOT else _points(reader, interval)
        if points <= _SHOWN and not (interval is Interval.SLOT and uneven and len(offered) > 1):
            return interval
    return offered[-1]


def _chosen(reader: MeterReader) -> Interval:
    return reader.view.interval if reader.view.interval in _offered(reader) else _auto(reader)


def _curve(reader: MeterReader, view: View) -> Component:
    interval, channel = _chosen(reader), reader.channel
    rows = _drawn(reader, interval)
    unit = f"{channel.unit}{_per(reader, view, interval)}"
    title = view.say(en=f"{channel.data_type} through time", fr=f"{channel.data_type} au fil du temps")
    as_bars = interval is Interval.DAY and channel.is_summed and rows.height <= FEW
    figure = meters.bars(rows, unit, view.style) if as_bars else meters.curve(rows, unit, view.style)
    answers = [_readings(reader, rows, interval)]
    if interval is not Interval.SLOT:
        answers.append(_readings(reader, reader.rows, Interval.SLOT))
    note = _note(view, rows, interval)
    return parts.drawn(reader, "meter-curve", title, figure, answers, notes=[note] if note else [], wide=True)


def _drawn(reader: MeterReader, interval: Interval) -> pl.DataFrame:
    """``starts`` and ``ends`` by the meters' clock, ``civil_date``, ``value``, and whether each is ``complete``."""
    clock = pl.col("instant").dt.convert_time_zone(reader.zone.key).dt.replace_time_zone(None)
    if interval is Interval.SLOT:
        rows = reader.rows.with_columns(starts=clock, complete=pl.lit(None, pl.Boolean))
        ends = pl.col("starts") + pl.duration(seconds=pl.col("minutes") * 60)
    else:
        rows = resample(reader.rows, [reader.channel], interval.value, reader.zone.key).with_columns(starts=clock)
        ends = pl.col("starts").dt.offset_by(EVERY[interval.value])
    return rows.with_columns(ends=ends, civil_date=pl.col("starts").dt.date())


def _per(reader: MeterReader, view: View, interval: Interval) -> str:
    if not reader.channel.is_summed:
        return ""
    return per_step(reader, view) if interval is Interval.SLOT else f" {_PER[interval].of(view.language)}"


def _note(view: View, rows: pl.DataFrame, interval: Interval) -> str:
    """How many intervals are measured in part, and where the clock is changed."""
    words, speak = [], view.language
    if partly := rows.filter(~pl.col("complete")).height:
        few, of = speak.number(partly), speak.number(rows.height)
        words.append(view.say(en=f"Measured in part: {few} of {of}.", fr=f"Mesurés en partie : {few} sur {of}."))
    ahead = pl.col("starts") - pl.col("instant").dt.replace_time_zone(None)
    changed = rows.filter((ahead.diff() != pl.duration()) & (interval is not Interval.DAY))
    for day in changed["civil_date"].unique().sort():
        on = speak.day(day)
        words.append(view.say(en=f"The clock changes on {on}.", fr=f"L'heure change le {on}."))
    return " ".join(words)


def _heat_map(reader: MeterReader, view: View) -> Iterator[Component]:
    days, channel = reader.period, reader.channel
    minutes = cell_minutes(reader.longest, (days[1] - days[0]).days + 1, _CELLS)
    if minutes is None:  # a reading a day has no time of day
        return
    cells = profile(reader.rows, channel, minutes, days, reader.held, reader.zone.key)
    length = view.language.quantity(minutes, "min")
    per = view.say(en=f" per {length}", fr=f" par {length}") if channel.is_summed else ""
    note = view.say(
        en=f"A cell is {length} of the meters' clock; one that readings do not cover is missing, not 0.",
        fr=f"Une case dure {length} à l'horloge des compteurs ; sans relevés, elle est manquante, pas nulle.",
    )
    if cells["again"].any():
        note += view.say(en=" ² is the hour that comes twice.", fr=" ² est l'heure qui revient.")
    title = view.say(en="Day by time of day", fr="Jour et heure")
    figure = meters.heat_map(cells, minutes, f"{channel.unit}{per}", view.style)
    answer = _readings(reader, reader.rows, Interval.SLOT)
    yield parts.drawn(reader, "meter-heat", title, figure, [answer], notes=[note], height=430)


def _band(reader: MeterReader, view: View) -> Component:
    channel, (since, until) = reader.channel, reader.period
    found = day_statistics(reader.rows, [channel], channel.measured_in, reader.zone.key)
    every = pl.select(civil_date=pl.date_range(since, until)).join(found, on="civil_date", how="left")
    rows = every.with_columns(pl.col("complete").fill_null(False))
    asked = {"data_type": channel.data_type, "unit": channel.unit, "since": since, "until": until}
    title = view.say(en="Least, mean and greatest of each day", fr="Minimum, moyenne et maximum de chaque jour")
    unit = f"{channel.unit}{_per(reader, view, Interval.SLOT)}"
    few, of = (view.language.number(count) for count in (rows.filter(~pl.col("complete")).height, rows.height))
    note = view.say(
        en=f"Days not fully measured: {few} of {of} (pale).",
        fr=f"Jours incomplètement mesurés : {few} sur {of} (en clair).",
    )
    notes = [note] if not rows["complete"].all() else []
    answer = reader.answer("days", found, title, asked)
    figure = meters.band(rows, unit, view.style)
    return parts.drawn(reader, "meter-band", title, figure, [answer], notes=notes, height=430)


def _readings(reader: MeterReader, rows: pl.DataFrame, interval: Interval) -> Answer:
    since, until = reader.period
    asked = {"channel": reader.channel.id, "since": since, "until": until, "interval": interval.value}
    return reader.answer("readings", rows, _INTERVALS[interval].of(reader.view.language), asked)
