"""Exports read from a bucket: the same rows as from a folder, and one line for what cannot be read."""

import gzip
import io
import subprocess
import zipfile
from datetime import date
from pathlib import Path

import pytest

from tests.integration import shelves
from tests.integration.service import service, utc
from tests.integration.shelves import GAS, gas, put
from tests.servers import Bucket
from tests.support import begun, tables, watthouse
from watthouse.catalog import CATALOG
from watthouse.lake.ledger import Lake

pytestmark = [pytest.mark.slow]

NOW = utc("2025-12-01T10:40")


@pytest.fixture(scope="module")
def grabbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All datasets of some months, as if they were published: no manifest says whose they are."""
    store = tmp_path_factory.mktemp("grabbed")
    with service(date(2025, 10, 1), NOW) as served:
        home = tmp_path_factory.mktemp("home")
        done = watthouse(home, "grab", "--to-store", store, env=served.variables)
    assert done.returncode == 0, done.stderr
    return shelves.published(store)


def fetch(home: Path, bucket: Bucket, *words: str) -> "subprocess.CompletedProcess[str]":
    return watthouse(home, "fetch", "--from", *words, env=bucket.variables)


def line(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line of a refusal."""
    assert done.returncode == code, done.stderr + done.stdout
    (found,) = [text for text in done.stderr.splitlines() if text.startswith(("watthouse:", "refused"))]
    return found


def rows(home: Path) -> int:
    return Lake(home / "lake").extent(CATALOG[GAS]).rows


def test_a_refresh_from_a_bucket_gives_the_marts_of_one_from_a_folder(
    grabbed: Path, bucket: Bucket, tmp_path: Path
) -> None:
    store = shelves.folder(grabbed)
    shelves.upload(store, bucket)
    bucket.put("some/where/exports/manifest.json", b'{"data": "published"}')
    bucket.put(f"some/where/exports/{GAS}/manifest.json", b'{"data": "published", "months": {}}')
    url = shelves.of_bucket(bucket).url
    done = watthouse(begun(tmp_path / "a"), "refresh", "--from", f"{url}/exports/", env=bucket.variables)
    assert done.returncode == 0, done.stderr
    assert "manifest" not in done.stdout + done.stderr
    local = watthouse(begun(tmp_path / "b"), "refresh", "--from", grabbed / "exports")
    assert done.stdout.splitlines()[-1] == local.stdout.splitlines()[-1]
    assert tables(tmp_path / "a") == tables(tmp_path / "b")


def test_prefixes_objects_and_folders_are_read_in_any_mixture(bucket: Bucket, tmp_path: Path) -> None:
    put(tmp_path / "local", GAS, "2024-01", gas("2024-01"))
    one = put(tmp_path / "one", GAS, "2024-02", gas("2024-02")).read_bytes()
    two = put(tmp_path / "two", GAS, "2024-03", gas("2024-03")).read_bytes()
    bucket.put("files/2024-02.parquet", one)
    bucket.put(
        "files/2024-04.csv.gz", gzip.compress(b"date;stock_fin_de_journee;source;pits\n2024-04-01;1;Storengy;A\n")
    )
    bucket.put("folder/deep/2024-03.parquet", two)
    bucket.put("folder/.hidden/x.parquet", b"PAR1")
    done = fetch(
        tmp_path / "home",
        bucket,
        str(tmp_path / "local" / "exports"),
        f"{bucket.url}/files/2024-02.parquet",
        f"{bucket.url}/files/2024-04.csv.gz",
        f"{bucket.url}/folder",
    )
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "home") == 3 * 28 + 1


def test_what_is_not_there_is_one_line(bucket: Bucket, tmp_path: Path) -> None:
    home = tmp_path / "home"
    nothing = f"{bucket.url}/nowhere"
    assert f"{nothing}: nothing is stored there: check the bucket and the prefix" in line(
        fetch(home, bucket, nothing), 2
    )
    assert f"{bucket.url}: nothing is stored there" in line(fetch(home, bucket, bucket.url), 2)
    scheme = bucket.url.partition("://")[0]
    said = line(fetch(home, bucket, f"{scheme}://no-such-bucket-here/x"), 1)
    assert f"{scheme}://no-such-bucket-here does not exist: create the bucket" in said
    assert "--from 's3://' is not valid" in line(fetch(home, bucket, "s3://"), 2)
    assert not (home / "lake").exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://host/exports?sig=geheim", "--from 'https://host/exports?…' is not valid: use s3://bucket/prefix"),
        ("https://host/exports#geheim", "--from 'https://host/exports#…' is not valid"),
        ("s3://bucket/exports?versionId=geheim", "--from 's3://bucket/exports?…' is not valid"),
        ("https://host/exports", "--from 'https://host/exports' is not valid"),
        ("HTTPS://u:ge?heim@host/exports", "--from contains credentials"),
    ],
)
def test_a_url_that_is_no_buckets_is_refused_without_repeating_its_signature(
    url: str, said: str, tmp_path: Path
) -> None:
    done = watthouse(tmp_path / "home", "fetch", "--from", url)
    assert said in line(done, 2)
    assert "heim" not in done.stderr + done.stdout


