"""The page "On servers": its commands are run, in order, as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.servers import Bucket
from tests.support import ROOT, TODAY, begun, environment

pytestmark = [pytest.mark.slow]

PAGE = (ROOT / "docs" / "servers.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands(title: str) -> str:
    """The commands of a section."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", section(title), re.DOTALL))


def run(script: str, variables: Mapping[str, str], folder: Path) -> str:
    """Run commands with bash; what the page exports is set to what this machine has."""
    for name in re.findall(r"^export (\w+)=", script, re.MULTILINE):
        assert name in variables, f"the page sets {name}, which this test does not know"
    own = re.sub(r"^export .*\n", "", script, flags=re.MULTILINE)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", own],
        env={**environment(folder / "home", variables), "PATH": path, "TMPDIR": str(folder)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_commands_about_a_lake_in_a_bucket_work(s3_bucket: Bucket, tmp_path: Path) -> None:
    variables = {**s3_bucket.variables, "WATTHOUSE_LAKE": f"{s3_bucket.url}/watthouse"}
    begun(tmp_path / "home" / "sample")
    said = run(commands("A lake that several machines share"), variables, tmp_path)
    assert f"{s3_bucket.url}/watthouse is reached and writable, holds watthouse's synthetic sample" in said
    assert "watthouse/_state/home.json" in s3_bucket.names()


def test_the_commands_about_postgresql_work(database: str, tmp_path: Path) -> None:
    loader, reader = (servers.as_role(database, f"watthouse_{role}", role) for role in ("loader", "reader"))
    variables = {
        "ADMIN": database,
        "WATTHOUSE_LOADER_PASSWORD": "loader",
        "WATTHOUSE_READER_PASSWORD": "reader",
        "WATTHOUSE_WAREHOUSE": loader,
        "WATTHOUSE_WAREHOUSE_READER": reader,
        "WATTHOUSE_SAMPLE_SINCE": str(TODAY - timedelta(days=10)),
    }
    said = run(commands("PostgreSQL as the warehouse"), variables, tmp_path)
    assert "is ready for a warehouse: watthouse_owner owns it (no login), watthouse_loader loads" in said
    assert re.search(r"built \d+ models, ran \d+ tests, 0 warned", said)
    assert "civil_date" in said
    with psycopg.connect(reader) as connection:
        assert connection.execute("select state from watthouse.builds").fetchall() == [("published",)]


def test_the_commands_about_exports_work(s3_bucket: Bucket, database: str, tmp_path: Path) -> None:
    lake = f"{s3_bucket.url}/watthouse"
    variables = {**s3_bucket.variables, "WATTHOUSE_LAKE": lake, "WATTHOUSE_DUMP_URL": database}
    run(commands("The publisher's own files"), variables, tmp_path)
    assert "watthouse/exports/stock-quotidien-stockages-gaz/2012-02.parquet" in s3_bucket.names()
    with psycopg.connect(database) as connection:
        rows = connection.execute("select date from raw_exports.stock_quotidien_stockages_gaz").fetchall()
    assert {day.month for (day,) in rows} == {1, 2}


def test_the_commands_about_servers_work(s3_server: str, tmp_path: Path) -> None:
    said = run(commands("Servers to try it with"), {}, tmp_path)
    assert re.search(r"^minio +127\.0\.0\.1:\d+ +pid \d+", said, re.MULTILINE)
    assert "stopped" in said


def test_the_servers_of_the_page_are_those_that_there_are() -> None:
    named = set(re.findall(r"`([a-z-]+)`", section("Servers to try it with")))
    assert set(servers.SERVERS) - {"bigquery"} <= named, "that has a page of its own"
