"""The facts, declared: how they are selected from a warehouse, and what both sides must agree on.

The SQL is read by every engine alike. ``{core}`` and ``{marts}`` stand for schemas of the warehouse, ``{days}`` for the
condition that a civil day is one of those that are shipped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from watthouse.catalog import (
    BORDERS,
    NATIONAL_SOURCES,
    NATURES,
    REGIONAL_SOURCES,
    STORAGE,
    Dataset,
    find,
    parts_of,
)


@dataclass(frozen=True)
class Subject:
    """Days are shipped by subject: the ``datasets`` behind it, and what else a day's facts depend on.

    ``beside`` is a mart and a column of it that changes without an observation of its day.
    """

    name: str
    datasets: tuple[Dataset, ...]
    beside: tuple[str, str] | None = None


@dataclass(frozen=True)
class Fact:
    """A fact: ``rows`` selects its columns, in their order.

    Of its ``measures``, which say their units, ``here`` gives the sums in the datamart; the queries of ``there`` give
    the same of the warehouse, from other marts than ``rows`` reads where there are any.
    """

    name: str
    subject: Subject
    rows: str
    measures: tuple[str, ...]
    here: str
    there: tuple[str, ...]
    is_large: bool = False
    """Whether the rows of a year that is new are copied into a table of its own, which becomes the fact's partition."""

    @property
    def table(self) -> str:
        """Its name."""
        return f"fact_{self.name}"


REGIONAL: Final = Subject("regional", (find("eco2mix-regional-tr"), find("eco2mix-regional-cons-def")))
NATIONAL: Final = Subject("national", (find("eco2mix-national-tr"), find("eco2mix-national-cons-def")))
# A storage point that stays silent for a month is closed from its last report: days before become complete by that.
GAS: Final = Subject("gas", (find("stock-quotidien-stockages-gaz"),), ("gas_daily", "stock_gaz_complete"))
TEMPERATURE: Final = Subject("temperature", (find("temperature-quotidienne-regionale"),))
SUBJECTS: Final = (REGIONAL, NATIONAL, GAS, TEMPERATURE)


def _nature(column: str = "nature") -> str:
    cases = " ".join(f"when '{name}' then {number}" for number, name in enumerate(NATURES, 1))
    return f"cast(case {column} {cases} else 0 end as smallint)"


def _clock(column: str) -> str:
    hour, minute = (f"cast(substr({column}, {start}, 2) as integer)" for start in (1, 4))
    return f"cast(60 * {hour} + {minute} as smallint)"


def _power() -> Iterator[str]:
    yield from ("date_heure", "civil_date", "consommation")
    # a value on the half hour stands in the row that has it, not in the next one too, for which it lasts on
    yield from (f"case when {name}_quarter_hours > 0 then {name} end" for name in REGIONAL_SOURCES)
    yield from (part.name for part in parts_of(REGIONAL_SOURCES))
    yield from (*STORAGE, "ech_physiques", "production_mw", _clock("heure"), "cast(slot_minutes as smallint)")
    yield "cast(case when production_mw is not null then 15 * production_quarter_hours end as smallint)"
    yield from (_nature(), "code_insee_region")


def _mix() -> Iterator[str]:
    for name in (*NATIONAL_SOURCES, *(part.name for part in parts_of(NATIONAL_SOURCES))):
        yield f"('{name}', {name}_mwh, {name}_share, {name}_slots)"
    for name in STORAGE:
        yield f"('{name}', {name}_mwh, cast(null as double precision), {name}_slots)"


def _exchanges() -> Iterator[str]:
    for name, border in BORDERS.items():
        column = border.column.name
        yield f"('{name}', {column}_mwh, {column}_import_mwh, {column}_export_mwh, {column}_slots)"


def _values(rows: Iterable[str], *columns: str) -> str:
    """A row of a mart as several, by ``cross join lateral``."""
    return f"cross join lateral (values {', '.join(rows)}) as one ({', '.join(columns)})"


def _sum(columns: Iterable[str]) -> str:
    return " + ".join(f"coalesce(sum({column}), 0)" for column in columns)


_SOURCES: Final = [f"{name}_mwh" for name in NATIONAL_SOURCES]
_NET: Final = [f"{border.column.name}_mwh" for border in BORDERS.values()]
_MIX: Final = tuple(_mix())
_TRADED: Final = tuple(_exchanges())

