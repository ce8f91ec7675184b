"""The part of ODSQL that the sample understands, read into a :class:`Question`.

``where``: comparisons of the time column with ``date'…'`` literals, equality and ``in`` on text columns, ``and``.
``select`` and ``group_by``: fields, ``year(f)``, ``month(f)``, ``date_format(f, 'yyyy-MM')``, ``count``, ``sum``,
``min``, ``max``, ``avg``, each with ``as alias``. Anything else is refused as the live service refuses bad ODSQL.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from watthouse.sample.service.refusals import malformed, unknown_field
from watthouse.sample.service.spans import Span, compared, named, zone
from watthouse.sample.service.words import Words

AGGREGATES: Final = frozenset({"count", "sum", "min", "max", "avg"})
CALENDAR: Final = frozenset({"year", "month", "date_format"})
_NUMBERS: Final = frozenset({"int", "double"})
_DATES: Final = frozenset({"date", "datetime"})
_JAVA: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M"}
_JAVA_PART: Final = re.compile("|".join(_JAVA))
_UTC: Final = ZoneInfo("UTC")


class Parameters(Protocol):
    """The query string."""

    def get(self, key: str, default: str, /) -> str: ...

    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True)
class Among:
    """Rows whose text column ``field`` is one of ``values``."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """``field``, ``function(field)`` or ``date_format(field, pattern)``; ``alias`` is the name it is answered under."""

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
        return self.function in AGGREGATES


@dataclass(frozen=True)
class Order:
    """A column of the answer to sort by."""

    name: str
    descending: bool


@dataclass(frozen=True)
class Question:
    """One request for rows: which (``span``, ``among``), what of them (``select``), folded by ``keys``, ``order``."""

    span: Span
    among: tuple[Among, ...]
    select: tuple[Term, ...]
    keys: tuple[Term, ...]
    order: tuple[Order, ...]
    zone: ZoneInfo

    @property
    def grouped(self) -> bool:
        return bool(self.keys) or any(term.aggregates for term in self.select)


@dataclass(frozen=True)
class Shape:
    """What a dataset offers to questions: ``fields`` (name → Opendatasoft type) and the name of its ``time`` column."""

    fields: Mapping[str, str]
    time: str

    def type_of(self, name: str) -> str:
        if name not in self.fields:
            raise unknown_field(name)
        return self.fields[name]


def ask(shape: Shape, parameters: Parameters) -> Question:
    """The question a query string asks; raises a 400 :class:`~watthouse.sample.service.refusals.RefusalError`."""
    where = zone(parameters.get("timezone", "UTC"))
    span, among = _rows(shape, parameters, _UTC if shape.fields.get(shape.time) == "date" else where)
    keys = _terms(shape, parameters.get("group_by", ""))
    if any(key.aggregates for key in keys):
        raise malformed("an aggregation is not allowed in group_by")
    select = _terms(shape, parameters.get("select", ""))
    question = Question(span, among, select, keys, (), where)
    question = _folded(question) if question.grouped else _plain(shape, question)
    return replace(question, order=_order(shape, question, parameters.get("order_by", "")))


def _rows(shape: Shape, parameters: Parameters, where: ZoneInfo) -> tuple[Span, tuple[Among, ...]]:
    found = [*_conditions(shape, parameters.getlist("where"), where)]
    found += [_refined(shape, text, where) for text in parameters.getlist("refine")]
    span = Span()
    for narrower in found:
        span = span & narrower if isinstance(narrower, Span) else span
    return span, tuple(condition for condition in found if isinstance(condition, Among))


def _conditions(shape: Shape, texts: Sequence[str], where: ZoneInfo) -> Iterable[Span | Among]:
    for words in (Words(text) for text in texts if text.strip()):
        yield _condition(shape, words, where)
        while words.skip("and"):
            yield _condition(shape, words, where)
        if not words.ended:
            raise words.lost()


def _condition(shape: Shape, words: Words, where: ZoneInfo) -> Span | Among:
    field = words.take("name")
    if words.peek().says == "(":
        raise malformed(f"{field}()")
    kind = shape.type_of(field)
    if words.skip("in"):
        return _listed(field, kind, words)
    operator = words.take("sign")
    if kind in _DATES and words.peek().kind == "date":
        return compared(operator, words.take("date"), where)
    if kind == "text" and operator == "=" and words.peek().kind == "text":
        return Among(field, (words.take("text"),))
    raise malformed(f"Operator {operator} is not allowed between {kind} field {field} and '{words.peek().says}'")


def _listed(field: str, kind: str, words: Words) -> Among:
    if kind != "text":
        raise malformed(f"in is not allowed on {kind} field {field}")
    words.expect("(")
    values = [words.take("text")]
    while words.skip(","):
        values.append(words.take("text"))
    words.expect(")")
    return Among(field, tuple(values))


def _refined(shape: Shape, text: str, where: ZoneInfo) -> Span | Among:
    field, colon, value = text.partition(":")
    kind = shape.type_of(field.strip())
    if not colon or kind in _NUMBERS:
        raise malformed(f"Invalid refine: {text}")
    value = value.strip().strip("'\"")
    return named(value, where) if kind in _DATES else Among(field.strip(), (value,))


def _terms(shape: Shape, text: str) -> tuple[Term, ...]:
    if not text.strip():
        return ()
    words = Words(text)
    terms = [_term(shape, words)]
    while words.skip(","):
        terms.append(_term(shape, words))
    if not words.ended:
        raise words.lost()
    return tuple(terms)


def _term(shape: Shape, words: Words) -> Term:
    term = Term("*") if words.skip("*") else _expression(words)
    _check(shape, term)
    return replace(term, alias=words.take("name")) if words.skip("as") else term


def _expression(words: Words) -> Term:
    name = words.take("name")
    if not words.skip("("):
        return Term(name)
    _check_function(name.lower())
    field = "*" if words.skip("*") else words.take("name")
    pattern = words.take("text") if words.skip(",") else ""
    words.expect(")")
    return Term(field, name.lower(), pattern)


def _check(shape: Shape, term: Term) -> None:
    """Refuse what a field's type does not bear: no sum of text, no year of a number."""
    if bool(term.pattern) != (term.function == "date_format"):
        raise malformed(f"wrong number of arguments: {term.text}")
    if term.field == "*":
        if term.function not in {"", "count"}:
            raise malformed(f"{term.function}(*)")
        return
    _check_type(term, shape.type_of(term.field))


