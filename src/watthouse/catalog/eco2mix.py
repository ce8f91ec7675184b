"""éCO2mix: load, sources, storage and exchanges, of France and of the mainland regions, in real time and settled."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from watthouse.catalog.columns import REGION_CODE, Column, Kind, power
from watthouse.catalog.dataset import Dataset
from watthouse.catalog.grid import (
    BATTERIES,
    BORDERS,
    COMMERCIAL,
    FORECASTS,
    NATIONAL_SOURCES,
    PUMPING,
    REGIONAL_SOURCES,
    Family,
    PowerSource,
    parts_of,
)

REAL_TIME: Final = "Données temps réel"
CONSOLIDATED: Final = "Données consolidées"
DEFINITIVE: Final = "Données définitives"
NATURES: Final = (REAL_TIME, CONSOLIDATED, DEFINITIVE)
"""From the least to the most settled."""

QUARTER_HOUR: Final = timedelta(minutes=15)
HALF_HOUR: Final = timedelta(minutes=30)

LOAD: Final = "consommation"
"""The column whose value makes a row a measurement."""

_ROW = (
    Column("nature", Kind.TEXT, "how settled the row is", labels=("Nature",), values=NATURES),
    Column("date", Kind.DATE, "civil date (Europe/Paris)", labels=("Date",)),
    # in spring two rows share an instant, and only their clock time tells which one is real
    Column("heure", Kind.CLOCK, "clock time (Europe/Paris), HH:MM", labels=("Heure", "Heures")),
    Column(
        "date_heure", Kind.INSTANT, "instant the slot begins", "UTC", ("Date - Heure", "Date et Heure", "Date Heure")
    ),
)
_LOAD = power(LOAD, "load", "Consommation")
_BATTERIES = tuple(battery.column for battery in BATTERIES)


def _columns(sources: Iterable[PowerSource]) -> Iterator[Column]:
    """The columns of sources as they are published: pumping stands behind hydro."""
    for source in sources:
        yield source.column
        if source.family is Family.HYDRO:
            yield PUMPING.column


def _parts(*, wind: bool) -> Iterator[Column]:
    """The parts of the national sources: wind was not published in parts until 2020, and stands behind the others."""
    # the last columns of an export, where there are any; ODRÉ types them as text
    of_wind = {part.name for part in NATIONAL_SOURCES["eolien"].parts}
    return (part.column for part in parts_of(NATIONAL_SOURCES) if (part.name in of_wind) is wind)


_NATIONAL = (
    # closed, as the metropolises publish the same headings
    Column("perimetre", Kind.TEXT, "perimeter: France", labels=("Périmètre",), values=("France",), closed=True),
    *_ROW,
    _LOAD,
    *FORECASTS,
    *_columns(NATIONAL_SOURCES.values()),
    power("ech_physiques", "physical exchange balance (exports negative)", "Ech. physiques"),
    Column("taux_co2", Kind.WHOLE, "CO₂ intensity of production", "g/kWh", ("Taux de CO2", "Taux de Co2")),
    # commercial exchanges are national only
    *(border.column for border in BORDERS.values()),
    *_parts(wind=False),
    *_parts(wind=True),
    *_BATTERIES,
)

_REGIONAL = (
    REGION_CODE,
    Column(
        "libelle_region",
        Kind.REGION_NAME,
        "official name of the region",
        labels=("Région", "Libellé région", "Périmètre"),
    ),
    *_ROW,
    _LOAD,
    *_columns(REGIONAL_SOURCES.values()),
    power(
        "ech_physiques",
        "physical exchange balance with other regions and countries (exports negative)",
        "Ech. physiques",
    ),
    *_BATTERIES,
    *(part.column for part in parts_of(REGIONAL_SOURCES)),
    *(rate for source in REGIONAL_SOURCES.values() for rate in (source.coverage, source.load_factor)),
)


@dataclass(frozen=True)
class _Place:
    """What tells éCO2mix of France from that of the regions, whenever it is published."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    signature: frozenset[str]
    half_hourly_in_real_time: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Rhythm:
    """What tells real time from settled data, whatever the place; ``steps`` are those of a column, the usual first."""

    name: str
    title: str
    versions: tuple[str, ...]
    steps: tuple[timedelta, ...]
    cadence: timedelta
    lag: timedelta
    revision_window: timedelta
    sweep: timedelta | None = None
    dated: bool = False