def test_a_url_of_a_file_is_its_path(tmp_path: Path) -> None:
    put(tmp_path, GAS, "2024-01", gas("2024-01"))
    done = watthouse(tmp_path / "home", "fetch", "--from", f"file://{tmp_path}/exports")
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "home") == 28


def test_an_object_that_cannot_be_read_is_refused_by_its_url_and_the_others_count(
    s3_bucket: Bucket, tmp_path: Path
) -> None:
    whole = put(tmp_path, GAS, "2024-01", gas("2024-01")).read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "x")
    s3_bucket.put("x/2024-01.parquet", whole)
    s3_bucket.put("x/2024-02.parquet", whole[:-30])
    s3_bucket.put("x/archive.zip", packed.getvalue())
    s3_bucket.put("x/readme.txt", b"words and nothing else\n")
    done = fetch(tmp_path / "home", s3_bucket, f"{s3_bucket.url}/x")
    assert done.returncode == 1
    refused = sorted(text for text in done.stderr.splitlines() if text.startswith("refused"))
    assert len(refused) == 2
    assert f"{s3_bucket.url}/x/2024-02.parquet: Parquet truncated or damaged" in refused[0]
    assert f"{s3_bucket.url}/x/archive.zip: an archive in a bucket: unpack it there" in refused[1]
    assert rows(tmp_path / "home") == 28
    named = fetch(tmp_path / "home", s3_bucket, f"{s3_bucket.url}/x/readme.txt")
    assert named.returncode == 1
    assert f"left     {s3_bucket.url}/x/readme.txt" in named.stdout


def test_exports_of_the_sample_do_not_come_in_as_published(s3_bucket: Bucket, tmp_path: Path) -> None:
    content = put(tmp_path, GAS, "2024-01", gas("2024-01")).read_bytes()
    manifest = b'{"data": "seed=0", "months": {}}'
    (tmp_path / "exports" / GAS / "manifest.json").write_bytes(manifest)
    s3_bucket.put(f"exports/{GAS}/2024-01.parquet", content)
    s3_bucket.put(f"exports/{GAS}/manifest.json", manifest)
    for where in (
        f"{s3_bucket.url}/exports",
        f"{s3_bucket.url}/exports/{GAS}/2024-01.parquet",
        str(tmp_path / "exports"),
        str(tmp_path / "exports" / GAS / "2024-01.parquet"),
    ):
        said = line(fetch(tmp_path / "home", s3_bucket, where), 2)
        assert "says that its files are watthouse's synthetic sample (seed=0), and --from reads published data" in said
    assert not (tmp_path / "home" / "lake").exists()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of a few rows."""
    folder = tmp_path_factory.mktemp("lake")
    put(folder, GAS, "2024-01", gas("2024-01"))
    done = watthouse(folder / "home", "fetch", "--from", folder / "exports")
    assert done.returncode == 0, done.stderr
    return folder / "home" / "lake"


def parts(lake: Path) -> list[str]:
    """A lake, one of its tables, a partition and a file, each by its path."""
    (file,) = lake.glob("*/*/*.parquet")
    assert file.parent.name.startswith("month=")
    return [path.relative_to(lake).as_posix() for path in (lake, file.parent.parent, file.parent, file)]


def test_a_lake_does_not_come_in_as_exports(lake: Path, tmp_path: Path) -> None:
    put(tmp_path, GAS, "2024-02", gas("2024-02"))
    for part in parts(lake):
        said = line(watthouse(tmp_path / "home", "fetch", "--from", tmp_path / "exports", "--from", lake / part), 2)
        assert said.endswith(f"{lake / GAS}: this is a lake of watthouse or another Delta table, not exports")
    assert not (tmp_path / "home" / "lake").exists()


def test_a_lake_in_a_bucket_does_not_come_in_as_exports(lake: Path, bucket: Bucket, tmp_path: Path) -> None:
    for path in lake.rglob("*"):
        if path.is_file():
            bucket.put(f"some/lake/{path.relative_to(lake).as_posix()}", path.read_bytes())
    for part in parts(lake):
        said = line(fetch(tmp_path / "home", bucket, f"{bucket.url}/some/lake/{part}".removesuffix("/.")), 2)
        assert said.endswith(
            f"{bucket.url}/some/lake/{GAS}: this is a lake of watthouse or another Delta table, not exports"
        )
    assert not (tmp_path / "home" / "lake").exists()


def test_a_file_larger_than_memory_allows_is_read_by_parts(
    s3_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watthouse.storage import Files, files

    for name, value in s3_bucket.variables.items():
        monkeypatch.setenv(name, value)
    content = bytes(range(256)) * 4096
    s3_bucket.put("a/big", content)
    monkeypatch.setattr(files, "_AT_ONCE", 1000)
    monkeypatch.setattr(files, "_AHEAD", 4096)
    store = Files(s3_bucket.place("a"))
    with store.open("big") as stream:
        assert stream.seek(-10, 2) == len(content) - 10
        assert stream.read() == content[-10:]
        stream.seek(0)
        assert stream.read() == content
        stream.seek(5000)
        s3_bucket.put("a/big", content[::-1])
        with pytest.raises(Exception, match="was replaced while it was read: run again"):
            stream.read(100_000)
    with pytest.raises(FileNotFoundError), store.open("nothing"):
        pass
