"""The file of a DuckDB warehouse: opening it, and the messages where it cannot be used."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from watthouse.errors import WarehouseError

T = TypeVar("T")
Settings = dict[str, str | bool | int | float | list[str]]
REBUILD = "`watthouse build --full` rebuilds it from the lake"


def connected(path: Path, settings: Settings, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection whose sessions are in UTC, whatever the machine's time zone."""
    connection = duckdb.connect(path, read_only=read_only, config=settings)
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextmanager
def reading(path: Path, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for reading; raises :class:`WarehouseError` for the engine's errors in the block."""
    try:
        with connected(path, {"threads": threads}, read_only=True) as connection:
            yield connection
    except duckdb.Error as error:
        raise WarehouseError(explain(path, error, REBUILD)) from error


def noted(path: Path, threads: int, read: Callable[[duckdb.DuckDBPyConnection], list[T]]) -> list[T] | None:
    """What a warehouse says of itself; None where it is missing, broken or laid out by another watthouse."""
    if not path.exists():
        return None
    try:
        with reading(path, threads) as connection:
            return read(connection)
    except WarehouseError:
        return None


def explain(path: Path, error: Exception, advice: str) -> str:
    """One line for an error of an engine or a disk about a file."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if "No space left" in reason:
        return f"the disk is full at {path.parent}: free some space and run again; {advice}"
    return f"{path} cannot be used ({reason}): {advice}"


def quoted(path: Path) -> str:
    """The path for a literal in SQL."""
    return str(path).replace("'", "''")
