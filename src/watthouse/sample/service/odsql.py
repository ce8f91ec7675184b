"""The part of ODSQL that the sample understands: sqlglot parses it, and types are checked against the dataset's fields.

``where``: comparisons of the time column with ``date'…'`` literals, equality and ``in`` on text columns, ``and``.
``select`` and ``group_by``: fields, ``year(f)``, ``month(f)``, ``date_format(f, 'yyyy-MM')``, ``count``, ``sum``,
``min``, ``max``, ``avg``, each with ``as alias``. Anything else is refused as the live service refuses bad ODSQL.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, reduce
from operator import and_
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from sqlglot import exp, parser, tokenizer_core, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from starlette.datastructures import QueryParams

from watthouse.sample.service.refusals import malformed, unknown_field
from watthouse.sample.service.timespan import TICK, TimeSpan, named, zone

_AGGREGATES: Final = frozenset({"count", "sum", "min", "max", "avg"})
_NUMBERS: Final = frozenset({"int", "double"})
_DATES: Final = frozenset({"date", "datetime"})
_ANY: Final = _NUMBERS | _DATES | {"text", "row"}
_ACCEPTS: Final[Mapping[str, frozenset[str]]] = {
    "": _ANY, "count": _ANY, "sum": _NUMBERS, "avg": _NUMBERS, "min": _NUMBERS | _DATES, "max": _NUMBERS | _DATES,
    "year": _DATES, "month": _DATES, "date_format": _DATES,
}  # fmt: skip
"""Function → the field types it takes, ``row`` for ``*``; a bare field is the function without a name."""

_COMPARED: Final[Mapping[type[exp.Expr], Callable[[datetime], TimeSpan]]] = {
    exp.GTE: lambda start: TimeSpan(start, None),
    exp.GT: lambda start: TimeSpan(start + TICK, None),
    exp.LT: lambda start: TimeSpan(None, start),
    exp.LTE: lambda start: TimeSpan(None, start + TICK),
    exp.EQ: lambda start: TimeSpan(start, start + TICK),
}
_BEYOND: Final = frozenset(exp.Select.arg_types) - {"expressions"}
"""Parts of a SQL select that ODSQL does not have."""
_JAVA: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M"}
_JAVA_PART: Final = re.compile("|".join(_JAVA))


Among = tuple[str, tuple[str, ...]]


class _Odsql(Dialect):
    """Either quote for texts, backticks for names, no comments; functions are kept under their own names."""

    class Tokenizer(tokens.Tokenizer):
        QUOTES: ClassVar = ["'", '"']
        IDENTIFIERS: ClassVar = ["`"]
        COMMENTS: ClassVar = []

    class Parser(parser.Parser):
        FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {}
        NO_PAREN_FUNCTIONS: ClassVar = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {}

        def _parse_expression(self) -> exp.Expr | None:
            # SQL lets `as` be left out, and sqlglot tolerates an empty term; ODSQL does neither
            term = self._parse_disjunction()
            aliased = self._match(tokenizer_core.TokenType.ALIAS)
            alias = self._parse_id_var(any_token=False) if aliased else None
            if term is None or (aliased and alias is None):
                self.raise_error("a term is missing")
            return exp.Alias(this=term, alias=alias) if aliased else term


@dataclass(frozen=True)
class Term:
    """``field``, ``function(field)`` or ``date_format(field, pattern)``; ``alias`` is its name in the answer."""

    field: str
    function: str = ""
    pattern: str = ""
    alias: str = ""

    @property
    def text(self) -> str:
        inner = f"{self.field}, '{self.pattern}'" if self.pattern else self.field
        return f"{self.function}({inner})" if self.function else inner

    @property
    def name(self) -> str:
        return self.alias or self.text

    @property
    def aggregates(self) -> bool:
        return self.function in _AGGREGATES


@dataclass(frozen=True)
class RowsRequest:
    """Which rows (``span``, ``among``), what of them (``select``), grouped by ``keys``, and their ``order``.

    ``among`` are text columns, each with the values it may have; ``order`` columns of the answer, each with whether it
    descends.
    """

    span: TimeSpan
    among: tuple[Among, ...]
    select: tuple[Term, ...]
    keys: tuple[Term, ...]
    order: tuple[tuple[str, bool], ...]
    zone: ZoneInfo

    @property
    def grouped(self) -> bool:
        return bool(self.keys) or any(term.aggregates for term in self.select)


@dataclass(frozen=True)
class Shape:
    """What a dataset's queries may use: ``fields`` (name → Opendatasoft type) and the name of its ``time`` column."""

    fields: Mapping[str, str]
    time: str

    def type_of(self, name: str) -> str:
        if name not in self.fields:
            raise unknown_field(name)
        return self.fields[name]


