"""The six questions, what goes into them and what they do not show, in both languages."""

from collections.abc import Mapping
from typing import Final

from watthouse.serve.analysis.daily import CHANGE, EXCHANGED, NET_EXPORT, STOCK, TEMPERATURE
from watthouse.serve.analysis.relation import Lack
from watthouse.serve.analysis.sources import IN_WORDS
from watthouse.serve.analysis.wording import typeset
from watthouse.serve.locale import Language, Text


class Sentence(Text):
    """A text with places to fill in, typeset."""

    def of(self, language: Language) -> str:
        """Its words in this language, with the spaces that must not break."""
        return typeset(super().of(language), language)


QUESTIONS: Final[Mapping[int, Sentence]] = {
    1: Sentence(fr="Quel est le mix d’un jour ou d’une période ?", en="What is the mix of a day or period?"),
    2: Sentence(fr="Le stock de gaz suit-il la température ?", en="Does gas in storage follow temperature?"),
    3: Sentence(fr="Les filières suivent-elles la température ?", en="Do the sources follow temperature?"),
    4: Sentence(fr="Les filières suivent-elles le stock de gaz ?", en="Do the sources follow gas in storage?"),
    5: Sentence(fr="Le mix change-t-il avec les saisons ?", en="Does the mix change with the seasons?"),
    6: Sentence(
        fr="Y a-t-il plus d’échanges quand les stocks de gaz sont pleins ?",
        en="Are there more exchanges when gas stocks are full?",
    ),
}

NAMES: Final[Mapping[str, Text]] = {
    "sources": Sentence(fr="les filières", en="the sources"),
    **IN_WORDS,
    TEMPERATURE: Sentence(fr="la température", en="temperature"),
    STOCK: Sentence(fr="le stock de gaz", en="gas in storage"),
    CHANGE: Sentence(
        fr="la variation du stock de gaz d’un jour à l’autre", en="the day-to-day change of gas in storage"
    ),
    EXCHANGED: Sentence(fr="les échanges", en="exchanges"),
    NET_EXPORT: Sentence(fr="les exportations nettes", en="net exports"),
    "winter": Sentence(fr="hiver", en="winter"),
    "spring": Sentence(fr="printemps", en="spring"),
    "summer": Sentence(fr="été", en="summer"),
    "autumn": Sentence(fr="automne", en="autumn"),
}
"""Sources by their publisher's name, series by their column, seasons."""


def named(name: str, language: Language) -> str:
    """A source, a series or a season in words; a source's power goes by the source's name."""
    source = name.removesuffix("_mw")
    # a mean power is spoken of as its source
    return NAMES[source if source in IN_WORDS else name].of(language)


LACKS_IN_SHORT: Final[Mapping[Lack, Sentence]] = {
    Lack.FEW_DAYS: Sentence(fr="trop peu de jours", en="too few days"),
    Lack.CONSTANT: Sentence(fr="aucune variation", en="does not vary"),
    Lack.SHORT: Sentence(fr="période trop courte", en="period too short"),
    Lack.NO_SEASON: Sentence(fr="moins de deux ans connus", en="less than two years known"),
}

SUBJECTS: Final[Mapping[int, Sentence]] = {
    2: Sentence(
        fr="stock de gaz en fin de journée, tous exploitants et sites connus (GWh PCS), sa variation sur un jour, et"
        " température moyenne de la France (°C)",
        en="gas in storage at the end of the day, every operator and storage point known (GWh PCS), its day-to-day"
        " change, and mean temperature of France (°C)",
    ),
    3: Sentence(
        fr="puissance moyenne de chaque filière (MW) sur les jours mesurés en entier, et température moyenne de la"
        " France (°C)",
        en="mean power of each source (MW) on fully measured days, and mean temperature of France (°C)",
    ),
    4: Sentence(
        fr="puissance moyenne de chaque filière (MW) sur les jours mesurés en entier, et stock de gaz en fin de"
        " journée, tous exploitants et sites connus (GWh PCS)",
        en="mean power of each source (MW) on fully measured days, and gas in storage at the end of the day, every"
        " operator and storage point known (GWh PCS)",
    ),
    6: Sentence(
        fr="importations et exportations commerciales additionnées, toutes frontières, et exportations physiques nettes"
        " (GWh), sur les jours mesurés en entier ; stock de gaz en fin de journée, tous exploitants et sites connus"
        " (GWh PCS)",
        en="commercial imports and exports added up, all borders, and net physical exports (GWh), on fully measured"
        " days; gas in storage at the end of the day, every operator and storage point known (GWh PCS)",
    ),
}

