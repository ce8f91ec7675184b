"""What is asked, how it is computed and what it does not show, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from watthouse.serve.analysis.daily import CHANGE, EXCHANGED, NET_EXPORT, SOURCES, STOCK, TEMPERATURE
from watthouse.serve.analysis.relation import Lack
from watthouse.serve.analysis.wording import typeset
from watthouse.serve.locale import Language


@dataclass(frozen=True)
class Both:
    """A text in French and in English, with places to fill in."""

    french: str
    english: str

    def __getitem__(self, language: Language) -> str:
        return typeset(language.say(self.english, self.french), language)


QUESTIONS: Final[Mapping[int, Both]] = {
    1: Both("Quel est le mix d’un jour ou d’une période ?", "What is the mix of a day or period?"),
    2: Both("Le stock de gaz suit-il la température ?", "Does gas in storage follow temperature?"),
    3: Both("Les filières suivent-elles la température ?", "Do the sources follow temperature?"),
    4: Both("Les filières suivent-elles le stock de gaz ?", "Do the sources follow gas in storage?"),
    5: Both("Le mix change-t-il avec les saisons ?", "Does the mix change with the seasons?"),
    6: Both(
        "Y a-t-il plus d’échanges quand les stocks de gaz sont pleins ?",
        "Are there more exchanges when gas stocks are full?",
    ),
}

NAMES: Final[Mapping[str, Both]] = {
    "sources": Both("les filières", "the sources"),
    "nucleaire": Both("le nucléaire", "nuclear"),
    "eolien": Both("l’éolien", "wind"),
    "solaire": Both("le solaire", "solar"),
    "hydraulique": Both("l’hydraulique", "hydro"),
    "gaz": Both("le gaz", "gas"),
    "charbon": Both("le charbon", "coal"),
    "fioul": Both("le fioul", "oil"),
    "bioenergies": Both("les bioénergies", "bioenergy"),
    TEMPERATURE: Both("la température", "temperature"),
    STOCK: Both("le stock de gaz", "gas in storage"),
    CHANGE: Both("la variation du stock de gaz d’un jour à l’autre", "the day-to-day change of gas in storage"),
    EXCHANGED: Both("les échanges", "exchanges"),
    NET_EXPORT: Both("les exportations nettes", "net exports"),
    "winter": Both("hiver", "winter"),
    "spring": Both("printemps", "spring"),
    "summer": Both("été", "summer"),
    "autumn": Both("automne", "autumn"),
}
"""Sources by their publisher's name, series by their column, seasons."""


def named(name: str, language: Language) -> str:
    """A source, a series or a season in words; a source's power goes by the source's name."""
    source = name.removesuffix("_mw")
    return NAMES[source if source in SOURCES else name][language]


LACKS_IN_SHORT: Final[Mapping[Lack, Both]] = {
    Lack.FEW_DAYS: Both("trop peu de jours", "too few days"),
    Lack.CONSTANT: Both("aucune variation", "does not vary"),
    Lack.SHORT: Both("période trop courte", "period too short"),
    Lack.NO_SEASON: Both("moins de deux ans connus", "less than two years known"),
}

SUBJECTS: Final[Mapping[int, Both]] = {
    2: Both(
        "stock de gaz en fin de journée, tous exploitants et sites connus (GWh PCS), sa variation sur un jour, et"
        " température moyenne de la France (°C)",
        "gas in storage at the end of the day, every operator and storage point known (GWh PCS), its change in a day,"
        " and mean temperature of France (°C)",
    ),
    3: Both(
        "puissance moyenne de chaque filière (MW) sur les jours mesurés en entier, et température moyenne de la"
        " France (°C)",
        "mean power of each source (MW) on days measured whole, and mean temperature of France (°C)",
    ),
    4: Both(
        "puissance moyenne de chaque filière (MW) sur les jours mesurés en entier, et stock de gaz en fin de journée,"
        " tous exploitants et sites connus (GWh PCS)",
        "mean power of each source (MW) on days measured whole, and gas in storage at the end of the day, every"
        " operator and storage point known (GWh PCS)",
    ),
    6: Both(
        "importations et exportations commerciales additionnées, toutes frontières, et exportations physiques nettes"
        " (GWh), sur les jours mesurés en entier ; stock de gaz en fin de journée, tous exploitants et sites connus"
        " (GWh PCS)",
        "commercial imports and exports added up, all borders, and net physical exports (GWh), on days measured"
        " whole; gas in storage at the end of the day, every operator and storage point known (GWh PCS)",
    ),
}

