"""Builds that a running server finds published under it, each told apart by one column of a mart."""

from pathlib import Path
from typing import Final

import duckdb

from tests.engines import Builds
from watthouse.transform import steps_of
from watthouse.warehouse.duckdb.store import DuckDB

TELLTALE: Final = "nucleaire_mwh"


def publish_file(warehouse: Path, number: int) -> None:
    with DuckDB(warehouse).draft() as draft:
        draft.release()
        with duckdb.connect(draft.path) as connection:
            connection.execute(f"update marts.daily_mix set {TELLTALE} = {number}")
            ((said,),) = connection.execute("select steps from raw.builds").fetchall()
        draft._fingerprint = f"build {number}"  # as of other models: else it would be the same version
        draft.remember(steps_of(said))


def publish_in_database(builds: Builds, number: int) -> None:
    """In turn as a refresh does it, within the build that is read, and as a full build does, in schemas of its own."""
    how = builds.anew if number % 2 else builds.replay
    how(f"update {{marts}}.daily_mix set {TELLTALE} = {number}", f"build {number}")
