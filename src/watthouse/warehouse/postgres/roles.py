"""The three roles of a database: one that owns, one that loads, one that reads. Run again, it changes nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from watthouse.database import Database, Session, quoted
from watthouse.warehouse.postgres import builds

OWNER: Final = "watthouse_owner"
LOADER: Final = "watthouse_loader"
READER: Final = "watthouse_reader"
TASKS: Final = {OWNER: "owns it (no login)", LOADER: "loads", READER: "reads"}

_SCHEMAS: Final = (
    "select nspname::text, pg_get_userbyid(nspowner)::text from pg_namespace"
    f" where nspname = 'watthouse' or nspname ~ '^({'|'.join(builds.SCHEMAS)})_b[0-9]+$' or nspname = $1"
)
_TABLES: Final = (
    "select oid::regclass::text from pg_class where relnamespace = to_regnamespace($1) and relkind in ('r', 'p', 'v')"
    " and pg_get_userbyid(relowner) <> $2"
)
_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    # what the loader makes belongs to the owner, whoever loads
    LOADER: {"role": OWNER, "timezone": "UTC"},
    READER: {"default_transaction_read_only": "on", "timezone": "UTC"},
}


@dataclass(frozen=True)
class Passwords:
    """Of the two roles that log in. None leaves what a role has: a new one has none, and logs in by other means."""

    loader: str | None = field(default=None, repr=False)
    reader: str | None = field(default=None, repr=False)


def initialise(database: Database, passwords: Passwords) -> None:
    """Make roles, schema and grants; the user needs CREATEROLE, and the database to be its own (or be a superuser)."""
    with database.connected() as session, session.transaction():
        _make(session, OWNER, "nologin")
        for role, password in ((LOADER, passwords.loader), (READER, passwords.reader)):
            # encrypted here: the server may write statements into its log
            _make(session, role, "login", database.encrypted(role, password) if password else None)
        session.run(f"grant {OWNER} to {LOADER}")
        for role, settings in _SETTINGS.items():
            for name, value in settings.items():
                session.run(f"alter role {role} set {name} = '{value}'")
        _grant(session)
        builds.create(session)
        _hand_over(session)


def _make(session: Session, role: str, login: str, password: str | None = None) -> None:
    if not session.run("select 1 from pg_roles where rolname = $1", role):
        session.run(f"create role {role}")
    # a statement that makes roles takes no parameters
    said = f" password {_literal(password)}" if password else ""
    session.run(f"alter role {role} {login}{said}")


def _grant(session: Session) -> None:
    ((name, user),) = session.run("select current_database()::text, current_user::text")
    database = quoted(name)
    session.run(f"grant connect on database {database} to {READER}")
    session.run(f"grant connect, create, temporary on database {database} to {OWNER}, {LOADER}")
    # schemas and tables are handed over only by a member of the role that gets them
    session.run(f"grant {OWNER} to {quoted(user)}")
    # every build makes schemas of its own
    session.run(f"alter default privileges for role {OWNER} grant usage on schemas to {READER}")
    session.run(f"alter default privileges for role {OWNER} grant select on tables to {READER}")


def _hand_over(session: Session) -> None:
    """What was there before belongs to the owner from now on, and the reader may read it."""
    # It locks what it changes against everybody, so only what has another owner is touched, and not waited for long:
    # whoever comes after would wait for this.
    session.run("set local lock_timeout = '5s'")
    shown = builds.SHOWN if builds.is_shown_by(session, builds.published(session)) else ""
    for schema, owner in session.run(_SCHEMAS, shown):
        if owner != OWNER:
            session.run(f"alter schema {schema} owner to {OWNER}")
        session.run(f"grant usage on schema {schema} to {READER}")
        for (table,) in session.run(_TABLES, schema, OWNER):
            session.run(f"alter table {table} owner to {OWNER}")
        session.run(f"grant select on all tables in schema {schema} to {READER}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
