"""A bucket that stops, loses answers, turns read-only or disappears: one line, and one more run mends it."""

import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests import faulty, servers
from tests.integration.service import Service
from tests.integration.test_shared_lake import (
    APPEND,
    LATER,
    expected,
    in_good_order,
    refresh,
    refused,
    served,
    shared,
)
from tests.killing import at
from tests.servers import S3, Bucket
from tests.support import Tables, begun, tables, watthouse
from tools.services import SERVERS, Services

pytestmark = [pytest.mark.slow]

__all__ = ["expected", "in_good_order", "served"]


@pytest.fixture
def minio(own_servers: Services) -> Services:
    servers.up(own_servers, "minio")
    return own_servers


@pytest.fixture
def bucket(minio: Services) -> Bucket:
    running = minio.find("minio")
    assert running
    return servers.s3(SERVERS["minio"].url(running))


def address_of(bucket: Bucket) -> tuple[str, int]:
    parts = urlsplit(bucket.client.endpoint)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def test_a_build_reads_each_new_file_once(bucket: Bucket, served: Service, tmp_path: Path) -> None:
    variables, home, asked = shared(bucket, served), begun(tmp_path / "home"), list[str]()
    refresh(home, variables)
    before = set(bucket.names())
    served.at(LATER)
    assert watthouse(home, "fetch", env=variables).returncode == 0

    def noted(line: str) -> bool:
        asked.append(unquote(line))
        return False

    with faulty.losing(address_of(bucket), noted) as proxy:
        assert watthouse(home, "build", env={**variables, "WATTHOUSE_STORE_ENDPOINT": proxy.url}).returncode == 0
    fresh = [name for name in set(bucket.names()) - before if name.endswith(".parquet")]
    read = [sum(line.startswith("GET ") and f"/{name} " in line for line in asked) for name in fresh]
    assert read == [1] * len(fresh)
    assert fresh


@pytest.mark.parametrize(("when", "point"), [("before", APPEND), ("after", APPEND)])
def test_a_store_that_stops_in_the_middle(
    when: str,
    point: str,
    minio: Services,
    bucket: Bucket,
    served: Service,
    expected: dict[str, Tables],
    tmp_path: Path,
) -> None:
    variables, home = shared(bucket, served), begun(tmp_path / "home")
    running = minio.find("minio")
    assert running
    line = refused(home, {**variables, **at(when, point, running.pid)})
    assert f"{bucket.url}/lake" in line
    assert "cannot be reached (the connection " in line
    assert "refused" not in line.replace("was refused", ""), "no table waits for a bucket that another waited for"
    minio.again(SERVERS["minio"])
    time.sleep(3.5)  # the lease could not be given back
    refresh(home, variables)
    assert tables(home) == expected["now"]


def test_an_answer_that_is_lost_for_a_commit_that_happened(
    bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:

    def is_commit(line: str) -> bool:
        return line.startswith("PUT") and "/_delta_log/" in line and line.split()[1].endswith("1.json")

    home = begun(tmp_path / "home")
    with faulty.losing(address_of(bucket), is_commit, times=3) as proxy:
        refresh(home, shared(bucket, served, WATTHOUSE_STORE_ENDPOINT=proxy.url, WATTHOUSE_STORE_SECONDS="30"))
    assert len(proxy.lost) == 3
    assert tables(home) == expected["now"]
    assert "0 fetched, 0 new" in refresh(begun(tmp_path / "second"), shared(bucket, served))
    assert tables(tmp_path / "second") == expected["now"]


def test_an_answer_that_is_lost_for_a_note_or_the_lease(
    bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:
    home, patient = begun(tmp_path / "home"), {"WATTHOUSE_STORE_SECONDS": "30"}  # each is tried again, and waits longer
    with faulty.losing(
        address_of(bucket), lambda line: line.startswith("PUT") and "/_state/" in line, times=4
    ) as proxy:
        refresh(home, {**shared(bucket, served), **patient, "WATTHOUSE_STORE_ENDPOINT": proxy.url})
    assert len(proxy.lost) == 4
    assert tables(home) == expected["now"]
    assert "0 fetched, 0 new" in refresh(home, shared(bucket, served))


def test_a_bucket_that_turns_read_only(
    bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:
    variables, home = shared(bucket, served), begun(tmp_path / "home")
    refresh(home, variables)
    served.at(LATER)
    store: S3 = bucket.client
    limited = {**variables, **store.limited_to("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation")}
    assert "may not be written with these credentials (AccessDenied): ask its owner" in refused(home, limited)
    assert watthouse(home, "show", "daily_merged", env=limited).returncode == 0
    assert watthouse(begun(tmp_path / "reader"), "build", env=limited).returncode == 0, "reading is enough to build"
    assert tables(tmp_path / "reader") == expected["now"]
    refresh(home, variables)
    assert tables(home) == expected["later"]


def test_a_bucket_that_disappears(bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path) -> None:
    variables, home, name = shared(bucket, served), begun(tmp_path / "home"), bucket.url.removeprefix("s3://")
    refresh(home, variables)
    client = bucket.client.boto("s3")
    for key in bucket.names():
        client.delete_object(Bucket=name, Key=key)
    client.delete_bucket(Bucket=name)
    assert f"s3://{name} does not exist: create the bucket" in refused(home, variables)
    assert tables(home) == expected["now"]
    client.create_bucket(Bucket=name)
    done = watthouse(home, "build", env=variables)
    assert (done.returncode, "is missing or empty, and the warehouse holds" in done.stderr) == (1, True)
    refresh(home, variables, "--full", "--lake-was-lost")
    assert tables(home) == expected["now"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "does not accept the credentials (SignatureDoesNotMatch)"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "does not accept the credentials (InvalidAccessKeyId)"),
        ({"AWS_ACCESS_KEY_ID": None}, "needs credentials, and there are none"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "needs credentials, and there are none"),
        ({"WATTHOUSE_LAKE": "s3://no-such-bucket/lake"}, "s3://no-such-bucket does not exist"),
        ({"WATTHOUSE_STORE_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached (the connection was refused)"),
        (
            {"WATTHOUSE_STORE_ENDPOINT": "http://no-such-host.invalid"},
            "cannot be reached (its name cannot be resolved)",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    change: dict[str, str | None], line: str, bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    changed = {**shared(bucket, served), **change}
    variables = {name: value for name, value in changed.items() if value is not None}
    for verb in ("refresh", "build", "status"):
        assert line in refused(begun(tmp_path / verb), variables, verb)
