"""The schema `energy_consumption` on PostgreSQL: equal to the file's views, its keys enforced, whole at any moment."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import psycopg
import pytest

from tests import servers
from tests.support import ROOT, begun, watthouse
from tools import diagrams
from tools.diagrams import DRAWINGS, Drawing
from watthouse.catalog import find
from watthouse.errors import WarehouseError
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings
from watthouse.transform import PROJECT
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.engines import at
from watthouse.warehouse.parity import compare

pytestmark = [pytest.mark.slow, pytest.mark.real]

DDL: Final = ROOT / "src/watthouse/transform/energy_consumption.sql"
TABLES: Final = ("consumption", "coverage_rate", "region")
MONTHS: Final = ("2024-03", "2024-10")
"""Of a region's year: the clocks change in both."""
FOREIGN_KEYS: Final = {"consumption_code_insee_fkey", "coverage_rate_code_insee_fkey"}


@pytest.fixture(scope="module")
def exports(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of Hauts-de-France, as their CSV has them, and a week of 2014 of every region."""
    folder = tmp_path_factory.mktemp("exports")
    lines = (real_data / "odre/eco2mix-regional-cons-def_hauts-de-france_2024.csv").read_text().splitlines()
    kept = [line for line in lines[1:] if line.split(";")[3].startswith(MONTHS)]
    (folder / "hauts-de-france.csv").write_text("\n".join([lines[0], *kept, ""]))
    old = pl.read_parquet(real_data / "odre/eco2mix-regional-cons-def_2014.parquet")
    week = old.filter(pl.col("date").cast(pl.String).is_between(pl.lit("2014-03-27"), pl.lit("2014-04-02")))
    week.write_parquet(folder / "week.parquet")
    return folder


@pytest.fixture(scope="module")
def revised(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October again, definitive, half of its loads 7 MW higher; and a region that was not there, under a new name."""
    path = tmp_path_factory.mktemp("revised") / "october.csv"
    head, *lines = (exports / "hauts-de-france.csv").read_text().splitlines()
    cells = [line.split(";") for line in lines if ";2024-10" in line]
    for number, row in enumerate(cells):
        row[2] = "Données définitives"
        row[6] = str(int(row[6]) + 7 * (number % 2))
    cells += [["94", "Corse", *row[2:]] for row in cells[:48]]
    path.write_text("\n".join([head, *map(";".join, cells), ""]))
    return path


@pytest.fixture(scope="module")
def home(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = begun(tmp_path_factory.mktemp("file") / "home")
    done = watthouse(folder, "refresh", "--from", exports)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def built(home: Path, tmp_path_factory: pytest.TempPathFactory, warehouse_server: str) -> Iterator[str]:
    """A database built from the lake of that home; to be read only."""
    folder = tmp_path_factory.mktemp("server") / "home"
    shutil.copytree(home, folder, ignore=shutil.ignore_patterns("warehouse.duckdb"))
    with servers.database(warehouse_server) as url:
        done = watthouse(folder, "build", env={"WATTHOUSE_WAREHOUSE": url})
        assert done.returncode == 0, done.stderr
        yield url


@pytest.fixture
def beside(home: Path, tmp_path: Path) -> Path:
    """A home of the test's own, whose lake is that of :func:`built`."""
    return Path(shutil.copytree(home, tmp_path / "home"))


def warehouse(url: str, folder: Path) -> Warehouse:
    return at(url, Settings(home=folder))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def unlike(home: Path, url: str) -> list[str]:
    """The tables of the schema that differ from those of the home's file."""
    found = {
        one.table.partition(".")[2]: one
        for one in compare(warehouse(str(home), home), warehouse(url, home))
        if one.table.startswith("energy_consumption.")
    }
    assert tuple(found) == TABLES
    return [f"{name}: {one.first}" for name, one in found.items() if not one.is_equal or not one.rows[0]]


def test_the_engines_agree_to_the_last_bit(home: Path, built: str) -> None:
    assert unlike(home, built) == []


def test_it_says_what_the_real_files_say(exports: Path, built: str) -> None:
    file = pl.read_csv(exports / "hauts-de-france.csv", separator=";", infer_schema_length=None, null_values=["ND"])
    file = file.filter(~((pl.col("Date") == "2024-03-31") & pl.col("Heure").str.starts_with("02:")))
    sources = ("Thermique", "Nucléaire", "Eolien", "Solaire", "Hydraulique", "Bioénergies")
    total = pl.sum_horizontal(f"{name} (MW)" for name in sources)
    expected = file.select(
        "Date",
        "Heure",
        "Consommation (MW)",
        "Pompage (MW)",
        (100 * pl.col("Eolien (MW)") / total).alias("wind"),
        (100 * pl.col("Pompage (MW)") / total).alias("pumping"),
        "TCO Nucléaire (%)",
        "TCH Eolien (%)",
    ).sort("Date", "Heure")
    found = rows(
        built,
        "select c.date_enreg::text, left(heure_enreg::text, 5), consommation, pompage, pct_eolien, pct_pompage,"
        " tco_nucleaire, tch_eolien from energy_consumption.consumption as c join energy_consumption.coverage_rate"
        " on id_consommation = id_couverture and heure_enreg = heure_eng"
        " where c.code_insee = '32' and c.date_enreg > '2020-01-01' order by 1, 2",
    )
    assert found == expected.rows()
    assert len(found) == 31 * 48 * 2 - 2


CATALOG: Final = {
    "columns": "select relname, attname, format_type(atttypid, atttypmod), attnotnull, attnum,"
    " col_description(attrelid, attnum) from pg_attribute join pg_class on attrelid = pg_class.oid"
    " where relnamespace = 'energy_consumption'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped",
    "tables": "select relname, relkind::text, relpersistence::text, obj_description(oid, 'pg_class') from pg_class"
    " where relnamespace = 'energy_consumption'::regnamespace and relkind <> 'i'",
    "keys": "select conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated from pg_constraint"
    " where connamespace = 'energy_consumption'::regnamespace",
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'energy_consumption'",
}


def test_the_script_makes_what_dbt_built(built: str, database: str) -> None:
    diagrams.run(DDL, database)
    for what, query in CATALOG.items():
        assert sorted(rows(database, query)) == sorted(rows(built, query)), what
    assert len(rows(database, CATALOG["columns"])) == 2 + 19 + 16


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("{insert} select id_consommation, code_insee, date_enreg, heure_enreg from {table}", "UniqueViolation"),
        ("{insert} values (1, '99', '2024-01-01', '00:00')", "ForeignKeyViolation"),
        ("{insert} values (1, null, '2024-01-01', '00:00')", "NotNullViolation"),
        ("delete from energy_consumption.region", "ForeignKeyViolation"),
    ],
)
def test_the_keys_refuse_wrong_rows(built: str, statement: str, refusal: str) -> None:
    table = "energy_consumption.consumption"
    insert = f"insert into {table} (id_consommation, code_insee, date_enreg, heure_enreg)"
    with psycopg.connect(built, autocommit=True) as connection, pytest.raises(getattr(psycopg.errors, refusal)):
        connection.execute(statement.format(table=table, insert=insert).encode())


