"""The publisher's own exports, stored byte for byte, in a folder and in buckets alike."""

import hashlib
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from tests.integration import shelves
from tests.integration.service import Service, service, utc
from tests.integration.shelves import Store
from tests.killing import at
from tests.servers import Bucket
from tests.support import watthouse
from watthouse.catalog import CATALOG
from watthouse.errors import BusyError
from watthouse.exports.grab import grab as grab_exports
from watthouse.exports.months import Months
from watthouse.exports.report import ExportReport
from watthouse.exports.shelf import Shelf
from watthouse.home import Home
from watthouse.sample.service.writing import Parquet
from watthouse.settings import Settings
from watthouse.storage import Lease
from watthouse.sync.report import Silent

pytestmark = [pytest.mark.slow]

NOW = utc("2025-12-01T10:40")
GAS = "stock-quotidien-stockages-gaz"
NATIONAL = "eco2mix-national-tr"


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(date(2025, 9, 1), NOW) as running:
        yield running


@pytest.fixture(autouse=True)
def in_good_order(served: Service) -> None:
    served.trouble("")
    served.at(NOW)


@pytest.fixture(params=["folder", "s3", "gs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return shelves.folder(tmp_path / "store")
    return shelves.of_bucket(request.getfixturevalue("s3_bucket" if request.param == "s3" else "gcs_bucket"))


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return shelves.folder(tmp_path / "store")


def grab(served: Service, store: Store, home: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    named = [word for word in words if not word.startswith("WATTHOUSE")]
    return watthouse(home, "grab", *named, "--to-store", store.url, env={**served.variables, **store.variables, **env})


def line(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line of a refusal."""
    assert done.returncode == code, done.stderr + done.stdout
    (found,) = [line for line in done.stderr.splitlines() if line.startswith(("watthouse:", "refused"))]
    return found


def rows(files: Mapping[str, bytes]) -> dict[str, shelves.Rows]:
    """The rows of each file: their order is another one each time."""
    return {name: shelves.rows_of([content]) for name, content in files.items()}


def without_moments(store: Store) -> dict[str, object]:
    """All that is stored; of the manifests, what does not depend on when and in which order it came."""

    def plain(name: str, content: bytes) -> object:
        if name.endswith(".parquet"):
            return shelves.rows_of([content])
        months = json.loads(content).get("months", {})
        return {month: (entry["rows"], entry["fingerprint"]) for month, entry in months.items()}

    return {name: plain(name, content) for name, content in store.contents().items()}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[int, bytes]:
    """Every Parquet file that the sample has sent, by its writer: it sends rows in another order each time."""
    whole: dict[int, bytes] = {}
    kept = []

    def overheard(name: str) -> None:
        write = getattr(Parquet, name)

        def writing(self: Parquet, *rows: object) -> bytes:
            piece: bytes = write(self, *rows)
            kept.append(self)  # an id is given again once its writer is gone
            whole[id(self)] = whole.get(id(self), b"") + piece
            return piece

        monkeypatch.setattr(Parquet, name, writing)

    for name in ("begin", "rows", "end"):
        overheard(name)
    return whole


def test_a_grab_stores_what_the_service_sends_byte_for_byte(
    served: Service, store: Store, sent: dict[int, bytes], tmp_path: Path
) -> None:
    done = grab(served, store, tmp_path / "home", GAS, NATIONAL, WATTHOUSE_API_KEY="geheim")
    assert done.returncode == 0, done.stderr
    files = store.files()
    months = {f"{name}/{month}.parquet" for name in (GAS, NATIONAL) for month in served.publisher.months(name, NOW)}
    assert files.keys() == months
    assert sorted(files.values()) == sorted(sent.values())
    for name, content in files.items():
        dataset, month = name.removesuffix(".parquet").split("/")
        entry = store.manifest(dataset)[month]
        again = httpx.get(str(entry["url"])).content
        assert shelves.rows_of([again]) == shelves.rows_of([content])
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert (entry["rows"], entry["bytes"]) == (pq.read_metadata(pa.BufferReader(content)).num_rows, len(content))
        assert str(entry["fetched_at"]).endswith("Z")
        assert len(str(entry["fingerprint"])) == 16
    assert b"geheim" not in b"".join(store.contents().values())
    assert f"{len(months)} fetched, 0 unchanged, 0 refused: {store.url}/exports" in done.stdout


def test_a_second_grab_fetches_nothing(served: Service, store: Store, tmp_path: Path) -> None:
    assert grab(served, store, tmp_path / "home", GAS, NATIONAL).returncode == 0
    before, asked = store.contents(), served.requests
    done = grab(served, store, tmp_path / "home", GAS, NATIONAL)
    assert done.returncode == 0, done.stderr
    assert "\n0 fetched, " in done.stdout
    assert store.contents() == before
    assert served.requests - asked == 4  # facts and months of two datasets


def test_only_months_that_moved_are_fetched_again(served: Service, local: Store, tmp_path: Path) -> None:
    later = utc("2025-12-02T15:40")
    assert grab(served, local, tmp_path / "home", NATIONAL).returncode == 0
    before = local.manifest(NATIONAL)
    served.at(later)
    assert grab(served, local, tmp_path / "home", NATIONAL).returncode == 0
    after = local.manifest(NATIONAL)
    moved = {month for month, entry in after.items() if entry != before.get(month)}
    months = served.publisher.months(NATIONAL, later)
    shown = {month: [pl_hash(served, month, moment) for moment in (NOW, later)] for month in months}
    assert moved == {month for month, (then, now) in shown.items() if then != now} < set(months)


def pl_hash(served: Service, month: str, moment: object) -> int:
    rows = served.publisher.table(NATIONAL, moment)  # type: ignore[arg-type]
    month_of = rows["date_heure"].dt.convert_time_zone("UTC").dt.strftime("%Y-%m")
    return hash(str(rows.filter(month_of == month).rows()))


def test_a_file_that_is_gone_or_of_another_size_is_fetched_again(served: Service, local: Store, tmp_path: Path) -> None:
    assert grab(served, local, tmp_path / "home", GAS).returncode == 0
    whole, folder = local.files(), tmp_path / "store" / "exports" / GAS
    (folder / "2025-09.parquet").unlink()
    (folder / "2025-10.parquet").write_bytes(b"PAR1")
    done = grab(served, local, tmp_path / "home", GAS)
    assert "2 months fetched" in done.stdout
    assert rows(local.files()) == rows(whole)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "point", ["watthouse.exports.shelf:Shelf.note", "watthouse.storage.files:Files.put"], ids=["note", "put"]
)
def test_kill_9_around_each_file_then_one_more_grab(
    point: str, when: str, served: Service, store: Store, tmp_path: Path
) -> None:
    killed = grab(served, store, tmp_path / "home", GAS, NATIONAL, **at(when, point), WATTHOUSE_LEASE_SECONDS="2")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    noted = len(store.manifest(GAS)) if (when, point[-4:]) == ("after", "note") else 0
    until_the_lease_ends = 20
    for _ in range(until_the_lease_ends):
        done = grab(served, store, tmp_path / "home", GAS, NATIONAL)
        if "another grab" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert f", {noted} unchanged, 0 refused" in done.stdout
    undisturbed = shelves.folder(tmp_path / "undisturbed")
    assert grab(served, undisturbed, tmp_path / "other", GAS, NATIONAL).returncode == 0
    assert without_moments(store) == without_moments(undisturbed)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("short:2", "sent "),
        ("interrupted:2", "broke off in the middle of a Parquet file"),
        ("json:2", "answered with an error under a 200"),
    ],
)
def test_an_export_that_is_not_whole_is_refused_and_the_others_go_on(
    trouble: str, words: str, served: Service, local: Store, tmp_path: Path
) -> None:
    once = {"WATTHOUSE_ATTEMPTS": "1", "WATTHOUSE_FETCH_THREADS": "1"}
    served.trouble(trouble)
    done = grab(served, local, tmp_path / "home", GAS, **once)
    months = served.publisher.months(GAS, NOW)
    refused = months[1::2]
    lines = [text for text in done.stderr.splitlines() if text.startswith("refused")]
    assert done.returncode == 1
    assert [month for month in months for text in lines if f"{GAS}, {month}: " in text and words in text] == refused
    assert len(lines) == len(refused)
    assert local.files().keys() == {f"{GAS}/{month}.parquet" for month in months if month not in refused}
    served.trouble("")
    assert f"{len(refused)} months fetched" in grab(served, local, tmp_path / "home", GAS).stdout.replace(
        "1 month ", "1 months "
    )


def test_a_download_that_is_cut_is_tried_again(served: Service, local: Store, tmp_path: Path) -> None:
    served.trouble("cut:3")
    done = grab(served, local, tmp_path / "home", GAS, NATIONAL)
    assert done.returncode == 0, done.stderr
    assert "retries)" in done.stdout or "retry)" in done.stdout
    served.trouble("")
    other = shelves.folder(tmp_path / "other")
    assert grab(served, other, tmp_path / "home", GAS, NATIONAL).returncode == 0
    assert rows(local.files()) == rows(other.files())


def test_a_service_without_parquet_is_refused_month_by_month(served: Service, local: Store, tmp_path: Path) -> None:
    served.trouble("no-parquet")
    done = grab(served, local, tmp_path / "home", GAS)
    assert done.returncode == 1
    assert done.stderr.count("refused  ") == len(served.publisher.months(GAS, NOW))
    assert local.files() == {}


def test_a_month_that_has_not_begun_is_left_out(served: Service, local: Store, tmp_path: Path) -> None:
    eve = utc("2025-11-30T22:40")
    served.at(eve)
    assert "2025-12" in served.publisher.months(NATIONAL, eve)  # tomorrow's forecast
    settings = {"WATTHOUSE_SAMPLE_TODAY": "2025-11-30"}
    assert grab(served, local, tmp_path / "home", NATIONAL, **settings).returncode == 0
    assert max(local.manifest(NATIONAL)) == "2025-11"
    assert f"{NATIONAL}/2025-12.parquet" not in local.files()


def test_months_are_chosen(served: Service, local: Store, tmp_path: Path) -> None:
    def chosen(*words: str) -> set[str]:
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        assert grab(served, local, tmp_path / "home", GAS, *words).returncode == 0
        return {name.partition("/")[2].removesuffix(".parquet") for name in local.files()}

    assert chosen("--since", "2025-10", "--until", "2025-11") == {"2025-10", "2025-11"}
    assert chosen("--since", "2025-11") == {"2025-11"}
    assert chosen("--until", "2025-10") == {"2025-09", "2025-10"}
    assert chosen("--since", "2031-01") == set()


def test_the_last_month_is_the_one_before_this(local: Store, tmp_path: Path) -> None:
    env = {"WATTHOUSE_SAMPLE_TODAY": "2025-12-01", "WATTHOUSE_SAMPLE_SINCE": "2025-10-01"}
    words = ("grab", GAS, "--last-month", "--sample", "--to-store", local.url)
    done = watthouse(tmp_path / "home", *words, env=env)
    assert done.returncode == 0, done.stderr
    assert local.files().keys() == {f"{GAS}/2025-11.parquet"}
    assert "these figures are synthetic" in done.stderr


def test_without_a_store_exports_lie_beside_the_lake(served: Service, tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = watthouse(home, "grab", GAS, "--since", "2025-11", env=served.variables)
    assert done.returncode == 0, done.stderr
    assert (home / "lake" / "exports" / GAS / "2025-11.parquet").is_file()
    assert json.loads((home / "home.json").read_text()) == {"data": "seed=0"}


def test_exports_of_two_kinds_never_share_a_place(served: Service, store: Store, tmp_path: Path) -> None:
    assert grab(served, store, tmp_path / "home", GAS, "--since", "2025-11").returncode == 0
    before = store.contents()
    with service(date(2025, 9, 1), NOW, seed=7) as other:
        said = line(grab(other, store, tmp_path / "home", GAS), 2)
    assert "synthetic sample (seed=0), and this is watthouse's synthetic sample (seed=7): they never share" in said
    assert store.contents() == before


def test_a_store_that_fails_in_the_middle_leaves_a_report(served: Service, local: Store, tmp_path: Path) -> None:
    (tmp_path / "store" / "exports" / GAS / "2025-11.parquet" / "in the way").mkdir(parents=True)
    done = grab(served, local, tmp_path / "home", GAS, WATTHOUSE_FETCH_THREADS="1")
    assert "exports cannot be written (Is a directory)" in line(done, 1)
    assert local.manifest(GAS).keys() == {"2025-09", "2025-10"}
    assert f"{GAS}: 2 months fetched" in done.stdout
    assert f"2 fetched, 0 unchanged, 0 refused: {local.url}/exports" in done.stdout


def test_a_lease_that_is_lost_leaves_a_report(
    served: Service, s3_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_bucket.variables.items():
        monkeypatch.setenv(name, value)
    place = s3_bucket.place("some/where")
    noted = Shelf.note

    def noting(self: Shelf, *entry: Any) -> None:
        noted(self, *entry)
        taken = {"token": "0", "who": "somebody", "since": "2026-01-01T00:00:00Z", "seconds": 60}
        s3_bucket.put("some/where/exports/.grab.lease", json.dumps(taken).encode())

    monkeypatch.setattr(Shelf, "note", noting)
    home = Home(Settings(home=tmp_path, odre_url=served.variables["WATTHOUSE_ODRE_URL"]))
    with pytest.raises(BusyError, match="another grab has taken over") as lost:
        grab_exports(home, Shelf(place, 60), [CATALOG[GAS]], Months("2025-11", "2025-11"), Silent())
    assert isinstance(lost.value.report, ExportReport)
    assert lost.value.report.taken == 1


def test_a_home_of_another_kind_takes_no_exports(served: Service, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "home.json").write_text('{"data": "published"}')
    said = line(watthouse(home, "grab", GAS, env=served.variables), 2)
    assert f"{home} holds published data" in said
    assert not (home / "lake" / "exports").exists()


def test_a_service_that_does_not_group_is_asked_month_by_month(served: Service, local: Store, tmp_path: Path) -> None:
    served.trouble("no-group")
    assert "name the first one with --since" in line(grab(served, local, tmp_path / "home", GAS), 1)
    done = grab(served, local, tmp_path / "home", GAS, "--since", "2025-08", "--until", "2025-11")
    assert done.returncode == 0, done.stderr
    assert local.files().keys() == {f"{GAS}/2025-{month}.parquet" for month in ("09", "10", "11")}
    served.trouble("")
    other = shelves.folder(tmp_path / "other")
    assert grab(served, other, tmp_path / "home", GAS, "--until", "2025-11").returncode == 0
    assert rows(local.files()) == rows(other.files())


def test_a_bucket_that_is_missing_is_one_line(served: Service, s3_bucket: object, tmp_path: Path) -> None:
    there = shelves.of_bucket(s3_bucket)  # type: ignore[arg-type]
    missing = Store("s3://no-such-bucket-here/x", there.variables)
    assert "s3://no-such-bucket-here does not exist: create the bucket" in line(
        grab(served, missing, tmp_path / "home", GAS), 1
    )


def test_one_grab_a_place_at_a_time(served: Service, local: Store, s3_bucket: object, tmp_path: Path) -> None:
    folder = tmp_path / "store" / "exports"
    folder.mkdir(parents=True)
    with FileLock(folder / ".grab.lock"):
        assert f"another grab is running in {folder}" in line(grab(served, local, tmp_path / "home", GAS), 1)
    bucket = shelves.of_bucket(s3_bucket)  # type: ignore[arg-type]
    place = s3_bucket.place("some/where/exports")  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bucket.variables.items():
            patch.setenv(name, value)
        with Lease(place, ".grab.lease", 60, "grab").held():
            said = line(grab(served, bucket, tmp_path / "home", GAS), 1)
    assert "another grab (" in said
    assert bucket.files() == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "2024-13"], "--since '2024-13' is not a valid month; use 2025-01"),
        (["--until", "2024-1"], "--until '2024-1' is not a valid month; use 2025-01"),
        (["--since", "2024-01-01"], "--since '2024-01-01' is not a valid month; use 2025-01"),
        (["--since", "2024-02", "--until", "2024-01"], "--since 2024-02 is later than --until 2024-01: swap them"),
        (["--last-month", "--since", "2024-02"], "--last-month excludes --since and --until"),
        (["nope"], "nope"),
        (["--to-store", "ftp://x/y"], "--to-store 'ftp://x/y' is not valid: use s3://bucket/prefix"),
        (["--to-store", "s3://key:secret@bucket/y"], "--to-store contains credentials"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    done = watthouse(tmp_path, "grab", *words, env={"WATTHOUSE_ODRE_URL": "http://127.0.0.1:1"})
    assert said in line(done, 2)
    assert "secret" not in done.stderr
