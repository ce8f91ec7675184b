"""How each answer was computed, in words: only what was computed is described."""

from collections.abc import Mapping, Sequence
from typing import Final

from watthouse.serve.analysis.daily import DailySeries
from watthouse.serve.analysis.links import Link
from watthouse.serve.analysis.mixes import FEWEST_FOR_TREND, Mix, Seasons
from watthouse.serve.analysis.resampling import ConfidenceInterval
from watthouse.serve.analysis.texts import SUBJECTS, Sentence, named
from watthouse.serve.analysis.wording import span_of_days
from watthouse.serve.locale import Language


def of_mix(period_mix: Mix, language: Language) -> str:
    """Of question 1."""
    counts = {"days": language.number(period_mix.days), "missing": language.number(period_mix.missing)}
    return _ENERGY.of(language) + (_BOUNDS if period_mix.parts else _NOTHING).of(language).format(**counts)


_ENERGY: Final = Sentence(
    fr="Énergie de chaque filière (puissance de chaque créneau fois sa durée) rapportée à la production de toutes,"
    " pompage et batteries non compris.",
    en="Energy of each source (power of each slot times its duration) divided by total production, excluding pumping"
    " and batteries.",
)
_BOUNDS: Final = Sentence(
    fr=" C’est un relevé et non un échantillon : rien n’est extrapolé. Les moustaches du graphique vont de la part"
    " qu’un jour sur dix n’atteint pas à celle qu’un jour sur dix dépasse. La part de la période a aussi deux"
    " bornes, selon que les créneaux non mesurés, supposés de taille moyenne, auraient été sans la filière ou tout à"
    " elle. Jours sans aucune mesure : {missing} sur {days}.",
    en=" These are records, not a sample: nothing is extrapolated. The chart's whiskers run from the 10th to the 90th"
    " percentile of the daily shares. The share of the period has two bounds as well: what it would be if the"
    " unmeasured slots, assumed to be of mean size, had held none of the source, or nothing else. Days without any"
    " measurement: {missing} of {days}.",
)
_NOTHING: Final = Sentence(
    fr=" Faute de mesures, rien n’a été calculé.", en=" Without measurements, nothing was computed."
)


def of_links(daily: DailySeries, number: int, links: Sequence[Link], language: Language) -> str:
    """Of questions 2, 3, 4 and 6."""
    relations = [link.relation for link in links]
    # a method that was not used must not be described
    plain = [relation for relation in relations if relation.plain is not None]
    steady = [relation for relation in plain if relation.steady]
    intervals = [interval for relation in steady for interval in (relation.steady, relation.slope) if interval]
    # sentence by sentence, so that the text grows with what was computed
    texts = [_VALUES, *([_USED] if plain else []), *([_ANOMALIES] if steady else [])]
    texts.append(_PLAIN if steady else _PLAIN_ONLY if plain else _NO_CORRELATION)
    days = daily.frame["civil_date"]
    facts = {
        "what": SUBJECTS[number].of(language),
        "days": span_of_days([relation.days for relation in plain], language) if plain else "",
        "period_days": language.number(relations[0].period_days),
        "learnt": span_of_days([relation.learnt for relation in steady], language) if steady else "",
        "first": language.day(days[0]),
        "last": language.day(days[-1]),
        "draws": _draws(intervals, language),
        "block": _blocks(intervals, language),
    }
    return " ".join(text.of(language) for text in texts).format(**facts)


