"""What AG Grid asks of a table is what Polars finds of it; what no table could answer is refused."""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.serve.dashboard.grid_filter import ordered, sifted
from watthouse.serve.problems import ProblemError

DAYS = [date(2025, 10, 25), date(2025, 10, 26), date(2025, 10, 27), None]
TEXTS = ["Bretagne", "bretagne", "Île-de-France", "50%", "a_b", "l'eau", "", None]
NUMBERS = [Decimal("-1.50"), Decimal("0.10"), Decimal(0), Decimal("60608.25"), None]
HELD = pl.DataFrame(
    [
        {
            "civil_date": DAYS[n % 4],
            "region": TEXTS[n % 8],
            "load": NUMBERS[n % 5],
            "slots": None if n % 7 == 6 else n % 7,
            "at": None if n % 9 == 8 else datetime(2025, 10, 25, 21, 30, tzinfo=UTC) + timedelta(hours=n),
            "complete": [True, False, None][n % 3],
            "number": n,
        }
        for n in range(53)
    ],
    schema={
        "civil_date": pl.Date,
        "region": pl.String,
        "load": pl.Decimal(18, 2),
        "slots": pl.Int32,
        "at": pl.Datetime("us", "UTC"),
        "complete": pl.Boolean,
        "number": pl.Int32,
    },
)
TABLE = ibis.memtable(HELD.to_arrow())
KEY = ("civil_date", "number")
Condition = tuple[dict[str, Any], pl.Expr]

COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "equals": operator.eq,
    "notEqual": operator.ne,
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
}


def found(model: Mapping[str, Any]) -> list[int]:
    rows = TABLE.filter(sifted(TABLE, model)).select("number").to_pyarrow()
    return sorted(rows["number"].to_pylist())


def blanks(column: str, kind: str) -> st.SearchStrategy[Condition]:
    cell = pl.col(column)
    return st.sampled_from(
        [
            ({"filterType": kind, "type": "blank"}, cell.is_null()),
            ({"filterType": kind, "type": "notBlank"}, cell.is_not_null()),
        ]
    )


@st.composite
def of_text(draw: st.DrawFn) -> Condition:
    looked_for = draw(st.sampled_from(["bre", "B", "ÎLE", "%", "_", "'", "e", "50%", "Bretagne", "x"]))
    cell, said = pl.col("region").str.to_lowercase(), looked_for.lower()
    tests = {
        "contains": cell.str.contains(said, literal=True),
        "notContains": ~cell.str.contains(said, literal=True).fill_null(value=False),
        "equals": cell == said,
        "notEqual": cell.fill_null("\n") != said,
        "startsWith": cell.str.starts_with(said),
        "endsWith": cell.str.ends_with(said),
    }
    name = draw(st.sampled_from(sorted(tests)))
    return {"filterType": "text", "type": name, "filter": looked_for}, tests[name]


@st.composite
def of_number(draw: st.DrawFn, column: str) -> Condition:
    cell = pl.col(column).cast(pl.Float64)
    first, last = (draw(st.sampled_from([-1.5, 0, 0.1, 1, 3, 5.5, 60608.25])) for _ in "ab")
    name = draw(st.sampled_from([*COMPARED, "inRange"]))
    test = cell.is_between(first, last) if name == "inRange" else COMPARED[name](cell, first)
    return {"filterType": "number", "type": name, "filter": first, "filterTo": last}, test


@st.composite
def of_day(draw: st.DrawFn, column: str) -> Condition:
    cell = pl.col(column)
    if column == "at":
        cell = cell.dt.convert_time_zone("Europe/Paris").dt.date()
    first, last = (draw(st.dates(date(2025, 10, 24), date(2025, 10, 29))) for _ in "ab")
    name = draw(st.sampled_from(["equals", "notEqual", "lessThan", "greaterThan", "inRange"]))
    test = cell.is_between(first, last) if name == "inRange" else COMPARED[name](cell, first)
    return {"filterType": "date", "type": name, "dateFrom": f"{first} 00:00:00", "dateTo": f"{last} 00:00:00"}, test


CONDITIONS: Mapping[str, st.SearchStrategy[Condition]] = {
    "region": of_text() | blanks("region", "text"),
    "load": of_number("load") | blanks("load", "number"),
    "slots": of_number("slots") | blanks("slots", "number"),
    "civil_date": of_day("civil_date") | blanks("civil_date", "date"),
    "at": of_day("at") | blanks("at", "date"),
    "complete": st.sampled_from(
        [
            ({"filterType": "text", "type": "true"}, pl.col("complete")),
            ({"filterType": "text", "type": "false"}, ~pl.col("complete")),
        ]
    ),
}


