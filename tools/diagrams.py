"""Draw the tables of a DDL script into its page of the docs: ``python -m tools.diagrams``.

The script is run by ``psql`` in an empty database of a real PostgreSQL server, and what the server then has in its
catalog is drawn: an entity-relationship diagram (Mermaid) between ``<!-- diagram -->`` marks, and the logical model,
the columns of each table, between ``<!-- model -->`` marks. A page may have one of them or both.
"""

import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from tools.services import SERVERS, Services

ROOT: Final = Path(__file__).parents[1]
_SERVER: Final = "warehouse-db"
Rows = dict[int, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Drawing:
    """A script, the page that shows its tables, and the schemas whose tables those are."""

    script: Path
    page: Path
    schemas: tuple[str, ...]


DRAWINGS: Final = (
    Drawing(
        ROOT / "src/watthouse/transform/energy_consumption.sql",
        ROOT / "docs/energy_consumption.md",
        ("energy_consumption",),
    ),
)


@dataclass(frozen=True)
class Column:
    """A column: ``keys`` are ``PK``, ``UK`` and ``FK``, as far as it is part of one."""

    name: str
    type: str
    is_required: bool
    keys: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a table, in order, and the table that they point at."""

    columns: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Table:
    """A table as the server has it; partitions count as the table that they are part of."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...]
    checks: tuple[str, ...]

    def requires(self, key: ForeignKey) -> bool:
        """Whether every row points at a row of the target."""
        return all(column.is_required for column in self.columns if column.name in key.columns)


def run(script: Path, url: str) -> None:
    """Run a script by ``psql``; raises where it fails."""
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", script, url], check=True, capture_output=True)


def tables(url: str, schemas: Sequence[str]) -> list[Table]:
    """The tables of these schemas, in the order in which they were made.

    Names have their schema in front where there are several.
    """
    with psycopg.connect(url) as connection:
        connection.execute("set search_path to pg_catalog")
        found = connection.execute(_TABLES, [[*schemas]]).fetchall()
        names = {oid: name if len(schemas) == 1 else f"{schema}.{name}" for oid, schema, name, _ in found}
        columns, keys, checks = (_by_table(connection, query, names) for query in (_COLUMNS, _FOREIGN_KEYS, _CHECKS))
    return [
        Table(
            name=names[oid],
            meaning=meaning or "",
            columns=tuple(_column(*column) for column in columns[oid]),
            foreign_keys=tuple(ForeignKey(tuple(own), names.get(target, str(target))) for own, target in keys[oid]),
            checks=tuple(text for (text,) in checks[oid]),
        )
        for oid, _, _, meaning in found
    ]


def diagram(drawn: Sequence[Table]) -> str:
    """The tables and how they point at each other, in Mermaid."""
    lines = ["```mermaid", "erDiagram"]
    for table in drawn:
        lines += [f"  {_word(table.name)} {{", *map(_attribute, table.columns), "  }"]
    for table in drawn:
        for key in table.foreign_keys:
            end = "||" if table.requires(key) else "o|"
            lines.append(f"  {_word(key.target)} {end}--o{{ {_word(table.name)} : {_word('_'.join(key.columns))}")
    return "\n".join([*lines, "```", ""])


def model(drawn: Sequence[Table]) -> str:
    """The logical model: of each table what it holds, its columns, and the conditions that its rows keep."""
    return "\n".join(line for table in drawn for line in _section(table))


def drawn_into(text: str, drawn: Sequence[Table]) -> str:
    """The text of a page with both as they should be; raises ValueError where it has no marks for either."""
    parts = {"diagram": diagram(drawn), "model": model(drawn)}
    there = [name for name in parts if f"<!-- {name} -->\n" in text]
    if not there:
        raise ValueError("the page has no <!-- diagram --> and no <!-- model -->")
    for name in there:
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{parts[name]}{end}{after}"
    return text


def page(drawing: Drawing, url: str) -> str:
    """The page as it should be; ``url`` is an empty database, in which the script is run."""
    run(drawing.script, url)
    return drawn_into(drawing.page.read_text(), tables(url, drawing.schemas))


def _column(name: str, kind: str, is_required: bool, keys: Sequence[str], meaning: str | None) -> Column:
    return Column(name, kind, is_required, tuple(keys), meaning or "")


def _section(table: Table) -> Iterator[str]:
    yield from (
        f"### {table.name}",
        "",
        table.meaning,
        "",
        "| column | type | key | null | meaning |",
        "|---|---|---|---|---|",
    )
    targets = {name: key.target for key in table.foreign_keys for name in key.columns}
    for column in table.columns:
        keys = ", ".join(f"FK → `{targets[column.name]}`" if key == "FK" else key for key in column.keys)
        null = "" if column.is_required else "yes"
        yield f"| `{column.name}` | {column.type} | {keys} | {null} | {column.meaning.replace('|', chr(92) + '|')} |"
    yield ""
    yield from (f"- `{check}`" for check in table.checks)
    if table.checks:
        yield ""


def _attribute(column: Column) -> str:
    keys = f" {', '.join(column.keys)}" if column.keys else ""
    return f"    {_word(column.type)} {column.name}{keys}"


def _word(text: str) -> str:
    """A name or a type as one word, which is all that Mermaid takes."""
    return "".join(sign if sign.isalnum() else "_" for sign in text.partition("(")[0].strip())


def _by_table(connection: psycopg.Connection, query: LiteralString, names: Mapping[int, str]) -> Rows:
    rows: Rows = defaultdict(list)
    for oid, *row in connection.execute(query, [[*names]]).fetchall():
        rows[oid].append(tuple(row))
    return rows


_TABLES: Final = """
    select pg_class.oid::bigint, nspname::text, relname::text, obj_description(pg_class.oid, 'pg_class')
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p') and not relispartition and nspname = any(%s)
    order by pg_class.oid
"""
_COLUMNS: Final = """
    select
        attrelid::bigint,
        attname::text,
        replace(format_type(atttypid, atttypmod), ' without time zone', ''),
        attnotnull,
        array(
            select distinct case contype when 'p' then 'PK' when 'u' then 'UK' else 'FK' end as key
            from pg_constraint
            where conrelid = attrelid and contype in ('p', 'u', 'f') and attnum = any(conkey)
            order by key desc
        ),
        col_description(attrelid, attnum)
    from pg_attribute
    where attrelid = any(%s::oid[]) and attnum > 0 and not attisdropped
    order by attrelid, attnum
"""
_FOREIGN_KEYS: Final = """
    select
        conrelid::bigint,
        array(
            select attname::text
            from unnest(conkey) with ordinality as part (number, place)
            join pg_attribute on attrelid = conrelid and attnum = number
            order by place
        ),
        confrelid::bigint
    from pg_constraint
    where contype = 'f' and conrelid = any(%s::oid[]) and conparentid = 0
    order by conrelid, conname
"""
_CHECKS: Final = """
    select conrelid::bigint, 'check' || substr(definition, 6)
    from pg_constraint, lateral pg_get_constraintdef(oid) as definition
    where contype = 'c' and conrelid = any(%s::oid[])
    order by conrelid, conname
"""


def _databases(count: int) -> Iterator[str]:
    """So many empty databases, one after the other, on a server that ends with them."""
    services = Services(Path(tempfile.mkdtemp(prefix="watthouse-diagrams-")))
    url = SERVERS[_SERVER].url(services.up(SERVERS[_SERVER]))
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for number in range(count):
                connection.execute(SQL("create database {}").format(Identifier(f"drawing_{number}")))
                yield urlsplit(url)._replace(path=f"/drawing_{number}").geturl()
    finally:
        services.down(_SERVER)
        shutil.rmtree(services.folder, ignore_errors=True)


if __name__ == "__main__":
    for drawing, database in zip(DRAWINGS, _databases(len(DRAWINGS)), strict=True):
        drawing.page.write_text(page(drawing, database))