CAVEATS: Final[Mapping[int, Sentence]] = {
    1: Sentence(
        fr="Le mix de la production n’est pas celui de la consommation : les importations n’y figurent pas. Les"
        " chiffres du temps réel sont révisés ensuite, et aucune incertitude de mesure n’est publiée.",
        en="The production mix is not the consumption mix: it leaves out imports. Real-time figures are revised later,"
        " and no measurement error is published.",
    ),
    2: Sentence(
        fr="Une corrélation n’est pas une cause. Le stock cumule le temps de tout l’hiver, les prix, les arrivages et"
        " les obligations de remplissage : son niveau un jour donné dit peu de la température de ce jour, sa"
        " variation en dit davantage. Des écarts lents d’une année à l’autre restent dans les deux séries.",
        en="Correlation is not causation. The stock accumulates a whole winter's weather, prices, deliveries and"
        " storage obligations: its level on a day says little about that day's temperature, its change says more. Slow"
        " differences between years remain in both series.",
    ),
    3: Sentence(
        fr="Une corrélation n’est pas une cause : la température agit sur la demande et vient avec le vent,"
        " l’ensoleillement et la pluie. Un lien en V (froid et canicule) s’efface en partie dans une droite. Sur huit"
        " intervalles à 95 %, il n’est pas rare que l’un soit faux. Arrêts de réacteurs et fermetures de centrales"
        " restent dans les séries.",
        en="Correlation is not causation: temperature drives demand, and comes with wind, sunshine and rain. A"
        " V-shaped link (cold and heat) partly cancels out in a straight line. Of eight 95% intervals, one may well be"
        " wrong. Reactor outages and plant closures remain in the series.",
    ),
    4: Sentence(
        fr="Une corrélation n’est pas une cause, et son sens n’est pas donné : les centrales qui brûlent du gaz vident"
        " le stock, et un hiver froid fait tourner les unes et vide l’autre. Le stock garde la trace de mois entiers"
        " : peu d’épisodes indépendants, donc de larges intervalles. Sur huit intervalles à 95 %, il n’est pas rare que"
        " l’un soit faux.",
        en="Correlation is not causation, and its direction is unknown: plants that burn gas empty the stock, and a"
        " cold winter does both. The stock remembers whole months: few independent episodes, hence wide intervals. Of"
        " eight 95% intervals, one may well be wrong.",
    ),
    5: Sentence(
        fr="Les parts se compensent : quand l’une monte, une autre baisse, sans que son énergie ait changé. Un parc qui"
        " grandit change aussi l’ampleur de ses saisons. Moins de trois ans de saisons reflètent la météo de ces"
        " années-là, non ce qui diffère d’une année à l’autre.",
        en="Shares add up to 100%: when one rises another falls, though its energy may not have changed. A growing"
        " fleet has larger seasonal swings too. Less than three years of seasons reflect the weather of those years,"
        " not how years differ.",
    ),
    6: Sentence(
        fr="Une corrélation n’est pas une cause : prix, météo et disponibilité du nucléaire agissent à la fois sur les"
        " échanges et sur le stock. « Plein » se mesure ici à la normale de la date, non à la capacité, qui n’est pas"
        " publiée avec le stock. Le stock garde la trace de mois entiers : peu d’épisodes indépendants.",
        en="Correlation is not causation: prices, weather and the availability of nuclear plants drive both exchanges"
        " and stock. 'Full' here is relative to normal for the date, not to capacity, which is not published with the"
        " stock. The stock remembers whole months: few independent episodes.",
    ),
}
