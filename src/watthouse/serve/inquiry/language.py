"""Numbers, days and lists as French and English write them."""

import re
from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Final

from watthouse.serve.inquiry.resampling import Interval

NBSP: Final = "\N{NO-BREAK SPACE}"
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"
_UNIT_SPACES: Final = re.compile(r"(?<=\}) (?=[GTM]Wh?\b|points\b)")
_FRENCH_SPACES: Final = re.compile(_UNIT_SPACES.pattern + r"| (?=[;:?!%»])|(?<=«) ")
_MONTHS: Final = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


class Language(Enum):
    """What an answer is written in."""

    FRENCH = "fr"
    ENGLISH = "en"

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """With the language's separators; −0 is 0."""
        rounded = round(value, digits) or 0.0
        text = f"{rounded:+,.{digits}f}" if signed and rounded else f"{rounded:,.{digits}f}"
        marks = {",": _THIN, ".": ",", "-": _MINUS} if self is Language.FRENCH else {"-": _MINUS}
        return text.translate(str.maketrans(marks))

    def percent(self, share: float, digits: int = 1) -> str:
        """A share of 0 to 1 in hundredths."""
        return self.number(100 * share, digits) + self.sign

    @property
    def sign(self) -> str:
        return f"{NBSP}%" if self is Language.FRENCH else "%"

    def between(self, interval: Interval, digits: int, factor: float = 1) -> str:
        """The ends of an interval."""
        low, high = (self.number(factor * end, digits) for end in (interval.low, interval.high))
        return f"{low} à {high}" if self is Language.FRENCH else f"{low} to {high}"

    def days(self, count: int) -> str:
        """How many days."""
        plural = count >= 2 if self is Language.FRENCH else count != 1
        return f"{self.number(count)}{NBSP}{'jour' if self is Language.FRENCH else 'day'}{'s' if plural else ''}"

    def typeset(self, text: str) -> str:
        """With no-break spaces before a unit, and where French wants them at its punctuation."""
        return (_FRENCH_SPACES if self is Language.FRENCH else _UNIT_SPACES).sub(NBSP, text)

    def day(self, day: date) -> str:
        """A civil day in words."""
        month = _MONTHS[self.value][day.month - 1]
        first = "1er" if self is Language.FRENCH and day.day == 1 else str(day.day)
        return f"{first}{NBSP}{month} {day.year}"

    def listed(self, words: Sequence[str]) -> str:
        """a, b and c."""
        *most, last = words
        return f"{', '.join(most)} {'et' if self is Language.FRENCH else 'and'} {last}" if most else last
