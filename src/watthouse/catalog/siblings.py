"""Publications that look like a dataset of the catalog but are not one."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Sibling:
    """A publication of the same publishers that looks like a dataset of the catalog but is not one.

    It is known by its headers: each of ``marks`` (letters and digits, without accents or case) stands in one of them.
    """

    id: str
    title: str
    marks: tuple[str, ...]


# they stand beside the real datasets on the portal, with nearly the same headings
SIBLINGS: Final = (
    Sibling("eco2mix-metropoles-tr", "éCO2mix of the metropolises, real time", ("metropole", "consommation")),
    Sibling("temperature-quotidienne-departementale", "daily temperature by département", ("departement", "tmoy")),
    Sibling(
        "consommation-quotidienne-brute-regionale",
        "gross daily consumption of gas and electricity by region",
        ("consommationbrute", "region"),
    ),
    Sibling("consommation-quotidienne-brute", "gross daily consumption of gas and electricity", ("consommationbrute",)),
    Sibling("pic-journalier-consommation-brute", "daily peak of gross consumption", ("picjournalier",)),
    Sibling(
        "rayonnement-solaire-vitesse-vent-tri-horaires-regionaux",
        "sunshine and wind by region, every three hours",
        ("rayonnement", "vent"),
    ),
    Sibling("prod-region-annuelle-filiere", "yearly production by region", ("annee", "productionnucleaire", "region")),
    Sibling("prod-national-annuel-filiere", "yearly production", ("annee", "productionnucleaire")),
    Sibling("eCO2mix_RTE_energie_M", "RTE's monthly energies", ("mois", "territoire", "production")),
    Sibling("eCO2mix_RTE_energie_A", "RTE's yearly energies", ("annee", "territoire", "production")),
)
"""Looked up in this order: the first whose marks are all there names the file."""
