"""Intervals, counts of days and lists as French and English write them, and where their spaces must not break."""

import re
from collections.abc import Sequence
from typing import Final

from watthouse.serve.analysis.resampling import ConfidenceInterval
from watthouse.serve.locale import Language

_NBSP: Final = "\N{NO-BREAK SPACE}"
_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_UNIT_SPACES: Final = re.compile(r"(?<=\}) (?=[GTM]Wh?\b|points?\b)")
_FRENCH_SPACES: Final = re.compile(_UNIT_SPACES.pattern + r"| (?=[:»])|(?<=«) ")
_FRENCH_NARROW: Final = re.compile(r" (?=[;?!%])")


def between(interval: ConfidenceInterval, digits: int, language: Language, factor: float = 1) -> str:
    """The ends of an interval."""
    low, high = (language.number(factor * end, digits) for end in (interval.low, interval.high))
    return f"{low} {language.say(en='to', fr='à')} {high}"


def count_of_days(count: int, language: Language) -> str:
    """How many days."""
    # 0 and 1 are singular in French, only 1 is in English
    plural = count >= 2 if language is Language.FRENCH else count != 1
    return f"{language.number(count)}{_NBSP}{language.say(en='day', fr='jour')}{'s' if plural else ''}"


def span_of_days(counts: Sequence[int], language: Language) -> str:
    """One count of days, or the least and the most."""
    least, most = min(counts), max(counts)
    up_to = f"{language.number(least)} {language.say(en='to', fr='à')} " if least != most else ""
    return up_to + count_of_days(most, language)


def listed(words: Sequence[str], language: Language) -> str:
    """a, b and c."""
    *most, last = words
    return f"{', '.join(most)} {language.say(en='and', fr='et')} {last}" if most else last


def typeset(text: str, language: Language) -> str:
    """With no-break spaces before a unit, and where French wants them at its punctuation (narrow but at ``:«»``)."""
    if language is Language.FRENCH:
        return _FRENCH_NARROW.sub(_NARROW, _FRENCH_SPACES.sub(_NBSP, text))
    return _UNIT_SPACES.sub(_NBSP, text)
