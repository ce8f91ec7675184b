"""The six answers: sentence, figures, how it was computed, what it does not show, and rows for a chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa

from watthouse.serve import deadline
from watthouse.serve.analysis import link_sentences, links, methods, mixes, rows, sentences
from watthouse.serve.analysis.daily import STOCK, TEMPERATURE, DailySeries, read_days
from watthouse.serve.analysis.links import Link
from watthouse.serve.analysis.resampling import ConfidenceInterval
from watthouse.serve.analysis.texts import CAVEATS, QUESTIONS
from watthouse.serve.formats import AnswerColumn
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
class QuestionAnswer:
    """One of the six questions, answered for a period in one language; ``columns`` describe ``rows``."""

    number: int
    question: str
    sentence: str
    method: str
    caveat: str
    figures: tuple[Figure, ...]
    rows: pa.Table
    columns: tuple[AnswerColumn, ...]
    since: date
    until: date


@dataclass(frozen=True)
class _Findings:
    sentence: str
    method: str
    figures: tuple[Figure, ...]
    rows: pa.Table
    columns: tuple[AnswerColumn, ...]


def answer(
    snapshot: Snapshot,
    number: int,
    since: date | None = None,
    until: date | None = None,
    language: Language = Language.ENGLISH,
) -> QuestionAnswer:
    """RowSet ``number`` (1 to 6) for the civil days from ``since`` to ``until``, both included.

    Everything held by default; raises :class:`KeyError` for an unknown question.
    """
    # raises now, before anything is read
    _ANSWERED_BY[number]
    return of_days(read_days(snapshot, since, until, marts_of(number)), number, language)


def marts_of(number: int) -> tuple[str, ...]:
    """The marts whose days a question can be asked of."""
    # both are known on days without power, which daily_merged does not have
    return ("gas_daily", "temperature_daily") if number == _STOCK_AND_TEMPERATURE else ("daily_merged",)


def of_days(daily: DailySeries, number: int, language: Language) -> QuestionAnswer:
    """The same for days already read."""
    deadline.check()
    findings = _ANSWERED_BY[number](daily, language)
    return QuestionAnswer(
        number,
        QUESTIONS[number].of(language),
        findings.sentence,
        findings.method,
        CAVEATS[number].of(language),
        findings.figures,
        findings.rows,
        findings.columns,
        daily.since,
        daily.until,
    )


def _mix(daily: DailySeries, language: Language) -> _Findings:
    period_mix = mixes.mix(daily)
    measured = period_mix.days - period_mix.missing
    shares = tuple(
        Figure("share", part.source, part.share, part.low, part.high, "0-1", measured) for part in period_mix.parts
    )
    whole = Figure("measured", "slots", period_mix.measured, None, None, "0-1", period_mix.days)
    method = methods.of_mix(period_mix, language)
    sentence = sentences.of_mix(daily, period_mix, language)
    return _Findings(sentence, method, (whole, *shares), rows.of_mix(period_mix, language), rows.MIX)


def _stock(daily: DailySeries, language: Language) -> _Findings:
    level, flow = links.stock_and_temperature(daily)
    return _Findings(
        link_sentences.of_stock_and_temperature(daily, level, flow, language),
        methods.of_links(daily, 2, (level, flow), language),
        _related((level, flow), 1, "GWh/°C"),
        rows.of_clouds((level, flow), "°C", language),
        rows.CLOUD,
    )


def _by_temperature(daily: DailySeries, language: Language) -> _Findings:
    source_links = links.sources_and(daily, TEMPERATURE)
    method = methods.of_links(daily, 3, source_links, language)
    forest = rows.of_forest(source_links, 1, "°C", language)
    return _Findings(
        link_sentences.by_degree(daily, source_links, language),
        method,
        _related(source_links, 1, "MW/°C"),
        forest,
        rows.FOREST,
    )


def _by_stock(daily: DailySeries, language: Language) -> _Findings:
    source_links = links.sources_and(daily, STOCK)
    method = methods.of_links(daily, 4, source_links, language)
    forest = rows.of_forest(source_links, _TWH, "TWh", language)
    return _Findings(
        link_sentences.by_stock(daily, source_links, language),
        method,
        _related(source_links, _TWH, "MW/TWh"),
        forest,
        rows.FOREST,
    )


def _seasons(daily: DailySeries, language: Language) -> _Findings:
    by_season = mixes.seasons(daily)
    compared = by_season.days["winter"] + by_season.days["summer"]
    figures = tuple(
        _of("summer_less_winter", swing.source, swing.difference, 1, "0-1", compared) for swing in by_season.swings
    )
    method = methods.of_seasons(by_season, language)
    sentence = sentences.of_seasons(daily, by_season, language)
    return _Findings(sentence, method, figures, rows.of_seasons(by_season, language), rows.SEASONS)


def _exchanges(daily: DailySeries, language: Language) -> _Findings:
    both_ways, net = links.exchanges_and_stock(daily)
    return _Findings(
        link_sentences.of_exchanges(daily, both_ways, net, language),
        methods.of_links(daily, 6, (both_ways, net), language),
        _related((both_ways, net), _TWH, "GWh/TWh"),
        rows.of_clouds((both_ways, net), "GWh", language),
        rows.CLOUD,
    )


_ANSWERED_BY: Final[Mapping[int, Callable[[DailySeries, Language], _Findings]]] = {
    1: _mix,
    2: _stock,
    3: _by_temperature,
    4: _by_stock,
    5: _seasons,
    6: _exchanges,
}


def _related(related: Sequence[Link], factor: float, unit: str) -> tuple[Figure, ...]:
    """Plain and deseasonalised correlation and slope of each relation."""
    figures: list[Figure] = []
    for relation in (link.relation for link in related):
        figures.append(Figure("correlation_plain", relation.response, relation.plain, None, None, "", relation.days))
        figures.append(_of("correlation_deseasonalised", relation.response, relation.steady, 1, "", relation.days))
        figures.append(_of("slope_deseasonalised", relation.response, relation.slope, factor, unit, relation.days))
    return tuple(figures)


def _of(name: str, of: str, interval: ConfidenceInterval | None, factor: float, unit: str, days: int) -> Figure:
    if interval is None:
        return Figure(name, of, None, None, None, unit, days)
    values = (factor * interval.value, factor * interval.low, factor * interval.high)
    return Figure(name, of, *values, unit, days, interval.block, interval.draws)
