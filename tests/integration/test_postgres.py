"""PostgreSQL as the warehouse: the same rows and the same answers as the file, whatever happens to the server."""

import math
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests import servers
from tests.integration.service import Service, service, utc
from tests.integration.serving import served as serving
from tests.killing import at
from tests.support import ROOT, command, environment, watthouse
from tools.services import SERVERS, Services
from watthouse.database import Database
from watthouse.warehouse.postgres import builds

pytestmark = [pytest.mark.slow]

NOW: Final = utc("2026-03-31T14:40")
SINCE: Final = NOW.date() - timedelta(days=40)
EARLIER: Final = NOW - timedelta(days=4)
LATER: Final = NOW + timedelta(hours=1)
MODELS: Final = {
    f"{path.parent.name}.{path.stem}"
    for path in (ROOT / "src/watthouse/transform/models").glob("*/*.sql")
    if path.parent.name in {"core", "marts", "energy_consumption"}
}
DRAFT: Final = "watthouse.warehouse.postgres.draft:PostgresDraft"

CALLS: Final = (
    "/mix?since=2026-03-01&until=2026-03-30",
    "/mix?since=2026-03-28&until=2026-03-30&interval=slot",
    "/mix?since=2026-03-01&until=2026-03-30&interval=week&unit=GWh",
    "/exchanges?since=2026-03-01&until=2026-03-30&interval=day",
    "/exchanges?since=2026-03-28&until=2026-03-30&interval=hour",
    "/forecast?since=2026-03-01&until=2026-03-30&interval=day",
    "/now",
    "/now?day=2026-03-29",
    "/regions",
    "/regions?since=2026-03-01&until=2026-03-30&interval=week",
    "/regions/53/mix?since=2026-03-28&until=2026-03-30&interval=hour",
    "/regions/map?since=2026-03-01&until=2026-03-30&measure=consommation",
    "/gas?since=2026-03-01&until=2026-03-20&interval=day",
    "/gas?since=2026-03-01&until=2026-03-20&interval=week",
    "/temperature?since=2026-02-20&until=2026-03-10",
    "/records",
    "/sensitivity",
    "/completeness?since=2026-03-01&until=2026-03-30",
    "/tests",
    "/marts/daily_regional/rows?limit=50",
    "/compare?since=2026-03-01&until=2026-03-10&with_since=2026-03-11&with_until=2026-03-20",
)


@pytest.fixture(scope="module")
def odre() -> Iterator[Service]:
    with service(SINCE, NOW) as running:
        yield running


