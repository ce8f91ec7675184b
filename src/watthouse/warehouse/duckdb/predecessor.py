"""The build before the published one: brought up to date it is the next draft, and no file of some GB is copied.

It lies among the scratch files, under a name that says which build took its place. It is written to only while that
build is still the published one, as it was; and only where nothing else can see it: a reader keeps the file that it
opened, and a build that is kept shares it.
"""

import fcntl
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Final

import duckdb

from watthouse.catalog import CATALOG
from watthouse.warehouse.duckdb.file import quoted
from watthouse.warehouse.duckdb.replay import Written, among

_PREFIX: Final = "before-"
_WRITTEN: Final = "builds.written"
"""The days of each model that a refresh wrote: where a build differs from its predecessor. Null: every day."""


def take(published: Path, folder: Path, target: Path) -> bool:
    """Move the predecessor of ``published`` out of ``folder``, to be written to; False where there is none to use."""
    try:
        _place(published, folder).rename(target)
    except OSError:
        return False
    if _is_ours_alone(target):
        return True
    target.unlink()
    return False


def leave(published: Path, successor: Path, folder: Path) -> None:
    """Keep the file of ``published`` as the predecessor of ``successor``, which is about to take its name."""
    # A second name: between this and the renaming the published file must not be without one. Killed in between, it
    # leaves a predecessor of a build that was never published.
    with suppress(OSError):  # no hard links here, or scratch files elsewhere: the next refresh copies
        folder.mkdir(parents=True, exist_ok=True)
        os.link(published, _place(successor, folder))


def sweep(published: Path, folder: Path, *, all_of_them: bool = False) -> None:
    """Remove what is no predecessor of ``published``."""
    with suppress(OSError):
        own = None if all_of_them or not published.exists() else _place(published, folder)
        for path in folder.glob(f"{_PREFIX}*.duckdb"):
            if path != own:
                path.unlink()


def note(session: duckdb.DuckDBPyConnection, written: Mapping[str, Written]) -> None:
    """Write into a build where it differs from the one that it replaces."""
    session.execute("create schema if not exists builds")
    session.execute(f"create or replace table {_WRITTEN} (relation varchar, starts varchar, days date[])")
    for relation, (starts, days) in written.items():
        session.execute(f"insert into {_WRITTEN} values ($1, $2, $3)", [relation, starts, days and list(days)])


def catch_up(session: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Take over all in which the published build differs; raises :class:`duckdb.Error` where that cannot be."""
    session.execute(f"attach '{quoted(published)}' as published (read_only)")
    session.execute("begin")
    for table, where in [*_observed(session), *_written(session)]:
        session.execute(f"delete from {table}{where}" if where else f"truncate {table}")
        session.execute(f"insert into {table} by name select * from published.{table}{where}")
    session.execute("create or replace table main.about as from published.main.about")
    session.execute("commit")
    session.execute("detach published")


def _observed(session: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """The raw tables that were appended to since, and where their new rows are."""
    query = "select dataset, observed_until from {}raw.loads"
    before = dict(session.execute(query.format("")).fetchall())
    for dataset, until in session.execute(query.format("published.")).fetchall():
        if dataset in CATALOG and (known := before.get(dataset)) != until:
            since = f" where observed_at > timestamptz '{known.isoformat()}'" if known else ""
            yield f"raw.{CATALOG[dataset].table}", since
    yield "raw.loads", ""


def _written(session: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """The models that were written since, and where."""
    for relation, starts, days in session.execute(f"from published.{_WRITTEN}").fetchall():
        yield relation, "" if days is None else f" where {among(starts, days)}"


def _place(successor: Path, folder: Path) -> Path:
    """Where the predecessor of a file lies: named by that file, so that any other one in its place has none."""
    stat = successor.stat()
    return folder / f"{_PREFIX}{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}.duckdb"


def _is_ours_alone(path: Path) -> bool:
    """Whether it is a file that no process has open, and that has no other name."""
    stat = path.lstat()
    if not S_ISREG(stat.st_mode) or stat.st_nlink > 1:
        return False
    # DuckDB's own lock would tell of DuckDB's readers alone, not of a `cp` that takes its time. Linux grants this lease
    # only on a file that nobody else has open; where there are none (macOS, most network disks) the file is copied.
    with path.open("rb") as file:
        try:
            # to whoever opens it now the kernel would else have this process end
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except (OSError, AttributeError):
            return False
    return True
