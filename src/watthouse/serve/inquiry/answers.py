"""The six answers: sentence, figures, how it was computed, what it does not show, and rows for a chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa

from watthouse.serve.delivery import Shown
from watthouse.serve.inquiry import links, mixes, rows, sentences
from watthouse.serve.inquiry.daily import STOCK, TEMPERATURE, Daily, held
from watthouse.serve.inquiry.links import Link
from watthouse.serve.inquiry.resampling import Interval
from watthouse.serve.inquiry.texts import CAVEATS, METHODS, QUESTIONS, SUBJECTS, TREND_OFF, TREND_ON
from watthouse.serve.inquiry.wording import count_of_days
from watthouse.serve.snapshots import Snapshot
from watthouse.serve.speech import Language

_TWH: Final = 1000


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
    method: Mapping[str, str]
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
    return of_days(held(snapshot, since, until), number, language)


def of_days(daily: Daily, number: int, language: Language) -> Answer:
    """The same, of days at hand."""
    found = _ASKED[number](daily, language)
    return Answer(
        number,
        QUESTIONS[number][language],
        found.sentence,
        METHODS[number][language].format(**found.method),
        CAVEATS[number][language],
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
    told = {"days": count_of_days(found.days, language), "missing": count_of_days(found.missing, language)}
    sentence = sentences.of_mix(daily, found, language)
    return _Found(sentence, told, (whole, *shares), rows.of_mix(found, language), rows.MIX)


def _stock(daily: Daily, language: Language) -> _Found:
    level, flow = links.stock_and_temperature(daily)
    return _Found(
        sentences.of_stock_and_temperature(level, flow, language),
        _told(daily, 2, (level, flow), language),
        _related((level, flow), 1, "GWh/°C"),
        rows.of_clouds((level, flow), "°C", language),
        rows.CLOUD,
    )


def _by_temperature(daily: Daily, language: Language) -> _Found:
    found = links.sources_and(daily, TEMPERATURE)
    told = _told(daily, 3, found, language)
    forest = rows.of_forest(found, 1, "°C", language)
    return _Found(sentences.by_degree(found, language), told, _related(found, 1, "MW/°C"), forest, rows.FOREST)


def _by_stock(daily: Daily, language: Language) -> _Found:
    found = links.sources_and(daily, STOCK)
    told = _told(daily, 4, found, language)
    forest = rows.of_forest(found, _TWH, "TWh", language)
    return _Found(sentences.by_stock(found, language), told, _related(found, _TWH, "MW/TWh"), forest, rows.FOREST)


def _seasons(daily: Daily, language: Language) -> _Found:
    found = mixes.seasons(daily)
    differences = [swing.difference for swing in found.swings if swing.difference]
    compared = found.days["winter"] + found.days["summer"]
    told = {
        **{season: language.number(days) for season, days in found.days.items()},
        "trend": (TREND_OFF if found.asked >= mixes.FEWEST_FOR_TREND else TREND_ON)[language],
        "block": _blocks(differences, language),
    }
    figures = tuple(
        _of("summer_less_winter", swing.source, swing.difference, 1, "0-1", compared) for swing in found.swings
    )
    return _Found(sentences.of_seasons(found, language), told, figures, rows.of_seasons(found, language), rows.SEASONS)


def _exchanges(daily: Daily, language: Language) -> _Found:
    both_ways, net = links.exchanges_and_stock(daily)
    return _Found(
        sentences.of_exchanges(both_ways, net, language),
        _told(daily, 6, (both_ways, net), language),
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


def _told(daily: Daily, number: int, found: Sequence[Link], language: Language) -> dict[str, str]:
    """What the method of a question about links has to say of these."""
    relations = [link.relation for link in found]
    intervals = [one for relation in relations for one in (relation.steady, relation.slope) if one]
    days = daily.frame["civil_date"]
    return {
        "what": SUBJECTS[number][language],
        "days": _span([relation.days for relation in relations], language),
        "asked": language.number(relations[0].asked),
        "learnt": _span([relation.learnt for relation in relations], language),
        "first": language.day(days[0]),
        "last": language.day(days[-1]),
        "draws": _span([one.draws for one in intervals], language),
        "block": _blocks(intervals, language),
    }


def _blocks(intervals: Sequence[Interval], language: Language) -> str:
    return _span([one.block for one in intervals], language)


def _span(counts: Sequence[int], language: Language) -> str:
    """The one count, or the least and the most."""
    ends = sorted({min(counts, default=0), max(counts, default=0)})
    return language.say(" to ", " à ").join(language.number(end) for end in ends)


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
