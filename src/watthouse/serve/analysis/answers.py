"""The six answers: sentence, figures, how it was computed, what it does not show, and rows for a chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa

from watthouse.serve.analysis import links, methods, mixes, rows, sentences
from watthouse.serve.analysis.daily import STOCK, TEMPERATURE, Daily, held
from watthouse.serve.analysis.links import Link
from watthouse.serve.analysis.resampling import Interval
from watthouse.serve.analysis.texts import CAVEATS, QUESTIONS
from watthouse.serve.formats import Shown
from watthouse.serve.locale import Language
from watthouse.warehouse.snapshots import Snapshot

_TWH: Final = 1000
_STOCK_AND_TEMPERATURE: Final = 2


@dataclass(frozen=True)
class Figure:
    """A figure of an answer: ``name`` is what it is, ``of`` whose.

    ``low`` and ``high`` are its 95 % interval (of question 1: its bounds), None where it has none; ``days`` those it is
    made from.
    """

    name: str
    of: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    days: int
    block_days: int | None = None
    resamples: int | None = None


@dataclass(frozen=True)
class Answer:
    """One of the six questions, answered for a period in one language; ``columns`` describe ``rows``."""

    number: int
    question: str
    sentence: str
    method: str
    caveat: str
    figures: tuple[Figure, ...]
    rows: pa.Table
    columns: tuple[Shown, ...]
    since: date
    until: date


@dataclass(frozen=True)
class _Found:
    sentence: str
    method: str
    figures: tuple[Figure, ...]
    rows: pa.Table
    columns: tuple[Shown, ...]


def answer(
    snapshot: Snapshot,
    number: int,
    since: date | None = None,
    until: date | None = None,
    language: Language = Language.ENGLISH,
) -> Answer:
    """Question ``number`` (1 to 6) for the civil days from ``since`` to ``until``, both included.

    Everything held where they are left out; raises :class:`KeyError` for a question that there is not.
    """
    _ASKED[number]
    return of_days(held(snapshot, since, until, marts_of(number)), number, language)


def marts_of(number: int) -> tuple[str, ...]:
    """The marts whose days a question can be put to."""
    return ("gas_daily", "temperature_daily") if number == _STOCK_AND_TEMPERATURE else ("daily_merged",)


def of_days(daily: Daily, number: int, language: Language) -> Answer:
    """The same, of days at hand."""
    found = _ASKED[number](daily, language)
    return Answer(
        number,
        QUESTIONS[number].of(language),
        found.sentence,
        found.method,
        CAVEATS[number].of(language),
        found.figures,
        found.rows,
        found.columns,
        daily.since,
        daily.until,
    )


def _mix(daily: Daily, language: Language) -> _Found:
    found = mixes.mix(daily)
    measured = found.days - found.missing
    shares = tuple(
        Figure("share", part.source, part.share, part.low, part.high, "0-1", measured) for part in found.parts
    )
    whole = Figure("measured", "slots", found.measured, None, None, "0-1", found.days)
    told = methods.of_mix(found, language)
    sentence = sentences.of_mix(daily, found, language)
    return _Found(sentence, told, (whole, *shares), rows.of_mix(found, language), rows.MIX)


def _stock(daily: Daily, language: Language) -> _Found:
    level, flow = links.stock_and_temperature(daily)
    return _Found(
        sentences.of_stock_and_temperature(daily, level, flow, language),
        methods.of_links(daily, 2, (level, flow), language),
        _related((level, flow), 1, "GWh/°C"),
        rows.of_clouds((level, flow), "°C", language),
        rows.CLOUD,
    )


def _by_temperature(daily: Daily, language: Language) -> _Found:
    found = links.sources_and(daily, TEMPERATURE)
    told = methods.of_links(daily, 3, found, language)
    forest = rows.of_forest(found, 1, "°C", language)
    return _Found(sentences.by_degree(daily, found, language), told, _related(found, 1, "MW/°C"), forest, rows.FOREST)


def _by_stock(daily: Daily, language: Language) -> _Found:
    found = links.sources_and(daily, STOCK)
    told = methods.of_links(daily, 4, found, language)
    forest = rows.of_forest(found, _TWH, "TWh", language)
    return _Found(
        sentences.by_stock(daily, found, language), told, _related(found, _TWH, "MW/TWh"), forest, rows.FOREST
    )


def _seasons(daily: Daily, language: Language) -> _Found:
    found = mixes.seasons(daily)
    compared = found.days["winter"] + found.days["summer"]
    figures = tuple(
        _of("summer_less_winter", swing.source, swing.difference, 1, "0-1", compared) for swing in found.swings
    )
    told = methods.of_seasons(found, language)
    sentence = sentences.of_seasons(daily, found, language)
    return _Found(sentence, told, figures, rows.of_seasons(found, language), rows.SEASONS)


def _exchanges(daily: Daily, language: Language) -> _Found:
    both_ways, net = links.exchanges_and_stock(daily)
    return _Found(
        sentences.of_exchanges(daily, both_ways, net, language),
        methods.of_links(daily, 6, (both_ways, net), language),
        _related((both_ways, net), _TWH, "GWh/TWh"),
        rows.of_clouds((both_ways, net), "GWh", language),
        rows.CLOUD,
    )


_ASKED: Final[Mapping[int, Callable[[Daily, Language], _Found]]] = {
    1: _mix,
    2: _stock,
    3: _by_temperature,
    4: _by_stock,
    5: _seasons,
    6: _exchanges,
}


def _related(found: Sequence[Link], factor: float, unit: str) -> tuple[Figure, ...]:
    """Plain and deseasonalised correlation and slope of each relation."""
    figures: list[Figure] = []
    for one in (link.relation for link in found):
        figures.append(Figure("correlation_plain", one.response, one.plain, None, None, "", one.days))
        figures.append(_of("correlation_deseasonalised", one.response, one.steady, 1, "", one.days))
        figures.append(_of("slope_deseasonalised", one.response, one.slope, factor, unit, one.days))
    return tuple(figures)


def _of(name: str, of: str, one: Interval | None, factor: float, unit: str, days: int) -> Figure:
    if one is None:
        return Figure(name, of, None, None, None, unit, days)
    values = (factor * one.value, factor * one.low, factor * one.high)
    return Figure(name, of, *values, unit, days, one.block, one.draws)
