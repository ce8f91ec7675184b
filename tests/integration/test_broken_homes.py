"""Whatever of a home is missing, damaged or taken: no answer says where it lies, or repeats what a library said."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import duckdb
import httpx
import pytest

from tests.integration import dashing
from tests.integration.extremes import calls, usual
from tests.integration.serving import TOKEN, Api, served

pytestmark = [pytest.mark.slow]

LIBRARIES = re.compile(
    r"duckdb|deltalake|delta table|psycopg|adbc|sqlite3|sqlalchemy|polars|pyarrow|ibis|errno|traceback|\b\w+Exception\b"
    r"|\b(IO|Catalog|Binder|Parser|Serialization|INTERNAL|Invalid Input) Error\b|os error|panicked|magic bytes"
    r"|No such file",
    re.IGNORECASE,
)
Broken = Callable[[Path], AbstractContextManager[None]]


def _without(name: str) -> Broken:
    def broken(home: Path) -> AbstractContextManager[None]:
        path = home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return nullcontext()

    return broken


def _filled(pattern: str, content: bytes) -> Broken:
    def broken(home: Path) -> AbstractContextManager[None]:
        found = [*home.glob(pattern)] or [home / pattern]
        for path in found:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return nullcontext()

    return broken


def _cut(name: str, size: int) -> Broken:
    def broken(home: Path) -> AbstractContextManager[None]:
        with (home / name).open("r+b") as file:
            file.truncate(size)
        return nullcontext()

    return broken


def _folder(name: str) -> Broken:
    def broken(home: Path) -> AbstractContextManager[None]:
        path = home / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        path.mkdir()
        return nullcontext()

    return broken


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    # under another name first: the server keeps the file that it serves from being written to
    aside = Path(shutil.copyfile(home / "warehouse.duckdb", home / "aside"))
    with duckdb.connect(aside):
        aside.replace(home / "warehouse.duckdb")
        yield


@contextmanager
def _unreadable(home: Path) -> Iterator[None]:
    (home / "warehouse.duckdb").chmod(0)
    (home / "lake").chmod(0)
    yield
    (home / "lake").chmod(0o755)


_LEDGER = "lake/eco2mix-national-tr"
BROKEN: dict[str, Broken] = {
    "no warehouse": _without("warehouse.duckdb"),
    "no home": _without("."),
    "a warehouse of rubbish": _filled("warehouse.duckdb", b"rubbish" * 1_000),
    "an empty warehouse": _filled("warehouse.duckdb", b""),
    "a warehouse cut off": _cut("warehouse.duckdb", 600_000),
    "a folder for a warehouse": _folder("warehouse.duckdb"),
    "a warehouse that another program writes": _locked,
    "what may not be read": _unreadable,
    "no lake": _without("lake"),
    "no ledger of a dataset": _without(_LEDGER),
    "a ledger's log of rubbish": _filled(f"{_LEDGER}/_delta_log/*.json", b"{rubbish"),
    "a ledger's files of rubbish": _filled(f"{_LEDGER}/month=*/*.parquet", b"rubbish" * 100),
    "a file for a lake": lambda home: (_without("lake")(home), _filled("lake", b"x")(home))[1],
    "a home's note of rubbish": _filled("home.json", b"{"),
    "a home's note that is a folder": _folder("home.json"),
    "refreshes of rubbish": _filled("refreshes.json", b"{"),
    "meters of rubbish": _filled("meters.sqlite", b"rubbish" * 1_000),
    "a folder for meters": _folder("meters.sqlite"),
    "a file for scratch": lambda home: (
        _folder("scratch")(home),
        _without("scratch")(home),
        _filled("scratch", b"x")(home),
    )[2],
}


@pytest.fixture(scope="module")
def somebodys(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server of a home that is broken, and mended again, while it serves."""
    folder = tmp_path_factory.mktemp("broken")
    home = Path(shutil.copytree(sampled / "sample", folder / "of-somebody"))
    with served(home, folder, sample=False, WATTHOUSE_API_TOKEN=TOKEN, WATTHOUSE_CACHE_BYTES="0") as api:
        yield api


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_told_without_its_place_and_in_no_librarys_words(
    what: str, somebodys: Api, sampled: Path
) -> None:
    try:
        with BROKEN[what](somebodys.home):
            answers = _all(somebodys)
    finally:
        shutil.rmtree(somebodys.home, ignore_errors=True)
        shutil.copytree(sampled / "sample", somebodys.home, dirs_exist_ok=True)
    assert _told(answers, str(somebodys.home.parent)) == set()
    assert {answer.status_code for answer in answers} <= {200, 401, 404, 409, 422, 503}
    # mended: nothing of what failed was kept
    assert (
        somebodys.get("/mix").status_code == somebodys.get("/revisions?dataset=eco2mix-national-tr").status_code == 200
    )


def test_a_database_that_is_away_is_told_without_its_address(tmp_path: Path) -> None:
    url = "postgresql://somebody:geheim@127.0.0.1:1/of-somebody"
    away = {"WATTHOUSE_METER_DB": url, "WATTHOUSE_STREAM_STORE": "mongodb://127.0.0.1:1/"}
    with served(tmp_path / "home", tmp_path, sample=False, WATTHOUSE_API_TOKEN=TOKEN, **away) as api:
        answers = _all(api)
    assert _told(answers, str(tmp_path), "geheim", "somebody", "127.0.0.1:1/") == set()
    assert {answer.status_code for answer in answers} <= {200, 401, 404, 409, 422, 503}


def _all(api: Api) -> list[httpx.Response]:
    """What every route of the API, of the pages and of probes answers, and orders that bring nothing."""
    bearer = {"authorization": f"Bearer {TOKEN}"}
    sent = {"files": ("a.zip", b"PK\x03\x04rubbish")}
    paths = [usual(path) for path, _ in calls()]
    paths += ["/readyz", "/metrics", "/healthz", "/api/v1/marts/daily_mix/rows?format=csv"]
    paths += ["/meters/get-data?date_time=01/01/2020&meter_code=1&serial_code=1"]
    return [
        *(api.client.get(path) for path in paths),
        api.client.post("/api/v1/meters/loads", headers=bearer),
        api.client.post("/api/v1/meters/uploads", files=sent, headers=bearer),
        *(dashing.shown(api.client, path) for path in dashing.PAGES),
        dashing.rows(api.client, "/data/daily_mix"),
    ]


def _told(answers: list[httpx.Response], *secrets: str) -> set[str]:
    """What these answers tell that they should not."""
    found = set()
    for answer in answers:
        path, text = answer.request.url.path, answer.text
        words = [secret for secret in secrets if secret in text]
        if answer.status_code >= 400 or path.startswith("/_dash"):
            words += [match.group() for match in LIBRARIES.finditer(text)]
        found |= {f"{path} {answer.status_code}: {word}" for word in words}
    return found
