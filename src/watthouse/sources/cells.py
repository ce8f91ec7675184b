"""One cell's text, read with care: null tokens, decimal commas, dates as every vintage and spreadsheet writes them.

Each raises :class:`ValueError` with the text that it cannot read.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from watthouse.catalog import Column
from watthouse.clock import PARIS
from watthouse.sources.folding import shown
from watthouse.sources.numbers import BLANKS, Writing, is_null_token, number_of

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
