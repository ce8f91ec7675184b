"""Why there is no answer: which figures are too few in the period, and which days to choose instead."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from watthouse.serve.analysis.daily import CHANGE, STOCK, TEMPERATURE, DailySeries, KnownDays
from watthouse.serve.analysis.mixes import FEWEST_OF_SEASON, Seasons
from watthouse.serve.analysis.relation import FEWEST_DAYS, Lack, Relation
from watthouse.serve.analysis.texts import Sentence, named
from watthouse.serve.analysis.wording import count_of_days, listed
from watthouse.serve.locale import Language

_ECO2MIX: Final = Sentence(
    fr="jeux de données eco2mix-national-tr et eco2mix-national-cons-def",
    en="datasets eco2mix-national-tr and eco2mix-national-cons-def",
)
_GAS: Final = Sentence(fr="jeu de données stock-quotidien-stockages-gaz", en="dataset stock-quotidien-stockages-gaz")
_WARMTH: Final = Sentence(
    fr="jeu de données temperature-quotidienne-regionale", en="dataset temperature-quotidienne-regionale"
)
# What a series is made from, where that is not éCO2mix.
_DATASETS: Final[Mapping[str, Sentence]] = {TEMPERATURE: _WARMTH, STOCK: _GAS, CHANGE: _GAS}


def of_mix(daily: DailySeries, when: str, language: Language) -> str:
    """Where no slot of the period was measured; ``when`` is the period in words."""
    choose = _choose(daily, daily.span("measured"), 1, language)
    return _UNMEASURED.of(language).format(when=when, dataset=_ECO2MIX.of(language), choose=choose)


_UNMEASURED: Final = Sentence(
    fr="{when}, rien n’a été mesuré ({dataset}) ; {choose}.", en="{when}, nothing was measured ({dataset}); {choose}."
)


def of_seasons(daily: DailySeries, by_season: Seasons, language: Language) -> str:
    """Where winter or summer has too few days."""
    return _SEASONS.of(language).format(
        winter=language.number(by_season.days["winter"]),
        summer=language.number(by_season.days["summer"]),
        fewest=FEWEST_OF_SEASON,
        dataset=_ECO2MIX.of(language),
        choose=_choose(daily, daily.span("measured"), 2 * FEWEST_OF_SEASON, language),
    )


_SEASONS: Final = Sentence(
    fr="Pas de réponse : jours entièrement mesurés de la période ({dataset}), {winter} en hiver et {summer} en été, et"
    " il en faut {fewest} de chaque ; {choose}.",
    en="No answer: the period has {winter} fully measured days of winter and {summer} of summer ({dataset}), and"
    " {fewest} of each are needed; {choose}.",
)


def of_relation(daily: DailySeries, relation: Relation, language: Language, response: str | None = None) -> str:
    """Where two series cannot be compared; ``response`` is what to call the relation's."""
    assert relation.lack is not None
    if relation.lack is Lack.FEW_DAYS:
        return _few(daily, relation, response or relation.response, language)
    return (
        _LACKS[relation.lack]
        .of(language)
        .format(
            both=_both(relation, response, language),
            days=count_of_days(relation.days, language),
            plain="" if relation.plain is None else language.number(relation.plain, 2),
            learnt=count_of_days(relation.learnt, language),
            alike=count_of_days(relation.alike, language),
        )
    )


_LACKS: Final[Mapping[Lack, Sentence]] = {
    Lack.CONSTANT: Sentence(
        fr="Pas de réponse : sur la période, l’une au moins des deux séries ({both}) ne varie pas ; leur corrélation"
        " n’est pas définie.",
        en="No answer: over the period at least one of {both} does not vary, so their correlation is undefined.",
    ),
    Lack.SHORT: Sentence(
        fr="Pas de réponse : les écarts conjoints à la normale ({both}) durent environ {alike}, et la période est trop"
        " courte pour dix épisodes indépendants ; choisissez-en une plus longue.",
        en="No answer: joint departures of {both} from normal last about {alike}, and the period is too short for ten"
        " independent episodes; choose a longer one.",
    ),
    Lack.NO_SEASON: Sentence(
        fr="Pas de réponse : saison comprise, la corrélation entre {both} est de {plain} sur {days} ; avec moins de"
        " deux ans connus ({learnt}), la saison ne se distingue pas du temps qu’il a fait et ne peut être retirée.",
        en="No answer: {both} correlate at {plain} over {days}, season included; with less than two years known"
        " ({learnt}), the season cannot be told apart from the weather and cannot be removed.",
    ),
}


