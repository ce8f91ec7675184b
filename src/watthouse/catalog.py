"""The datasets, declared. What differs between them stands here; the code reads it.

A seventh dataset is one more :class:`Dataset` in :data:`CATALOG` and one staging model.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from watthouse.errors import UsageError

LICENCE: Final = "Licence Ouverte / Open Licence 2.0 (Etalab)"
LICENCE_URL: Final = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
PORTAL: Final = "ODRÉ (Open Data Réseaux Énergies)"
PORTAL_URL: Final = "https://odre.opendatasoft.com"

REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "11": "Île-de-France",
        "24": "Centre-Val de Loire",
        "27": "Bourgogne-Franche-Comté",
        "28": "Normandie",
        "32": "Hauts-de-France",
        "44": "Grand Est",
        "52": "Pays de la Loire",
        "53": "Bretagne",
        "75": "Nouvelle-Aquitaine",
        "76": "Occitanie",
        "84": "Auvergne-Rhône-Alpes",
        "93": "Provence-Alpes-Côte d'Azur",
        "94": "Corse",
    }
)
"""INSEE code → official name of the region (INSEE, Code officiel géographique)."""

CORSE: Final = "94"
"""The region that éCO2mix does not publish."""

REGION_ALIASES: Final[Mapping[str, str]] = MappingProxyType({"PACA": "93"})
"""Names RTE uses that are not the official ones → INSEE code."""

REAL_TIME: Final = "Données temps réel"
CONSOLIDATED: Final = "Données consolidées"
DEFINITIVE: Final = "Données définitives"
NATURES: Final = (REAL_TIME, CONSOLIDATED, DEFINITIVE)
"""From the least to the most settled."""


class Kind(Enum):
    """What a column holds, and the Arrow type it is kept as."""

    TEXT = "text"
    INSTANT = "instant"
    DATE = "date"
    CLOCK = "clock"
    REGION = "region code"
    REGION_NAME = "region name"
    WHOLE = "whole number"
    RATE = "rate"
    TEMPERATURE = "temperature"
    STOCK = "stock"

    @property
    def arrow(self) -> pa.DataType:
        return _ARROW[self]


_ARROW: Final[Mapping[Kind, pa.DataType]] = {
    Kind.TEXT: pa.string(),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.CLOCK: pa.string(),
    Kind.REGION: pa.string(),
    Kind.REGION_NAME: pa.string(),
    Kind.WHOLE: pa.int32(),
    Kind.RATE: pa.float64(),
    Kind.TEMPERATURE: pa.decimal128(9, 3),
    Kind.STOCK: pa.decimal128(18, 6),
}


@dataclass(frozen=True)
class Column:
    """One column as its publisher names it.

    ``labels`` are the other headers it goes by, in any vintage; case, accents, punctuation and a trailing unit do not
    matter. ``values`` are the only spellings kept, whatever accents or case a vintage uses; where the column is
    ``closed``, a row that says anything else is about another place, and no row of the dataset. ``steps`` are the
    distances at which its values have been published, the usual one first; which one holds on a civil day is read from
    its data: commercial exchanges stood on half hours inside quarter-hour rows in vintages of 2020 to 2023.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    closed: bool = False
    steps: tuple[timedelta, ...] = ()


