"""A test that is broken shows the rows that break it: the rule, the key, the values."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from tests.transform.lab import TEMPERATURE, Lab, temperature
from watthouse.errors import UsageError, WarehouseError
from watthouse.transform import steps_as_text
from watthouse.warehouse.duckdb.store import DuckDB

DAY = date(2024, 5, 17)
TEST = "temperature_daily_plausible"


@pytest.fixture
def warehouse(blank: Lab, tmp_path: Path) -> DuckDB:
    """One with a temperature that cannot be, and a region whose lowest is above its mean."""
    lab = blank.copy(tmp_path)
    odd = temperature(DAY, {"53": "12.5", "11": "61"})
    odd[0]["tmin"] = odd[0]["tmoy"] + 1  # type: ignore[operator]
    lab.observe(TEMPERATURE, [*odd, *temperature(date(2024, 5, 18), {"53": "12.5", "11": "14"})])
    lab.build_what_changed()
    said = steps_as_text(lab.steps)
    with duckdb.connect(lab.path) as connection:
        connection.execute("insert into raw.builds values ($1, $2, $3)", ["f", said, datetime.now(UTC)])
    return DuckDB(lab.path)


def test_every_test_says_what_it_looks_at_and_where_it_is_broken(warehouse: DuckDB) -> None:
    found = {one.name: one for one in warehouse.tested()}
    assert found[TEST].severity == "warn"
    assert found[TEST].models == ("temperature_daily",)
    assert found["temperature_daily_key"].severity == "error"
    assert {name for name, one in found.items() if one.places and one.severity == "error"} == set()
    assert found[TEST].places == len(warehouse.breaking(TEST))


def test_a_row_that_breaks_a_rule_comes_with_the_rule_its_key_and_the_values_the_rule_speaks_of(
    warehouse: DuckDB,
) -> None:
    rows = warehouse.breaking(TEST).to_pylist()
    assert {(row["civil_date"], row["code_insee_region"]) for row in rows} == {(DAY, "53"), (DAY, "11")}
    (odd,) = (row for row in rows if row["code_insee_region"] == "53")
    assert "tmin_c" in odd["rule"]
    assert (float(odd["tmin_c"]), float(odd["tmoy_c"])) == (13.5, 12.5)
    assert list(odd)[:3] == ["rule", "civil_date", "code_insee_region"]
    assert "region" not in odd


def test_a_test_that_holds_has_no_rows_and_one_there_is_not_is_refused(warehouse: DuckDB) -> None:
    assert warehouse.breaking("temperature_daily_key").num_rows == 0
    with pytest.raises(UsageError, match="unknown test 'nothing': there are"):
        warehouse.breaking("nothing")


def test_without_a_build_there_is_nothing_to_test(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="there is no warehouse"):
        DuckDB(tmp_path / "warehouse.duckdb").tested()
