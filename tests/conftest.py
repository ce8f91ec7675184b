"""Fixtures for every test."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from tests import engines, servers, warm_dbt
from tests.spark import Spark, delta_jars, refuse_missing
from tests.support import ROOT, TODAY
from tools.services import SERVERS, Services
from tools.services.base import ServiceFailedError


@pytest.fixture(scope="session", autouse=True)
def _dbt() -> None:
    warm_dbt.install(warm_dbt.address())


@pytest.fixture(scope="session")
def today() -> date:
    """The day at which the samples of this run stand: whatever takes it is run as of other days too."""
    return TODAY


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last of a run, who is no worker, removes what its workers shared."""
    if not hasattr(session.config, "workerinput"):
        run = getattr(session.config.pluginmanager.getplugin("dsession"), "nodemanager", None)
        if run is not None:
            shutil.rmtree(Path(tempfile.gettempdir()) / f"watthouse-blank-{run.testrunuid}", ignore_errors=True)
            _end(run.testrunuid)


def _end(run_id: str) -> None:
    """Stop the servers that were started for a run, and tidy up on one that was not."""
    servers.end(servers.of_the_run(run_id))
    if elsewhere := os.environ.get(SERVERS["warehouse-db"].variable):
        engines.drop_databases(elsewhere, run_id)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if "today" in getattr(item, "fixturenames", ()):
            item.add_marker("dated")


def _real_data() -> Path:
    return Path(os.environ.get("WATTHOUSE_REAL_DATA") or ROOT.parent / "shared" / "data").resolve()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; what needs it is skipped where it is missing."""
    folder = _real_data()
    if not (folder / "odre").is_dir():
        pytest.skip(f"no real exports in {folder}: set WATTHOUSE_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of small inputs that went wrong, beside the folder of real exports."""
    folder = _real_data().parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases in {folder}: they lie beside the folder that WATTHOUSE_REAL_DATA names")
    return folder


@pytest.fixture(scope="session")
def run_id(request: pytest.FixtureRequest) -> Iterator[str]:
    """What names this run in all of its workers; a run without workers stops its servers here."""
    name = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    yield name or f"alone-{os.getpid()}"
    if not name:
        _end(f"alone-{os.getpid()}")


@pytest.fixture(scope="session")
def warehouse_server(run_id: str) -> str:
    """The URL of a PostgreSQL server for warehouses."""
    return servers.url_of("warehouse-db", run_id)


@pytest.fixture(scope="session")
def datamart_server(run_id: str) -> str:
    """The URL of a second PostgreSQL server."""
    return servers.url_of("datamart-db", run_id)


@pytest.fixture(scope="session")
def s3_server(run_id: str) -> str:
    """The URL of an S3 server, key and secret included."""
    return servers.url_of("minio", run_id)


@pytest.fixture(scope="session")
def gcs_server(run_id: str) -> str:
    """The URL of a Cloud Storage server."""
    return servers.url_of("gcs", run_id)


@pytest.fixture(scope="session")
def bigquery_server(run_id: str) -> str:
    """The endpoint of an emulator of BigQuery, where every test has projects of its own."""
    return servers.url_of("bigquery", run_id)


@pytest.fixture
def database(warehouse_server: str) -> Iterator[str]:
    """The URL of a database of this test's own."""
    with servers.database(warehouse_server) as url:
        yield url


@pytest.fixture
def s3_bucket(s3_server: str) -> servers.Bucket:
    """A bucket of this test's own, on S3."""
    return servers.s3(s3_server)


@pytest.fixture
def gcs_bucket(gcs_server: str) -> servers.Bucket:
    """A bucket of this test's own, on Cloud Storage."""
    return servers.gcs(gcs_server)


@pytest.fixture(params=["s3", "gs"])
def bucket(request: pytest.FixtureRequest) -> servers.Bucket:
    """A bucket of this test's own, on each store in turn."""
    found: servers.Bucket = request.getfixturevalue("s3_bucket" if request.param == "s3" else "gcs_bucket")
    return found


@pytest.fixture
def reached(bucket: servers.Bucket, monkeypatch: pytest.MonkeyPatch) -> servers.Bucket:
    """That bucket, with this process's environment set so that it is reached."""
    for name, value in bucket.variables.items():
        monkeypatch.setenv(name, value)
    return bucket


@pytest.fixture(scope="session")
def kafka_server(run_id: str) -> str:
    """The broker of this run, as ``host:port``."""
    return servers.url_of("kafka", run_id)


@pytest.fixture
def kafka(kafka_server: str) -> servers.Kafka:
    """That broker, and a topic of this test's own that is not made yet."""
    return servers.Kafka(kafka_server)


@pytest.fixture(scope="session")
def spark(run_id: str) -> str:
    """The address of the Spark of this run, for :func:`tests.spark.order`."""
    server = Spark()
    return server.url(servers.up(servers.of_the_run(run_id), server))


@pytest.fixture(scope="session")
def spark_jars() -> Path:
    """The folder of jars of a Spark that builds; where its environment or Java cannot be had such a test is skipped."""
    try:
        refuse_missing()
        return delta_jars()
    except ServiceFailedError as error:
        servers.do_without(error)


@pytest.fixture(scope="session")
def mongodb_server(run_id: str) -> str:
    """The URL of a MongoDB server."""
    return servers.url_of("mongodb", run_id)


@pytest.fixture
def stream_store(mongodb_server: str) -> Iterator[str]:
    """The URL of a stream's store of this test's own."""
    with servers.mongodb(mongodb_server) as url:
        yield url


@pytest.fixture
def own_servers() -> Iterator[Services]:
    """Servers of this test's own, which it may stop and kill."""
    with servers.private() as made:
        yield made