@dataclass(frozen=True)
class Sibling:
    """A publication of the same publishers that looks like a dataset of the catalog and is none.

    It is known by its headers: each of ``marks`` (letters and digits, without accents or case) stands in one of them.
    """

    id: str
    title: str
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A published dataset.

    ``key`` names one published slot; ``version`` (where there is one) the column that tells settled from provisional
    rows of that slot, so ``identity`` = key + version is one line of the ledger. ``time`` is the column the lake is
    partitioned by. ``measured`` is the column whose value makes a row a measurement. ``signature`` are the columns by
    which a file is known to be of this dataset; ``versions`` the values of ``version`` it holds. ``step`` is the
    duration of a measurement; ``grid`` the distance of published rows. Fresh rows arrive every ``cadence``, ``lag``
    after the slot they measure. What is younger than ``revision_window`` may be revised any time; a dataset with a
    ``sweep`` is small and restless enough to be fetched whole that often, whatever its fingerprints say. Every dataset
    has a column ``date``, the civil day.
    """

    id: str
    title: str
    grain: str
    key: tuple[str, ...]
    time: str
    measured: str
    columns: tuple[Column, ...]
    signature: frozenset[str]
    cadence: timedelta
    lag: timedelta
    revision_window: timedelta
    publisher: str
    since: str
    version: str | None = None
    versions: tuple[str, ...] = ()
    step: timedelta = timedelta(days=1)
    grid: timedelta = timedelta(days=1)
    licence: str = LICENCE
    source: str = PORTAL
    notes: str = ""
    sweep: timedelta | None = None
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def asked_every(self) -> timedelta:
        """How often it is worth asking whether it moved: at its cadence, and daily where that is not announced."""
        return min(self.cadence, timedelta(days=1))

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """The columns that name one line of the ledger: the key, and the version where there is one."""
        return (*self.key, self.version) if self.version else self.key

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """The columns that are compared: all but the identity."""
        return tuple(name for name in self.names if name not in self.identity)

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.kind.arrow) for column in self.columns])

    @cached_property
    def table(self) -> str:
        """The dataset's name in the warehouse's ``raw`` schema and in dbt."""
        return self.id.replace("-", "_")


def _mw(name: str, meaning: str, *labels: str) -> Column:
    return Column(name, Kind.WHOLE, meaning, "MW", labels)


def _percent(name: str, meaning: str, *labels: str) -> Column:
    return Column(name, Kind.RATE, meaning, "%", labels)


_NATURE = Column("nature", Kind.TEXT, "how settled the row is", labels=("Nature",), values=NATURES)
_DATE = Column("date", Kind.DATE, "civil date (Europe/Paris)", labels=("Date",))
_HEURE = Column("heure", Kind.CLOCK, "clock time (Europe/Paris), HH:MM", labels=("Heure", "Heures"))
_DATE_HEURE = Column(
    "date_heure", Kind.INSTANT, "instant the slot begins", "UTC", ("Date - Heure", "Date et Heure", "Date Heure")
)
_REGION_CODE = Column(
    "code_insee_region",
    Kind.REGION,
    "INSEE code of the region",
    labels=("Code INSEE région", "Code INSEE", "Code région"),
)

_WIND_AND_BATTERY = (
    _mw("eolien_terrestre", "onshore wind", "Eolien terrestre"),
    _mw("eolien_offshore", "offshore wind", "Eolien offshore"),
    _mw("stockage_batterie", "battery charging (negative: a load)", "Stockage batterie"),
    _mw("destockage_batterie", "battery discharging", "Déstockage batterie"),
)

_NATIONAL = (
    Column("perimetre", Kind.TEXT, "perimeter: France", labels=("Périmètre",), values=("France",), closed=True),
    _NATURE,
    _DATE,
    _HEURE,
    _DATE_HEURE,
    _mw("consommation", "load", "Consommation"),
    _mw("prevision_j1", "load forecast made the day before", "Prévision J-1"),
    _mw("prevision_j", "load forecast made on the day", "Prévision J"),
    _mw("fioul", "oil", "Fioul"),
    _mw("charbon", "coal", "Charbon"),
    _mw("gaz", "gas", "Gaz"),
    _mw("nucleaire", "nuclear", "Nucléaire"),
    _mw("eolien", "wind", "Eolien"),
    _mw("solaire", "solar", "Solaire"),
    _mw("hydraulique", "hydro, pumped-storage generation included", "Hydraulique"),
    _mw("pompage", "pumping of pumped storage (negative: a load)", "Pompage"),
    _mw("bioenergies", "bioenergy", "Bioénergies"),
    _mw("ech_physiques", "physical exchange balance (exports negative)", "Ech. physiques"),
    Column("taux_co2", Kind.WHOLE, "CO₂ intensity of production", "g/kWh", ("Taux de CO2", "Taux de Co2")),
    _mw("ech_comm_angleterre", "commercial exchange with Great Britain (exports negative)", "Ech. comm. Angleterre"),
    _mw("ech_comm_espagne", "commercial exchange with Spain (exports negative)", "Ech. comm. Espagne"),
    _mw("ech_comm_italie", "commercial exchange with Italy (exports negative)", "Ech. comm. Italie"),
    _mw("ech_comm_suisse", "commercial exchange with Switzerland (exports negative)", "Ech. comm. Suisse"),
    _mw(
        "ech_comm_allemagne_belgique",
        "commercial exchange with Germany and Belgium (exports negative)",
        "Ech. comm. Allemagne-Belgique",
        "Ech. comm. Allemagne Belgique",
    ),
    _mw("fioul_tac", "oil: combustion turbines", "Fioul - TAC"),
    _mw("fioul_cogen", "oil: cogeneration", "Fioul - Cogénération", "Fioul - Cogén."),
    _mw("fioul_autres", "oil: other", "Fioul - Autres"),
    _mw("gaz_tac", "gas: combustion turbines", "Gaz - TAC"),
    _mw("gaz_cogen", "gas: cogeneration", "Gaz - Cogénération", "Gaz - Cogén."),
    _mw("gaz_ccg", "gas: combined cycle", "Gaz - CCG"),
    _mw("gaz_autres", "gas: other", "Gaz - Autres"),
    _mw("hydraulique_fil_eau_eclusee", "hydro: run of river and pondage", "Hydraulique - Fil de l'eau + éclusée"),
    _mw("hydraulique_lacs", "hydro: reservoirs", "Hydraulique - Lacs"),
    _mw("hydraulique_step_turbinage", "hydro: pumped-storage generation", "Hydraulique - STEP turbinage"),
    _mw("bioenergies_dechets", "bioenergy: waste", "Bioénergies - Déchets"),
    _mw("bioenergies_biomasse", "bioenergy: biomass", "Bioénergies - Biomasse"),
    _mw("bioenergies_biogaz", "bioenergy: biogas", "Bioénergies - Biogaz"),
    *_WIND_AND_BATTERY,
)

_SOURCES_WITH_RATES = (
    ("thermique", "thermal", "Thermique"),
    ("nucleaire", "nuclear", "Nucléaire"),
    ("eolien", "wind", "Eolien"),
    ("solaire", "solar", "Solaire"),
    ("hydraulique", "hydro", "Hydraulique"),
    ("bioenergies", "bioenergy", "Bioénergies"),
)


def _rates() -> Iterator[Column]:
    for name, meaning, label in _SOURCES_WITH_RATES:
        yield _percent(f"tco_{name}", f"{meaning}: share of the region's load covered", f"TCO {label}")
        yield _percent(f"tch_{name}", f"{meaning}: load factor of the installed capacity", f"TCH {label}")


_REGIONAL = (
    _REGION_CODE,
    Column(
        "libelle_region",
        Kind.REGION_NAME,
        "official name of the region",
        labels=("Région", "Libellé région", "Périmètre"),
    ),
    _NATURE,
    _DATE,
    _HEURE,
    _DATE_HEURE,
    _mw("consommation", "load", "Consommation"),
    _mw("thermique", "thermal", "Thermique"),
    _mw("nucleaire", "nuclear", "Nucléaire"),
    _mw("eolien", "wind", "Eolien"),
    _mw("solaire", "solar", "Solaire"),
    _mw("hydraulique", "hydro", "Hydraulique"),
    _mw("pompage", "pumping of pumped storage (negative: a load)", "Pompage"),
    _mw("bioenergies", "bioenergy", "Bioénergies"),
    _mw(
        "ech_physiques",
        "physical exchange balance with other regions and countries (exports negative)",
        "Ech. physiques",
    ),
    *(_WIND_AND_BATTERY[index] for index in (2, 3, 0, 1)),
    *_rates(),
)

QUARTER_HOUR: Final = timedelta(minutes=15)
HALF_HOUR: Final = timedelta(minutes=30)

_HALF_HOURLY_IN_REAL_TIME: Final = frozenset(column.name for column in _NATIONAL if column.name.startswith("ech_comm_"))


def _published(columns: tuple[Column, ...], *steps: timedelta, half_hourly: Container[str] = ()) -> tuple[Column, ...]:
    """The columns with the steps of those that are integrated over time; ``half_hourly`` ones have both."""
    return tuple(
        replace(column, steps=(*steps, HALF_HOUR) if column.name in half_hourly else steps)
        if column.kind in {Kind.WHOLE, Kind.RATE}
        else column
        for column in columns
    )


_NATIONAL_SIGNATURE = frozenset({"consommation", "nucleaire"})
_REGIONAL_SIGNATURE = frozenset({"consommation", "thermique"})

_DATASETS = (
    Dataset(
        id="eco2mix-national-tr",
        title="éCO2mix national, real time",
        grain="quarter hour",
        key=("date_heure",),
        version="nature",
        versions=(REAL_TIME,),
        time="date_heure",
        measured="consommation",
        columns=_published(_NATIONAL, QUARTER_HOUR, half_hourly=_HALF_HOURLY_IN_REAL_TIME),
        signature=_NATIONAL_SIGNATURE,
        step=timedelta(minutes=15),
        grid=timedelta(minutes=15),
        cadence=timedelta(hours=1),
        lag=timedelta(hours=1),
        revision_window=timedelta(days=3),
        sweep=timedelta(days=1),
        publisher="RTE",
        since="the end of consolidated data",
        notes="Holds tomorrow's forecasts too: rows without a measurement.",
    ),
    Dataset(
        id="eco2mix-national-cons-def",
        title="éCO2mix national, consolidated and definitive",
        grain="quarter-hour rows, measured on the half hour",
        key=("date_heure",),
        version="nature",
        versions=(CONSOLIDATED, DEFINITIVE),
        time="date_heure",
        measured="consommation",
        columns=_published(_NATIONAL, HALF_HOUR, QUARTER_HOUR),
        signature=_NATIONAL_SIGNATURE,
        step=timedelta(minutes=30),
        grid=timedelta(minutes=15),
        cadence=timedelta(days=92),
        lag=timedelta(days=60),
        revision_window=timedelta(days=800),
        publisher="RTE",
        since="2012",
        notes="Rows at :15 and :45 carry forecasts, and exchanges since 27 June 2024; all else stands on half hours.",
    ),
    Dataset(
        id="eco2mix-regional-tr",
        title="éCO2mix regional, real time",
        grain="quarter hour × region",
        key=("code_insee_region", "date_heure"),
        version="nature",
        versions=(REAL_TIME,),
        time="date_heure",
        measured="consommation",
        columns=_published(_REGIONAL, QUARTER_HOUR),
        signature=_REGIONAL_SIGNATURE,
        step=timedelta(minutes=15),
        grid=timedelta(minutes=15),
        cadence=timedelta(hours=1),
        lag=timedelta(hours=1),
        revision_window=timedelta(days=3),
        sweep=timedelta(days=1),
        publisher="RTE",
        since="the end of consolidated data",
        notes="Twelve mainland regions; Corsica is not RTE's.",
    ),
    Dataset(
        id="eco2mix-regional-cons-def",
        title="éCO2mix regional, consolidated and definitive",
        grain="half hour × region",
        key=("code_insee_region", "date_heure"),
        version="nature",
        versions=(CONSOLIDATED, DEFINITIVE),
        time="date_heure",
        measured="consommation",
        columns=_published(_REGIONAL, HALF_HOUR, QUARTER_HOUR),
        signature=_REGIONAL_SIGNATURE,
        step=timedelta(minutes=30),
        grid=timedelta(minutes=30),
        cadence=timedelta(days=92),
        lag=timedelta(days=60),
        revision_window=timedelta(days=800),
        publisher="RTE",
        since="2013",
        notes="Twelve mainland regions; Corsica is not RTE's.",
    ),
    Dataset(
        id="stock-quotidien-stockages-gaz",
        title="Gas in storage, end of day",
        grain="day × storage point (PITS)",
        key=("date", "source", "pits"),
        time="date",
        measured="stock_fin_de_journee",
        columns=(
            Column("date", Kind.DATE, "civil date", labels=("Date",)),
            Column(
                "stock_fin_de_journee",
                Kind.STOCK,
                "gas in storage at the end of the day",
                "GWh PCS 0 °C",
                ("Stock fin de journée", "Stock en fin de journée", "Stock de fin de journée"),
            ),
            Column("source", Kind.TEXT, "operator", labels=("Source", "Opérateur"), values=("Storengy", "Teréga")),
            Column("pits", Kind.TEXT, "storage point", labels=("PITS",)),
        ),
        signature=frozenset({"stock_fin_de_journee"}),
        cadence=timedelta(days=1),
        lag=timedelta(days=1),
        revision_window=timedelta(days=31),
        publisher="NaTran, Storengy, Teréga",
        since="2010-11-01",
        notes="A storage point is a group of sites; operators report on their own days. NaTran was GRTgaz until 2025.",
    ),
    Dataset(
        id="temperature-quotidienne-regionale",
        title="Daily temperature by region",
        grain="day × region",
        key=("date", "code_insee_region"),
        time="date",
        measured="tmoy",
        columns=(
            Column("id", Kind.TEXT, "the publisher's row id", labels=("ID",)),
            Column("date", Kind.DATE, "civil date", labels=("Date",)),
            _REGION_CODE,
            Column("region", Kind.REGION_NAME, "official name of the region", labels=("Région",)),
            Column("tmin", Kind.TEMPERATURE, "lowest temperature of the day", "°C", ("TMin",)),
            Column("tmax", Kind.TEMPERATURE, "highest temperature of the day", "°C", ("TMax",)),
            Column("tmoy", Kind.TEMPERATURE, "mean temperature of the day", "°C", ("TMoy",)),
        ),
        signature=frozenset({"tmin", "tmax", "tmoy"}),
        cadence=timedelta(days=31),
        lag=timedelta(days=15),
        revision_window=timedelta(days=62),
        publisher="Météo-France, Weathernews France",
        since="2016",
        notes="Thirteen regions, Corsica included; whole days are missing, nearly all of them month ends.",
    ),
)

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

OTHER_UNITS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "MW": frozenset({"kW", "GW", "TW", "kWh", "MWh", "GWh", "TWh", "%"}),
        "GWh PCS 0 °C": frozenset({"kWh", "MWh", "TWh", "m3", "%"}),
        "°C": frozenset({"°F", "K"}),
    }
)
"""Unit → units in which the same words in a header mean another quantity."""

CATALOG: Final[dict[str, Dataset]] = {dataset.id: dataset for dataset in _DATASETS}


def find(dataset_id: str) -> Dataset:
    """The dataset of that id; raises :class:`UsageError` with the ids there are."""
    try:
        return CATALOG[dataset_id]
    except KeyError:
        raise UsageError(
            f"unknown dataset '{dataset_id}': the catalog has {', '.join(CATALOG)} (see `watthouse datasets`)"
        ) from None