_FRANCE = _Place(
    name="national",
    key=("date_heure",),
    columns=_NATIONAL,
    signature=frozenset({LOAD, "nucleaire"}),
    # vintages of 2020, 2021, 2022 and 2023 leave their :15 and :45 empty; those of 2025 do not
    half_hourly_in_real_time=COMMERCIAL,
)
_REGIONS = _Place(
    name="regional",
    key=("code_insee_region", "date_heure"),
    columns=_REGIONAL,
    # national files split thermal into oil, coal and gas: only regional ones have this heading
    signature=frozenset({LOAD, "thermique"}),
)
# its dataset starts where consolidated data ends, and reaches to tomorrow's forecasts
_AT_ONCE = _Rhythm(
    name="tr",
    title="real time",
    versions=(REAL_TIME,),
    steps=(QUARTER_HOUR,),
    cadence=timedelta(hours=1),
    lag=timedelta(hours=1),
    # real time is revised for hours, without notice
    revision_window=timedelta(days=3),
    # restless: the last days every hour, everything once a day, whatever its fingerprints say
    sweep=timedelta(days=1),
    # a download reaches from the end of consolidated data to now, and on to rows that wait for their measurement
    dated=True,
)
# rows at :15 and :45 carry no load, but forecasts and, later, exchanges
_SETTLED = _Rhythm(
    name="cons-def",
    title="consolidated and definitive",
    versions=(CONSOLIDATED, DEFINITIVE),
    # exchanges stand on quarter hours since 27 June 2024, beside a load on half hours
    steps=(HALF_HOUR, QUARTER_HOUR),
    cadence=timedelta(days=92),
    lag=timedelta(days=60),
    # definitive data follows a year or more later
    revision_window=timedelta(days=800),
)


def _dataset(place: _Place, rhythm: _Rhythm, *, grain: str, grid: timedelta, since: str, notes: str) -> Dataset:
    """One of the four that RTE publishes."""
    return Dataset(
        id=f"eco2mix-{place.name}-{rhythm.name}",
        title=f"éCO2mix {place.name}, {rhythm.title}",
        grain=grain,
        key=place.key,
        version="nature",
        versions=rhythm.versions,
        time="date_heure",
        measured=LOAD,
        columns=tuple(_stepped(place, rhythm)),
        signature=place.signature,
        step=rhythm.steps[0],
        grid=grid,
        cadence=rhythm.cadence,
        lag=rhythm.lag,
        revision_window=rhythm.revision_window,
        sweep=rhythm.sweep,
        dated=rhythm.dated,
        publisher="RTE",
        since=since,
        notes=notes,
    )


def _stepped(place: _Place, rhythm: _Rhythm) -> Iterator[Column]:
    """The columns of a place, those that are integrated over time with their steps."""
    for column in place.columns:
        # only what is integrated over time needs a duration
        if column.kind not in {Kind.WHOLE, Kind.RATE}:
            yield column
        elif rhythm is _AT_ONCE and column.name in place.half_hourly_in_real_time:
            yield replace(column, steps=(QUARTER_HOUR, HALF_HOUR))
        else:
            yield replace(column, steps=rhythm.steps)


ECO2MIX: Final = (
    _dataset(
        _FRANCE,
        _AT_ONCE,
        grain="quarter hour",
        grid=QUARTER_HOUR,
        since="the end of consolidated data",
        notes="Holds tomorrow's forecasts too: rows without a measurement.",
    ),
    _dataset(
        _FRANCE,
        _SETTLED,
        grain="quarter-hour rows, measured on the half hour",
        grid=QUARTER_HOUR,
        since="2012",
        notes="Rows at :15 and :45 carry forecasts, and exchanges since 27 June 2024; all else stands on half hours.",
    ),
    _dataset(
        _REGIONS,
        _AT_ONCE,
        grain="quarter hour × region",
        grid=QUARTER_HOUR,
        since="the end of consolidated data",
        notes="Twelve mainland regions; Corsica is not RTE's.",
    ),
    _dataset(
        _REGIONS,
        _SETTLED,
        grain="half hour × region",
        # regional settled rows stand on half hours only
        grid=HALF_HOUR,
        since="2013",
        notes="Twelve mainland regions; Corsica is not RTE's.",
    ),
)