def _check_function(name: str) -> None:
    if name not in AGGREGATES | CALENDAR:
        raise malformed(f"{name}()")


def _check_type(term: Term, kind: str) -> None:
    bears = {
        "sum": kind in _NUMBERS,
        "avg": kind in _NUMBERS,
        "min": kind != "text",
        "max": kind != "text",
        "year": kind in _DATES,
        "month": kind in _DATES,
        "date_format": kind in _DATES,
    }
    if not bears.get(term.function, True):
        raise malformed(f"{term.function} is not allowed on {kind} field {term.field}")
    if term.pattern:
        strftime(term.pattern)


def strftime(pattern: str) -> str:
    """A Java date pattern (``yyyy-MM-dd HH:mm``, in part or whole) as strftime writes it."""
    rest = _JAVA_PART.sub("", pattern)
    if any(letter.isalpha() or letter == "%" for letter in rest):
        raise malformed(f"Invalid date pattern: {pattern}")
    return _JAVA_PART.sub(lambda part: _JAVA[part.group()], pattern)


def _folded(question: Question) -> Question:
    """A grouped question: what it selects besides aggregates must be its keys."""
    if any(key.field == "*" for key in question.keys):
        raise malformed("group_by *")
    known = {name for key in question.keys for name in (key.name, key.text)}
    strangers = [term.text for term in question.select if not term.aggregates and term.text not in known]
    if strangers:
        raise malformed(f"{strangers[0]} is neither grouped by nor aggregated")
    return replace(question, select=tuple(term for term in question.select if term.aggregates))


def _plain(shape: Shape, question: Question) -> Question:
    terms: list[Term] = []
    for term in question.select or (Term("*"),):
        terms += [Term(name) for name in shape.fields] if term.field == "*" else [term]
    if any(term.function for term in terms):
        raise malformed(f"{next(term.text for term in terms if term.function)} needs a group_by")
    by_name = {term.name: term for term in terms}
    return replace(question, select=tuple(by_name.values()))


def _order(shape: Shape, question: Question, text: str) -> tuple[Order, ...]:
    if not text.strip():
        return ()
    words, known = Words(text), _sortable(shape, question)
    order = [_ordered(words, known)]
    while words.skip(","):
        order.append(_ordered(words, known))
    if not words.ended:
        raise words.lost()
    return tuple(order)


def _sortable(shape: Shape, question: Question) -> Mapping[str, str]:
    """What may stand in ``order_by`` → the column that holds it."""
    if not question.grouped:
        return {name: name for name in shape.fields} | {term.name: term.field for term in question.select}
    terms = (*question.keys, *question.select)
    return {text: term.name for term in terms for text in (term.text, term.name)}


def _ordered(words: Words, known: Mapping[str, str]) -> Order:
    text = _expression(words).text
    if text not in known:
        raise unknown_field(text)
    descending = words.skip("desc")
    return Order(known[text], descending or (words.skip("asc") and False))
