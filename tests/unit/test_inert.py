"""What other people wrote gives no orders to a terminal, and no formula to a spreadsheet."""

import json
import unicodedata
from typing import Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse import cells, inert

CLEAR: Final = "\x1b[2J\x1b]0;title\x07"
ORDERS: Final = {
    "colours": "\x1b[31m",
    "a title": CLEAR,
    "a bell": "\x07",
    "a carriage return": "safe\rgone",
    "C1": "\x9b31m",
    "right to left": "\u202egnp.exe",
    "an isolate": "\u2066x\u2069",
    "no width": "a\u200bb",
    "a separator of lines": "a\u2028b",
    "a byte that is no letter": "\udcff",
    "a tag": "\U000e0041",
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_an_order_is_shown_and_not_given(order: str) -> None:
    shown = inert.line(f"name {order}")
    assert shown != f"name {order}"
    assert {unicodedata.category(sign) for sign in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert "\x1b" not in shown


def test_what_people_write_stays_as_it_is() -> None:
    for text in ("Provence-Alpes-Côte d'Azur", "12\xa0000\u202fMW", "100 % [a] \\ {b}", "日本 ½ ␛", ""):
        assert inert.line(text) == text


def test_no_text_is_more_than_one_line() -> None:
    assert inert.line("refused\n\nall is well\r\n\tdone") == "refused all is well␍ done"


@given(st.text())
def test_a_document_of_json_says_the_same_and_has_no_order_in_it(text: str) -> None:
    document = inert.escaped(json.dumps({"name": text}, ensure_ascii=False))
    assert json.loads(document) == {"name": text}
    assert inert.visible(document) == document


FORMULAS: Final = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("kind", [pl.String, pl.Categorical], ids=str)
def test_text_that_begins_as_a_formula_is_text(formula: str, kind: type[pl.DataType]) -> None:
    rows = pl.DataFrame({"name": pl.Series([formula, "Corse", None, formula], dtype=pl.String).cast(kind)})
    first, second, third, last = cells.inert(rows)["name"]
    assert (first[0], second, third, last) == ("'", "Corse", None, first)
    assert first[2:] == formula[1:]


def test_numbers_days_and_what_is_no_formula_stay() -> None:
    rows = pl.DataFrame({"mw": [-1, None], "rate": [-0.5, float("nan")], "name": ["a=1", "'=1"]})
    assert cells.inert(rows).equals(rows)


def test_a_control_character_in_a_cell_is_a_sign() -> None:
    rows = pl.DataFrame({"name": [CLEAR, "x\u202ey", "two\nlines", "\x00=1"]})
    assert cells.inert(rows)["name"].to_list() == ["�[2J�]0;title�", "x�y", "two\nlines", "�=1"]
    assert not cells.is_inert(rows)
    assert cells.is_inert(pl.DataFrame({"name": ["Corse", None], "mw": [1, 2]}))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_cells_and_terminal_agree_on_what_cannot_be_seen(text: str) -> None:
    seen_by_eye = inert.visible(text.replace("\r", "")) == text.replace("\r", "")
    assert cells.is_inert(pl.DataFrame({"name": [text]})) == seen_by_eye
