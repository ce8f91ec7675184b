"""The engines that the API and the pages are tested on: the file of a home, and a database built from its lake."""

import hashlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit

import psycopg
from filelock import FileLock
from psycopg.sql import SQL, Identifier

from tests.support import watthouse
from watthouse.catalog import CATALOG
from watthouse.settings import Settings
from watthouse.transform import steps_of
from watthouse.warehouse.engines import at
from watthouse.warehouse.postgres.builds import SHOWN
from watthouse.warehouse.postgres.draft import PostgresDraft

ENGINES: Final = ("duckdb", "postgres")
_ELSEWHERE: Final = "create database {} template template0 encoding 'UTF8' locale_provider icu icu_locale 'fr-FR'"
"""A database of people who sort texts by their language, as most are; answers must not depend on it."""


def database_of_the_run(server: str, run_id: str, home: Path, *words: str) -> str:
    """The name of a database built from a home's lake, once for all workers: a template, which nobody connects to.

    ``words`` follow ``build``: ``--sample`` for a folder with a sample in it.
    """
    name = f"{home.name}_{_suffix(run_id)}"
    with FileLock(home.parent / f"{home.name}.database.lock"), _connected(server) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if known is None:
            _build(connection, server, name, home, words)
    return name


@contextmanager
def copied(server: str, template: str) -> Iterator[Mapping[str, str]]:
    """The variables of a database of one's own, made from that one."""
    name = f"copy_{secrets.token_hex(6)}"
    with _connected(server) as connection:
        connection.execute(SQL("create database {} template {}").format(Identifier(name), Identifier(template)))
    try:
        yield {"WATTHOUSE_WAREHOUSE": _url(server, name)}
    finally:
        with _connected(server) as connection:
            connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


def fill(server: str, template: str, url: str) -> None:
    """The same in an empty database, of another server perhaps."""
    with copied(server, template) as variables:
        dump = ["pg_dump", "--no-owner", variables["WATTHOUSE_WAREHOUSE"]]
        found = subprocess.run(dump, capture_output=True, check=True).stdout
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url], input=found, capture_output=True, check=True)


class Builds:
    """Publishes builds of a database as the product does, without dbt: each changes one mart, and nothing else."""

    def __init__(self, url: str, scratch: Path) -> None:
        self.url = url
        self._warehouse = at(url, Settings(home=scratch))

    def replay(self, change: str, mark: str) -> None:
        """Change a mart of the current build, as a refresh does; ``change`` says ``{marts}`` for its schema."""
        with self._warehouse.draft() as draft:
            assert isinstance(draft, PostgresDraft)
            draft._session.run(change.format(marts=f"marts_b{self.current}"))
            draft._fingerprint = mark  # as of other models: else it would be the same version
            draft.remember(steps_of(self._steps()))

    def anew(self, change: str, mark: str) -> None:
        """The same in schemas of another build, as `build --full` does."""
        before = self.current
        with self._warehouse.draft(empty=True) as draft:
            assert isinstance(draft, PostgresDraft)
            for dataset in CATALOG.values():
                draft.carry_over(dataset)
            draft.release()
            with psycopg.connect(self.url) as connection:
                (after,) = connection.execute("select max(build) from watthouse.builds").fetchone() or ()
                _clone(connection, before, after)
                connection.execute(change.format(marts=f"marts_b{after}").encode())
            draft._fingerprint = mark
            draft.remember(steps_of(self._steps().replace(f"_b{before}", f"_b{after}")))

    def sweep(self) -> None:
        """Remove what nobody reads any more."""
        self._warehouse.sweep()

    def connections(self) -> int:
        """How many connections watthouse has to the database."""
        return int(
            self.row(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and application_name = 'watthouse'"
            )[0]
        )

    @property
    def current(self) -> int:
        """The number of the build that is read."""
        return int(self.row("select build from watthouse.current")[0])

    def row(self, query: LiteralString) -> tuple[Any, ...]:
        """The first row of a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchone() or ()

    def _steps(self) -> str:
        return str(self.row("select steps from watthouse.builds join watthouse.current using (build)")[0])


_TABLES: Final = (
    "select relname from pg_class where relnamespace = %s::regnamespace"
    " and relkind in ('r', 'p') and not relispartition"
)

_VIEWS: Final = (
    "select nspname::text, relname::text, pg_get_viewdef(pg_class.oid) from pg_class"
    " join pg_namespace on pg_namespace.oid = relnamespace where nspname = any(%s) and relkind = 'v'"
    " order by pg_class.oid"
)


def _clone(connection: psycopg.Connection, before: int, after: int) -> None:
    """The tables and views of a build in the schemas of another, which has its raw tables already."""
    for schema, there in (("core", f"core_b{before}"), ("marts", f"marts_b{before}"), (SHOWN, SHOWN)):
        for (name,) in connection.execute(_TABLES, [there]).fetchall():
            old, new = Identifier(there, name), Identifier(f"{schema}_b{after}", name)
            connection.execute(SQL("create table {} as table {}").format(new, old))
    # in the order in which they were made: one may stand on another
    views = connection.execute(_VIEWS, [[f"{schema}_b{before}" for schema in ("staging", "core", "marts")]])
    for schema, name, sql in views.fetchall():
        new = Identifier(schema.replace(f"_b{before}", f"_b{after}"), name)
        there = sql.rstrip().rstrip(";").replace(f"_b{before}.", f"_b{after}.")
        connection.execute(SQL("create view {} as ").format(new).as_bytes(connection) + there.encode())


def drop_databases(server: str, run_id: str) -> None:
    """Remove what :func:`database_of_the_run` made, from a server that goes on after the run."""
    with _connected(server) as connection:
        made = connection.execute("select datname from pg_database where datname like %s", [f"%{_suffix(run_id)}"])
        for (name,) in made.fetchall():
            connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


def _build(connection: psycopg.Connection, server: str, name: str, home: Path, words: tuple[str, ...]) -> None:
    aside, draft = home.parent / f"{home.name}-database", f"{name}_draft"
    # a build writes notes into its home, and this one is others' to read
    shutil.copytree(home, aside, ignore=shutil.ignore_patterns("warehouse.duckdb"), dirs_exist_ok=True)
    connection.execute(SQL("drop database if exists {} with (force)").format(Identifier(draft)))
    connection.execute(SQL(_ELSEWHERE).format(Identifier(draft)))
    built = watthouse(aside, "build", *words, env={"WATTHOUSE_WAREHOUSE": _url(server, draft)})
    assert built.returncode == 0, built.stderr
    # by its name others know that it is whole
    connection.execute(SQL("alter database {} rename to {}").format(Identifier(draft), Identifier(name)))


def _connected(server: str) -> psycopg.Connection:
    return psycopg.connect(server, autocommit=True)


def _url(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def _suffix(run_id: str) -> str:
    return hashlib.sha256(run_id.encode()).hexdigest()[:12]
