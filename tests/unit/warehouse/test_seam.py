"""An engine is known in its own folder, and in the one module that says which engines there are."""

from pathlib import Path

import pytest

import watthouse

SOURCE = Path(watthouse.__file__).parent
ENGINES = [path.name for path in (SOURCE / "warehouse").iterdir() if path.is_dir() and path.name != "__pycache__"]
KNOWN_IN = SOURCE / "warehouse" / "engines.py"


def test_there_is_an_engine() -> None:
    assert "duckdb" in ENGINES


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_else_names_an_engine(engine: str) -> None:
    own = SOURCE / "warehouse" / engine
    modules = [path for path in SOURCE.rglob("*.py") if own not in path.parents and path != KNOWN_IN]
    assert len(modules) > 200
    # exports are dumped into PostgreSQL and a stream runs through Spark whatever the warehouse is, settings say what a
    # query of BigQuery may cost: of these only the folders may not be named
    sign = engine if engine == "duckdb" else f"warehouse.{engine}"
    naming = [str(path.relative_to(SOURCE)) for path in modules if sign in path.read_text().lower()]
    assert naming == []


@pytest.mark.parametrize("engine", ENGINES)
def test_models_leave_what_differs_to_the_macros(engine: str) -> None:
    models = [*(SOURCE / "transform" / "models").rglob("*.*")]
    assert len(models) > 30
    assert [path.name for path in models if engine in path.read_text().lower()] == []


def test_steps_carry_no_database() -> None:
    """So that they run in whatever database holds the schemas."""
    from tests.support import _blank
    from watthouse.warehouse.duckdb.store import DuckDB

    steps = DuckDB(_blank()).steps()
    assert steps
    assert [step.title for step in steps if '"warehouse"' in step.sql] == []
