"""A warehouse that holds made-up observations, and the rules of the core in plain Python."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from tests.support import PARIS, clock
from watthouse.catalog import CATALOG, CONSOLIDATED, NATURES, REAL_TIME
from watthouse.transform import PROJECT, Step, Transform
from watthouse.warehouse.duckdb.draft import DuckDBDraft
from watthouse.warehouse.duckdb.replay import Replay
from watthouse.warehouse.duckdb.store import DuckDB
from watthouse.warehouse.steps import replayed

Row = dict[str, Any]
NATIONAL: Final = ("eco2mix_national_tr", "eco2mix_national_cons_def")
REGIONAL: Final = ("eco2mix_regional_tr", "eco2mix_regional_cons_def")
GAS, TEMPERATURE = "stock_quotidien_stockages_gaz", "temperature_quotidienne_regionale"
TEMPO: Final = "eco2mix_tempo"
COARSE_IN_REAL_TIME: Final = tuple(
    f"ech_comm_{border}" for border in ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
)
"""Columns that real time published on half hours, in vintages of 2020 to 2023."""
SOURCES: Final = ("fioul", "charbon", "gaz", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")

SERIES: Final = tuple(
    column.name
    for dataset in ("eco2mix-national-tr", "eco2mix-regional-tr")
    for column in CATALOG[dataset].columns
    if column.unit in {"MW", "g/kWh", "%"} and not column.name.startswith(("prevision_", "tco_"))
)
"""Every column that is integrated over time, forecasts apart."""

_FILE: Final = "warehouse.duckdb"
_SCHEMAS: Final = {dataset.table: dataset.schema for dataset in CATALOG.values()}


class Lab:
    """``observe`` rows as the loader would, build what follows from them, read ``rows`` back.

    ``steps`` are what an earlier :meth:`build_everything` left: with them :meth:`build_what_changed` needs no dbt.
    """

    def __init__(self, folder: Path, steps: Sequence[Step] = ()) -> None:
        self.folder = folder
        self.path = folder / _FILE
        self.steps = steps
        self.seen: dict[str, list[Row]] = defaultdict(list)
        self._moment = datetime(2026, 1, 1, tzinfo=UTC)
        DuckDBDraft(self.path, {}, self.path, "lab").close()

    def observe(self, table: str, rows: Sequence[Row]) -> None:
        """Append observations, all stamped with the same next moment, and mark their days."""
        self._moment += timedelta(hours=1)
        stamped = [{**row, "observed_at": self._moment} for row in rows]
        schema = _SCHEMAS[table].append(pa.field("observed_at", pa.timestamp("us", tz="UTC")))
        observations = pa.Table.from_pylist(stamped, schema)  # noqa: F841 (DuckDB finds it by its name)
        with duckdb.connect(self.path) as connection:
            connection.execute(f"insert into raw.{table} by name from observations")
            connection.execute(f"insert into raw.changed_days select distinct '{table}', date from observations")
        self.seen[table] += stamped

    def build_everything(self, project: Path = PROJECT) -> None:
        """By dbt, in a process of its own; raises where a model or a test breaks."""
        profile = DuckDB(self.path, threads=2, memory_limit="1GB").dbt()
        with Transform(profile, self.folder / "scratch", project) as transform:
            _, self.steps = transform.run(self.folder)
        self.run("delete from raw.changed_days")

    def build_what_changed(self) -> None:
        """By the steps kept, for the days observed since the last build; raises where a test breaks."""
        with duckdb.connect(self.path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            changed = {table for (table,) in connection.execute("select dataset from raw.changed_days").fetchall()}
            datasets = [dataset for dataset in CATALOG.values() if dataset.table in changed]
            replayed(self.steps, datasets, lambda _: None, Replay(connection))
            connection.execute("delete from raw.changed_days")

    def copy(self, folder: Path) -> "Lab":
        """The same, elsewhere."""
        shutil.copy(self.path, folder)
        return Lab(folder, self.steps)

    def run(self, statement: str) -> None:
        with duckdb.connect(self.path) as connection:
            connection.execute(statement)

    def rows(self, table: str, where: str = "true") -> list[Row]:
        with duckdb.connect(self.path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            found = connection.execute(f"select * from {table} where {where} order by all")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def columns(self, table: str) -> list[str]:
        with duckdb.connect(self.path) as connection:
            return [row[0] for row in connection.execute(f"describe {table}").fetchall()]

    def one(self, table: str, where: str) -> Row:
        (row,) = self.rows(table, where)
        return row

    def day(self, mart: str, day: date) -> Row:
        return self.one(f"marts.{mart}", f"civil_date = '{day}'")

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of core and marts, by table."""
        with duckdb.connect(self.path) as connection:
            names = connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables"
                " where table_schema in ('core', 'marts') order by all"
            ).fetchall()
            return {name: connection.execute(f"from {name} order by all").fetchall() for (name,) in names}


# -- rows as they lie in raw -------------------------------------------------------------------------------------------


def slots(day: date, minutes: int) -> list[tuple[str, datetime]]:
    """The clock slots of a civil day that exist, with their instants."""
    return [(heure, at) for heure, at in clock(day, minutes) if at.astimezone(PARIS).strftime("%H:%M") == heure]