@pytest.fixture(scope="module")
def home(odre: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with its warehouse in its file, refreshed twice: its second build repeats steps for some days."""
    folder = tmp_path_factory.mktemp("file") / "home"
    for moment in (EARLIER, NOW):
        odre.at(moment)
        done = watthouse(folder, "refresh", env=odre.variables)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def later(odre: Service, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That home an hour later, which a database that was refreshed then has to equal, whatever it has been through."""
    folder = tmp_path_factory.mktemp("later") / "home"
    shutil.copytree(home, folder)
    odre.at(LATER)
    done = watthouse(folder, "refresh", env=odre.variables)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of :func:`built`: its lake is what that database was built from."""
    return tmp_path_factory.mktemp("server") / "home"


@pytest.fixture(scope="module")
def built(odre: Service, home: Path, beside: Path, warehouse_server: str) -> Iterator[str]:
    """A database that was refreshed twice from the same service; to be read only."""
    folder = beside
    with servers.database(warehouse_server) as url:
        for moment in (EARLIER, NOW):
            odre.at(moment)
            done = watthouse(folder, "refresh", env={**odre.variables, "WATTHOUSE_WAREHOUSE": url})
            assert done.returncode == 0, done.stderr
        yield url


def differing(home: Path, url: str) -> str:
    """What `parity` says of the tables that differ; empty where all are equal."""
    done = watthouse(home, "parity", url)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("core.", "marts.", "energy_consumption."))]
    assert {line.split()[0] for line in lines} == MODELS, done.stdout + done.stderr
    different = "\n".join(line for line in lines if " different " in line)
    assert (done.returncode == 0) == (different == "")
    return different


def test_every_table_equals_that_of_the_file(home: Path, built: str) -> None:
    assert differing(home, built) == ""


def test_a_question_about_a_day_reads_its_partition_and_its_index(built: str) -> None:
    with psycopg.connect(built) as connection:
        marts = current(connection)
        core, raw = marts.replace("marts", "core"), marts.replace("marts", "raw")

        def plan(table: str, day: str) -> str:
            rows = connection.execute(f"explain select * from {table} where {day} = date '2026-03-05'").fetchall()
            return "\n".join(line for (line,) in rows)

        for table in ("eco2mix_national_tr", "eco2mix_regional_tr"):
            assert set(re.findall(rf"{table}\w*", plan(f"{raw}.{table}", "date"))) == {f"{table}_2026_03", table}
        assert set(re.findall(r"daily_merged_\w+", plan(f"{marts}.daily_merged", "civil_date"))) == {
            "daily_merged_2026"
        }
        assert "Index Cond: (civil_date = '2026-03-05'::date)" in plan(f"{core}.core_regional_power", "civil_date")


def test_parity_finds_a_value_a_row_and_a_table(home: Path, copy: str) -> None:
    with psycopg.connect(copy) as connection:
        marts = current(connection)
        connection.execute(
            f"update {marts}.daily_mix set nucleaire_mwh = nucleaire_mwh + 1 where civil_date = '2026-03-05'"
        )
        connection.execute(
            f"delete from {marts}.daily_regional where civil_date = '2026-03-06' and code_insee_region = '53'"
        )
        connection.execute(f"drop table {marts}.gas_daily")
        connection.execute(f"alter table {marts}.exchanges_daily rename column net_export_mwh to net_export")
        connection.execute(f"alter table {marts}.forecast_daily alter column measured_slots type numeric(9, 2)")
    done = watthouse(home, "parity", copy)
    assert done.returncode == 1
    assert re.search(r"marts\.daily_mix +different +(\d+) +\1 +2026-03-05", done.stdout), done.stdout
    assert re.search(r"marts\.daily_regional +different .*2026-03-06", done.stdout)
    assert re.search(r"marts\.gas_daily +different +\d+ +– ", done.stdout)
    assert re.search(r"marts\.exchanges_daily +different .*net_export_mwh", done.stdout)
    assert re.search(r"marts\.forecast_daily +different .*measured_slots", done.stdout)


def test_real_files_make_the_same_tables(real_data: Path, database: str, tmp_path: Path) -> None:
    in_file, in_database = tmp_path / "file", tmp_path / "database"
    for folder, variables in ((in_file, {}), (in_database, {"WATTHOUSE_WAREHOUSE": database})):
        done = watthouse(folder, "refresh", "--from", real_data / "odre", env=variables)
        assert done.returncode == 0, done.stderr
    assert differing(in_file, database) == ""


def test_the_cases_make_the_same_tables(cases: Path, database: str, tmp_path: Path) -> None:
    in_file, in_database = tmp_path / "file", tmp_path / "database"
    for folder, variables in ((in_file, {}), (in_database, {"WATTHOUSE_WAREHOUSE": database})):
        watthouse(folder, "refresh", "--from", cases, env=variables)
    assert differing(in_file, database) == ""


def answers(home: Path, folder: Path, calls: tuple[str, ...], **variables: str) -> dict[str, Any]:
    folder.mkdir()
    with serving(home, folder, sample=False, WATTHOUSE_SAMPLE_TODAY=str(NOW.date()), **variables) as api:
        found = {}
        for call in calls:
            answer = api.get(call)
            assert answer.status_code == 200, (call, answer.text)
            found[call] = answer.json()
            if call == "/tests":  # in the order in which a build ran them
                found[call]["rows"].sort(key=lambda row: row["name"])
    return found


def alike(one: Any, other: Any) -> bool:
    """Equal; floats but for the last digits, which depend on the order of a sum."""
    if isinstance(one, dict):
        ignored = {"version", "built_at"}
        keys = one.keys() - ignored
        return keys == other.keys() - ignored and all(alike(one[key], other[key]) for key in keys)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def test_the_api_answers_the_same(home: Path, built: str, tmp_path: Path) -> None:
    calls = (*CALLS, *(f"{call}&as_of={EARLIER:%Y-%m-%dT%H:%M}Z" for call in CALLS[:2]))
    from_file = answers(home, tmp_path / "file", calls)
    from_server = answers(home, tmp_path / "server", calls, WATTHOUSE_WAREHOUSE=built)
    assert [call for call in calls if not alike(from_file[call], from_server[call])] == []


def test_every_verb_that_reads_works(home: Path, beside: Path, built: str) -> None:
    variables = {"WATTHOUSE_WAREHOUSE": built}
    for words in (
        ("show", "daily_merged", "--format", "csv"),
        ("show", "regional_slots", "--since", "2026-03-29", "--until", "2026-03-29", "--format", "csv"),
        ("tests", "--format", "csv"),
        ("status",),
    ):
        own, other = watthouse(home, *words), watthouse(beside, *words, env=variables)
        # tests come in the order in which they ran, and the two homes were refreshed a while apart
        lines = [
            # without the last runs, which are each home's own
            sorted(re.sub(r"\S+ \d\d:\d\dZ(?=  +(\S+ rows|–))|\nrun +began.*(?s:.*)", "", done.stdout).splitlines())
            for done in (own, other)
        ]
        assert (other.returncode, lines[1]) == (own.returncode, lines[0]), words
    assert "postgresql://" in watthouse(beside, "doctor", env=variables).stdout


def current(connection: psycopg.Connection) -> str:
    """The schema of the marts that are read."""
    row = connection.execute("select 'marts_b' || build from watthouse.current").fetchone()
    assert row
    return str(row[0])


def copied(url: str, to: str) -> str:
    """The database in another one."""
    dumped = subprocess.run(["pg_dump", "--no-owner", url], capture_output=True, check=True)
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", to], input=dumped.stdout, capture_output=True, check=True)
    return to


class TestFaults:
    """On a server of the test's own."""

    @pytest.fixture
    def own(self, own_servers: Services) -> Services:
        servers.up(own_servers, "warehouse-db")
        return own_servers

    @pytest.fixture
    def url(self, own: Services) -> str:
        running = own.find("warehouse-db")
        assert running
        return SERVERS["warehouse-db"].url(running)

    @pytest.mark.parametrize(
        ("when", "point"), [("before", f"{DRAFT}.load"), ("after", f"{DRAFT}.release"), ("before", f"{DRAFT}.replay")]
    )
    def test_a_postmaster_that_is_killed(
        self,
        when: str,
        point: str,
        own: Services,
        url: str,
        built: str,
        beside: Path,
        later: Path,
        odre: Service,
        tmp_path: Path,
    ) -> None:
        folder, variables = tmp_path / "home", {**odre.variables, "WATTHOUSE_WAREHOUSE": url}
        shutil.copytree(beside, folder)
        if point.endswith("replay"):
            copied(built, url)
        odre.at(LATER)
        running = own.find("warehouse-db")
        assert running
        killed = watthouse(folder, "refresh", env={**variables, **at(when, point, running.pid)})
        assert killed.returncode == 1, killed.stdout
        line = killed.stderr.strip().splitlines()[-1]
        assert re.match(r"watthouse: (postgresql://127\.0\.0\.1:\d+/postgres|dbt|\w+:) ", line), line
        assert running.password not in killed.stdout + killed.stderr
        own.again(SERVERS["warehouse-db"])
        done = watthouse(folder, "build", env=variables)
        assert done.returncode == 0, done.stderr
        assert differing(later, url) == ""

    @pytest.mark.parametrize(("when", "point"), [("after", f"{DRAFT}.load"), ("after", f"{DRAFT}.remember")])
    def test_a_build_that_is_killed_leaves_nothing_behind(
        self, when: str, point: str, url: str, home: Path, tmp_path: Path
    ) -> None:
        folder, variables = tmp_path / "home", {"WATTHOUSE_WAREHOUSE": url}
        shutil.copytree(home, folder, ignore=shutil.ignore_patterns("warehouse.duckdb"))
        killed = watthouse(folder, "build", env={**variables, **at(when, point)})
        assert killed.returncode == -signal.SIGKILL
        done = watthouse(folder, "build", env=variables)
        assert done.returncode == 0, done.stderr
        assert differing(home, url) == ""
        with psycopg.connect(url) as connection:
            rows = connection.execute("select nspname from pg_namespace where nspname like 'marts_b%'").fetchall()
        assert len(rows) == 1

    def test_a_connection_that_is_cut(
        self, url: str, built: str, beside: Path, later: Path, odre: Service, tmp_path: Path
    ) -> None:
        """An administrator ends the loader's session in the middle of a refresh."""
        folder, variables = tmp_path / "home", {**odre.variables, "WATTHOUSE_WAREHOUSE": copied(built, url)}
        shutil.copytree(beside, folder)
        odre.at(LATER)
        with psycopg.connect(url, autocommit=True) as connection, psycopg.connect(url) as holding:
            holding.execute("lock table watthouse.about in exclusive mode")  # holds the refresh up
            refreshing = subprocess.Popen(
                command("refresh"), env=environment(folder, variables), stderr=subprocess.PIPE, text=True
            )
            waiting = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
            while not connection.execute(waiting).fetchall():
                assert refreshing.poll() is None, refreshing.communicate()
                time.sleep(0.05)
            _, said = refreshing.communicate(timeout=60)
        assert refreshing.returncode == 1
        assert re.search(
            r"^watthouse: postgresql://\S+ went away: the warehouse stays as it was, run again", said, re.MULTILINE
        )
        assert watthouse(folder, "build", env=variables).returncode == 0
        assert differing(later, url) == ""

    def test_a_disk_that_is_full(
        self, own: Services, url: str, built: str, beside: Path, later: Path, odre: Service, tmp_path: Path
    ) -> None:
        """The tables lie in a tablespace of 24 MB, of which most is taken."""
        running = own.find("warehouse-db")
        assert running
        folder, variables = tmp_path / "home", {**odre.variables, "WATTHOUSE_WAREHOUSE": copied(built, url)}
        shutil.copytree(beside, folder)
        before = watthouse(folder, "show", "daily_mix", "--format", "csv", env=variables).stdout
        with (
            servers.small_disk(running.place / "small", "24m") as disk,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            connection.execute(f"create tablespace small location '{disk}'")
            connection.execute("alter role watthouse set default_tablespace = small")
            connection.execute("create table fill as select repeat('x', 500) from generate_series(1, 40000)")
            full = watthouse(folder, "build", "--full", env=variables)
            assert full.returncode == 1
            line = full.stderr.strip().splitlines()[-1]
            assert "No space left on device" in line
            assert "the warehouse stays as it was" in line or "make room there, and run again" in line
            assert watthouse(folder, "show", "daily_mix", "--format", "csv", env=variables).stdout == before
            connection.execute("drop table fill")
            connection.execute("alter role watthouse reset default_tablespace")
            odre.at(LATER)
            done = watthouse(folder, "refresh", env=variables)
            assert done.returncode == 0, done.stderr
            assert differing(later, url) == ""
            rows = connection.execute("select nspname from pg_namespace where nspname like 'marts_b%'").fetchall()
            assert len(rows) == 1
            connection.execute("drop tablespace small")


def test_an_older_warehouse_is_built_anew(copy: str, home: Path, beside: Path, tmp_path: Path) -> None:
    """Its models were others, its raw tables lacked a column and a dataset."""
    folder = tmp_path / "home"
    shutil.copytree(beside, folder)
    with psycopg.connect(copy) as connection:
        marts = current(connection)
        raw = marts.replace("marts", "raw")
        connection.execute("update watthouse.builds set fingerprint = 'older'")
        connection.execute(f"alter table {raw}.eco2mix_national_tr drop column eolien_offshore cascade")
        connection.execute(f"drop table {raw}.temperature_quotidienne_regionale cascade")
    variables = {"WATTHOUSE_WAREHOUSE": copy}
    with psycopg.connect(copy) as connection:
        connection.execute(f"select from {marts}.daily_mix")  # somebody who looks into it and goes to lunch
        done = watthouse(folder, "build", env=variables)
        assert done.returncode == 0, done.stderr
        assert differing(home, copy) == ""
    assert watthouse(folder, "build", env=variables).returncode == 0
    with psycopg.connect(copy) as connection:
        rows = connection.execute("select nspname from pg_namespace where nspname like 'marts_b%'").fetchall()
    assert len(rows) == 1


def test_roles_that_own_load_and_read(copy: str, beside: Path, later: Path, odre: Service, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    shutil.copytree(beside, folder)
    passwords = {"WATTHOUSE_LOADER_PASSWORD": "l'oad/er", "WATTHOUSE_READER_PASSWORD": "reader"}
    for _ in range(2):
        made = watthouse(folder, "init-db", copy, env=passwords)
        assert made.returncode == 0, made.stderr
        assert "l'oad" not in made.stdout
    loader, reader = (
        servers.as_role(copy, "watthouse_loader", "l'oad%2Fer"),
        servers.as_role(copy, "watthouse_reader", "reader"),
    )
    both = {"WATTHOUSE_WAREHOUSE": loader, "WATTHOUSE_WAREHOUSE_READER": reader}
    odre.at(LATER)
    for words in (("refresh",), ("build", "--full")):
        done = watthouse(folder, *words, env={**odre.variables, **both})
        assert done.returncode == 0, done.stderr
    assert differing(later, copy) == ""
    with psycopg.connect(copy) as connection:
        owners = connection.execute(
            "select distinct tableowner from pg_tables where schemaname ~ '^(watthouse|energy_consumption)$|_b[0-9]+$'"
        ).fetchall()
        assert owners == [("watthouse_owner",)]
    with psycopg.connect(reader) as connection:
        assert connection.execute("show timezone").fetchone() == ("UTC",)
        assert connection.execute("table energy_consumption.consumption").fetchall() == [], (
            "it may; there are no settled data"
        )
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("delete from watthouse.current")
    with serving(folder, tmp_path, sample=False, **both) as api, psycopg.connect(copy) as connection:
        assert api.get("/mix?since=2026-03-01&until=2026-03-30").status_code == 200
        others = "datname = current_database() and pid <> pg_backend_pid()"
        users = f"select distinct usename from pg_stat_activity where {others}"
        assert connection.execute(users).fetchall() == [("watthouse_reader",)]
        assert watthouse(folder, "init-db", copy).returncode == 0, "though it is being read"
        assert api.get("/mix?since=2026-03-01&until=2026-03-29").status_code == 200
    alone = {"WATTHOUSE_WAREHOUSE": reader}
    assert watthouse(folder, "show", "daily_mix", env=alone).returncode == 0
    refused = watthouse(folder, "build", "--full", env=alone)
    assert refused.returncode == 1
    assert "`watthouse init-db` makes the roles" in refused.stderr


def test_roles_need_a_database_and_the_right_to_make_them(home: Path, database: str) -> None:
    assert watthouse(home, "init-db").returncode == 2
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop role if exists nobody_special")
        connection.execute("create role nobody_special login password 'x'")
    done = watthouse(home, "init-db", servers.as_role(database, "nobody_special", "x"))
    assert done.returncode == 1
    assert "use a superuser, or the database's owner with CREATEROLE" in done.stderr
    done = watthouse(home, "show", "daily_mix", env={"WATTHOUSE_WAREHOUSE_READER": database})
    assert done.returncode == 2
    assert "set WATTHOUSE_WAREHOUSE" in done.stderr


def test_what_is_wrong_is_said_in_one_line(database: str, home: Path) -> None:
    wrong = re.sub(r":[^:@/]+@", ":hunter2@", database)
    for url, line in (
        (wrong, "password authentication failed"),
        (f"{database}_not", "does not exist"),
        (re.sub(r":\d+/", ":9/", database), "cannot be reached (the connection was refused)"),
        ("mysql://somewhere/x", "a warehouse's URL begins with postgresql://"),
    ):
        done = watthouse(home, "build", env={"WATTHOUSE_WAREHOUSE": url})
        assert done.returncode in {1, 2}
        assert line in done.stderr.strip().splitlines()[-1]
        assert "hunter2" not in done.stdout + done.stderr


def test_a_second_writer_waits_and_says_so(copy: str, beside: Path, later: Path, odre: Service, tmp_path: Path) -> None:
    """A machine refreshes while another builds anew: it waits, and goes on in the build that was made meanwhile."""
    first, second = tmp_path / "first", tmp_path / "second"
    variables = {**odre.variables, "WATTHOUSE_WAREHOUSE": copy}
    for folder in (first, second):
        shutil.copytree(beside, folder)
    odre.at(LATER)
    building = subprocess.Popen(command("build", "--full"), env=environment(first, variables))
    with psycopg.connect(copy, autocommit=True) as connection:
        # (the database's number goes with advisory locks: this server has others, of other tests)
        held = "select 1 from pg_locks join pg_database on oid = database where locktype = 'advisory' and datname = %s"
        while not connection.execute(held, [connection.info.dbname]).fetchall():
            assert building.poll() is None
            time.sleep(0.05)
    waiting = subprocess.Popen(
        command("refresh"), env=environment(second, variables), stderr=subprocess.PIPE, text=True
    )
    assert waiting.stderr
    assert "synthetic" in waiting.stderr.readline()
    line = waiting.stderr.readline()
    assert "another refresh is writing to postgresql://" in line
    assert "waiting for it to end" in line
    assert (building.wait(120), waiting.wait(120)) == (0, 0)
    assert differing(later, copy) == ""


def test_several_may_come_first(database: str) -> None:
    def come(_: int) -> None:
        with Database(database).connected() as session:
            builds.prepare(session)

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(come, range(8))] == [None] * 8


def test_a_reader_never_mixes_builds(copy: str, beside: Path, tmp_path: Path) -> None:
    """Readers ask all along while a build is replaced: each answer is of one build, and none fails."""
    variables = {"WATTHOUSE_WAREHOUSE": copy}
    folder = tmp_path / "home"
    shutil.copytree(beside, folder)
    with serving(folder, tmp_path, sample=False, **variables) as api:
        rebuilding = subprocess.Popen(command("build", "--full"), env=environment(folder, variables))
        versions = []
        while rebuilding.poll() is None:
            answer = api.get("/mix?since=2026-03-01&until=2026-03-30")
            assert answer.status_code == 200, answer.text
            versions.append(answer.json()["version"])
            time.sleep(0.02)
        assert rebuilding.returncode == 0
        assert api.get("/mix?since=2026-03-01&until=2026-03-30").status_code == 200
        assert len(versions) > 20
    time.sleep(0.5)
    assert watthouse(folder, "build", env=variables).returncode == 0
    with psycopg.connect(copy) as connection:
        rows = connection.execute("select nspname from pg_namespace where nspname like 'marts_b%'").fetchall()
    assert len(rows) == 1, "the build that nobody reads any more is gone"


def test_a_synthetic_warehouse_takes_no_published_figures(built: str, real_data: Path, tmp_path: Path) -> None:
    words = ("refresh", "--from", real_data / "odre")
    for more in ((), ("--full", "--lake-was-lost")):
        done = watthouse(tmp_path / "home", *words, *more, env={"WATTHOUSE_WAREHOUSE": built})
        assert done.returncode in {1, 2}
    assert "holds watthouse's synthetic sample" in done.stderr