def rows_request(shape: Shape, parameters: QueryParams) -> RowsRequest:
    """The request in a query string; raises a 400 :class:`~watthouse.sample.service.refusals.RefusalError`."""
    where = zone(parameters.get("timezone", "UTC"))
    clock = ZoneInfo("UTC") if shape.fields.get(shape.time) == "date" else where  # a plain date is in no time zone
    conditions = list(_conditions(shape, parameters, clock))
    span = reduce(and_, (condition for condition in conditions if isinstance(condition, TimeSpan)), TimeSpan())
    among = tuple(condition for condition in conditions if not isinstance(condition, TimeSpan))
    keys = _terms(shape, parameters.get("group_by", ""))
    if any(key.aggregates or key.field == "*" for key in keys):
        raise malformed("group_by takes neither an aggregation nor *")
    request = RowsRequest(span, among, _terms(shape, parameters.get("select", "")), keys, (), where)
    request = _grouped(request) if request.grouped else _plain(shape, request)
    return replace(request, order=tuple(_order(shape, request, parameters.get("order_by", ""))))


def strftime(pattern: str) -> str:
    """A Java date pattern (``yyyy-MM-dd HH:mm``, in part or whole) as strftime writes it."""
    if any(letter.isalpha() or letter == "%" for letter in _JAVA_PART.sub("", pattern)):
        raise malformed(f"Invalid date pattern: {pattern}")
    return _JAVA_PART.sub(lambda part: _JAVA[part.group()], pattern)


@lru_cache(maxsize=256)  # a client that follows the service sends the same clauses again and again
def _parsed(clause: str, text: str, kind: type[exp.Expr]) -> exp.Expr:
    """The clause ``where``, ``select`` or ``order by`` of a text, and nothing after it."""
    try:
        (tree,) = _Odsql().parse_into(kind, f"{clause} {text}")
    except ParseError as error:
        raise malformed(f"Syntax error near '{error.errors[0]['highlight']}' in: {text}") from None
    except (SqlglotError, RecursionError, ValueError):
        raise malformed(f"Syntax error in: {text}") from None
    # sqlglot parses far more SQL than ODSQL has, and forgives what stands at the end
    if tree is None or text.rstrip().endswith((",", ";")) or any(tree.args.get(part) for part in _BEYOND):
        raise malformed(f"Syntax error in: {text}")
    return tree


def _conditions(shape: Shape, parameters: QueryParams, where: ZoneInfo) -> Iterator[TimeSpan | Among]:
    for text in filter(str.strip, parameters.getlist("where")):
        whole = _parsed("where", text, exp.Where).this
        for condition in whole.flatten(unnest=False) if isinstance(whole, exp.And) else [whole]:
            yield _condition(shape, condition, where)
    for text in parameters.getlist("refine"):
        yield _refined(shape, text, where)


