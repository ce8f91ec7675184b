"""What is asked, how it is computed and what it does not show, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from watthouse.serve.inquiry.daily import CHANGE, EXCHANGED, NET_EXPORT, SOURCES, STOCK, TEMPERATURE
from watthouse.serve.inquiry.relation import Lack
from watthouse.serve.inquiry.wording import typeset
from watthouse.serve.speech import Language


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
    NET_EXPORT: Both("le solde exportateur", "net exports"),
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


LACKS: Final[Mapping[Lack, Both]] = {
    Lack.FEW_DAYS: Both(
        "Pas de réponse : sur la période, on connaît à la fois {both} pendant {days}, et il en faut au moins {fewest}.",
        "No answer: in the period, {both} are both known on {days}, and {fewest} at least are needed.",
    ),
    Lack.CONSTANT: Both(
        "Pas de réponse : sur la période, {both} ne varient pas tous deux, et une corrélation n’est pas définie.",
        "No answer: over the period {both} do not both vary, and a correlation is not defined.",
    ),
    Lack.SHORT: Both(
        "Pas de réponse : une fois hors de la normale, {both} le restent environ {alike}, et la période est trop"
        " courte pour contenir dix épisodes indépendants.",
        "No answer: once {both} depart from the usual together they stay there for about {alike}, and the period is"
        " too short to hold ten independent spells.",
    ),
    Lack.NO_SEASON: Both(
        "Pas de réponse : tels quels, {both} ont une corrélation de {plain} sur {days}, saison comprise ; avec moins"
        " de deux ans connus ({learnt}), la saison ne se distingue pas du temps qu’il a fait et ne peut être retirée.",
        "No answer: as they stand, {both} correlate at {plain} over {days}, season included; with less than two years"
        " known ({learnt}), the season is not to be told from the weather and cannot be taken off.",
    ),
}
LACKS_IN_SHORT: Final[Mapping[Lack, Both]] = {
    Lack.FEW_DAYS: Both("trop peu de jours", "too few days"),
    Lack.CONSTANT: Both("ne varie pas", "does not vary"),
    Lack.SHORT: Both("période trop courte", "period too short"),
    Lack.NO_SEASON: Both("moins de deux ans connus", "less than two years known"),
}

_ANOMALIES: Final = Both(
    "Valeurs journalières : {what}. Un jour où l’une des deux manque est laissé de côté : {days} jours utilisés sur"
    " {asked}. De chaque série sont retirés par moindres carrés une tendance en ligne droite, la saison (trois"
    " harmoniques de l’année, dont l’ampleur peut dériver si trois ans sont connus) et le jour de la semaine, estimés"
    " sur {learnt} jours entre le {first} et le {last} ; corrélation et pente sont celles de ce qui reste, l’écart à"
    " la normale de la date. Intervalles à 95 % : bootstrap par blocs circulaires sur le calendrier, {draws} tirages,"
    " blocs de {block} jours (longueur tirée de l’autocorrélation, règle de Politis et White doublée), loi de"
    " Student, sur le z de Fisher pour les corrélations ; tirage à graine fixe : mêmes jours, mêmes chiffres. La"
    " corrélation brute est celle des jours tels quels, saison comprise ; elle n’a pas d’intervalle.",
    "Daily values: {what}. A day on which either is unknown is left out: {days} of {asked} days are used. Off each"
    " series are taken, by least squares, a straight-line trend, the season (three harmonics of the year, whose size"
    " may drift where three years are known) and the day of the week, estimated on {learnt} days between {first} and"
    " {last}; correlation and slope are those of what remains, the departure from the usual for the date. 95%"
    " intervals: circular block bootstrap over the calendar, {draws} resamples, blocks of {block} days (a length set"
    " by the autocorrelation, Politis and White's rule doubled), Student's t, on Fisher's z for correlations; drawn"
    " from a fixed seed: the same days give the same figures. The plain correlation is that of the days as they"
    " stand, season included; it has no interval.",
)

METHODS: Final[Mapping[int, Both]] = {
    1: Both(
        "Énergie de chaque filière (puissance de chaque créneau fois sa durée) rapportée à la production de toutes,"
        " pompage et batteries non compris. C’est un relevé et non un échantillon : rien n’est extrapolé. Les bornes"
        " (low, high) supposent les créneaux non mesurés, de taille moyenne, tout à la filière ou sans elle (sans"
        " aucune mesure : {missing} sur {days}) ; day_low et day_high sont les parts qu’un jour sur dix n’atteint pas"
        " ou dépasse.",
        "Energy of each source (power of each slot times its duration) over the production of all, pumping and"
        " batteries left out. It is a record, not a sample: nothing is extrapolated. The bounds (low, high) take the"
        " unmeasured slots, of mean size, to be all of the source's or none of it (without any measurement: {missing}"
        " of {days}); day_low and day_high are the shares that one day in ten falls short of, or exceeds.",
    ),
    2: _ANOMALIES,
    3: _ANOMALIES,
    4: _ANOMALIES,
    5: Both(
        "Part de chaque filière dans la production de chaque jour mesuré en entier, moyenne par saison météorologique"
        " (hiver : décembre à février), soit {winter}, {spring}, {summer} et {autumn} jours de l’hiver à l’automne."
        " L’écart été moins hiver {trend}. Intervalles à 95 % : bootstrap par blocs circulaires sur le calendrier,"
        " blocs de {block} jours (longueur tirée de l’autocorrélation), loi de Student, graine fixe.",
        "Share of each source in the production of each day measured whole, averaged by meteorological season"
        " (winter: December to February): {winter}, {spring}, {summer} and {autumn} days from winter to autumn. The"
        " difference, summer less winter, {trend}. 95% intervals: circular block bootstrap over the calendar, blocks"
        " of {block} days (a length set by the autocorrelation), Student's t, fixed seed.",
    ),
    6: _ANOMALIES,
}
TREND_OFF: Final = Both(
    "est pris une fois retirée une tendance en ligne droite sur la période",
    "is taken with a straight-line trend over the period taken off",
)
TREND_ON: Final = Both(
    "est pris tel quel : avec moins de deux ans, une tendance ne se distingue pas d’une saison",
    "is taken as it stands: with less than two years, a trend is not to be told from a season",
)

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
        "imports et exports commerciaux additionnés, toutes frontières, et solde physique exportateur (GWh), sur les"
        " jours mesurés en entier ; stock de gaz en fin de journée, tous exploitants et sites connus (GWh PCS)",
        "commercial imports and exports added up, all borders, and net physical exports (GWh), on days measured"
        " whole; gas in storage at the end of the day, every operator and storage point known (GWh PCS)",
    ),
}

CAVEATS: Final[Mapping[int, Both]] = {
    1: Both(
        "Le mix de la production n’est pas celui de la consommation : les imports n’y sont pas. Les chiffres du temps"
        " réel sont révisés ensuite, et aucune incertitude de mesure n’est publiée.",
        "The mix of production is not that of consumption: imports are not in it. Real-time figures are revised"
        " later, and no error of measurement is published.",
    ),
    2: Both(
        "Une corrélation n’est pas une cause. Le stock cumule le temps de tout l’hiver, les prix, les arrivages et"
        " les obligations de remplissage : sa hauteur un jour donné dit peu de la température de ce jour, sa"
        " variation davantage. Des écarts lents d’une année à l’autre restent dans les deux séries.",
        "Correlation is no cause. The stock adds up a whole winter's weather, prices, deliveries and duties to fill"
        " up: its level on a day says little of that day's temperature, its change says more. Slow differences"
        " between years remain in both series.",
    ),
    3: Both(
        "Une corrélation n’est pas une cause : la température agit sur la demande et vient avec le vent,"
        " l’ensoleillement et la pluie. Un lien en V (froid et canicule) s’efface en partie dans une droite. Sur huit"
        " intervalles à 95 %, il n’est pas rare qu’un se trompe. Arrêts de réacteurs et fermetures de centrales"
        " restent dans les séries.",
        "Correlation is no cause: temperature moves demand, and comes with wind, sunshine and rain. A V-shaped link"
        " (cold and heat) partly cancels in a straight line. Of eight 95% intervals it is not rare that one is wrong."
        " Outages of reactors and closures of plants remain in the series.",
    ),
    4: Both(
        "Une corrélation n’est pas une cause, et le sens n’en est pas donné : des centrales qui brûlent du gaz vident"
        " le stock, et un hiver froid fait l’un et l’autre. Le stock garde la trace de mois entiers : peu d’épisodes"
        " indépendants, donc de larges intervalles. Sur huit intervalles à 95 %, il n’est pas rare qu’un se trompe.",
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
        "Une corrélation n’est pas une cause : prix, météo et disponibilité du nucléaire meuvent les échanges et le"
        " stock. « Plein » se mesure ici à la normale de la date, non à la capacité, qui n’est pas publiée avec le"
        " stock. Le stock garde la trace de mois entiers : peu d’épisodes indépendants.",
        "Correlation is no cause: prices, weather and the availability of nuclear plants move exchanges and stock"
        " alike. 'Full' is measured here against the usual for the date, not against capacity, which is not published"
        " with the stock. The stock remembers whole months: few independent spells.",
    ),
}
