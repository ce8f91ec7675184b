"""Questions 2, 3, 4 and 6 in a sentence: which series go together, how strongly, and whether it could be chance."""

from collections.abc import Sequence
from typing import Final

from watthouse.serve.analysis import insufficient
from watthouse.serve.analysis.daily import DailySeries
from watthouse.serve.analysis.links import Link
from watthouse.serve.analysis.relation import Relation
from watthouse.serve.analysis.resampling import ConfidenceInterval
from watthouse.serve.analysis.texts import LACKS_IN_SHORT, Sentence, named
from watthouse.serve.analysis.wording import between, listed
from watthouse.serve.locale import Language


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
    en="one degree above normal for the date goes with {slope} GWh in that day's change of the stock (95% interval:"
    " {slope_range}; correlation {correlation}){height}.",
)


_STOCK: Final = {
    1: Sentence(fr="Oui, au jour le jour : " + _STOCK_BODY.fr, en="Yes, day by day: " + _STOCK_BODY.en),
    -1: Sentence(
        fr="À l’inverse de ce qu’on attendrait : " + _STOCK_BODY.fr,
        en="The opposite of what one would expect: " + _STOCK_BODY.en,
    ),
    0: Sentence(
        fr="Aucun lien qui se distingue du hasard : " + _STOCK_BODY.fr,
        en="No link beyond what chance could explain: " + _STOCK_BODY.en,
    ),
}


def _height(stock: Relation, language: Language) -> str:
    if stock.steady is None or stock.plain is None:
        return ""
    text = Sentence(
        fr=" ; pour le niveau même du stock, la corrélation est de {steady} sans la saison et de {plain} avec elle",
        en="; the level of the stock itself correlates at {steady} with the season removed, and at {plain} with it",
    )
    return text.of(language).format(steady=_correlation(stock.steady, language), plain=language.number(stock.plain, 2))


def of_sources(daily: DailySeries, links: Sequence[Link], unit: Sentence, factor: float, language: Language) -> str:
    """The source with the strongest link, and which others go the same way, the other way, or neither."""
    relations = [link.relation for link in links]
    answered = sorted((relation for relation in relations if relation.steady), key=lambda relation: -abs(_r(relation)))
    if not answered:
        fullest = max(relations, key=lambda relation: relation.days)
        return insufficient.of_relation(daily, fullest, language, None if fullest.plain is not None else "sources")
    # the strongest that is not chance; a larger correlation may have the wider interval
    strongest = next((relation for relation in answered if relation.slope and relation.slope.sure), None)
    # if all may be chance, the strongest is named all the same, as such
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
    en="Compared with normal for the date, {unit} goes with {slope} MW of {source} (95% interval: {slope_range};"
    " correlation {correlation})",
)


_NONE: Final = Sentence(
    fr="Aucune filière n’a de lien qui se distingue du hasard ; le plus fort, par rapport à la normale de la date :"
    " {slope} MW pour {source} avec {unit} (intervalle à 95 % : {slope_range} ; corrélation {correlation})",
    en="No source has a link beyond what chance could explain; the strongest, compared with normal for the date:"
    " {slope} MW of {source} with {unit} (95% interval: {slope_range}; correlation {correlation})",
)


_GROUPS: Final = {
    -1: Sentence(fr=" ; la puissance baisse{too} pour {names}", en="; {too}less from {names}"),
    1: Sentence(fr=" ; la puissance augmente{too} pour {names}", en="; {too}more from {names}"),
    0: Sentence(
        fr=" ; pour {names}, le lien ne se distingue pas du hasard",
        en="; for {names} the link could be chance",
    ),
}


_TOO: Final = Sentence(fr=" aussi", en="also ")


_DEGREE: Final = Sentence(fr="un degré de plus", en="one degree more")


_TERAWATT_HOUR: Final = Sentence(fr="un TWh de plus en stock", en="one TWh more in storage")


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
    text = Sentence(fr=" ; pas de réponse pour {names}", en="; no answer for {names}")
    return text.of(language).format(names=listed(lacking, language)) if lacking else ""


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
    en="compared with normal for the date, one TWh more in storage goes with {slope} GWh of exchanges per day, imports"
    " and exports added up (95% interval: {slope_range}; correlation {correlation}, and {plain} with the season"
    " included){net}.",
)


_EXCHANGES: Final = {
    1: Sentence(fr="Oui : " + _EXCHANGES_BODY.fr, en="Yes: " + _EXCHANGES_BODY.en),
    -1: Sentence(fr="Non, moins : " + _EXCHANGES_BODY.fr, en="No, fewer: " + _EXCHANGES_BODY.en),
    0: Sentence(
        fr="Aucun lien qui se distingue du hasard : " + _EXCHANGES_BODY.fr,
        en="No link beyond what chance could explain: " + _EXCHANGES_BODY.en,
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
    # two significant digits
    return 0 if abs(value) >= 10 else 1


def _r(relation: Relation) -> float:
    return relation.steady.value if relation.steady else 0.0
