"""The answer of each question in a sentence: a figure, how far it could be off, and whether it could be chance."""

from collections.abc import Sequence
from typing import Final

from watthouse.catalog import REAL_TIME
from watthouse.serve.analysis import insufficient
from watthouse.serve.analysis.daily import DailySeries
from watthouse.serve.analysis.links import Link
from watthouse.serve.analysis.mixes import FEWEST_FOR_TREND, Mix, Seasons, Swing
from watthouse.serve.analysis.relation import Relation
from watthouse.serve.analysis.resampling import ConfidenceInterval
from watthouse.serve.analysis.texts import LACKS_IN_SHORT, Sentence, named
from watthouse.serve.analysis.wording import between, count_of_days, listed
from watthouse.serve.locale import Language

_TENTH_OF_A_POINT: Final = 0.001
_HUNDREDTH: Final = 0.01
_FEW_YEARS: Final = 3


def of_mix(daily: DailySeries, period_mix: Mix, language: Language) -> str:
    """The largest sources, and what was not measured."""
    when = _when(daily, language)
    if not period_mix.parts:
        return insufficient.of_mix(daily, when, language)
    first, *rest = period_mix.parts
    others = [f"{named(part.source, language)} ({language.percent(part.share)})" for part in rest[:2]]
    return _MIX.of(language).format(
        when=when,
        first=named(first.source, language),
        verb="ont" if first.source == "bioenergies" else "a",
        share=language.percent(first.share),
        others=listed(others, language),
        measured=_measured(period_mix, language),
        revised=_revised(period_mix, language),
    )


_MIX: Final = Sentence(
    fr="{when}, {first} {verb} fourni {share} de la production, devant {others} ; {measured}{revised}.",
    en="{when}, {first} made {share} of production, ahead of {others}; {measured}{revised}.",
)


def _when(daily: DailySeries, language: Language) -> str:
    since, until = language.day(daily.since), language.day(daily.until)
    if daily.since == daily.until:
        return Sentence(fr="Le {day}", en="On {day}").of(language).format(day=since)
    return (
        Sentence(fr="Du {since} au {until}", en="From {since} to {until}").of(language).format(since=since, until=until)
    )


def _measured(period_mix: Mix, language: Language) -> str:
    part = period_mix.parts[0]
    if period_mix.measured >= 1:
        return Sentence(fr="chaque créneau est mesuré", en="every slot was measured").of(language)
    missing = language.percent(1 - period_mix.measured, 1 if period_mix.measured < 1 - _HUNDREDTH else 2)
    if part.high - part.low <= _TENTH_OF_A_POINT:
        text = Sentence(
            fr="les {missing} de créneaux non mesurés n’y changeraient pas un dixième de point",
            en="the {missing} of slots that were not measured could not move that by a tenth of a point",
        )
    else:
        text = Sentence(
            fr="selon ce qu’auraient été les {missing} de créneaux non mesurés, ce serait de {low} à {high}",
            en="depending on the {missing} of slots that were not measured, it would be {low} to {high}",
        )
    return text.of(language).format(missing=missing, low=language.percent(part.low), high=language.percent(part.high))


def _revised(period_mix: Mix, language: Language) -> str:
    live = period_mix.natures.get(REAL_TIME, 0)
    text = Sentence(
        fr=" ; en temps réel, donc à réviser : {live}",
        en="; {live} of real-time figures, to be revised",
    )
    return text.of(language).format(live=count_of_days(live, language)) if live else ""


def of_stock_and_temperature(daily: DailySeries, level: Link, flow: Link, language: Language) -> str:
    """What a degree does to the day's change, and whether the level shows anything."""
    change, stock = flow.relation, level.relation
    if change.steady is None or change.slope is None:
        return insufficient.of_relation(daily, change, language)
    height = _height(stock, language)
    return (
        _STOCK[_verdict(change.slope)]
        .of(language)
        .format(
            slope=language.number(change.slope.value, 1, signed=True),
            slope_range=between(change.slope, 1, language),
            correlation=_correlation(change.steady, language),
            height=height,
        )
    )


_STOCK_BODY: Final = Sentence(
    fr="un degré au-dessus de la normale de la date s’accompagne d’une variation du stock de {slope} GWh dans la"
    " journée (intervalle à 95 % : {slope_range} ; corrélation {correlation}){height}.",
    en="one degree above the usual for the date goes with {slope} GWh in the stock's change that day (95% interval:"
    " {slope_range}; correlation {correlation}){height}.",
)
_STOCK: Final = {
    1: Sentence(fr="Oui, au jour le jour : " + _STOCK_BODY.fr, en="Yes, day by day: " + _STOCK_BODY.en),
    -1: Sentence(
        fr="À l’inverse de ce qu’on attendrait : " + _STOCK_BODY.fr,
        en="The other way round: " + _STOCK_BODY.en,
    ),
    0: Sentence(
        fr="Aucun lien qui se distingue du hasard : " + _STOCK_BODY.fr,
        en="No link that can be told from chance: " + _STOCK_BODY.en,
    ),
}