def test_a_revised_month_replaces_itself_and_nothing_else(copy: str, beside: Path, revised: Path) -> None:
    other = "select ctid::text, xmin::text from energy_consumption.{} where date_enreg < '2024-10-01'"
    ids = "select id_consommation from energy_consumption.consumption"
    before = {name: sorted(rows(copy, other.format(name))) for name in TABLES[:2]}
    known = {*rows(copy, ids)}
    for variables in ({}, {"WATTHOUSE_WAREHOUSE": copy}):
        done = watthouse(beside, "refresh", "--from", revised, env=variables)
        assert done.returncode == 0, done.stderr
    assert unlike(beside, copy) == []
    assert {name: sorted(rows(copy, other.format(name))) for name in TABLES[:2]} == before, "not even written again"
    assert {*rows(copy, ids)} >= known
    assert len({*rows(copy, ids)}) == len(known) + 48
    assert rows(copy, "select libelle_region from energy_consumption.region where code_insee = '94'") == [("Corse",)]
    load = "select sum(consommation) from energy_consumption.consumption"
    load += " where code_insee = '32' and date_enreg > '2024-10-01'"
    assert rows(copy, load) == [(_october(revised),)]


def _october(revised: Path) -> int:
    file = pl.read_csv(revised, separator=";", infer_schema_length=None)
    october = file.filter((pl.col("Code INSEE région") == 32) & (pl.col("Date") > "2024-10-01"))
    return int(october["Consommation (MW)"].sum())


def test_a_refresh_fails_where_a_key_is_missing(copy: str, beside: Path, revised: Path) -> None:
    with psycopg.connect(copy) as connection:
        connection.execute(b"alter table energy_consumption.consumption drop constraint consumption_code_insee_fkey")
    variables = {"WATTHOUSE_WAREHOUSE": copy}
    done = watthouse(beside, "refresh", "--from", revised, env=variables)
    assert done.returncode == 1
    assert "consumption_enforced_keys: broken in 1 place; the warehouse stays as it was" in done.stderr
    shown = watthouse(beside, "tests", "consumption_enforced_keys", env=variables)
    assert "consumption_code_insee_fkey" in shown.stdout, shown.stderr