def _few(daily: DailySeries, relation: Relation, response: str, language: Language) -> str:
    """Too few days with both: the period is short, or one of the series has none, or they have none in common."""
    counts = {name: daily.known(name) for name in (relation.driver, relation.response)}
    scarce = min(counts, key=lambda name: counts[name])
    # a period that is too short comes first: no dataset is to blame for it
    if counts[scarce] and relation.period_days < FEWEST_DAYS:
        return _SHORT.of(language).format(period_days=count_of_days(relation.period_days, language), fewest=FEWEST_DAYS)
    alone = counts[scarce] < FEWEST_DAYS
    what = _series(scarce, response if scarce == relation.response else scarce, language) if alone else ""
    days = counts[scarce] if alone else relation.days
    return (
        (_FEW if days else _NONE)
        .of(language)
        .format(
            what=what or _TOGETHER.of(language).format(both=_both(relation, response, language)),
            days=count_of_days(days, language),
            fewest=FEWEST_DAYS,
            choose=_choose_of_both(daily, relation, scarce if alone else None, language),
        )
    )


_SHORT: Final = Sentence(
    fr="Pas de réponse : la période compte {period_days}, et il en faut au moins {fewest} ;"
    " choisissez-en une plus longue.",
    en="No answer: the period has {period_days}, and at least {fewest} are needed; choose a longer one.",
)
_NONE: Final = Sentence(
    fr="Pas de réponse : aucun jour de la période n’a de chiffre pour {what}, et il en faut au moins {fewest} ;"
    " {choose}.",
    en="No answer: no day of the period has a figure for {what}, and at least {fewest} are needed; {choose}.",
)
_FEW: Final = Sentence(
    fr="Pas de réponse : la période n’a de chiffre pour {what} que sur {days}, et il en faut au moins {fewest} ;"
    " {choose}.",
    en="No answer: the period has a figure for {what} on only {days}, and at least {fewest} are needed; {choose}.",
)
_TOGETHER: Final = Sentence(fr="{both} à la fois", en="both {both}")


def _choose_of_both(daily: DailySeries, relation: Relation, scarce: str | None, language: Language) -> str:
    """Which days may have both; ``scarce`` is the series that has too few of its own, if that is what is lacking."""
    both = _common(daily, relation)
    alone = daily.span(scarce) if scarce else None
    if alone and not both:
        return _APART.of(language).format(first=language.day(alone.first), last=language.day(alone.last))
    if both and not scarce:
        both = replace(both, days=relation.learnt)
    return _choose(daily, both, FEWEST_DAYS, language)


def _common(daily: DailySeries, relation: Relation) -> KnownDays | None:
    """Where both series are held."""
    driver, response = map(daily.span, (relation.driver, relation.response))
    return driver.overlap(response) if driver and response else None


_APART: Final = Sentence(
    fr="il y en a du {first} au {last}, sans jour commun avec les autres chiffres : téléchargez-en d’abord davantage",
    en="such days exist from {first} to {last}, but the other figures have none of them: download more first",
)


def _choose(daily: DailySeries, span: KnownDays | None, fewest: int, language: Language) -> str:
    """Which days may have an answer."""
    if span is None or not span.days:
        return _NONE_HELD.of(language)
    all_of_it = daily.since <= span.first and span.last <= daily.until
    return (
        (_FEW_HELD if all_of_it or span.days < fewest else _OTHERS)
        .of(language)
        .format(days=count_of_days(span.days, language), first=language.day(span.first), last=language.day(span.last))
    )


_NONE_HELD: Final = Sentence(
    fr="aucune autre période n’en a : téléchargez-en d’abord",
    en="no other period has any either: download them first",
)
_FEW_HELD: Final = Sentence(
    fr="toutes périodes confondues, il n’y a que {days} : téléchargez-en d’abord d’autres",
    en="all periods together have only {days}: download more first",
)
_OTHERS: Final = Sentence(
    fr="choisissez d’autres jours entre le {first} et le {last}", en="choose other days between {first} and {last}"
)


def _series(name: str, called: str, language: Language) -> str:
    return f"{named(called, language)} ({_DATASETS.get(name, _ECO2MIX).of(language)})"


def _both(relation: Relation, response: str | None, language: Language) -> str:
    return listed([named(response or relation.response, language), named(relation.driver, language)], language)
