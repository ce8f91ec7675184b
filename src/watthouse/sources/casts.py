"""Values of any vintage → the catalog's types, a column at a time.

Text that a plain vectorised cast understands takes the fast way; what is left (null tokens, decimal commas, other
spellings) is looked at once a distinct value. A cast raises :class:`ValueError` with the offending value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl
import pyarrow as pa

from watthouse.catalog import NATURES, Column, Dataset, Kind
from watthouse.clock import ZONE
from watthouse.errors import ContractError, shown
from watthouse.sources.cells import (
    MOST_MW,
    NOISE,
    TOO_FINE,
    YEARS,
    Writing,
    clock_of,
    code_of,
    date_of,
    decimal_of,
    float_of,
    fold,
    instant_of,
    whole_of,
    word_of,
)

_EPOCH: Final = date(1970, 1, 1).toordinal()
_NANOSECONDS: Final = 86_400 * 10**9
_TICKS: Final = {"day": 1, "ms": 86_400 * 10**3, "us": 86_400 * 10**6}
"""Of a day, in the units in which polars stores time; nanoseconds reach from 1677 to 2262."""

NAIVE: Final = "_naive"
"""The column that marks the instants without an offset."""


@dataclass(frozen=True)
class Cast:
    """A column in its type.

    ``naive`` marks the instants that came without an offset: they are ambiguous by themselves and null in
    ``values``.
    """

    values: pl.Series
    naive: pl.Series | None = None


def cast(column: Column, series: pl.Series, writing: Writing | None = None) -> Cast:
    """``series`` as the catalog declares ``column``, in a document that writes its numbers like ``writing``.

    Raises :class:`ValueError` with the first value that the column cannot hold as it is written: nothing is rounded.
    """
    # Arrow dictionaries and all-null columns come as these types, and mean the same as text.
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    if series.dtype == pl.Null:
        series = series.cast(pl.String)
    return _CASTS[column.kind](series, column, writing or Writing())


def cast_frame(dataset: Dataset, batch: pl.DataFrame, origin: str, writing: Writing) -> pl.DataFrame:
    """The columns of ``batch`` that the dataset has, in its order, each as :func:`cast` gives it.

    :data:`NAIVE` is there beside them where the instants are text or without a zone. Raises
    :class:`~watthouse.errors.ContractError` that names the first column with a value that it cannot hold.
    """
    columns: list[pl.Series] = []
    for column in dataset.columns:
        if column.name not in batch.columns:
            continue
        try:
            typed = cast(column, batch.get_column(column.name), writing)
            if column.name == dataset.version:
                _refuse_unknown_natures(typed.values)
        except (ValueError, OverflowError, pl.exceptions.PolarsError) as error:
            why = f"{shown(error, 120)}: correct the file or export it again"
            raise ContractError(f"{origin}: column {column.name} of {dataset.id}: {why}") from error
        columns.append(typed.values.alias(column.name))
        if typed.naive is not None:
            columns.append(typed.naive.alias(NAIVE))
    return pl.DataFrame(columns)


def decimals(column: Column) -> tuple[int, int]:
    """Digits kept in all, and after the point, of a decimal column."""
    decimal = column.kind.arrow
    assert isinstance(decimal, pa.Decimal128Type)
    return decimal.precision, decimal.scale


def _whole(series: pl.Series, column: Column, writing: Writing) -> Cast:
    if series.dtype == pl.String:
        fast = _believable(series.cast(pl.Int32, strict=False))
        # A plain 70123 shows that this column writes no thousands mark, so that 70,123 in it would be a contradiction.
        if (long := (fast.abs() >= 1000).arg_max()) is not None and abs(fast[long] or 0) >= 1000:
            writing.runs_on(series[long], column.name)
        return _patched(series, fast, lambda text: whole_of(text, column, writing))
    _refuse_unless(series.dtype.is_numeric(), series)
    if series.dtype.is_integer() and _lies_within(series, MOST_MW):
        return Cast(series.cast(pl.Int32))
    floats = _finite(series) if not series.dtype.is_integer() else series
    whole = _fitting(series, _believable(floats.round(0).cast(pl.Int32, strict=False)))
    _refuse(series, (floats - whole).abs() > float(NOISE), f"is not a whole number of {column.unit or 'units'}")
    return Cast(whole)


def _lies_within(series: pl.Series, most: int) -> bool:
    low, high = series.min(), series.max()
    return low is None or (-most < int(str(low)) and int(str(high)) < most)


def _believable(whole: pl.Series) -> pl.Series:
    return whole.set(~whole.is_between(-MOST_MW, MOST_MW, closed="none").fill_null(value=True), None)


def _rate(series: pl.Series, _: Column, writing: Writing) -> Cast:
    if series.dtype == pl.String:
        fast = series.cast(pl.Float64, strict=False)
        fast = fast.set(~fast.is_finite().fill_null(value=False), None)
        return _patched(series, fast, lambda text: float_of(text, writing))
    if series.dtype == pl.Float64 and series.is_finite().all():
        return Cast(series)
    _refuse_unless(series.dtype.is_numeric(), series)
    return Cast(_finite(series))


def _decimal(series: pl.Series, column: Column, writing: Writing) -> Cast:
    precision, scale = decimals(column)
    dtype = pl.Decimal(precision, scale)
    if series.dtype == pl.String:
        plain = series.str.contains(rf"^-?\d{{1,{precision - scale}}}(\.\d{{1,{scale}}})?$").fill_null(value=False)
        fast = series.set(~plain, None).cast(dtype, strict=False)
        return _patched(series, fast, lambda text: decimal_of(text, precision, scale, writing))
    _refuse_unless(series.dtype.is_numeric(), series)
    floats = series.cast(dtype, strict=False) if series.dtype.is_integer() else _finite(series)
    exact = floats.cast(pl.Float64).round(scale)
    _refuse(series, (exact - floats.cast(pl.Float64)).abs() > 10.0**-scale / 1000, TOO_FINE.format(scale))
    # by way of text: the decimal of a float's shortest form, not of its bits, so that 15.18 stays 15.18
    return Cast(_fitting(series, exact.cast(pl.String).cast(dtype, strict=False)))


def _text(series: pl.Series, column: Column, __: Writing) -> Cast:
    canonical = {fold(value): value for value in column.values}
    series = series.cast(pl.String) if series.dtype.is_numeric() else series
    return _respelled(series, lambda text: word_of(text, canonical))


def _category(series: pl.Series, column: Column, writing: Writing) -> Cast:
    words = _text(series, column, writing)
    unknown = ~words.values.is_in(list(column.values))
    _refuse(words.values, unknown.fill_null(value=False), f"is not one of {', '.join(column.values)}")
    return words


def _date(series: pl.Series, _: Column, __: Writing) -> Cast:
    _refuse_beyond_calendars(series)
    if series.dtype == pl.Date:
        return Cast(_plausible(series, series))
    if isinstance(series.dtype, pl.Datetime):
        zoned = series.dt.convert_time_zone(ZONE) if series.dtype.time_zone else series
        return Cast(_plausible(series, zoned.dt.date()))
    _refuse_unless(series.dtype == pl.String, series)
    iso = series.str.contains(r"^\d{4}-\d{2}-\d{2}$").fill_null(value=False)
    fast = series.set(~iso, None).str.to_date("%Y-%m-%d", strict=False)
    return _patched(series, _plausible(series, fast), date_of)


def _clock(series: pl.Series, _: Column, __: Writing) -> Cast:
    if series.dtype == pl.Time:
        _refuse_unless_between(series, 0, _NANOSECONDS - 1)
        series = series.cast(pl.String)
    _refuse_unless(series.dtype == pl.String, series)
    return _respelled(series, clock_of)


def _instant(series: pl.Series, _: Column, __: Writing) -> Cast:
    _refuse_beyond_calendars(series)
    if isinstance(series.dtype, pl.Datetime):
        zoned = bool(series.dtype.time_zone)
        values = series.cast(pl.Datetime("us", series.dtype.time_zone))
        values = values.dt.convert_time_zone("UTC") if zoned else values.dt.replace_time_zone("UTC")
        _plausible(series, values)
        naive = series.is_not_null() if not zoned else None
        return Cast(values if zoned else values.set(series.is_not_null(), None), naive=naive)
    _refuse_unless(series.dtype == pl.String, series)
    # Exports of the API carry an offset; RTE's files and spreadsheets do not, and their rows get their instant from the
    # civil clock beside it.
    fast = series.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_unit="us").dt.convert_time_zone("UTC")
    fast = fast.set(~fast.dt.year().is_between(YEARS.start, YEARS.stop).fill_null(value=False), None)
    odd = {text: instant_of(text) for text in series.filter(fast.is_null() & series.is_not_null()).unique()}
    aware = {text: moment for text, moment in odd.items() if moment is None or moment.tzinfo}
    naive = series.is_in(list(odd.keys() - aware.keys()))
    return Cast(_merged(series, fast, aware), naive=naive.fill_null(value=False))


def _code(series: pl.Series, _: Column, __: Writing) -> Cast:
    _refuse_unless(series.dtype == pl.String or series.dtype.is_numeric(), series)
    # the code is text in ODRÉ's CSV and an integer in its Parquet; a pandas column with a hole in it makes it a float
    if series.dtype != pl.String:
        series = series.cast(pl.Float64).fill_nan(None).cast(pl.String)
    return _respelled(series, code_of)


_CASTS: Final[Mapping[Kind, Callable[[pl.Series, Column, Writing], Cast]]] = {
    Kind.TEXT: _text,
    Kind.CATEGORY: _category,
    Kind.INSTANT: _instant,
    Kind.DATE: _date,
    Kind.CLOCK: _clock,
    Kind.REGION: _code,
    Kind.REGION_NAME: _text,
    Kind.WHOLE: _whole,
    Kind.RATE: _rate,
    Kind.TEMPERATURE: _decimal,
    Kind.STOCK: _decimal,
}


def _respelled(series: pl.Series, spelled: Callable[[str], str | None]) -> Cast:
    """Text with each distinct value as ``spelled`` has it."""
    _refuse_unless(series.dtype == pl.String, series)
    changed = {text: word for text in series.drop_nulls().unique() if (word := spelled(text)) != text}
    if not changed:
        return Cast(series)
    return Cast(series.replace(list(changed), pl.Series(list(changed.values()), dtype=pl.String)))


def _patched(series: pl.Series, fast: pl.Series, slow: Callable[[str], Any]) -> Cast:
    """``fast``, and where it gave up on a text, what ``slow`` makes of it."""
    missed = series.filter(fast.is_null() & series.is_not_null())
    if missed.is_empty():
        return Cast(fast)
    return Cast(_merged(series, fast, {text: slow(text) for text in missed.unique(maintain_order=True)}))


def _merged(series: pl.Series, fast: pl.Series, patches: Mapping[str, Any]) -> pl.Series:
    known = {text: value for text, value in patches.items() if value is not None}
    if not known:
        return fast
    slow = series.replace_strict(list(known), pl.Series(list(known.values()), dtype=fast.dtype), default=None)
    return fast.zip_with(fast.is_not_null(), slow)


def _finite(series: pl.Series) -> pl.Series:
    floats = series.cast(pl.Float64).fill_nan(None)
    _refuse(series, floats.is_infinite())
    return floats


def _fitting(series: pl.Series, values: pl.Series) -> pl.Series:
    nan = series.is_nan() if series.dtype.is_float() else pl.repeat(value=False, n=len(series), eager=True)
    _refuse(series, values.is_null() & series.is_not_null() & ~nan.fill_null(value=False), "is out of range")
    return values


def _plausible(series: pl.Series, values: pl.Series) -> pl.Series:
    _refuse(series, ~values.dt.year().is_between(YEARS.start, YEARS.stop), "is out of range")
    return values


def _refuse_beyond_calendars(series: pl.Series) -> None:
    """Raise for a day or an instant in no year that Python has, which is a panic of polars in all that follows."""
    ticks = _TICKS.get(getattr(series.dtype, "time_unit", "day")) if series.dtype.is_temporal() else None
    if ticks:
        first, last = (day.toordinal() - _EPOCH for day in (date(2, 1, 1), date(9998, 12, 31)))
        _refuse_unless_between(series, first * ticks, last * ticks)


def _refuse_unless_between(series: pl.Series, first: int, last: int) -> None:
    """Raise for a value that is stored as a number outside of these."""
    _refuse(stored := series.to_physical(), ~stored.is_between(first, last), f"is out of range for {series.dtype}")


def _refuse_unless(readable: bool, series: pl.Series) -> None:
    if readable:
        return
    if series.dtype.is_nested() or series.dtype.is_temporal():
        if series.null_count() < len(series):  # and not the value itself, which polars may not even be able to show
            raise ValueError(f"'{series.dtype}' is the type of its values")
        return
    _refuse(series, series.is_not_null(), f"is of type {series.dtype}")


def _refuse(series: pl.Series, bad: pl.Series, why: str = "is not a number") -> None:
    if bad.any():
        raise ValueError(f"'{shown(series.filter(bad)[0])}' {why}")


def _refuse_unknown_natures(values: pl.Series) -> None:
    for unknown in sorted(set(values.drop_nulls().unique()) - set(NATURES)):
        raise ValueError(f"'{shown(unknown)}' is not one of {', '.join(NATURES)}")
