"""One colour per thing everywhere, on light and dark paper, chosen with colour-blind readers in mind."""

from dataclasses import dataclass
from typing import Final

from watthouse.catalog import NATIONAL_SOURCES, REGIONAL_SOURCES
from watthouse.serve.locale import Language


@dataclass(frozen=True)
class Ink:
    """What a thing is called, and its colour on light and on dark paper."""

    en: str
    fr: str
    light: str
    dark: str

    def name(self, language: Language) -> str:
        return self.fr if language is Language.FRENCH else self.en


PALE: Final = 0.45
"""Opacity of what was measured in part."""

SOURCES: Final = {
    "nucleaire": Ink("Nuclear", "Nucléaire", "#e5b73b", "#f0c85a"),
    "hydraulique": Ink("Hydro", "Hydraulique", "#2b6cb0", "#4a8fd8"),
    "eolien": Ink("Wind", "Éolien", "#6cc3b9", "#7fd6cb"),
    "solaire": Ink("Solar", "Solaire", "#f07f2e", "#ff974d"),
    "bioenergies": Ink("Bioenergy", "Bioénergies", "#2f6b3c", "#4c9a5c"),
    "gaz": Ink("Gas", "Gaz", "#c05780", "#dd7ba2"),
    "charbon": Ink("Coal", "Charbon", "#4a3b34", "#8d7a70"),
    "fioul": Ink("Oil", "Fioul", "#8e6bbd", "#ab8ad8"),
    "thermique": Ink("Thermal", "Thermique", "#c05780", "#dd7ba2"),
}
"""The main sources by their publisher's names, in the order in which they are stacked; ``thermique`` is a region's
gas, coal and oil."""

NATIONAL: Final = tuple(name for name in SOURCES if name in NATIONAL_SOURCES)
REGIONAL: Final = tuple(name for name in SOURCES if name in REGIONAL_SOURCES)

FAMILIES: Final = {
    "nuclear": Ink("Nuclear", "Nucléaire", "#e5b73b", "#f0c85a"),
    "renewable": Ink("Renewable", "Renouvelable", "#2f8f5b", "#54b881"),
    "fossil": Ink("Fossil", "Fossile", "#8a5a44", "#b58a74"),
}
"""The families of sources, as the datamart groups them."""

SUB_SOURCES: Final = {
    "eolien_terrestre": ("Onshore wind", "Éolien terrestre"),
    "eolien_offshore": ("Offshore wind", "Éolien en mer"),
    "hydraulique_fil_eau_eclusee": ("Run of river and pondage", "Fil de l'eau et éclusées"),
    "hydraulique_lacs": ("Reservoirs", "Lacs"),
    "hydraulique_step_turbinage": ("Pumped storage, generating", "STEP en turbinage"),
    "bioenergies_dechets": ("Waste", "Déchets"),
    "bioenergies_biomasse": ("Biomass", "Biomasse"),
    "bioenergies_biogaz": ("Biogas", "Biogaz"),
    "gaz_ccg": ("Gas, combined cycle", "Gaz, cycles combinés"),
    "gaz_cogen": ("Gas, cogeneration", "Gaz, cogénération"),
    "gaz_tac": ("Gas, turbines", "Gaz, TAC"),
    "gaz_autres": ("Gas, other", "Gaz, autres"),
    "fioul_cogen": ("Oil, cogeneration", "Fioul, cogénération"),
    "fioul_tac": ("Oil, turbines", "Fioul, TAC"),
    "fioul_autres": ("Oil, other", "Fioul, autres"),
}
"""What the main sources are made of, in English and French; the name begins with its source's."""

BORDERS: Final = {
    "allemagne_belgique": Ink("Germany and Belgium", "Allemagne et Belgique", "#2b6cb0", "#5b9ce0"),
    "italie": Ink("Italy", "Italie", "#2f8f5b", "#54b881"),
    "suisse": Ink("Switzerland", "Suisse", "#c8473f", "#e8766e"),
    "angleterre": Ink("Great Britain", "Grande-Bretagne", "#7b5ea7", "#a385d1"),
    "espagne": Ink("Spain", "Espagne", "#e5b73b", "#f0c85a"),
}
"""The borders, by the last part of their columns' names."""

