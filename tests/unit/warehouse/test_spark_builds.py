"""What a warehouse on Spark is without Spark: its address, its builds, and what it refuses before anything starts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import watthouse
from watthouse.catalog import find
from watthouse.errors import NoWarehouseError, TableError, UsageError, WarehouseError
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.settings import Settings
from watthouse.storage import place_of as storage_of
from watthouse.warehouse.base import Loaded
from watthouse.warehouse.engines import at
from watthouse.warehouse.spark import builds
from watthouse.warehouse.spark.builds import Published
from watthouse.warehouse.spark.draft import SparkDraft
from watthouse.warehouse.spark.place import SparkPlace, place_of
from watthouse.warehouse.spark.store import Spark

TEMPO = find("eco2mix-tempo")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HEAD = Head("ledger", 3, NOON, 7)


def test_a_url_names_who_computes_and_the_folder() -> None:
    assert place_of("spark:///data/built") == SparkPlace(None, Path("/data/built"))
    assert place_of("spark://node-1:7077/data/built") == SparkPlace("spark://node-1:7077", Path("/data/built"))
    for url in ("spark:///data/built", "spark://node-1:7077/data/built"):
        assert str(place_of(url)) == url


@pytest.mark.parametrize(
    "url", ["spark://", "spark:///", "spark://node-1:7077", "spark://me:secret@node-1/data", "spark:///data?x=1"]
)
def test_another_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="a warehouse on Spark is spark:///folder") as refused:
        place_of(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("limit", "megabytes"), [("2GB", 2048), ("2.5 GiB", 2560), ("350MB", 2048), ("3g", 3072), ("900000B", 2048)]
)
def test_memory_is_given_to_the_jvm_as_it_writes_it_and_never_too_little(
    tmp_path: Path, limit: str, megabytes: int
) -> None:
    settings = Settings(home=tmp_path, memory_limit=limit, spark_python=tmp_path)
    assert at(f"spark://{tmp_path}", settings).dbt()["WATTHOUSE_DBT_MEMORY"] == f"{megabytes}m"


def test_without_pyspark_it_is_said_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="WATTHOUSE_SPARK_PYTHON"):
        spark(tmp_path).dbt()


def test_what_is_published_is_whole_or_what_was_before(tmp_path: Path) -> None:
    assert builds.published(tmp_path) is None
    first, second = build(tmp_path), build(tmp_path)
    builds.publish(first.folder)
    assert builds.published(tmp_path) == first
    assert second.number == first.number + 1
    builds.publish(second.folder)
    assert builds.published(tmp_path) == second


def test_the_build_before_stays_for_its_readers_and_what_was_interrupted_goes(tmp_path: Path) -> None:
    made = [build(tmp_path) for _ in range(4)]
    builds.reserve(tmp_path)
    for each in made:
        builds.publish(each.folder)
    builds.keep(made[0].folder)
    (tmp_path / "notes").mkdir()
    builds.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"1", "3", "4", "notes"}


def test_a_spoilt_build_is_said_to_be_one(tmp_path: Path) -> None:
    made = build(tmp_path)
    builds.publish(made.folder)
    (made.folder / "build.json").write_text("{")
    with pytest.raises(WarehouseError, match="`watthouse build --full` builds it again"):
        builds.published(tmp_path)
    assert not spark(tmp_path).is_readable()


def test_nothing_is_read_where_nothing_was_built(tmp_path: Path) -> None:
    warehouse = spark(tmp_path)
    assert (warehouse.loaded(), warehouse.kind(), warehouse.steps(), warehouse.tables("marts")) == ({}, None, None, [])
    assert warehouse.is_readable()
    with pytest.raises(NoWarehouseError):
        warehouse.read("daily_mix")


def test_models_that_have_changed_are_no_reason_to_take_its_build(tmp_path: Path) -> None:
    builds.publish(build(tmp_path).folder)
    assert spark(tmp_path).steps() is None


def test_a_lake_in_a_bucket_is_refused(tmp_path: Path) -> None:
    lake = Lake(storage_of("s3://bucket/lake"))
    with pytest.raises(UsageError, match="Spark reads the lake where it lies"):
        draft(tmp_path).load(lake, TEMPO, HEAD)


def test_a_table_that_cannot_be_read_is_not_left_out_of_what_was_built_with_it(tmp_path: Path) -> None:
    assert not draft(tmp_path / "new").carry_over(TEMPO)
    with pytest.raises(WarehouseError, match="see `watthouse repair`"):
        draft(tmp_path, Loaded(HEAD, NOON)).carry_over(TEMPO)


def test_observations_that_the_lake_has_lost_are_missed(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with pytest.raises(TableError, match="lacks 7 of the 7 observations"):
        draft(tmp_path, Loaded(HEAD, NOON)).load(lake, TEMPO, HEAD)


@pytest.mark.parametrize("words", [("tests",), ("serve",)])
def test_what_reads_other_engines_says_how_to_get_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    builds.publish(build(tmp_path).folder)
    done = watthouse(tmp_path / "home", *words, env={"WATTHOUSE_WAREHOUSE": f"spark://{tmp_path}"})
    assert done.returncode == 2
    assert f"`watthouse build --from-engine spark://{tmp_path}`" in done.stderr


def build(folder: Path) -> Published:
    """A build that holds nothing, written down."""
    loads = {TEMPO.id: Loaded(HEAD, NOON + timedelta(minutes=1))}
    made = Published(builds.reserve(folder), "models", "[]", {"kind": "published"}, loads)
    made.write()
    return made


def draft(folder: Path, loaded: Loaded | None = None) -> SparkDraft:
    folder.mkdir(exist_ok=True)
    before = Published(folder / "1", "models", "[]", {}, {TEMPO.id: loaded}) if loaded else None
    return SparkDraft(builds.reserve(folder), before, "models", empty=False)


def spark(folder: Path) -> Spark:
    return Spark(place_of(f"spark://{folder}"), Settings(home=folder))
