"""One bad document is one bad document: it is refused by name, in one line, and everything around it counts."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests import hostile
from tests.integration.test_made_up_marts import gas
from tests.support import watthouse, write_csv
from tests.unit.sources.odre.odre_server import GAS, Asked, answer, described, jsonl, parquet, serving
from watthouse.catalog import CATALOG

pytestmark = [pytest.mark.slow]

TEMPERATURE = CATALOG["temperature-quotidienne-regionale"]
_FIELDS = {
    "id": "text",
    "date": "date",
    "code_insee_region": "text",
    "region": "text",
    "tmin": "double",
    "tmax": "double",
    "tmoy": "double",
}
_DAYS = pl.DataFrame(
    {
        "id": ["a", "b"],
        "date": [date(2026, 9, 1), date(2026, 9, 2)],
        "code_insee_region": ["53", "53"],
        "region": ["Bretagne", "Bretagne"],
        "tmin": [11.5, 12.5],
        "tmax": [21.5, 22.5],
        "tmoy": [16.5, 17.5],
    }
)


@pytest.mark.parametrize(
    "name",
    ["half a character in lines", "a day in the year 5,881,580", "4,301 digits in a list", "6 GB of one text"],
)
def test_a_hostile_file_between_two_good_ones_is_refused_and_they_count(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    write_csv(folder / "a.csv", gas(date(2025, 6, 1), {"Saline": "1", "Teréga": "2"}))
    (folder / "b.bin").write_bytes(hostile.FILES[name]())
    write_csv(folder / "c.csv", gas(date(2025, 6, 2), {"Saline": "3", "Teréga": "4"}))
    done = watthouse(tmp_path / "home", "fetch", "--from", folder)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.startswith("refused")
    assert "b.bin" in line
    assert done.stdout.strip().splitlines()[-1] == "4 fetched, 4 new, 0 revised, 0 unchanged, 0 dropped"


def _route(body: bytes, form: str) -> "object":
    """A service whose gas is this body, in this format alone, and whose temperatures are as they should be."""

    def route(asked: Asked) -> bytes:
        is_gas = GAS.id in asked.path
        if asked.call == "metadata":
            return answer(described(GAS) if is_gas else described(TEMPERATURE, _FIELDS))
        if asked.call == "records":
            groups = [{"year": 2026, "month": 9, "n": 1 if is_gas else 2}]
            return answer({"total_count": groups[0]["n"], "results": groups})
        if not is_gas:
            bodies = {"parquet": parquet(_DAYS), "jsonl": jsonl(_DAYS)}
            return answer(bodies[form]) if asked.call == form else answer({}, 404)
        return answer(body) if asked.call == form else answer({}, 404)

    return route


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a day in the year 5,881,580", "parquet"),
        ("6 GB of one text", "parquet"),
        ("12 million equal rows", "parquet"),
        ("a footer of 2 GB", "parquet"),
        ("half a character in lines", "jsonl"),
        ("4,301 digits in lines", "jsonl"),
        ("5,000 levels in lines", "jsonl"),
        ("a line of 9 MB", "jsonl"),
    ],
)
def test_a_hostile_answer_of_the_service_is_refused_and_the_other_datasets_count(
    name: str, form: str, tmp_path: Path
) -> None:
    env = {"WATTHOUSE_RETRY_SECONDS": "0.01", "WATTHOUSE_ATTEMPTS": "2"}
    with serving(_route(hostile.FILES[name](), form)) as service:  # type: ignore[arg-type]
        env |= {"WATTHOUSE_ODRE_URL": service.url}
        done = watthouse(tmp_path / "home", "fetch", GAS.id, TEMPERATURE.id, env=env)
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert GAS.id in line
    assert done.stdout.strip().splitlines()[-1] == "2 fetched, 2 new, 0 revised, 0 unchanged, 0 dropped"