def power(day: date, nature: str, load: int | None, minutes: int = 15, **columns: object) -> list[Row]:
    """A day of national rows: ``load`` plus the number of the slot, so that no two are alike."""
    return [
        {
            "perimetre": "France",
            "nature": nature,
            "date": day,
            "heure": heure,
            "date_heure": at,
            "consommation": None if load is None else load + number,
            **columns,
        }
        for number, (heure, at) in enumerate(slots(day, minutes))
    ]


def regional(code: str, rows: Iterable[Row]) -> list[Row]:
    return [
        {**{k: v for k, v in row.items() if k != "perimetre"}, "code_insee_region": code, "libelle_region": f"R{code}"}
        for row in rows
    ]


def temperature(day: date, celsius: Mapping[str, str | None]) -> list[Row]:
    return [
        {
            "id": f"{day}-{code}",
            "date": day,
            "code_insee_region": code,
            "region": f"R{code}",
            "tmin": None if mean is None else Decimal(mean) - 5,
            "tmoy": None if mean is None else Decimal(mean),
            "tmax": None if mean is None else Decimal(mean) + 5,
        }
        for code, mean in celsius.items()
    ]


def gas(day: date, stocks: Mapping[tuple[str, str], str]) -> list[Row]:
    return [
        {"date": day, "source": source, "pits": pits, "stock_fin_de_journee": Decimal(stock)}
        for (source, pits), stock in stocks.items()
    ]


def tempo(colours: Mapping[date, str | None]) -> list[Row]:
    return [{"date": day, "type_de_jour_tempo": colour} for day, colour in colours.items()]


# -- the core's rules in plain Python ----------------------------------------------------------------------------------


def best_series(observations: Iterable[Row]) -> list[Row]:
    """The slots that count, one nature a half hour and region, each with the ``steps`` [minutes] of its columns.

    ``minutes`` is how long its load lasts, 0 where that is not known; ``published`` are the sources of its day.
    """
    newest: dict[tuple[object, ...], Row] = {}
    for row in sorted(observations, key=lambda row: row["observed_at"]):
        newest[row.get("code_insee_region"), row["date_heure"], row["nature"]] = row
    days: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    blocks: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for (region, at, nature), row in newest.items():
        if any(row.get(name) is not None for name in SERIES):
            days[region, row["date"], nature].append(row)
            blocks[region, at.replace(minute=at.minute // 30 * 30)].append(row)
    facts = {key: _facts(key[2], rows) for key, rows in days.items()}
    kept = [row for block in blocks.values() for row in _chosen(block)]
    return [{**row, **_timed(row, *facts[row.get("code_insee_region"), row["date"], row["nature"]])} for row in kept]


def _facts(nature: object, rows: list[Row]) -> tuple[dict[str, int], set[str]]:
    """Of a day in one nature: how long each column lasts, and the sources that are published."""
    steps = {}
    for name in SERIES:
        quarterly = any(row.get(name) is not None for row in rows if row["date_heure"].minute in {15, 45})
        may_be_coarse = nature != REAL_TIME or name in COARSE_IN_REAL_TIME
        steps[name] = 30 if may_be_coarse and not quarterly else 15
    sources = {*SOURCES, "thermique"}
    if not any(row.get("consommation") is not None for row in rows):
        return steps, set()  # a day whose load is not known yet has no mix
    return steps, {name for name in sources if any(row.get(name) is not None for row in rows)}


def _timed(row: Row, steps: dict[str, int], published: set[str]) -> Row:
    minutes = steps["consommation"] if row.get("consommation") is not None else 0
    return {"steps": steps, "published": published, "minutes": minutes}


def _chosen(block: list[Row]) -> list[Row]:
    loaded = [row for row in block if row.get("consommation") is not None] or block
    nature = max((row["nature"] for row in loaded), key=NATURES.index)
    return [row for row in block if row["nature"] == nature]


def mwh(series: Iterable[Row], column: str) -> Decimal | None:
    known = [row[column] * row["steps"][column] for row in series if row.get(column) is not None]
    return Decimal(sum(known)) / 60 if known else None


def known_slots(series: Sequence[Row], column: str = "consommation") -> int:
    """Half hours where all that the series knows is on half hours, else quarter hours."""
    return sum(row["steps"][column] for row in series if row.get(column) is not None) // slot_of(series)


def slot_of(series: Sequence[Row]) -> int:
    return min(step for row in series for name, step in row["steps"].items() if row.get(name) is not None)


def whole_mix(series: Iterable[Row]) -> list[dict[str, int]]:
    """The known sources of every quarter hour in which each source that its day publishes is known."""
    quarters: dict[tuple[object, datetime], dict[str, int]] = defaultdict(dict)
    published = {}
    for row in series:
        for name in row["published"]:
            for late in range(0, row["steps"][name], 15) if row.get(name) is not None else ():
                key = (row.get("code_insee_region"), row["date_heure"] + timedelta(minutes=late))
                quarters[key][name] = row[name]
                published[key] = row["published"]
    return [known for key, known in quarters.items() if known.keys() == published[key]]


def half_hours(day: date, load: int | None, nature: str = CONSOLIDATED, **columns: object) -> list[Row]:
    return power(day, nature, load, 30, **columns)
