"""Fixtures of the tests of the API (one built sample a run, one server a worker and engine) and of meter files."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import servers
from tests.engines import ENGINES, Builds, copied, database_of_the_run
from tests.integration import outbox
from tests.integration.meter_grid import real_meters, write_grid, write_meters
from tests.integration.meter_store import MeterStore
from tests.integration.publishing import publish_file, publish_in_database
from tests.integration.service import Service, service
from tests.integration.serving import TOKEN, Api, served
from tests.support import TODAY, begun, sample_of_the_run, watthouse
from tests.unit.meters.reading import LP, lp, write

SINCE = TODAY - timedelta(days=75)


@pytest.fixture
def copy(built: str, warehouse_server: str) -> Iterator[str]:
    """A database of the test's own, as the ``built`` of its module is."""
    with copied(warehouse_server, urlsplit(built).path.lstrip("/")) as variables:
        yield variables["WATTHOUSE_WAREHOUSE"]


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, today: date) -> Path:
    """A folder whose ``sample`` was built from 75 days of the synthetic ODRÉ; to be read only."""
    return sample_of_the_run(tmp_path_factory, request, "sampled", SINCE)


@pytest.fixture(scope="session")
def sampled_database(sampled: Path, warehouse_server: str, run_id: str) -> str:
    """The name of a database that was built from that sample's lake: a template for :func:`copied`."""
    return database_of_the_run(warehouse_server, run_id, sampled, "--sample")


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn: whatever takes it runs on both."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def on_engine(engine: str, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The variables by which a server of :func:`sampled` reads it from the engine; to be read only."""
    variables: Mapping[str, str] = request.getfixturevalue("on_postgres") if engine == "postgres" else {}
    return variables


@pytest.fixture(scope="session")
def on_postgres(warehouse_server: str, sampled_database: str) -> Iterator[Mapping[str, str]]:
    with copied(warehouse_server, sampled_database) as variables:
        yield variables


@pytest.fixture(scope="session")
def api(engine: str, request: pytest.FixtureRequest) -> Api:
    """A server of that sample on each engine, for whoever only reads.

    Where an expectation queries the file it does so for both: they hold the same rows, as the tests of parity say.
    """
    running: Api = request.getfixturevalue(f"api_on_{engine}")
    return running


@pytest.fixture(scope="session")
def api_on_duckdb(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with served(sampled, tmp_path_factory.mktemp("api"), WATTHOUSE_API_TOKEN=TOKEN) as running:
        yield running


@pytest.fixture(scope="session")
def api_on_postgres(
    sampled: Path, on_postgres: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    with served(sampled, tmp_path_factory.mktemp("api"), WATTHOUSE_API_TOKEN=TOKEN, **on_postgres) as running:
        yield running


@pytest.fixture
def own(sampled: Path, tmp_path: Path) -> Path:
    """A copy of the sample's folder, to be changed."""
    return Path(shutil.copytree(sampled, tmp_path / "home"))


@pytest.fixture
def on_own(engine: str, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The variables by which a server of :func:`own` reads it from the engine, from a database to be changed."""
    variables: Mapping[str, str] = request.getfixturevalue("own_database") if engine == "postgres" else {}
    return variables


@pytest.fixture
def own_database(warehouse_server: str, sampled_database: str) -> Iterator[Mapping[str, str]]:
    with copied(warehouse_server, sampled_database) as variables:
        yield variables


@pytest.fixture
def rebuilt(own: Path, on_own: Mapping[str, str], tmp_path: Path) -> Iterator[Api]:
    with served(own, tmp_path, **on_own) as running:
        yield running


@pytest.fixture
def builds(on_own: Mapping[str, str], tmp_path: Path) -> Builds | None:
    """Those of the database; None where the warehouse is a file."""
    return Builds(on_own["WATTHOUSE_WAREHOUSE"], tmp_path) if on_own else None


@pytest.fixture
def publish(rebuilt: Api, builds: Builds | None) -> Callable[[int], None]:
    """Publishes a build as the product does, in which every day has that many MWh of nuclear energy."""
    if builds:
        return partial(publish_in_database, builds)
    return partial(publish_file, rebuilt.home / "warehouse.duckdb")


@pytest.fixture(params=["sqlite", "postgresql"])
def meters(request: pytest.FixtureRequest, tmp_path: Path) -> MeterStore:
    """An empty database of meter files, on each engine in turn."""
    url = request.getfixturevalue("database") if request.param == "postgresql" else ""
    return MeterStore(tmp_path / "home", url)


@pytest.fixture
def filled(meters: MeterStore, tmp_path: Path) -> MeterStore:
    """A database that holds two readings already."""
    meters.load(write(tmp_path / "before.csv", LP, lp("31/08/2015 00:45:00", 1), lp("31/08/2015 01:00:00", 3)))
    return meters


@pytest.fixture(scope="session")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the made-up grid of ``meter_grid`` in it, and no meters yet."""
    folder = tmp_path_factory.mktemp("metered")
    # a name of its own: databases of the run are called after the homes they were built from
    home = folder / f"metered_{secrets.token_hex(4)}"
    done = watthouse(begun(home), "refresh", "--from", write_grid(folder / "exports"))
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def against(
    engine: str,
    metered: Path,
    real_data: Path,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """A server of that home and of real and made-up meters: files of DuckDB and SQLite, or two databases."""
    paths = [write_meters(tmp_path_factory.mktemp("meters")), *real_meters(real_data)]
    with ExitStack() as stack:
        url, variables = "", {}
        if engine == "postgres":
            server, run_id = (request.getfixturevalue(name) for name in ("warehouse_server", "run_id"))
            url = stack.enter_context(servers.database(server))
            variables = dict(stack.enter_context(copied(server, database_of_the_run(server, run_id, metered))))
        store = MeterStore(metered, url)
        store.load(*paths)
        log = tmp_path_factory.mktemp("log")
        yield stack.enter_context(served(metered, log, sample=False, **variables, **store.variables))


@pytest.fixture(scope="session")
def real_time() -> Iterator[Service]:
    """Two days of the sample, and tomorrow's forecasts."""
    with service(date(2026, 11, 27), outbox.NOW) as running:
        yield running


@pytest.fixture
def odre(real_time: Service) -> Service:
    """That service, its clock where it began."""
    real_time.at(outbox.NOW)
    return real_time