FACTS: Final = (
    Fact(
        "power",
        REGIONAL,
        f"select {', '.join(_power())} from {{core}}.core_regional_power where {{days}}",
        ("rows", "load, MWh", "production, MWh"),
        "select count(*), sum(consommation_mw * (slot_minutes / 15)) * 0.25,"
        " sum(production_mw * (production_minutes / 15)) * 0.25 from datamart.fact_power",
        (
            "select count(*) from {core}.core_regional_power",
            "select sum(consommation_mwh), sum(production_mwh) from {marts}.daily_regional",
        ),
        is_large=True,
    ),
    Fact(
        "daily_balance",
        NATIONAL,
        "select civil_date, daily_mix.consommation_mwh, production_mwh, ech_physiques_mwh, taux_co2_g_kwh,"
        " cast(daily_mix.measured_slots as smallint), cast(mix_slots as smallint),"
        f" cast(daily_mix.expected_slots as smallint), {_nature('daily_mix.nature')}"
        " from {marts}.daily_mix left join {marts}.exchanges_daily using (civil_date) where {days}",
        ("rows", "load, MWh", "production, MWh"),
        "select count(*), sum(consommation_mwh), sum(production_mwh) from datamart.fact_daily_balance",
        (
            "select count(*) from {marts}.daily_mix",
            "select sum(consommation_mwh), sum(production_mwh) from {marts}.hourly_national",
        ),
    ),
    Fact(
        "daily_mix",
        NATIONAL,
        f"select civil_date, source, mwh, share, cast(slots as smallint), {_nature()} from {{marts}}.daily_mix"
        f" {_values(_MIX, 'source', 'mwh', 'share', 'slots')} where {{days}}",
        ("rows", "sources of production, MWh"),
        "select count(*), sum(energy_mwh) filter (where part_of is null and family <> 'storage')"
        " from datamart.fact_daily_mix inner join datamart.dim_source using (source)",
        (
            f"select {len(_MIX)} * count(*) from {{marts}}.daily_mix",
            f"select {_sum(_SOURCES)} from {{marts}}.hourly_national",
        ),
        is_large=True,
    ),
    Fact(
        "exchange",
        NATIONAL,
        "select civil_date, border, net, import, export, cast(slots as smallint),"
        f" {_nature()} from {{marts}}.exchanges_daily"
        f" {_values(_TRADED, 'border', 'net', 'import', 'export', 'slots')} where {{days}}",
        ("rows", "net imports, MWh"),
        "select count(*), sum(net_mwh) from datamart.fact_exchange",
        (
            f"select {len(_TRADED)} * count(*) from {{marts}}.exchanges_daily",
            f"select {_sum(_NET)} from {{marts}}.hourly_national",
        ),
    ),
    Fact(
        "gas_stock",
        GAS,
        "select civil_date, source || ' ' || pits, stock_gwh, coalesce(stock_gaz_complete, false)"
        " from {marts}.gas_points_daily left join {marts}.gas_daily using (civil_date) where {days}",
        ("rows", "stocks of all days, GWh"),
        "select count(*), sum(stock_gwh) from datamart.fact_gas_stock",
        (
            "select count(*) from {marts}.gas_points_daily",
            "select sum(stock_reported_gwh) from {marts}.gas_daily",
        ),
    ),
    Fact(
        "temperature",
        TEMPERATURE,
        "select civil_date, code_insee_region, tmin_c, tmoy_c, tmax_c from {marts}.temperature_daily where {days}",
        ("rows", "mean temperatures, °C"),
        "select count(*), sum(tmoy_c) from datamart.fact_temperature",
        ("select count(*), sum(tmoy_c) from {marts}.temperature_daily",),
    ),
)

MEMBERS: Final = {
    "region": "select code_insee_region, max(name) from ("
    "select civil_date, code_insee_region, libelle_region as name from {marts}.daily_regional"
    " union all select civil_date, code_insee_region, region from {marts}.temperature_daily) as named"
    " where {days} group by code_insee_region",
    "storage_point": "select distinct source || ' ' || pits, pits, source from {marts}.gas_points_daily where {days}",
}
"""Names for members of dimensions, by the table of schema ``staging`` that takes them."""