_VALUES: Final = Sentence(
    fr="Valeurs journalières : {what}. Un jour où l’une des deux valeurs comparées manque est laissé de côté.",
    en="Daily values: {what}. Days on which either of the two values is unknown are left out.",
)
_USED: Final = Sentence(fr="Utilisés : {days} sur {period_days}.", en="Used: {days} of {period_days}.")
_ANOMALIES: Final = Sentence(
    fr="De chaque série sont retirés par moindres carrés une tendance linéaire, la saison (trois harmoniques de"
    " l’année, dont l’ampleur peut dériver si trois ans sont connus) et l’effet du jour de la semaine, estimés sur"
    " {learnt} entre le {first} et le {last} ; corrélation et pente sont celles de ce qui reste, l’écart à la"
    " normale de la date. Intervalles à 95 % : bootstrap par blocs circulaires sur le calendrier, {draws} tirages,"
    " blocs de {block} (longueur tirée de l’autocorrélation, règle de Politis et White doublée), loi de Student,"
    " appliquée au z de Fisher pour les corrélations ; la graine du tirage est fixe : mêmes jours, mêmes chiffres.",
    en="A linear trend, the season (three harmonics of the year, whose amplitude may drift if three years are known)"
    " and the day of the week are removed from each series by least squares, estimated on {learnt} between {first} and"
    " {last}; correlation and slope are those of the residuals, the departures from normal for the date."
    " 95% intervals: circular block bootstrap over the calendar, {draws} resamples, blocks of {block} (a length set"
    " by the autocorrelation, twice Politis and White's rule), Student's t, on Fisher's z for correlations; the seed"
    " is fixed, so the same days give the same figures.",
)
_PLAIN: Final = Sentence(
    fr="La corrélation brute est celle des jours tels quels, saison comprise ; elle n’a pas d’intervalle.",
    en="The plain correlation is that of the daily values as they are, season included; it has no interval.",
)
_PLAIN_ONLY: Final = Sentence(
    fr=_PLAIN.fr + " Aucune corrélation sans la saison n’a été calculée.",
    en=_PLAIN.en + " No correlation without the season was computed.",
)
_NO_CORRELATION: Final = Sentence(fr="Aucune corrélation n’a été calculée.", en="No correlation was computed.")


def of_seasons(by_season: Seasons, language: Language) -> str:
    """Of question 5."""
    differences = [swing.difference for swing in by_season.swings if swing.difference]
    intervals = differences + [mean for swing in by_season.swings for mean in swing.means.values()]
    texts = [_SHARES, *([_DIFFERENCE] if differences else []), _INTERVALS if intervals else _NOTHING_OF_SEASONS]
    facts = {
        "seasons": _counted(by_season.days, language),
        "trend": (_TREND_OFF if by_season.period_days >= FEWEST_FOR_TREND else _TREND_ON).of(language),
        "draws": _draws(intervals, language),
        "block": _blocks(intervals, language),
    }
    return " ".join(text.of(language) for text in texts).format(**facts)


_SHARES: Final = Sentence(
    fr="Part de chaque filière dans la production de chaque jour mesuré en entier, en moyenne par saison météorologique"
    " (l’hiver va de décembre à février). Jours : {seasons}.",
    en="Share of each source in the production of each fully measured day, averaged by meteorological season (winter is"
    " December to February). Days: {seasons}.",
)
_DIFFERENCE: Final = Sentence(
    fr="L’écart entre été et hiver (été moins hiver) {trend}.", en="The difference, summer minus winter, {trend}."
)
_INTERVALS: Final = Sentence(
    fr="Intervalles à 95 % : bootstrap par blocs circulaires sur le calendrier, {draws} tirages, blocs de {block}"
    " (longueur tirée de l’autocorrélation), loi de Student, graine fixe.",
    en="95% intervals: circular block bootstrap over the calendar, {draws} resamples, blocks of {block} (a length"
    " set by the autocorrelation), Student's t, fixed seed.",
)
_NOTHING_OF_SEASONS: Final = Sentence(
    fr="Aucune saison n’en a assez : rien n’a été calculé.", en="No season has enough days: nothing was computed."
)
_TREND_OFF: Final = Sentence(
    fr="est pris une fois retirée une tendance linéaire sur la période",
    en="is computed after removing a linear trend over the period",
)
_TREND_ON: Final = Sentence(
    fr="est pris tel quel : avec moins de deux ans, une tendance ne se distingue pas d’une saison",
    en="is computed without removing a trend: with less than two years, it cannot be told apart from a season",
)


def _counted(days: Mapping[str, int], language: Language) -> str:
    return ", ".join(f"{named(season, language)} {language.number(count)}" for season, count in days.items())


def _draws(intervals: Sequence[ConfidenceInterval], language: Language) -> str:
    counts = sorted({interval.draws for interval in intervals})
    return language.say(en=" to ", fr=" à ").join(language.number(end) for end in sorted({*counts[:1], *counts[-1:]}))


def _blocks(intervals: Sequence[ConfidenceInterval], language: Language) -> str:
    return span_of_days([interval.block for interval in intervals], language) if intervals else ""