def _height(stock: Relation, language: Language) -> str:
    if stock.steady is None or stock.plain is None:
        return ""
    text = Sentence(
        fr=" ; pour le niveau même du stock, la corrélation est de {steady} sans la saison et de {plain} avec elle",
        en="; the level of the stock itself correlates at {steady} without the season, and {plain} with it",
    )
    return text.of(language).format(steady=_correlation(stock.steady, language), plain=language.number(stock.plain, 2))


def of_sources(daily: DailySeries, links: Sequence[Link], unit: Sentence, factor: float, language: Language) -> str:
    """The source with the strongest link, and which others go the same way, the other way, or neither."""
    relations = [link.relation for link in links]
    answered = sorted((relation for relation in relations if relation.steady), key=lambda relation: -abs(_r(relation)))
    if not answered:
        fullest = max(relations, key=lambda relation: relation.days)
        return insufficient.of_relation(daily, fullest, language, None if fullest.plain is not None else "sources")
    strongest = next((relation for relation in answered if relation.slope and relation.slope.sure), None)
    lead = strongest or answered[0]
    assert lead.slope is not None
    assert lead.steady is not None
    start = (
        (_STRONGEST if strongest else _NONE)
        .of(language)
        .format(
            unit=unit.of(language),
            slope=language.number(factor * lead.slope.value, _digits(factor * lead.slope.value), signed=True),
            slope_range=between(lead.slope, _digits(factor * lead.slope.value), language, factor),
            source=named(lead.response, language),
            correlation=_correlation(lead.steady, language),
        )
    )
    rest = [relation for relation in answered if relation is not lead] if strongest else []
    return start + "".join(_groups(_verdict(lead.slope), rest, language)) + _unanswered(relations, language) + "."


_STRONGEST: Final = Sentence(
    fr="Par rapport à la normale de la date, {unit} s’accompagne de {slope} MW pour {source} (intervalle à 95 % :"
    " {slope_range} ; corrélation {correlation})",
    en="Against the usual for the date, {unit} goes with {slope} MW of {source} (95% interval: {slope_range};"
    " correlation {correlation})",
)
_NONE: Final = Sentence(
    fr="Aucune filière n’a de lien qui se distingue du hasard ; le plus fort, par rapport à la normale de la date :"
    " {slope} MW pour {source} avec {unit} (intervalle à 95 % : {slope_range} ; corrélation {correlation})",
    en="No source has a link that can be told from chance; the strongest, against the usual for the date: {slope} MW of"
    " {source} with {unit} (95% interval: {slope_range}; correlation {correlation})",
)
_GROUPS: Final = {
    -1: Sentence(fr=" ; la puissance baisse{too} pour {names}", en="; less{too} of {names}"),
    1: Sentence(fr=" ; la puissance augmente{too} pour {names}", en="; more{too} of {names}"),
    0: Sentence(
        fr=" ; pour {names}, le lien ne se distingue pas du hasard",
        en="; for {names} the link cannot be told from chance",
    ),
}
_TOO: Final = Sentence(fr=" aussi", en=", too,")
_DEGREE: Final = Sentence(fr="un degré de plus", en="a degree more")
_TERAWATT_HOUR: Final = Sentence(fr="un TWh de plus en stock", en="a TWh more in storage")


def by_degree(daily: DailySeries, links: Sequence[Link], language: Language) -> str:
    """Sources against temperature."""
    return of_sources(daily, links, _DEGREE, 1, language)


def by_stock(daily: DailySeries, links: Sequence[Link], language: Language) -> str:
    """Sources against gas in storage."""
    return of_sources(daily, links, _TERAWATT_HOUR, 1000, language)


def _groups(lead: int, rest: Sequence[Relation], language: Language) -> list[str]:
    """The other sources that go the way of the first (whose verdict is ``lead``), the other way, or neither."""
    clauses = []
    for verdict in sorted(_GROUPS, key=lambda verdict: (verdict == 0, verdict != lead)):
        names = [
            named(relation.response, language)
            for relation in rest
            if relation.slope and _verdict(relation.slope) == verdict
        ]
        if names:
            too = _TOO.of(language) if verdict == lead else ""
            clauses.append(_GROUPS[verdict].of(language).format(names=listed(names, language), too=too))
    return clauses


def _unanswered(relations: Sequence[Relation], language: Language) -> str:
    lacking = []
    for lack, why in LACKS_IN_SHORT.items():
        names = [named(relation.response, language) for relation in relations if relation.lack is lack]
        if names:
            lacking.append(f"{listed(names, language)} ({why.of(language)})")
    text = Sentence(fr=" ; sans réponse : {names}", en="; not answered: {names}")
    return text.of(language).format(names=listed(lacking, language)) if lacking else ""


