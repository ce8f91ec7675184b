"""What AG Grid asks of a table, as Ibis expressions: its filter model and its sort model, over every row.

Whatever the browser says is checked: columns are those of the table, operators those of the column's kind, values of
that kind. Anything else is refused with a problem; nothing becomes SQL but as a literal.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import reduce
from math import isfinite
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from watthouse.clock import PARIS
from watthouse.serve.problems import ProblemError, wrong

_LONGEST: Final = 200  # letters of a text to look for
_CONDITIONS: Final = 2
_JOINS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"AND": operator.and_, "OR": operator.or_}
_DAY: Final = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)( 00:00:00)?", re.ASCII)
_BLANKS: Final = ("blank", "notBlank")
_NUMBER_TESTS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "equals": operator.eq,
    "notEqual": operator.ne,
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
}
_TEXT_TESTS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "contains": lambda cell, text: cell.contains(text),
    "notContains": lambda cell, text: ~cell.contains(text) | cell.isnull(),
    "equals": operator.eq,
    # SQL's != is null beside null, and would drop the empty cells
    "notEqual": lambda cell, text: (cell != text) | cell.isnull(),
    "startsWith": lambda cell, text: cell.startswith(text),
    "endsWith": lambda cell, text: cell.endswith(text),
}


class CellKind(Enum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"
    FLAG = "flag"

    @property
    def filter(self) -> str:
        """The ``filterType`` of its conditions."""
        return {CellKind.NUMBER: "number", CellKind.DAY: "date", CellKind.INSTANT: "date"}.get(self, "text")

    @property
    def operators(self) -> tuple[str, ...]:
        """What its conditions may be."""
        return (*_OPERATORS[self], *_BLANKS)


_BETWEEN_DAYS: Final = ("equals", "notEqual", "lessThan", "greaterThan", "inRange")
_OPERATORS: Final[Mapping[CellKind, tuple[str, ...]]] = {
    CellKind.TEXT: tuple(_TEXT_TESTS),
    CellKind.NUMBER: (*_NUMBER_TESTS, "inRange"),
    CellKind.DAY: _BETWEEN_DAYS,
    CellKind.INSTANT: _BETWEEN_DAYS,
    CellKind.FLAG: ("true", "false"),
}


def kind_of(column_type: dt.DataType) -> CellKind:
    """The kind of a column by its type."""
    if column_type.is_boolean():
        return CellKind.FLAG
    if column_type.is_numeric():
        return CellKind.NUMBER
    if column_type.is_timestamp():
        return CellKind.INSTANT
    return CellKind.DAY if column_type.is_date() else CellKind.TEXT


def sifted(rows: ir.Table, model: object) -> ir.BooleanValue:
    """Whether a row passes a filter model; every row passes an empty one.

    Text is compared without regard to case, and what is not there neither contains a text nor equals it. Both ends of
    a range belong to it. An instant is compared by its civil day (Europe/Paris).
    """
    model = model or {}
    if not isinstance(model, Mapping):
        raise wrong("filterModel", "the filters are no object")
    passed = [_column_passes(_column(rows, name), condition) for name, condition in model.items()]
    return reduce(operator.and_, passed, ibis.literal(value=True))


def ordered(rows: ir.Table, model: object, key: Sequence[str]) -> list[ir.Value]:
    """The order that a sort model asks for, empty cells last; rows that are alike in it have the newest key first, so
    that no two rows ever stand at one place."""
    model = model or []
    if not isinstance(model, list):
        raise wrong("sortModel", "the order is no list")
    directions = dict(_direction(rows, entry) for entry in model)
    if len(directions) != len(model):
        # a dict would silently keep the second one
        raise wrong("sortModel", "a column is there twice")
    # without the key, equal rows could change places between two blocks
    whole = {**directions, **{name: "desc" for name in key if name not in directions}}
    ways = {"asc": ibis.asc, "desc": ibis.desc}
    return [ways[way](rows[name], nulls_first=False) for name, way in whole.items()]


def _direction(rows: ir.Table, entry: object) -> tuple[str, str]:
    if not isinstance(entry, Mapping) or entry.get("sort") not in ("asc", "desc"):
        raise wrong("sortModel", "a column is sorted 'asc' or 'desc'")
    return _column(rows, entry.get("colId")).get_name(), str(entry["sort"])


def _column(rows: ir.Table, name: object) -> ir.Value:
    # names come from the browser: only those of the table ever reach the engine
    if not isinstance(name, str) or name not in rows.columns:
        raise wrong("colId", f"there is no column '{str(name)[:60]}'")
    return rows[name]


def _column_passes(column: ir.Value, condition: object) -> ir.BooleanValue:
    """One condition, or two that are joined."""
    if not isinstance(condition, Mapping):
        raise _refused(column, "a condition is an object")
    if "operator" not in condition:
        return _passes(column, condition)
    join, conditions = _JOINS.get(str(condition["operator"])), condition.get("conditions")
    if join is None or not isinstance(conditions, list) or not 1 <= len(conditions) <= _CONDITIONS:
        raise _refused(column, f"up to {_CONDITIONS} conditions are joined by AND or by OR")
    joined: ir.BooleanValue = reduce(join, [_passes(column, each) for each in conditions])
    return joined


def _passes(column: ir.Value, condition: object) -> ir.BooleanValue:
    kind = kind_of(column.type())
    if not isinstance(condition, Mapping) or condition.get("filterType") != kind.filter:
        raise _refused(column, f"its conditions are those of a {kind.filter}")
    name = condition.get("type")
    if name not in kind.operators:
        raise _refused(column, f"it can be {', '.join(kind.operators)}, not '{str(name)[:40]}'")
    if name in _BLANKS:
        return column.isnull() if name == "blank" else column.notnull()
    return _TESTS[kind](column, str(name), condition)


def _text(column: Any, name: str, condition: Mapping[str, Any]) -> ir.BooleanValue:
    # AG Grid sends text, numbers and days under the same key
    value = condition.get("filter")
    if not isinstance(value, str) or len(value) > _LONGEST or not _is_writable(value):
        raise _refused(column, f"it is compared with a text of {_LONGEST} letters at most")
    test: ir.BooleanValue = _TEXT_TESTS[name](column.lower(), ibis.literal(value).lower())
    return test


def _is_writable(value: str) -> bool:
    """Half a character (a lone surrogate) and the null character are no text to the engine."""
    return "\0" not in value and value.encode(errors="replace").decode() == value


def _number(column: Any, name: str, condition: Mapping[str, Any]) -> ir.BooleanValue:
    first = _finite(column, condition.get("filter"))
    if name == "inRange":
        return (column >= first) & (column <= _finite(column, condition.get("filterTo")))
    compared: ir.BooleanValue = _NUMBER_TESTS[name](column, first)
    return compared


def _finite(column: ir.Value, value: object) -> ir.Value:
    """As a double: a decimal that is read with its digits is the double that JSON has of it."""
    # True is an int to Python
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or not isfinite(value):
        raise _refused(column, "it is compared with a number")
    return ibis.literal(float(value), type="float64")


def _day(column: Any, name: str, condition: Mapping[str, Any]) -> ir.BooleanValue:
    # half open, so that an instant at midnight belongs to one day only
    begins, ends = _bounds(column, condition.get("dateFrom"))
    if name == "inRange":
        _, ends = _bounds(column, condition.get("dateTo"))
    tests: Mapping[str, ir.BooleanValue] = {
        "lessThan": column < begins,
        "greaterThan": column >= ends,
        "notEqual": (column < begins) | (column >= ends),
    }
    return tests.get(name, (column >= begins) & (column < ends))


def _bounds(column: ir.Value, given: object) -> tuple[ir.Value, ir.Value]:
    """Where a civil day begins, and where the next one does."""
    try:
        if not isinstance(given, str) or not (written := _DAY.fullmatch(given)):
            raise ValueError
        day = date.fromisoformat(written["day"])
        begins, ends = (_begins(column, midnight) for midnight in (day, day + timedelta(days=1)))
    except (ValueError, OverflowError):
        raise _refused(column, "it is compared with a day, written YYYY-MM-DD") from None
    return begins, ends


def _begins(column: ir.Value, day: date) -> ir.Value:
    if column.type().is_date():
        return ibis.date(day)
    # a civil day begins in Paris: compared as UTC, evenings would fall into the next day
    return ibis.literal(datetime.combine(day, time(), PARIS), type=column.type())


def _flag(column: Any, name: str, _: Mapping[str, Any]) -> ir.BooleanValue:
    return column if name == "true" else ~column


def _refused(column: ir.Value, detail: str) -> ProblemError:
    return wrong("filterModel", f"{column.get_name()}: {detail}")


_TESTS: Final[Mapping[CellKind, Callable[[Any, str, Mapping[str, Any]], ir.BooleanValue]]] = {
    CellKind.TEXT: _text,
    CellKind.NUMBER: _number,
    CellKind.DAY: _day,
    CellKind.INSTANT: _day,
    CellKind.FLAG: _flag,
}