def test_region_built_alone_leaves_every_foreign_key_there(copy: str, beside: Path, tmp_path: Path) -> None:
    """Of a build that nobody reads yet: dbt drops the table that it replaces, and with it what points there."""
    drafted = warehouse(copy, beside)
    profile = drafted.dbt()
    suffix = profile["WATTHOUSE_DBT_SUFFIX"]
    with suppress(_EnoughError), drafted.draft(empty=True) as draft:
        lake, regional = Lake(beside / "lake"), find("eco2mix-regional-cons-def")
        head = lake.head(regional)
        assert head
        draft.load(lake, regional, head)
        draft.release()
        _dbt("build", profile, tmp_path, "+daily_regional", "energy_consumption")
        before = _enforced(copy, suffix)
        assert before == {"region_pkey", "consumption_pkey", "coverage_rate_pkey", *FOREIGN_KEYS}
        for model in ("region", "consumption"):
            _dbt("build", profile, tmp_path, model, "--full-refresh")
            assert _enforced(copy, suffix) == before, model
        with psycopg.connect(copy) as connection:
            drop = f"alter table energy_consumption{suffix}.region drop constraint region_pkey cascade"
            connection.execute(drop.encode())
        failed = _dbt("test", profile, tmp_path, "energy_consumption", code=1)
        assert set(re.findall(r"Failure in test (\w+)", failed)) == {f"{name}_enforced_keys" for name in TABLES}
        raise _EnoughError
    drafted.sweep()
    assert rows(copy, "select nspname::text from pg_namespace where nspname ~ '^energy'") == [("energy_consumption",)]


class _EnoughError(Exception):
    """Takes a draft back."""


def _dbt(verb: str, profile: Mapping[str, str], folder: Path, *words: str, code: int = 0) -> str:
    places = ("--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", folder / "target")
    call = [Path(sys.executable).with_name("dbt"), verb, *places, "--log-path", folder, "--select", *words]
    done = subprocess.run(call, env={**os.environ, **profile}, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    return done.stdout


def _enforced(url: str, suffix: str) -> set[str]:
    """The keys of a draft's tables, whose tables they point at included."""
    found = rows(
        url,
        "select conname::text from pg_constraint left join pg_class on pg_class.oid = confrelid where convalidated"
        f" and connamespace = 'energy_consumption{suffix}'::regnamespace and coalesce(relname, 'region') = 'region'",
    )
    return {name for (name,) in found}


def test_a_full_build_takes_the_place_of_the_schema_whole(
    copy: str, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is built and published, a query finds all rows; who goes on from before is told, and finds no less."""
    monkeypatch.setattr("watthouse.warehouse.marts._PIECE_ROWS", 1_000)
    served = warehouse(copy, beside)
    ids = "select id_consommation from energy_consumption.consumption order by 1"
    before, counts, ended = rows(copy, ids), set[int](), threading.Event()
    kept = served.keep()
    assert kept
    reader, pieces = served.open(30), served.pieces("consumption", schema="energy_consumption")
    table = reader.table("consumption", "energy_consumption")
    assert reader.rows(table.count()).column(0).to_pylist() == [len(before)]
    assert 0 < next(pieces).num_rows < len(before)
    asking = threading.Thread(target=_count, args=(copy, counts, ended))
    asking.start()
    done = watthouse(beside, "build", "--full", env={"WATTHOUSE_WAREHOUSE": copy})
    ended.set()
    asking.join()
    assert done.returncode == 0, done.stderr
    assert counts == {len(before)}
    with pytest.raises(WarehouseError, match="has been replaced since: ask again"):
        reader.rows(table.count())
    with pytest.raises(WarehouseError, match="has been replaced since: ask again"):
        next(pieces)
    reader.close()
    assert rows(copy, ids) == before, "the same numbers"
    (aside,) = re.findall(r"energy_consumption_b\d+", kept.place)
    assert len(rows(copy, ids.replace("energy_consumption.", f"{aside}."))) == len(before)
    again = watthouse(beside, "build", "--full", env={"WATTHOUSE_WAREHOUSE": copy})
    assert again.returncode == 0, again.stderr
    schemas = {name for (name,) in rows(copy, "select nspname::text from pg_namespace where nspname ~ '^energy'")}
    assert schemas == {"energy_consumption", aside}, "what was kept stays, what nobody reads is gone"


def _count(url: str, counts: set[int], ended: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not ended.wait(0.01):
            row = connection.execute("select count(*) from energy_consumption.consumption").fetchone()
            counts.add(row[0] if row else -1)


def test_a_schema_of_somebody_else_is_left_alone(database: str, beside: Path) -> None:
    diagrams.run(DDL, database)
    done = watthouse(beside, "build", env={"WATTHOUSE_WAREHOUSE": database})
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.endswith("has a schema energy_consumption that watthouse did not make: rename it")
    assert rows(database, "select count(*) from energy_consumption.region") == [(0,)]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.page.stem)
def test_a_page_shows_what_its_script_makes(drawing: Drawing, database: str) -> None:
    assert drawing.page.read_text() == diagrams.page(drawing, database), "run `python -m tools.diagrams`"


def test_the_queries_of_the_page_run_on_both_engines(home: Path, built: str) -> None:
    queries = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/energy_consumption.md").read_text(), re.DOTALL)
    assert len(queries) == 4
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as file:
        for query in queries:
            answers = _rounded(file.execute(query).fetchall()), _rounded(rows(built, query))
            assert answers[0] == answers[1], query
            assert answers[0] or "tco_nucleaire > 100" in query


def _rounded(found: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Numbers as floats of nine digits: what an engine makes of a mean is its own matter."""
    return [
        tuple(
            cell if isinstance(cell, str) or not hasattr(cell, "__float__") else round(float(cell), 9) for cell in row
        )
        for row in found
    ]