@st.composite
def models(draw: st.DrawFn) -> tuple[dict[str, Any], pl.Expr]:
    """A filter model of AG Grid's, and what it means."""
    model, passes = {}, pl.lit(value=True)
    for column in draw(st.lists(st.sampled_from(sorted(CONDITIONS)), unique=True, max_size=3)):
        (said, first), (more, second) = draw(CONDITIONS[column]), draw(CONDITIONS[column])
        join = draw(st.sampled_from(["", "AND", "OR"]))
        joined = {"filterType": said["filterType"], "operator": join, "conditions": [said, more]}
        model[column] = joined if join else said
        passes &= {"": first, "AND": first & second, "OR": first | second}[join]
    return model, passes


@settings(max_examples=80, deadline=None)
@given(models())
def test_a_filter_finds_what_it_means(asked: tuple[dict[str, Any], pl.Expr]) -> None:
    model, passes = asked
    assert found(model) == sorted(HELD.filter(passes)["number"])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(HELD.columns), st.booleans()), unique_by=lambda one: one[0], max_size=4),
    st.integers(1, 20),
)
def test_blocks_follow_each_other_in_the_order_asked_for(asked: list[tuple[str, bool]], size: int) -> None:
    model = [{"colId": name, "sort": "desc" if down else "asc", "type": "default"} for name, down in asked]
    rows = TABLE.order_by(ordered(TABLE, model, KEY))
    blocks = [rows.limit(size, offset=at)["number"].to_pyarrow().to_pylist() for at in range(0, HELD.height, size)]
    whole = dict(asked) | {name: True for name in KEY if name not in dict(asked)}
    held = HELD.sort([*whole], descending=[*whole.values()], nulls_last=True)
    assert [number for block in blocks for number in block] == held["number"].to_list()


OF_REGION = {"filterType": "text", "type": "contains", "filter": "a"}


@pytest.mark.parametrize(
    "model",
    [
        {"nothing": OF_REGION},
        {"region; drop table marts.days": OF_REGION},
        {"load": OF_REGION},
        {"region": {**OF_REGION, "type": "matches"}},
        {"region": {**OF_REGION, "type": "lessThan"}},
        {"region": {**OF_REGION, "type": ["contains"]}},
        {"region": {**OF_REGION, "filter": 1}},
        {"region": {**OF_REGION, "filter": "a" * 201}},
        {"region": {**OF_REGION, "filter": "a\0"}},
        {"region": {**OF_REGION, "filter": "\ud800"}},
        {"region": {"filterType": "text", "type": "contains"}},
        {"region": "contains a"},
        {"region": {"filterType": "text", "operator": "XOR", "conditions": [OF_REGION, OF_REGION]}},
        {"region": {"filterType": "text", "operator": "OR", "conditions": [OF_REGION] * 3}},
        {"region": {"filterType": "text", "operator": "OR", "conditions": []}},
        {"region": {"filterType": "text", "operator": "OR", "conditions": [OF_REGION, 1]}},
        {"load": {"filterType": "number", "type": "equals", "filter": "1 or true"}},
        {"load": {"filterType": "number", "type": "equals", "filter": True}},
        {"load": {"filterType": "number", "type": "equals", "filter": float("nan")}},
        {"load": {"filterType": "number", "type": "equals", "filter": 10**400}},
        {"load": {"filterType": "number", "type": "inRange", "filter": 1, "filterTo": None}},
        {"civil_date": {"filterType": "date", "type": "equals", "dateFrom": "2025-02-30 00:00:00"}},
        {"civil_date": {"filterType": "date", "type": "equals", "dateFrom": "2025-02-20 12:00:00"}},
        {"civil_date": {"filterType": "date", "type": "equals", "dateFrom": "9999-12-31"}},
        {"civil_date": {"filterType": "date", "type": "equals", "dateFrom": 20250220}},
        {"complete": {"filterType": "text", "type": "equals", "filter": "true"}},
        [OF_REGION],
    ],
)
def test_a_filter_that_no_column_has_is_refused(model: Any) -> None:
    with pytest.raises(ProblemError) as refused:
        sifted(TABLE, model)
    assert refused.value.status == 422


@pytest.mark.parametrize(
    "model",
    [
        [{"colId": "nothing", "sort": "asc"}],
        [{"colId": None, "sort": "asc"}],
        [{"colId": "load", "sort": "asc; drop table marts.days"}],
        [{"colId": "load"}],
        [{"colId": "load", "sort": "asc"}, {"colId": "load", "sort": "desc"}],
        ["load"],
        {"load": "asc"},
    ],
)
def test_an_order_that_no_column_has_is_refused(model: Any) -> None:
    with pytest.raises(ProblemError) as refused:
        ordered(TABLE, model, KEY)
    assert refused.value.status == 422


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_looked_for_as_it_is_or_refused(said: str) -> None:
    rows = ibis.memtable({"region": [said, f"<{said}>", None]})
    try:
        passes = sifted(rows, {"region": {"filterType": "text", "type": "equals", "filter": said}})
    except ProblemError:
        assert "\0" in said
    else:
        assert rows.filter(passes).count().to_pyarrow().as_py() == 1
