"""What is done where there are no marts: Flask and SQLAlchemy over the base rows in PostgreSQL, summed up per request.

The rows are the cleaned ones (one best series, watthouse's ``core``), so no answer has to settle versions or clock
changes; each table has the indexes its questions want; the pool is as large as the threads that share it.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg
import sqlalchemy as sa
from flask import Flask, request

NATIONAL: Final = ("civil_date", "date_heure", "slot_minutes", "taux_co2", "prevision_j1", "prevision_j")
REGIONAL: Final = ("civil_date", "code_insee_region", "libelle_region", "slot_minutes")
_WORDS: Final = {"code_insee_region": "varchar(2)", "libelle_region": "varchar(40)"}
_DAYS: Final = {"civil_date": "date", "date_heure": "timestamptz"}
_INDEXES: Final = (
    "create index on national (civil_date)",
    "create index on regional (code_insee_region, civil_date)",
    "create index on regional (civil_date)",
)
_NATIONAL_ROWS: Final = """
    select {columns} from held.core.core_national_power as power
    left join (select date_heure, max(forecast_mw) as prevision_j1 from held.core.core_national_forecast
        where horizon = 'prevision_j1' group by date_heure) using (date_heure)
    left join (select date_heure, max(forecast_mw) as prevision_j from held.core.core_national_forecast
        where horizon = 'prevision_j' group by date_heure) using (date_heure)
    where power.slot_minutes is not null order by date_heure"""


def fill(socket: str, warehouse: Path, scratch: Path) -> None:
    """The base rows of a warehouse into PostgreSQL, indexed and analysed."""
    with duckdb.connect() as held, psycopg.connect(host=socket, user="postgres", autocommit=True) as server:
        held.execute("set TimeZone = 'UTC'")
        held.execute(f"attach '{warehouse}' as held (read_only)")
        for table, named in (("national", NATIONAL), ("regional", REGIONAL)):
            columns = [*named, *_sources(held, f"core_{table}_power")]
            rows = _NATIONAL_ROWS if table == "national" else "select {columns} from held.core.core_regional_power"
            _copy(held, server, table, columns, rows.format(columns=", ".join(columns)), scratch / f"{table}.csv")
        for statement in (*_INDEXES, "vacuum analyze"):
            server.execute(statement)


def _sources(held: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The load, the sources, production, storage and exchanges, in MW."""
    named = {"heure", "nature", "commercial_minutes", *NATIONAL, *REGIONAL}
    columns = held.execute(f"describe held.core.{table}").fetchall()
    return [
        name
        for name, kind, *_ in columns
        if kind == "INTEGER" and name not in named and not name.endswith("quarter_hours")
    ]


def _copy(
    held: duckdb.DuckDBPyConnection,
    server: psycopg.Connection[Any],
    table: str,
    columns: list[str],
    rows: str,
    csv: Path,
) -> None:
    kinds = _DAYS | _WORDS
    declared = ", ".join(f"{name} {kinds.get(name, 'integer')}" for name in columns)
    server.execute(f"create table {table} ({declared})")
    held.execute(f"copy ({rows}) to '{csv}' (format csv, header false)")
    with csv.open("rb") as file, server.cursor().copy(f"copy {table} from stdin (format csv)") as copy:
        while piece := file.read(1 << 20):
            copy.write(piece)
    csv.unlink()


def create() -> Flask:
    """The app: the five questions of :mod:`benchmarks.api`. ``RIVAL_SOCKET`` names the server's socket folder."""
    socket, threads = os.environ["RIVAL_SOCKET"], int(os.environ["RIVAL_THREADS"])
    engine = sa.create_engine(f"postgresql+psycopg://postgres@/postgres?host={socket}", pool_size=threads)
    national, regional = (sa.Table(name, sa.MetaData(), autoload_with=engine) for name in ("national", "regional"))
    app = Flask(__name__)

    def rows(statement: sa.Select[Any]) -> dict[str, Any]:
        with engine.connect() as connection:
            return {"rows": [_plain(row) for row in connection.execute(statement).mappings()]}

    @app.get("/mix")
    def mix() -> dict[str, Any]:
        return rows(_summed(national, [_rate(national)]))

    @app.get("/regions/<insee>/mix")
    def region_mix(insee: str) -> dict[str, Any]:
        return rows(_summed(regional, []).where(regional.c.code_insee_region == insee))

    @app.get("/regions/map")
    def regions_map() -> dict[str, Any]:
        table = regional.c
        minutes = sa.cast(sa.func.sum(table.slot_minutes), sa.Double)
        load = sa.func.sum(table.consommation * table.slot_minutes) / minutes
        found = sa.select(
            table.code_insee_region,
            table.libelle_region,
            load.label("consommation_mw"),
            (minutes / 60.0).label("measured_hours"),
        )
        return rows(found.where(_period(regional)).group_by(table.code_insee_region, table.libelle_region))

    @app.get("/now")
    def now() -> dict[str, Any]:
        newest = sa.select(sa.func.max(national.c.civil_date)).scalar_subquery()
        return rows(sa.select(national).where(national.c.civil_date == newest).order_by(national.c.date_heure))

    return app


def _summed(table: sa.Table, also: list[sa.Label[Any]]) -> sa.Select[Any]:
    """Energy by interval, from power and how long each slot lasts."""
    starts = sa.cast(sa.func.date_trunc(request.args["interval"], table.c.civil_date), sa.Date).label("starts")
    hours = _hours(table.c.slot_minutes).label("measured_hours")
    found = sa.select(starts, *_energies(table), *also, hours).where(_period(table))
    return found.group_by("starts").order_by("starts")


def _energies(table: sa.Table) -> Iterator[sa.Label[Any]]:
    for column in table.c:
        if column.name not in {*NATIONAL, *REGIONAL}:
            name = column.name.removesuffix("_mw")
            yield _hours(column * table.c.slot_minutes).label(f"{name}_mwh")


def _hours(minutes: sa.ColumnElement[int]) -> sa.ColumnElement[float]:
    return sa.cast(sa.func.sum(minutes), sa.Double) / 60.0


def _rate(table: sa.Table) -> sa.Label[Any]:
    weights = sa.cast(table.c.production_mw * table.c.slot_minutes, sa.Double)
    known = sa.func.sum(weights).filter(table.c.taux_co2.is_not(None))
    return (sa.func.sum(table.c.taux_co2 * weights) / sa.func.nullif(known, 0)).label("taux_co2_g_kwh")


def _period(table: sa.Table) -> sa.ColumnElement[bool]:
    since, until = (date.fromisoformat(request.args[name]) for name in ("since", "until"))
    return table.c.civil_date.between(since, until)


def _plain(row: sa.RowMapping) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else float(value)
