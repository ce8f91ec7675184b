"""Diagrams of a script's tables: what a real server has in its catalog once the script was run."""

import subprocess
from pathlib import Path

import pytest

from tools.diagrams import diagram, drawn_into, model, run, tables

pytestmark = [pytest.mark.slow]

SCRIPT = """
create schema mart;
create schema staging;
create table mart.day (day date primary key, name varchar(9) not null unique, mean numeric(18, 2));
create table mart.place (country text, code smallint, primary key (country, code));
create table mart.fact (
    day date not null references mart.day, country text, code smallint, load_mw integer check (load_mw > 0),
    at timestamptz not null, primary key (day, at), foreign key (country, code) references mart.place
) partition by range (day);
create table mart.fact_2024 partition of mart.fact for values from ('2024-01-01') to ('2025-01-01');
create table staging.fact (like mart.fact);
comment on table mart.fact is 'Load, a row a slot';
comment on column mart.fact.load_mw is 'Load | [MW]';
"""

DIAGRAM = """```mermaid
erDiagram
  day {
    date day PK
    character_varying name UK
    numeric mean
  }
  place {
    text country PK
    smallint code PK
  }
  fact {
    date day PK, FK
    text country FK
    smallint code FK
    integer load_mw
    timestamp_with_time_zone at PK
  }
  place o|--o{ fact : country_code
  day ||--o{ fact : day
```
"""


@pytest.fixture
def url(database: str, tmp_path: Path) -> str:
    (tmp_path / "made.sql").write_text(SCRIPT)
    run(tmp_path / "made.sql", database)
    return database


def test_a_diagram_has_tables_keys_and_what_they_point_at_of_these_schemas_alone(url: str) -> None:
    assert diagram(tables(url, ["mart"])) == DIAGRAM


def test_the_model_has_every_column_with_its_meaning_and_every_condition(url: str) -> None:
    lines = model(tables(url, ["mart"])).splitlines()
    assert lines[lines.index("### fact") :] == [
        "### fact",
        "",
        "Load, a row a slot",
        "",
        "| column | type | key | null | meaning |",
        "|---|---|---|---|---|",
        "| `day` | date | PK, FK → `day` |  |  |",
        "| `country` | text | FK → `place` | yes |  |",
        "| `code` | smallint | FK → `place` | yes |  |",
        "| `load_mw` | integer |  | yes | Load \\| [MW] |",
        "| `at` | timestamp with time zone | PK |  |  |",
        "",
        "- `check ((load_mw > 0))`",
    ]


def test_tables_of_several_schemas_have_their_schema_in_front(url: str) -> None:
    assert [table.name for table in tables(url, ["staging", "mart"])] == [
        "mart.day",
        "mart.place",
        "mart.fact",
        "staging.fact",
    ]


def test_a_page_keeps_its_words_and_needs_marks(url: str) -> None:
    drawn = tables(url, ["mart"])
    page = "before\n<!-- diagram -->\nold\n<!-- /diagram -->\nafter\n"
    assert drawn_into(page, drawn) == f"before\n<!-- diagram -->\n{DIAGRAM}<!-- /diagram -->\nafter\n"
    assert drawn_into(drawn_into(page, drawn), drawn) == drawn_into(page, drawn)
    with pytest.raises(ValueError, match="no <!-- diagram -->"):
        drawn_into("words", drawn)


def test_a_script_that_fails_is_no_diagram(database: str, tmp_path: Path) -> None:
    (tmp_path / "made.sql").write_text("create table one (); create table one ();")
    with pytest.raises(subprocess.CalledProcessError):
        run(tmp_path / "made.sql", database)
