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
_COMPARED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "equals": operator.eq,
    "notEqual": operator.ne,
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
}
_FOUND: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "contains": lambda cell, said: cell.contains(said),
    "notContains": lambda cell, said: ~cell.contains(said) | cell.isnull(),
    "equals": operator.eq,
    "notEqual": lambda cell, said: (cell != said) | cell.isnull(),
    "startsWith": lambda cell, said: cell.startswith(said),
    "endsWith": lambda cell, said: cell.endswith(said),
}


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"
    FLAG = "flag"

    @property
    def filter(self) -> str:
        """The ``filterType`` of its conditions."""
        return {Kind.NUMBER: "number", Kind.DAY: "date", Kind.INSTANT: "date"}.get(self, "text")

    @property
    def operators(self) -> tuple[str, ...]:
        """What its conditions may be."""
        return (*_OPERATORS[self], *_BLANKS)


_BETWEEN_DAYS: Final = ("equals", "notEqual", "lessThan", "greaterThan", "inRange")
_OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TEXT: tuple(_FOUND),
    Kind.NUMBER: (*_COMPARED, "inRange"),
    Kind.DAY: _BETWEEN_DAYS,
    Kind.INSTANT: _BETWEEN_DAYS,
    Kind.FLAG: ("true", "false"),
}


def kind_of(held: dt.DataType) -> Kind:
    """The kind of a column by its type."""
    if held.is_boolean():
        return Kind.FLAG
    if held.is_numeric():
        return Kind.NUMBER
    if held.is_timestamp():
        return Kind.INSTANT
    return Kind.DAY if held.is_date() else Kind.TEXT


def sifted(rows: ir.Table, model: object) -> ir.BooleanValue:
    """Whether a row passes a filter model; every row passes an empty one.

    Text is compared without regard to case, and what is not there neither contains a text nor equals it. Both ends of
    a range belong to it. An instant is compared by its civil day (Europe/Paris).
    """
    model = model or {}
    if not isinstance(model, Mapping):
        raise wrong("filterModel", "the filters are no object")
    passed = [_column_passes(_column(rows, name), said) for name, said in model.items()]
    return reduce(operator.and_, passed, ibis.literal(value=True))


def ordered(rows: ir.Table, model: object, key: Sequence[str]) -> list[ir.Value]:
    """The order that a sort model asks for, empty cells last; rows that are alike in it have the newest key first, so
    that no two rows ever stand at one place."""
    model = model or []
    if not isinstance(model, list):
        raise wrong("sortModel", "the order is no list")
    asked = dict(_direction(rows, said) for said in model)
    if len(asked) != len(model):
        raise wrong("sortModel", "a column is there twice")
    whole = {**asked, **{name: "desc" for name in key if name not in asked}}
    ways = {"asc": ibis.asc, "desc": ibis.desc}
    return [ways[way](rows[name], nulls_first=False) for name, way in whole.items()]


def _direction(rows: ir.Table, said: object) -> tuple[str, str]:
    if not isinstance(said, Mapping) or said.get("sort") not in ("asc", "desc"):
        raise wrong("sortModel", "a column is sorted 'asc' or 'desc'")
    return _column(rows, said.get("colId")).get_name(), str(said["sort"])


def _column(rows: ir.Table, name: object) -> ir.Value:
    if not isinstance(name, str) or name not in rows.columns:
        raise wrong("colId", f"there is no column '{str(name)[:60]}'")
    return rows[name]


def _column_passes(column: ir.Value, said: object) -> ir.BooleanValue:
    """One condition, or two that are joined."""
    if not isinstance(said, Mapping):
        raise _refused(column, "a condition is an object")
    if "operator" not in said:
        return _passes(column, said)
    join, conditions = _JOINS.get(str(said["operator"])), said.get("conditions")
    if join is None or not isinstance(conditions, list) or not 1 <= len(conditions) <= _CONDITIONS:
        raise _refused(column, f"up to {_CONDITIONS} conditions are joined by AND or by OR")
    joined: ir.BooleanValue = reduce(join, [_passes(column, one) for one in conditions])
    return joined


def _passes(column: ir.Value, said: object) -> ir.BooleanValue:
    kind = kind_of(column.type())
    if not isinstance(said, Mapping) or said.get("filterType") != kind.filter:
        raise _refused(column, f"its conditions are those of a {kind.filter}")
    name = said.get("type")
    if name not in kind.operators:
        raise _refused(column, f"it can be {', '.join(kind.operators)}, not '{str(name)[:40]}'")
    if name in _BLANKS:
        return column.isnull() if name == "blank" else column.notnull()
    return _TESTS[kind](column, str(name), said)


def _text(column: Any, name: str, said: Mapping[str, Any]) -> ir.BooleanValue:
    value = said.get("filter")
    if not isinstance(value, str) or len(value) > _LONGEST or not _is_writable(value):
        raise _refused(column, f"it is compared with a text of {_LONGEST} letters at most")
    found: ir.BooleanValue = _FOUND[name](column.lower(), ibis.literal(value).lower())
    return found


def _is_writable(value: str) -> bool:
    """Half a character (a lone surrogate) and the null character are no text to the engine."""
    return "\0" not in value and value.encode(errors="replace").decode() == value


def _number(column: Any, name: str, said: Mapping[str, Any]) -> ir.BooleanValue:
    first = _finite(column, said.get("filter"))
    if name == "inRange":
        return (column >= first) & (column <= _finite(column, said.get("filterTo")))
    compared: ir.BooleanValue = _COMPARED[name](column, first)
    return compared


def _finite(column: ir.Value, value: object) -> ir.Value:
    """As a double: a decimal that is read with its digits is the double that JSON has of it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or not isfinite(value):
        raise _refused(column, "it is compared with a number")
    return ibis.literal(float(value), type="float64")


def _day(column: Any, name: str, said: Mapping[str, Any]) -> ir.BooleanValue:
    begins, ends = _bounds(column, said.get("dateFrom"))
    if name == "inRange":
        _, ends = _bounds(column, said.get("dateTo"))
    tests: Mapping[str, ir.BooleanValue] = {
        "lessThan": column < begins,
        "greaterThan": column >= ends,
        "notEqual": (column < begins) | (column >= ends),
    }
    return tests.get(name, (column >= begins) & (column < ends))


def _bounds(column: ir.Value, said: object) -> tuple[ir.Value, ir.Value]:
    """Where a civil day begins, and where the next one does."""
    try:
        if not isinstance(said, str) or not (written := _DAY.fullmatch(said)):
            raise ValueError
        day = date.fromisoformat(written["day"])
        begins, ends = (_begins(column, one) for one in (day, day + timedelta(days=1)))
    except (ValueError, OverflowError):
        raise _refused(column, "it is compared with a day, written YYYY-MM-DD") from None
    return begins, ends


def _begins(column: ir.Value, day: date) -> ir.Value:
    if column.type().is_date():
        return ibis.date(day)
    return ibis.literal(datetime.combine(day, time(), PARIS), type=column.type())


def _flag(column: Any, name: str, _: Mapping[str, Any]) -> ir.BooleanValue:
    return column if name == "true" else ~column


def _refused(column: ir.Value, detail: str) -> ProblemError:
    return wrong("filterModel", f"{column.get_name()}: {detail}")


_TESTS: Final[Mapping[Kind, Callable[[Any, str, Mapping[str, Any]], ir.BooleanValue]]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DAY: _day,
    Kind.INSTANT: _day,
    Kind.FLAG: _flag,
}
