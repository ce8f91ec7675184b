"""One text as publishers and people write it, in a header or a cell: words, numbers, dates; nothing is guessed.

What reads a value raises :class:`ValueError` with the text that it cannot read.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

from watthouse.catalog import Column
from watthouse.clock import PARIS
from watthouse.errors import shown

NULL_TOKENS: Final = frozenset({"", "nd", "n/d", "-", "--", "na", "n/a", "null", "nan"})
"""What stands for "no value" in text, whatever its case (ODRÉ: ``ND`` not available, ``-`` no such technology)."""

BLANKS: Final = " \t\r\n\v\f\u00a0\u2007\u2009\u202f\ufeff"
_SPACED: Final = re.compile(r"(?<=\d)[ '\u00a0\u2007\u2009\u202f\u2019\u02bc](?=\d{3}(?!\d))")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_ENGLISH: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d*|[+-]?\d{1,3}(,\d{3}){2,}", re.ASCII)
_GERMAN: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d*|[+-]?\d{1,3}(\.\d{3}){2,}", re.ASCII)
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_UNIT = re.compile(r"[\(\[][^\(\)\[\]]*[\)\]]\s*$")
_LATIN_TRACES = re.compile("[ÂÃÅâ]")
_CLOCK = re.compile(r"(?:(?:1899-12-3[01]|190[04]-01-0[01])[ T])?(\d{1,2}):(\d{2})(?::00(?:\.0+)?)?", re.ASCII)
"""A clock time; before it the day that spreadsheets give one that has none."""
_SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
"""A day as spreadsheets count it, from the end of 1899 (1950 is 18264)."""
_FRACTION = re.compile(r"0?\.\d+|0", re.ASCII)
"""A clock time as spreadsheets count it, in days."""
_COUNTED_FROM = datetime(1899, 12, 30)  # noqa: DTZ001
_DAY_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b(.*)", re.ASCII)
YEARS = range(1950, 2101)
MOST_MW: Final = 10_000_000
"""A hundred times what France draws on its coldest evening: a larger value is not a power."""
TOO_FINE: Final = "has more than {} decimals"
NOISE: Final = Decimal("1e-6")
"""How far a whole number that went through a float may be off."""


def undouble(text: str) -> str:
    """Undo UTF-8 that was read as cp1252, once or twice over (``RhÃ´ne`` → ``Rhône``); other text is left alone."""
    for _ in range(2):
        if not _LATIN_TRACES.search(text):
            break
        try:
            text = _cp1252_bytes(text).decode("utf-8")
        except UnicodeError:
            break
    return text


@lru_cache(maxsize=4096)  # every header and name is compared with all that the catalog knows
def fold(text: str) -> str:
    """The letters and digits of ``text`` without accents or case, a trailing unit in brackets left off."""
    text = _UNIT.sub("", undouble(text).strip())
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if c.isalnum() and not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=4096)
def words(label: str) -> tuple[str, ...]:
    """The words of a header, folded: ``code_insee_region``, ``Code INSEE région`` and ``Code.INSEE.région`` alike."""
    return tuple(word for part in re.split(r"[\W_]+", undouble(label)) if (word := fold(part)))


def word_of(text: str, canonical: Mapping[str, str]) -> str | None:
    """A word in the spelling that ``canonical`` has for it, folded; as it is where it has none."""
    word = undouble(text.strip(BLANKS))
    if is_null_token(word):
        return None
    return canonical.get(fold(word), word) if canonical else word


def _cp1252_bytes(text: str) -> bytes:
    # cp1252 leaves five bytes undefined; readers pass them through as the control characters of the same number
    return b"".join(c.encode("latin-1" if "\x80" <= c <= "\x9f" else "cp1252") for c in text)


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


def whole_of(text: str, column: Column, writing: Writing) -> int | None:
    """A whole number of the column's unit; null for a null token."""
    number = number_of(text, writing, whole=column.name)
    if number is None:
        return None
    if abs(number) >= MOST_MW:
        raise ValueError(f"'{shown(text)}' is out of range")
    whole = int(number.to_integral_value(ROUND_HALF_EVEN))
    if abs(whole - number) > NOISE:
        raise ValueError(f"'{shown(text)}' is not a whole number of {column.unit or 'units'}")
    return whole


def float_of(text: str, writing: Writing) -> float | None:
    """A number of any precision."""
    number = number_of(text, writing)
    return None if number is None else float(number)


def decimal_of(text: str, precision: int, scale: int, writing: Writing) -> Decimal | None:
    """A number with ``scale`` decimals at most."""
    number = number_of(text, writing)
    if number is None:
        return None
    if abs(number) >= Decimal(10) ** (precision - scale):
        raise ValueError(f"'{shown(text)}' is out of range")
    quantized = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)
    # tools that went through a float write 13.480000000000001: noise is not a digit of the value
    if abs(quantized - number) > Decimal(1).scaleb(-scale) / 1000:
        raise ValueError(f"'{shown(text)}' {TOO_FINE.format(scale)}")
    return quantized


def date_of(text: str) -> date | None:
    """A civil date: ISO, day first or a spreadsheet's number; of an instant with an offset, the day in France."""
    if is_null_token(text):
        return None
    moment = _moment_of(text)
    return (moment.astimezone(PARIS) if moment.tzinfo else moment).date()


def instant_of(text: str) -> datetime | None:
    """An instant in UTC; without a zone where the text has none."""
    if is_null_token(text):
        return None
    moment = _moment_of(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _moment_of(text: str) -> datetime:
    plain = text.strip(BLANKS)
    if day_first := _DAY_FIRST.fullmatch(plain):
        day, month, year, rest = day_first.groups()
        plain = f"{year}-{month:0>2}-{day:0>2}{rest}"
    # rounded to the minute: as a fraction of a day a quarter hour has no exact float
    if _SERIAL.fullmatch(plain):
        plain = (_COUNTED_FROM + timedelta(minutes=round(float(plain) * 24 * 60))).isoformat()
    try:
        moment = datetime.fromisoformat(plain.replace("/", "-"))
    except ValueError:
        raise ValueError(f"'{shown(text)}' is not a date (YYYY-MM-DD or DD/MM/YYYY)") from None
    if moment.year not in YEARS:
        raise ValueError(f"'{shown(text)}' is out of range")
    return moment


def clock_of(text: str) -> str | None:
    """A clock time ``HH:MM``."""
    if is_null_token(text):
        return None
    plain = text.strip(BLANKS)
    if _FRACTION.fullmatch(plain):
        plain = f"{_COUNTED_FROM + timedelta(minutes=round(float(plain) * 24 * 60)):%H:%M}"
    match = _CLOCK.fullmatch(plain)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"'{shown(text)}' is not a clock time (HH:MM)")
    return f"{match[1]:0>2}:{match[2]}"


def code_of(text: str) -> str | None:
    """The two digits of a region's INSEE code."""
    number = number_of(text)
    if number is None:
        return None
    if number != number.to_integral_value() or not 0 <= number < 100:
        raise ValueError(f"'{shown(text)}' is not the INSEE code of a region")
    return f"{int(number):02}"
