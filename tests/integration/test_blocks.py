"""Blocks of a mart's rows, as its table asks for them: bounded, counted over all rows, of one version."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.support import begun
from watthouse.serve.dashboard.pages import block
from watthouse.serve.dashboard.view import View, read
from watthouse.serve.problems import ProblemError
from watthouse.serve.service import Service
from watthouse.settings import Settings
from watthouse.transform.dictionary import marts

pytestmark = [pytest.mark.slow]

ROWS = 450
WHOLE = {"startRow": 0, "endRow": 200, "sortModel": [], "filterModel": {}}
RENNES = {"region": {"filterType": "text", "type": "equals", "filter": "Bretagne"}}
TABLE = read("/data/temperature_daily", "", "en", dark=False)


def _filled(home: Path, rows: int) -> None:
    """Days of two regions in turn, the highest temperature on the oldest."""
    with duckdb.connect(begun(home) / "warehouse.duckdb") as file:
        file.execute(
            "insert into marts.temperature_daily by name select date '2024-01-01' + n::int as civil_date,"
            " ['53', '11'][1 + n % 2] as code_insee_region, ['Bretagne', 'Île-de-France'][1 + n % 2] as region,"
            f" {rows} - n as tmoy_c from range({rows}) t(n)"
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("blocks") / "home"
    _filled(home, ROWS)
    return home


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    service = Service(Settings(home=home))
    yield service
    service.close()


def _cells(found: block.Block, at: int) -> list[object]:
    return [row.get(str(at)) for row in found.cells]


def test_blocks_one_after_the_other_are_the_mart(service: Service) -> None:
    blocks = [block.read(service, TABLE, {**WHOLE, "startRow": at, "endRow": at + 200}) for at in (0, 200, 400)]
    days = [
        day
        for one in blocks
        for day in _cells(one, marts(service.settings.transform)["temperature_daily"].names.index("civil_date"))
    ]
    assert len(set(days)) == ROWS
    assert days == sorted(days, key=str, reverse=True)
    assert {(one.matching, one.total, one.version) for one in blocks} == {(ROWS, ROWS, blocks[0].version)}


def test_a_block_has_no_more_rows_than_the_server_gives(service: Service) -> None:
    assert len(block.read(service, TABLE, {**WHOLE, "endRow": 10**9}).cells) == 200


def test_a_block_behind_the_last_row_is_empty(service: Service) -> None:
    found = block.read(service, TABLE, {**WHOLE, "startRow": 10**6, "endRow": 10**6 + 100})
    assert (len(found.cells), found.matching) == (0, ROWS)


def test_the_count_is_that_of_the_filter_and_the_days(service: Service) -> None:
    january = read("/data/temperature_daily", "?until=2024-01-31", "en", dark=False)
    found = block.read(service, january, {**WHOLE, "filterModel": RENNES})
    assert (found.matching, found.total, len(found.cells)) == (16, 31, 16)


@pytest.mark.parametrize(
    "place",
    [(-1, 100), (100, 100), (0, None), (0.0, 100), ("0", "100"), (True, 100), (0, 2**40)],
)
def test_a_block_that_is_no_place_is_refused(service: Service, place: tuple[object, object]) -> None:
    with pytest.raises(ProblemError, match="a block begins"):
        block.read(service, TABLE, {**WHOLE, "startRow": place[0], "endRow": place[1]})


@pytest.mark.parametrize(
    ("view", "asked", "why"),
    [
        (View("data", "nothing"), {}, "no mart 'nothing'"),
        (TABLE, {"sortModel": [{"colId": "n", "sort": "asc"}]}, "no column 'n'"),
        (TABLE, {"filterModel": {"region": {"filterType": "number", "type": "equals", "filter": 1}}}, "of a text"),
    ],
)
def test_what_is_refused_is_so_in_one_line_and_leaves_no_rows(
    service: Service, view: View, asked: dict[str, object], why: str
) -> None:
    shown = block.shown(service, view, {**WHOLE, **asked})
    assert (shown.rows, shown.look, shown.version) == ({"rowData": [], "rowCount": 0}, "fault", None)
    assert why in shown.line


def test_a_question_that_takes_too_long_says_so_and_leaves_what_was_read(home: Path) -> None:
    service = Service(Settings(home=home, query_seconds=1e-6))
    try:
        shown = block.shown(service, TABLE, {**WHOLE, "startRow": 200, "endRow": 400})
    finally:
        service.close()
    assert "takes longer than" in shown.line
    assert "rowCount" not in shown.rows


def test_there_is_one_line_where_the_warehouse_has_gone(tmp_path: Path) -> None:
    service = Service(Settings(home=tmp_path))
    assert "there is no warehouse" in block.shown(service, TABLE, WHOLE).line


def test_blocks_of_two_versions_can_be_told_apart(tmp_path: Path) -> None:
    _filled(tmp_path / "home", 3)
    service = Service(Settings(home=tmp_path / "home"))
    before = block.read(service, TABLE, WHOLE)
    _rebuilt(tmp_path / "home")
    after = block.read(service, TABLE, WHOLE)
    service.close()
    assert before.version != after.version
    assert (before.matching, after.matching) == (3, 2)


def _rebuilt(home: Path) -> None:
    """As a build is published: a file that is whole takes the place of the one before."""
    draft = home / "draft.duckdb"
    draft.write_bytes((home / "warehouse.duckdb").read_bytes())
    with duckdb.connect(draft) as file:
        file.execute("delete from marts.temperature_daily where civil_date = date '2024-01-01'")
        file.execute("update raw.builds set fingerprint = fingerprint || '2'")
    draft.rename(home / "warehouse.duckdb")
