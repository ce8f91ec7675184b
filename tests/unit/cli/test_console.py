"""The terminal of whoever looks at data of other people is their own."""

import json
from datetime import UTC, datetime
from typing import Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import BarColumn, Progress
from typer.testing import CliRunner

from tests.unit.test_inert import CLEAR, ORDERS
from watthouse.cli import console, reports, tables
from watthouse.cli.app import app
from watthouse.meters.curve import Curve, CurveReport
from watthouse.sync.report import Report
from watthouse.transform import Node

MARKUP: Final = [
    "[red]",
    "[/]",
    "[/red]",
    "[link=https://example.org]x[/link]",
    "\\[red]",
    "a\\",
    "\\\\[red]",
    ":bomb:",
    "[0]",
]


@pytest.mark.parametrize("text", MARKUP)
def test_data_is_no_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.out.print(f"[red]{console.safe(text)}[/] {console.safe('x]')}")
    assert capsys.readouterr().out == f"{text} x]\n"


def test_two_texts_together_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    console.out.print(f"{console.safe('[red')} and {console.safe('green]')}")
    assert capsys.readouterr().out == "[red and green]\n"


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"])))
def test_any_text_is_printed_as_it_is(text: str) -> None:
    with console.out.capture() as printed:
        console.out.print(console.safe(text), soft_wrap=True)
    assert printed.get() == f"{text}\n"


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_no_order_of_a_text_reaches_the_terminal_whatever_prints_it(
    order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, cell = f"a{order}b", f"a{order}b".encode("utf-8", "replace").decode()
    now = datetime(2025, 6, 1, tzinfo=UTC)
    curve = Curve(name, name, name, name, 1, now, now)
    console.out.print(name)
    console.notice(name)
    console.print_json({"name": name})
    tables.frame([pl.DataFrame({cell: [cell]})], hint="")
    reports.report(Report(left={name: name}, failed={name: name}, notes={name: (name,)}))
    reports.curves([CurveReport(name, "lp", 1, 1, {1: name}, [name], {name: [name, name]}, [curve])])
    seen = "".join(capsys.readouterr())
    assert "\x1b" not in seen
    assert order not in seen
    assert len(seen.splitlines()) == len(seen.split("\n")) - 1


def test_json_on_a_terminal_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    named = {"name": f"{CLEAR}\x9b\u202e\ud800 [red] é"}
    console.print_json(named)
    printed = capsys.readouterr().out
    assert json.loads(printed) == named
    assert "é" in printed
    assert not {"\x1b", "\x9b", "\u202e"} & {*printed}


def test_signs_that_stand_for_markup_inside_are_no_markup_where_data_brings_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forged = {"name": 'a\ue05c", "role": "admin', "\ue05b": "\ue05bred]"}
    console.print_json(forged)
    assert json.loads(capsys.readouterr().out) == forged
    console.out.print(console.safe("\ue05bred] a\ue05c \\[red]"))
    assert capsys.readouterr().out == "\ufffdred] a\ufffd \\[red]\n"


@pytest.mark.parametrize("words", [["show", "--since", CLEAR, "x"], ["show", "a", CLEAR], [f"--{CLEAR}"], [CLEAR]])
def test_what_was_typed_is_refused_without_orders(words: list[str]) -> None:
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "\x1b" not in refused.output
    assert "\x07" not in refused.output


def test_progress_tells_rows_and_the_time_that_is_left_of_each_stage_by_its_own_speed() -> None:
    clock = [0.0]
    progress = Progress(*console.COLUMNS, get_time=lambda: clock[0], console=Console(width=160), auto_refresh=False)
    bar = console.Bar(progress)

    def line() -> str:
        (task,) = progress.tasks
        cells = [column(task) for column in progress.columns[1:] if not isinstance(column, BarColumn)]
        return " ".join(str(cell) for cell in cells)

    for second in range(1, 4):
        clock[0] = second
        bar.reading("exports/2025-01.parquet", 10 * second, 100, 1_000 * second)
    assert line() == "reading 2025-01.parquet  30% 3,000 rows 0:00:07"
    bar.comparing("eco2mix-regional-tr", 0, 4_000)
    assert line() == "comparing eco2mix-regional-tr with the lake   0% 0 of 4,000 rows -:--:--"
    for second, rows in ((4, 1_000), (5, 2_000)):
        clock[0] = second
        bar.comparing("eco2mix-regional-tr", rows, 4_000)
    assert line() == "comparing eco2mix-regional-tr with the lake  50% 2,000 of 4,000 rows 0:00:02"
    bar.stage("building the marts")
    assert line().split() == ["building", "the", "marts"], "nothing is left over of the stage before"
    for title in ("daily_mix", "daily_merged"):
        bar.node(Node(title, is_model=True, status="success", seconds=1))
    assert line().split() == ["building", "daily_merged", "2", "done"]
