"""What BigQuery would refuse of a statement that its emulator takes: sqlglot's parser, and what its reference lists.

The emulator runs on DuckDB and sqlglot, and both read more than BigQuery does. So words, types, functions and operators
are held to what its reference documents; what is not known here is refused, not let pass.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects import BigQuery
from sqlglot.tokens import Token, TokenType

_REFERENCE: Final = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(Path(__file__).with_name("bigquery_reference.toml").read_text()).items()
}
_CALLED: Final = _REFERENCE["functions"] | _REFERENCE["before_parentheses"]
_FOREIGN_SIGNS: Final = frozenset(
    ["::", "//", "%", "~", "!~", "~~", "->", "->>", "@>", "<@", "^@", "**", "==", "#>", ":="]
)


def refusals(sql: str) -> Iterator[str]:
    """Why BigQuery would not take a statement, or several of them; nothing where it would, as far as can be told."""
    tokens = [*BigQuery().tokenize(sql)]
    yield from _words(tokens)
    yield from _casts(tokens)
    yield from _columns(tokens)
    try:
        statements = [each for each in sqlglot.parse(sql, read="bigquery") if each is not None]
    except sqlglot.errors.SqlglotError as error:
        yield f"it cannot be parsed: {str(error).splitlines()[0]}"
        return
    for statement in statements:
        yield from _trees(statement)


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        text = token.text.lower()
        if token.token_type in {TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER}:
            if token.token_type is TokenType.STRING and after and after.token_type is TokenType.STRING:
                yield f"two texts side by side, '{token.text}': a quote is escaped by a backslash"
            continue
        if text in _FOREIGN_SIGNS or text in _REFERENCE["foreign"]:
            yield f"`{token.text}` is not of BigQuery"
        if text in {"union", "intersect"} and after and after.text.lower() not in {"all", "distinct"}:
            yield f"`{text}` wants `all` or `distinct`"
        if text == "interval" and after and after.token_type is TokenType.STRING:
            yield "an interval is a number and a part: interval 1 day"
        is_called = after is not None and after.text == "(" and text.isidentifier()
        is_type = before is not None and before.text.lower() == "as" and text in _REFERENCE["types"]
        is_member = before is not None and before.text == "."
        named = before is not None and text in _REFERENCE["types_with_digits"]  # of a column that is created
        if is_called and not (is_type or is_member or named) and text not in _CALLED:
            yield f"{text}() is no function that BigQuery documents"
        if text == "extract" and is_called:
            part = tokens[tokens.index(token) + 2].text.lower()
            if part not in _REFERENCE["parts"]:
                yield f"extract takes no `{part}`"


def _casts(tokens: Sequence[Token]) -> Iterator[str]:
    """Types after `as` in a cast: one word, without digits."""
    for place, token in enumerate(tokens[:-1]):
        if token.text.lower() in {"cast", "safe_cast"} and tokens[place + 1].text == "(":
            named = _type_of(tokens, place + 2)
            if len(named) != 1 or named[0] not in _REFERENCE["types"]:
                yield f"no cast is to `{' '.join(named)}`: types have no digits there"


def _type_of(tokens: Sequence[Token], place: int) -> list[str]:
    depth, named = 1, list[str]()
    found = False
    while depth and place < len(tokens):
        text = tokens[place].text.lower()
        depth += {"(": 1, ")": -1}.get(text, 0) if tokens[place].token_type is not TokenType.STRING else 0
        if found and depth:
            named.append(text)
        found = found or (depth == 1 and text == "as")
        place += 1
    return named


def _columns(tokens: Sequence[Token]) -> Iterator[str]:
    """Types of the columns that `create table x (…)` declares."""
    texts = [token.text.lower() for token in tokens]
    for place, text in enumerate(texts):
        if text == "table" and "create" in texts[max(0, place - 4) : place]:
            opening = place + 2
            while texts[opening : opening + 1] == ["."]:
                opening += 2
            if texts[opening : opening + 1] == ["("]:
                yield from _declared(texts, opening + 1)


def _declared(texts: Sequence[str], place: int) -> Iterator[str]:
    begins, depth = True, 1
    while depth and place < len(texts):
        if begins and depth == 1 and texts[place + 1] not in _REFERENCE["types"]:
            yield f"the type of column {texts[place]}, `{texts[place + 1]}`, is not of BigQuery"
        depth += {"(": 1, ")": -1}.get(texts[place], 0)
        begins = depth == 1 and texts[place] == ","
        place += 1


def _trees(statement: exp.Expression) -> Iterator[str]:
    if isinstance(statement, exp.Command):
        yield f"it is not understood: {statement.sql()[:60]}"
    for name in statement.find_all(exp.Identifier):
        if not name.quoted and name.name.lower() in _REFERENCE["reserved"]:
            yield f"`{name.name}` is a reserved word: it wants backticks"
    for select in statement.find_all(exp.Select):
        if (distinct := select.args.get("distinct")) and distinct.args.get("on"):
            yield "`distinct on` is PostgreSQL's"
    for join in statement.find_all(exp.Join):
        if join.side and not join.args.get("using") and not _has_equality(join.args.get("on")):
            yield f"a {join.side.lower()} join wants an equality of columns of both sides: {join.sql()[:60]}"


def _has_equality(condition: exp.Expression | None) -> bool:
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition] if condition else []
    return any(isinstance(part, exp.EQ) and len(_tables(part)) > 1 for part in (part.unnest() for part in parts))


def _tables(equality: exp.Expression) -> set[str]:
    return {column.table for column in equality.find_all(exp.Column)}
