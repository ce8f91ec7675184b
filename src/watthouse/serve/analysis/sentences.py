"""Questions 1 and 5 in a sentence: what the mix was, and what changes in it from winter to summer."""

from typing import Final

from watthouse.catalog import REAL_TIME
from watthouse.serve.analysis import insufficient
from watthouse.serve.analysis.daily import DailySeries
from watthouse.serve.analysis.mixes import FEWEST_FOR_TREND, Mix, Seasons, Swing
from watthouse.serve.analysis.resampling import ConfidenceInterval
from watthouse.serve.analysis.texts import Sentence, named
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
        # the only plural among the sources in French
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
    # the two bounds would read alike
    if part.high - part.low <= _TENTH_OF_A_POINT:
        text = Sentence(
            fr="les {missing} de créneaux non mesurés n’y changeraient pas un dixième de point",
            en="the {missing} of slots that were not measured could not change that by a tenth of a point",
        )
    else:
        text = Sentence(
            fr="selon ce qu’ont été les {missing} de créneaux non mesurés, cette part est comprise entre {low} et"
            " {high}",
            en="depending on the {missing} of slots that were not measured, it is between {low} and {high}",
        )
    return text.of(language).format(missing=missing, low=language.percent(part.low), high=language.percent(part.high))


def _revised(period_mix: Mix, language: Language) -> str:
    live = period_mix.natures.get(REAL_TIME, 0)
    text = Sentence(
        fr=" ; {live} en temps réel seront révisés",
        en="; {live} of real-time figures will be revised",
    )
    return text.of(language).format(live=count_of_days(live, language)) if live else ""


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
    fr="Entre l’hiver et l’été, aucune part de filière ne change d’une façon qui se distingue du hasard.",
    en="No source's share changes between winter and summer beyond what chance could explain.",
)
_CHANGES: Final = Sentence(
    fr="Oui : de l’hiver à l’été, {swings}{few}.", en="Yes: from winter to summer, {swings}{few}."
)
_SWUNG: Final = Sentence(
    fr="{source} passe{plural} de {winter} à {summer} de la production ({points} point{s}{steady}, intervalle à 95 % :"
    " {range})",
    en="{source} goes from {winter} to {summer} of production ({points} point{s}{steady}, 95% interval: {range})",
)
_STEADY: Final = Sentence(fr=" hors tendance", en=", trend removed")
_FEW_SEASONS: Final = Sentence(
    fr=" ; avec moins de trois ans, les intervalles reflètent la météo de ces saisons, non les écarts entre années",
    en="; with less than three years, the intervals reflect the weather of these seasons, not how years differ",
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
