"""Numbers as people write them: French, English, Swiss, German, grouped or not; nothing is guessed."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from watthouse.sources.folding import shown

NULL_TOKENS: Final = frozenset({"", "nd", "n/d", "-", "--", "na", "n/a", "null", "nan"})
"""What stands for "no value" in text, whatever its case (ODRÉ: ``ND`` not available, ``-`` no such technology)."""

BLANKS: Final = " \t\r\n\v\f\u00a0\u2007\u2009\u202f\ufeff"
_SPACED: Final = re.compile(r"(?<=\d)[ '\u00a0\u2007\u2009\u202f\u2019\u02bc](?=\d{3}(?!\d))")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_ENGLISH: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d*|[+-]?\d{1,3}(,\d{3}){2,}", re.ASCII)
_GERMAN: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d*|[+-]?\d{1,3}(\.\d{3}){2,}", re.ASCII)
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


@dataclass
class Writing:
    """How one document writes its numbers, as far as it has been read: one writer means one thing by a comma.

    ``70,123`` in a column of whole numbers has a comma for thousands: no fraction of a MW is published. Anything to
    the contrary, before it or after, makes the document ambiguous, and that is refused: a load a thousand times too
    small still looks like a load.
    """

    thousands: str = ""
    decimals: str = ""
    grouped: dict[str, str] = field(default_factory=dict)
    ungrouped: dict[str, str] = field(default_factory=dict)

    def groups(self, text: str, column: str = "") -> None:
        """A comma stands for thousands in ``text``; raises :class:`ValueError` where another stood for decimals."""
        self.thousands = self.thousands or text
        if column:
            self.grouped.setdefault(column, text)
        self._refuse_both(column)

    def divides(self, text: str) -> None:
        """A comma stands for decimals in ``text``; raises :class:`ValueError` where another stood for thousands."""
        self.decimals = self.decimals or text
        self._refuse_both()

    def runs_on(self, text: str, column: str) -> None:
        """A number of four digits or more stands in ``column`` without any mark for thousands."""
        self.ungrouped.setdefault(column, text)
        self._refuse_both(column)

    def _refuse_both(self, column: str = "") -> None:
        first, second = self.thousands, self.decimals
        if not (first and second):
            first, second = self.grouped.get(column, ""), self.ungrouped.get(column, "")
        if first and second:
            raise ValueError(
                f"'{shown(first)}' and '{shown(second)}' both occur, so a comma may mean thousands or decimals"
            )


def is_null_token(text: str) -> bool:
    """Whether text stands for "no value"."""
    return text.strip(BLANKS).casefold() in NULL_TOKENS


def number_of(text: str, writing: Writing | None = None, *, whole: str = "") -> Decimal | None:
    """The number a text holds; None for a null token.

    ``whole`` names the column where it is one of whole numbers. Raises :class:`ValueError` for other text, and for a
    comma that means something else than it meant in this ``writing``.
    """
    if is_null_token(text):
        return None
    # French groups thousands with (narrow) no-break spaces, Swiss with apostrophes; U+2212 is a typeset minus
    plain = _SPACED.sub("", text.strip(BLANKS)).replace("\u2212", "-")
    if "," in plain or plain.count(".") > 1:
        plain = _with_a_point(plain, writing or Writing(), whole)
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"'{shown(text)}' is not a number")
    return Decimal(plain)


def _with_a_point(plain: str, writing: Writing, whole: str) -> str:
    if _ENGLISH.fullmatch(plain) or (whole and _EITHER.fullmatch(plain)):
        writing.groups(plain, whole)
        return plain.replace(",", "")
    if _GERMAN.fullmatch(plain):
        plain = plain.replace(".", "")
    if plain.count(",") == 1 and "." not in plain:
        writing.divides(plain)
        plain = plain.replace(",", ".")
    return plain