CAVEATS: Final[Mapping[int, Both]] = {
    1: Both(
        "Le mix de la production n’est pas celui de la consommation : les importations n’y figurent pas. Les chiffres"
        " du temps réel sont révisés ensuite, et aucune incertitude de mesure n’est publiée.",
        "The mix of production is not that of consumption: imports are not in it. Real-time figures are revised"
        " later, and no error of measurement is published.",
    ),
    2: Both(
        "Une corrélation n’est pas une cause. Le stock cumule le temps de tout l’hiver, les prix, les arrivages et"
        " les obligations de remplissage : son niveau un jour donné dit peu de la température de ce jour, sa"
        " variation en dit davantage. Des écarts lents d’une année à l’autre restent dans les deux séries.",
        "Correlation is no cause. The stock adds up a whole winter's weather, prices, deliveries and duties to fill"
        " up: its level on a day says little of that day's temperature, its change says more. Slow differences"
        " between years remain in both series.",
    ),
    3: Both(
        "Une corrélation n’est pas une cause : la température agit sur la demande et vient avec le vent,"
        " l’ensoleillement et la pluie. Un lien en V (froid et canicule) s’efface en partie dans une droite. Sur huit"
        " intervalles à 95 %, il n’est pas rare que l’un soit faux. Arrêts de réacteurs et fermetures de centrales"
        " restent dans les séries.",
        "Correlation is no cause: temperature moves demand, and comes with wind, sunshine and rain. A V-shaped link"
        " (cold and heat) partly cancels in a straight line. Of eight 95% intervals it is not rare that one is wrong."
        " Outages of reactors and closures of plants remain in the series.",
    ),
    4: Both(
        "Une corrélation n’est pas une cause, et son sens n’est pas donné : les centrales qui brûlent du gaz vident"
        " le stock, et un hiver froid fait tourner les unes et vide l’autre. Le stock garde la trace de mois entiers"
        " : peu d’épisodes indépendants, donc de larges intervalles. Sur huit intervalles à 95 %, il n’est pas rare que"
        " l’un soit faux.",
        "Correlation is no cause, and its direction is not given: plants that burn gas empty the stock, and a cold"
        " winter does both. The stock remembers whole months: few independent spells, hence wide intervals. Of eight"
        " 95% intervals it is not rare that one is wrong.",
    ),
    5: Both(
        "Les parts se compensent : quand l’une monte, une autre baisse, sans que son énergie ait changé. Un parc qui"
        " grandit change aussi l’ampleur de ses saisons. Des saisons de moins de trois ans disent le temps qu’il a"
        " fait, non ce qui diffère d’une année à l’autre.",
        "Shares make up for one another: when one rises another falls, though its energy may not have changed. A"
        " fleet that grows changes the size of its seasons too. Seasons of less than three years tell the weather"
        " there was, not how years differ.",
    ),
    6: Both(
        "Une corrélation n’est pas une cause : prix, météo et disponibilité du nucléaire agissent à la fois sur les"
        " échanges et sur le stock. « Plein » se mesure ici à la normale de la date, non à la capacité, qui n’est pas"
        " publiée avec le stock. Le stock garde la trace de mois entiers : peu d’épisodes indépendants.",
        "Correlation is no cause: prices, weather and the availability of nuclear plants move exchanges and stock"
        " alike. 'Full' is measured here against the usual for the date, not against capacity, which is not published"
        " with the stock. The stock remembers whole months: few independent spells.",
    ),
}
