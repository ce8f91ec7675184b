"""A home of two years, a server, and a real browser: Debian's Chromium, driven by Playwright."""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from psycopg.sql import SQL, Identifier

from tests import servers
from tests.engines import ENGINES, copied, database_of_the_run
from tests.integration.serving import served
from tests.support import TODAY, sample_of_the_run, watthouse
from tools.pictures import QUIET, SETTLED

SINCE = TODAY - timedelta(days=800)
PHONE, DESK = 390, 1320
ELSEWHERE = "watthouse.example"
"""A name under which the browser finds this machine too: some scripts treat localhost as no real host."""
_TRACES = (
    "(chart) => document.querySelector(`#${chart} .js-plotly-plot`)._fullData.map((one) => ({name: one.name,"
    " x: [...(one.x || [])], y: [...(one.y || [])], values: [...(one.values || [])]}))"
)


@dataclass(frozen=True)
class Site:
    """A running server, its address and the home it serves; the file there holds the same rows on either engine."""

    url: str
    home: Path

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(self.home / "warehouse.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def api(self, path: str) -> dict[str, object]:
        answer = httpx.get(f"{self.url}/api/v1{path}", timeout=30)
        answer.raise_for_status()
        said: dict[str, object] = answer.json()
        return said


@dataclass
class Visit:
    """A tab, and what went wrong in it."""

    page: Page
    site: Site
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def open(self, path: str) -> "Visit":
        self.page.goto(self.site.url + path)
        return self.ready()

    def ready(self) -> "Visit":
        """Wait until the page is there, its charts drawn, and nothing is on its way."""
        try:
            self.page.wait_for_function(SETTLED)
        except PlaywrightError as error:
            raise AssertionError(f"{self.page.url} did not settle: {self.wrong}") from error
        return self

    def follow(self, selector: str) -> "Visit":
        """Click a link and wait for the view behind it."""
        before = self.page.url
        self.page.click(selector)
        self.page.wait_for_function("(before) => window.location.href !== before", arg=before)
        return self.ready()

    def drawn(self, chart: str) -> list[dict[str, list[object]]]:
        """The traces of a chart: what they are called, and their x, y and values."""
        found: list[dict[str, list[object]]] = self.page.evaluate(_TRACES, chart)
        return found

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a download is no navigation
            self.wrong.append(f"failed: {request.url} ({request.failure})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")


on_both_engines = pytest.mark.parametrize("site", ENGINES, indirect=True)
"""For the tests of Now, Mix and Regions: what else is shown comes by the same calls, which are tested on both."""


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Site:
    """A server on the engine that the test names, else on the file."""
    found: Site = request.getfixturevalue(f"site_on_{getattr(request, 'param', 'duckdb')}")
    return found


@pytest.fixture(scope="session")
def two_years(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, today: date) -> Path:
    return sample_of_the_run(tmp_path_factory, request, "site", SINCE)


@pytest.fixture(scope="session")
def site_on_duckdb(two_years: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(two_years, tmp_path_factory.mktemp("site-log"), WATTHOUSE_HOSTS=ELSEWHERE) as server:
        yield Site(server.url, server.home)


@pytest.fixture(scope="session")
def site_on_postgres(
    two_years: Path, warehouse_server: str, run_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    template = database_of_the_run(warehouse_server, run_id, two_years, "--sample")
    with (
        copied(warehouse_server, template) as variables,
        served(two_years, tmp_path_factory.mktemp("site-log"), **variables) as server,
    ):
        yield Site(server.url, server.home)


@pytest.fixture(scope="session")
def on_datamart(
    two_years: Path, datamart_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The second server, by a role that only reads; there is no home, lake or warehouse beside it."""
    with servers.database(datamart_server) as url, reader_of(url) as reader:
        done = watthouse(two_years, "datamart", "ship", "--sample", env={"WATTHOUSE_DATAMART": url})
        assert done.returncode == 0, done.stderr
        yield {"WATTHOUSE_DATAMART_READER": reader, "WATTHOUSE_HOME": str(tmp_path_factory.mktemp("nothing"))}


@contextmanager
def reader_of(url: str) -> Iterator[str]:
    """The URL of a role of its own that may read all of that database, and write nowhere."""
    role = f"reader_{secrets.token_hex(6)}"
    name = Identifier(role)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(SQL("create role {} login password 'reads'").format(name))
        owner.execute(SQL("alter role {} set default_transaction_read_only = on").format(name))
        owner.execute(SQL("grant pg_read_all_data to {}").format(name))
        yield servers.as_role(url, role, "reads")
        owner.execute(SQL("drop role {}").format(name))


@pytest.fixture(scope="module")  # while Playwright runs, no test of this process can have an event loop of its own
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        said = "no chromium on the path: apt-get install chromium"
        (pytest.fail if os.environ.get("REQUIRE_SERVICES") else pytest.skip)(said)
    with sync_playwright() as playwright:
        known = f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"
        opened = playwright.chromium.launch(executable_path=found, args=[*QUIET, known])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """A tab of an English reader at a desk."""
    context = browser.new_context(viewport={"width": DESK, "height": 900}, locale="en-GB", color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = Visit(context.new_page(), site)
    opened.page.set_default_timeout(60_000)
    yield opened
    context.close()
