"""French and English: texts, and how numbers, days and instants are written in each."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from math import isnan
from typing import Final, Protocol

from watthouse.clock import PARIS

_NARROW: Final = "\u202f"
_FIXED: Final = "\u00a0"
_MONTHS: Final = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
}


class Say(Protocol):
    """Gives the words of one language."""

    def __call__(self, *, en: str, fr: str) -> str: ...


class Language(Enum):
    """A language of the pages and answers."""

    ENGLISH = "en"
    FRENCH = "fr"

    def say(self, *, en: str, fr: str) -> str:
        """The words of this language."""
        return fr if self is Language.FRENCH else en

    @property
    def separators(self) -> tuple[str, str]:
        """The decimal mark and the mark between thousands."""
        return (",", _NARROW) if self is Language.FRENCH else (".", ",")

    def number(self, value: float | None, digits: int = 0, *, signed: bool = False) -> str:
        """A number with ``digits`` decimals; an en dash for None."""
        # what is not known is never 0
        if value is None or isnan(value):
            return "–"
        text = f"{value:{'+' if signed else ''},.{digits}f}"
        # −0.0 would claim a fall
        if not any(digit in text for digit in "123456789"):
            text = text.lstrip("+-")
        mark, thousands = self.separators
        # in one pass, since comma and point change places in French
        return text.translate({ord(","): thousands, ord("."): mark, ord("-"): "−"})

    def quantity(self, value: float | None, unit: str, digits: int = 0, *, signed: bool = False) -> str:
        """A number with its unit, joined by a no-break space."""
        text = self.number(value, digits, signed=signed)
        return text if value is None else f"{text}{_FIXED}{unit}"

    def measure(self, value: float | None, unit: str) -> str:
        """A value with its unit, and at least three digits: meters measure from thousandths to thousands."""
        size = abs(value or 0)
        digits = next(digits for least, digits in ((1_000, 0), (100, 1), (1, 2), (0, 3)) if size >= least)
        return self.quantity(value, unit, digits if size else 0)

    def energy(self, gwh: float | None) -> str:
        """Energy in GWh, in TWh from 10 TWh on."""
        if gwh is not None and abs(gwh) >= 10_000:
            return self.quantity(gwh / 1000, "TWh", 1)
        return self.quantity(gwh, "GWh")

    def percent(self, share: float | None, digits: int = 1, *, signed: bool = False) -> str:
        """A share of 1 as a percentage."""
        text = self.number(None if share is None else share * 100, digits, signed=signed)
        return text if share is None else f"{text}{self.say(en='', fr=_NARROW)}%"

    def day(self, day: date) -> str:
        """A civil day: ``1 Nov 2026``, ``1er nov. 2026``."""
        first = self.say(en="", fr="er") if day.day == 1 else ""
        return f"{day.day}{first}{_FIXED}{_MONTHS[self.value][day.month - 1]}{_FIXED}{day.year:04}"

    def month(self, number: int) -> str:
        """A month's short name: ``Nov``, ``nov.``; January is 1."""
        return _MONTHS[self.value][number - 1]

    def days(self, since: date, until: date) -> str:
        """A period, both days included."""
        if since == until:
            return self.day(since)
        return f"{self.day(since)} – {self.day(until)}"

    def moment(self, instant: datetime) -> str:
        """An instant by the clock of Paris, to the minute."""
        # pages show the clock that readers of éCO2mix know
        local = instant.astimezone(PARIS)
        return f"{self.day(local.date())}, {local:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The same words in both languages."""

    en: str
    fr: str

    def of(self, language: Language) -> str:
        """Its words in this language."""
        return self.fr if language is Language.FRENCH else self.en
