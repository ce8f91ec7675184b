"""`build --from-engine`: the tables of another warehouse are taken and tested, and a refresh goes on from there."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support import TODAY, watthouse

pytestmark = [pytest.mark.slow]

DAY = TODAY - timedelta(days=10)


@pytest.fixture(scope="module")
def built(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a value that the models do not give, so that it can be told from one that was computed."""
    home = tmp_path_factory.mktemp("built") / "sample"
    shutil.copytree(sampled / "sample", home)
    alter(home, f"update marts.daily_mix set top_source = 'fioul' where civil_date = '{DAY}'")
    return home


@pytest.fixture
def own(sampled: Path, tmp_path: Path) -> Path:
    """A home with the same lake, and no warehouse."""
    left = shutil.ignore_patterns("warehouse.duckdb", "scratch")
    shutil.copytree(sampled / "sample", tmp_path / "own" / "sample", ignore=left)
    return tmp_path / "own"


def alter(home: Path, statement: str) -> None:
    with duckdb.connect(home / "warehouse.duckdb") as connection:
        assert connection.execute(statement).fetchall() != [(0,)]


def run(home: Path, *words: str | Path, env: Mapping[str, str] | None = None, code: int = 0) -> str:
    """What a call prints, refusals included."""
    done = watthouse(home, *words, env=env)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_tables_are_taken_and_not_computed(own: Path, built: Path, sampled: Path) -> None:
    assert "built 38 models, ran 47 tests" in run(own, "build", "--sample", "--from-engine", built)
    run(own, "parity", "--sample", built)
    assert str(DAY) in run(own, "parity", "--sample", sampled / "sample", code=1)


def test_a_database_takes_them_too(own: Path, built: Path, database: str) -> None:
    variables = {"WATTHOUSE_WAREHOUSE": database}
    run(own, "build", "--sample", "--from-engine", built, env=variables)
    run(own, "parity", "--sample", built, env=variables)
    again = run(own, "build", "--sample", env=variables)
    assert "up to date" in again, "it follows the lake as far as what was brought"


def test_a_refresh_goes_on_from_there(own: Path, sampled: Path, tmp_path: Path) -> None:
    run(own, "build", "--sample", "--from-engine", sampled / "sample")
    other = tmp_path / "other"
    shutil.copytree(sampled, other)
    tomorrow = {"WATTHOUSE_SAMPLE_TODAY": str(TODAY + timedelta(days=1))}
    for home in (own, other):
        run(home, "refresh", "--sample", env=tomorrow)
    run(own, "parity", "--sample", other / "sample")


def test_what_breaks_a_test_is_not_published(own: Path, built: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(built, spoilt)
    alter(spoilt, f"update marts.daily_mix set mix_slots = expected_slots + 1 where civil_date = '{DAY}'")
    told = run(own, "build", "--sample", "--from-engine", spoilt, code=1)
    assert "daily_mix_rows: the test finds it broken in 1 place" in told
    assert not (own / "sample" / "warehouse.duckdb").exists()


def test_a_build_of_other_models_is_refused(own: Path, built: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(built, older)
    alter(older, "update raw.builds set fingerprint = 'older'")
    told = run(own, "build", "--sample", "--from-engine", older, code=1)
    assert "was built by the models of another watthouse" in told


def test_a_build_of_other_data_is_refused(own: Path, built: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(built, other)
    alter(other, "update main.about set value = 'published' where name = 'kind'")
    assert "was built from other data" in run(own, "build", "--sample", "--from-engine", other, code=1)


def test_where_nothing_was_built_there_is_nothing_to_take(own: Path, tmp_path: Path) -> None:
    assert "nothing was built at" in run(own, "build", "--sample", "--from-engine", tmp_path / "empty", code=1)