def of_seasons(daily: DailySeries, by_season: Seasons, language: Language) -> str:
    """The source that gains most from winter to summer, and the one that loses most."""
    differences = [(swing, swing.difference) for swing in by_season.swings if swing.difference]
    if not differences:
        return insufficient.of_seasons(daily, by_season, language)
    sure = [
        (swing, difference)
        for swing, difference in sorted(differences, key=lambda pair: pair[1].value)
        if difference.sure
    ]
    if not sure:
        return _SAME.of(language)
    ends = [sure[-1]] if len(sure) == 1 else [sure[-1], sure[0]]
    steady = _STEADY.of(language) if by_season.period_days >= FEWEST_FOR_TREND else ""
    swings = listed([_swung(swing, difference, steady, language) for swing, difference in ends], language)
    few = _FEW_SEASONS.of(language) if by_season.years < _FEW_YEARS else ""
    return _CHANGES.of(language).format(swings=swings, few=few)


_SAME: Final = Sentence(
    fr="Entre l’hiver et l’été, la part d’aucune filière ne change d’une façon qui se distingue du hasard.",
    en="Between winter and summer no source's share changes in a way that can be told from chance.",
)
_CHANGES: Final = Sentence(
    fr="Oui : de l’hiver à l’été, {swings}{few}.", en="Yes: from winter to summer, {swings}{few}."
)
_SWUNG: Final = Sentence(
    fr="{source} passe{plural} de {winter} à {summer} de la production ({points} point{s}{steady}, intervalle à 95 % :"
    " {range})",
    en="{source} goes from {winter} to {summer} of production ({points} point{s}{steady}, 95% interval: {range})",
)
_STEADY: Final = Sentence(fr=" hors tendance", en=" without the trend")
_FEW_SEASONS: Final = Sentence(
    fr=" ; avec moins de trois ans, les intervalles disent le temps de ces saisons-là, non l’écart entre les années",
    en="; with less than three years, the intervals tell the weather of these seasons, not how years differ",
)


def _swung(swing: Swing, difference: ConfidenceInterval, steady: str, language: Language) -> str:
    return _SWUNG.of(language).format(
        source=named(swing.source, language),
        plural="nt" if swing.source == "bioenergies" else "",
        winter=language.percent(swing.means["winter"].value),
        summer=language.percent(swing.means["summer"].value),
        points=language.number(100 * difference.value, 1, signed=True),
        s="" if language is Language.FRENCH and round(abs(100 * difference.value), 1) < 2 else "s",
        range=between(difference, 1, language, 100),
        steady=steady,
    )


def of_exchanges(daily: DailySeries, both_ways: Link, net: Link, language: Language) -> str:
    """What a TWh more in storage goes with, both ways and net."""
    volume, balance = both_ways.relation, net.relation
    if volume.steady is None or volume.slope is None or volume.plain is None:
        return insufficient.of_relation(daily, volume, language)
    slope = 1000 * volume.slope.value
    return (
        _EXCHANGES[_verdict(volume.slope)]
        .of(language)
        .format(
            slope=language.number(slope, 2, signed=True),
            slope_range=between(volume.slope, 2, language, 1000),
            correlation=_correlation(volume.steady, language),
            plain=language.number(volume.plain, 2),
            net=_net(balance, language),
        )
    )


_EXCHANGES_BODY: Final = Sentence(
    fr="par rapport à la normale de la date, un TWh de plus en stock s’accompagne de {slope} GWh d’échanges par jour,"
    " importations et exportations additionnées (intervalle à 95 % : {slope_range} ; corrélation {correlation}, et"
    " {plain} saison comprise){net}.",
    en="against the usual for the date, a TWh more in storage goes with {slope} GWh of exchanges a day, imports and"
    " exports added up (95% interval: {slope_range}; correlation {correlation}, and {plain} with the season){net}.",
)
_EXCHANGES: Final = {
    1: Sentence(fr="Oui : " + _EXCHANGES_BODY.fr, en="Yes: " + _EXCHANGES_BODY.en),
    -1: Sentence(fr="Non, moins : " + _EXCHANGES_BODY.fr, en="No, fewer: " + _EXCHANGES_BODY.en),
    0: Sentence(
        fr="Aucun lien qui se distingue du hasard : " + _EXCHANGES_BODY.fr,
        en="No link that can be told from chance: " + _EXCHANGES_BODY.en,
    ),
}


def _net(balance: Relation, language: Language) -> str:
    if balance.steady is None:
        return ""
    text = Sentence(fr=" ; avec les exportations nettes, {correlation}", en="; with net exports, {correlation}")
    return text.of(language).format(correlation=_correlation(balance.steady, language))


def _correlation(interval: ConfidenceInterval, language: Language) -> str:
    return f"{language.number(interval.value, 2)} [{between(interval, 2, language)}]"


def _verdict(interval: ConfidenceInterval) -> int:
    return 0 if not interval.sure else 1 if interval.value > 0 else -1


def _digits(value: float) -> int:
    return 0 if abs(value) >= 10 else 1


def _r(relation: Relation) -> float:
    return relation.steady.value if relation.steady else 0.0