def _condition(shape: Shape, condition: exp.Expr, where: ZoneInfo) -> TimeSpan | Among:
    field = _term(condition.this if isinstance(condition.this, exp.Expr) else condition)
    if field.function:
        raise malformed(f"{field.function}()")
    kind, value = shape.type_of(field.field), condition.args.get("expression")
    if kind == "text" and isinstance(condition, exp.EQ | exp.In):
        values = condition.expressions or [value]
        if all(isinstance(literal, exp.Literal) and literal.is_string for literal in values):
            return field.field, tuple(literal.name for literal in values)
    if kind in _DATES and type(condition) in _COMPARED and isinstance(value, exp.Cast) and value.is_type("date"):
        start = named(value.name, where).since
        assert start is not None
        return _COMPARED[type(condition)](start)
    raise malformed(f"{condition.sql()} is not allowed on {kind} field {field.field}")


def _refined(shape: Shape, text: str, where: ZoneInfo) -> TimeSpan | Among:
    field, colon, value = text.partition(":")
    kind = shape.type_of(field.strip())
    if not colon or kind in _NUMBERS:
        raise malformed(f"Invalid refine: {text}")
    value = value.strip().strip("'\"")
    return named(value, where) if kind in _DATES else (field.strip(), (value,))


def _terms(shape: Shape, text: str) -> tuple[Term, ...]:
    if not text.strip():
        return ()
    nodes = _parsed("select", text, exp.Select).expressions
    return tuple(_checked(shape, replace(_term(node.unalias()), alias=node.alias)) for node in nodes)


def _term(node: exp.Expr) -> Term:
    if node == exp.Star() or (isinstance(node, exp.Column) and len(node.parts) == 1):
        return Term(node.name)
    if not isinstance(node, exp.Anonymous):
        raise malformed(f"Syntax error near '{node.sql()}'")
    function, arguments = node.name.lower(), node.expressions
    if function not in _ACCEPTS:
        raise malformed(f"{function}()")
    patterns = [exp.Literal] if function == "date_format" else []
    if not arguments or _term(arguments[0]).function or [type(extra) for extra in arguments[1:]] != patterns:
        raise malformed(f"wrong arguments: {node.sql()}")
    return Term(arguments[0].name, function, "".join(extra.name for extra in arguments[1:]))


def _checked(shape: Shape, term: Term) -> Term:
    """The term, if its function accepts its field's type: no sum of text, no year of a number."""
    kind = "row" if term.field == "*" else shape.type_of(term.field)
    if kind not in _ACCEPTS[term.function]:
        raise malformed(f"{term.function} is not allowed on {kind} field {term.field}")
    strftime(term.pattern)
    return term


def _grouped(request: RowsRequest) -> RowsRequest:
    """The request, if everything selected besides aggregates is a key."""
    known = {name for key in request.keys for name in (key.name, key.text)}
    for term in request.select:
        if not term.aggregates and term.text not in known:
            raise malformed(f"{term.text} is neither grouped by nor aggregated")
    return replace(request, select=tuple(term for term in request.select if term.aggregates))


def _plain(shape: Shape, request: RowsRequest) -> RowsRequest:
    by_name: dict[str, Term] = {}
    for term in request.select or (Term("*"),):
        if term.function:
            raise malformed(f"{term.text} needs a group_by")
        by_name |= {name: Term(name) for name in shape.fields} if term.field == "*" else {term.name: term}
    return replace(request, select=tuple(by_name.values()))


def _order(shape: Shape, request: RowsRequest, text: str) -> Iterator[tuple[str, bool]]:
    """The columns to sort by, each with whether it descends."""
    if request.grouped:
        columns = {name: term.name for term in (*request.keys, *request.select) for name in (term.text, term.name)}
    else:
        columns = {name: name for name in shape.fields} | {term.name: term.field for term in request.select}
    for ordered in _parsed("order by", text, exp.Order).expressions if text.strip() else ():
        column = _term(ordered.this).text
        if column not in columns:
            raise unknown_field(column)
        yield columns[column], bool(ordered.args.get("desc"))