EXPORTS: Final = Ink("Exports", "Exportations", "#2b6cb0", "#5b9ce0")
IMPORTS: Final = Ink("Imports", "Importations", "#d9822b", "#f0a050")
UNMEASURED: Final = Ink("Not measured", "Non mesuré", "#f6e3dc", "#3a2a26")
NOBODY: Final = Ink("No net buyer", "Aucun acheteur net", "#c9d0d8", "#4a5563")
LOAD: Final = Ink("Load", "Consommation", "#1c2430", "#eef1f5")
PRODUCTION: Final = Ink("Production", "Production", "#2b6cb0", "#5b9ce0")
SURPLUS: Final = Ink("Surplus", "Excédent", "#b5d5e8", "#2c4f6e")
DEFICIT: Final = Ink("Deficit", "Déficit", "#f3c9ab", "#6e4630")
FORECAST_BEFORE: Final = Ink("Forecast of the day before", "Prévision J-1", "#8a94a3", "#8a94a3")
FORECAST: Final = Ink("Forecast of the day", "Prévision J", "#3f7fbf", "#6aa9e6")
PUMPING: Final = Ink("Pumping", "Pompage", "#9db8d3", "#5f7f9f")
CARBON: Final = Ink("CO₂ intensity", "Intensité CO₂", "#5d6673", "#b4bdc9")
STOCK: Final = Ink("Gas in storage", "Gaz en stock", "#c05780", "#dd7ba2")
NET_EXPORT: Final = Ink("Net exports", "Exportations nettes", "#1c2430", "#eef1f5")
NET_FLOW: Final = Ink("Net exports", "Exportations nettes", "#7b5ea7", "#a385d1")
TEMPERATURE: Final = Ink("Temperature", "Température", "#2b6cb0", "#5b9ce0")
SEASONS: Final = (
    Ink("Winter (Dec–Feb)", "Hiver (déc.–févr.)", "#2b6cb0", "#5b9ce0"),
    Ink("Spring (Mar–May)", "Printemps (mars–mai)", "#4f9d4a", "#74c06f"),
    Ink("Summer (Jun–Aug)", "Été (juin–août)", "#d9a514", "#f0c85a"),
    Ink("Autumn (Sep–Nov)", "Automne (sept.–nov.)", "#b4532a", "#dd8a5a"),
)
"""The meteorological seasons, from winter on."""

OPERATORS: Final = (("#c05780", "#dd7ba2"), ("#2b6cb0", "#5b9ce0"), ("#2f8f5b", "#54b881"), ("#8e6bbd", "#ab8ad8"))
"""Colours on light and dark paper of the gas operators, in the order of their names."""

PERIOD: Final = Ink("This period", "Cette période", "#2b6cb0", "#5b9ce0")
OTHER_PERIOD: Final = Ink("The other period", "L'autre période", "#a9b4c2", "#6b7686")

METER: Final = Ink("Reading", "Relevé", "#2b6cb0", "#5b9ce0")
METER_BAND: Final = Ink("Least – greatest", "Minimum – maximum", "#b5d5e8", "#2c4f6e")
TEMPO: Final = {
    "BLEU": Ink("Blue", "Bleu", "#2b6cb0", "#4a8fd8"),
    "BLANC": Ink("White", "Blanc", "#e4e8ed", "#f2f4f7"),
    "ROUGE": Ink("Red", "Rouge", "#c8473f", "#e8766e"),
}
"""The colours of Tempo days, by RTE's names."""

NO_COLOUR: Final = Ink("Colour unknown", "Couleur inconnue", "#8f98a4", "#6b7686")
MISSING: Final = Ink("Missing", "Manquant", "#a63d17", "#e5703f")

SEQUENTIAL: Final = ("#eaf3fb", "#b9d8ee", "#7db6dc", "#4a8fc4", "#2b6cb0", "#174a82")
"""From little to much."""

DIVERGING: Final = ("#b4532a", "#dd8a5a", "#f3c9ab", "#f4f4f2", "#b5d5e8", "#6aa6cf", "#2b6cb0")
"""From a deficit over balance to a surplus."""

CARBON_SCALE: Final = (
    (0, "#2aa364"), (100, "#7fbf5f"), (200, "#e2c03f"), (400, "#d98032"), (600, "#8a4b22"), (800, "#3b2a20"),
)  # fmt: skip
"""g/kWh and its colour, from green to brown."""


def carbon_colour(rate: float) -> str:
    """The colour of a CO₂ intensity (g/kWh): the highest step of the scale that it reaches."""
    reached = [colour for least, colour in CARBON_SCALE if rate >= least]
    return reached[-1] if reached else CARBON_SCALE[0][1]
