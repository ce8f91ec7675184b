"""From cells of text to readings, and to rejects for the lines that cannot be one: the same for every layout."""

from collections.abc import Callable
from typing import Final

import polars as pl

from watthouse.meters.readings import CHANNEL, READING, REJECT, YEARS, Batch
from watthouse.meters.stamps import OLE_NULL, MeterClock, date_or_none
from watthouse.meters.units import BOUNDS, UNITS

TextOf = Callable[[int], str]

WRITTEN: Final = "written"
"""The column with a reading's date as its file writes it."""
_NUMBERS: Final = ("energy", "maximum_demand", "billing_reset_count")
_DATES: Final = ("time_of_max_demand", "billing_reset_date_time")
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}
_FREE_TEXTS: Final = [name for name in CHANNEL if name not in {"kind", "unit"}]
_LONGEST_NAME: Final = 200
_MOST_BYTES: Final = 2_000
"""What codes and names may have: PostgreSQL's index over all of them takes 2.7 kB, and fails the whole load beyond."""
_PARSED: Final = (*_NUMBERS, *_DATES, "dls_active")


def readings(cells: pl.DataFrame, clock: MeterClock, text_of: TextOf) -> Batch:
    """The lines of ``cells`` as readings; each that cannot be one is a reject, with the first reason found.

    ``cells`` has ``line``, the date as it is ``written``, ``date_time`` as a local time (null where it could not be
    read), and whatever else of a reading the layout has, as text. Where it has no ``instant``, the clock tells it.
    ``text_of`` gives a line by its number, for the rejects.
    """
    lacking = [pl.lit("" if name in CHANNEL else None).alias(name) for name in READING if name not in cells.columns]
    typed = (
        cells.with_columns(lacking)
        .with_columns(_raw(name) for name in _PARSED)
        .with_columns(
            *(pl.col(_text(name)).cast(READING[name], strict=False).alias(name) for name in _NUMBERS),
            *(date_or_none(pl.col(_text(name))).alias(name) for name in _DATES),
            pl.col(_text("dls_active")).str.to_lowercase().replace_strict(_BOOLEANS, default=None).alias("dls_active"),
            pl.col("units").str.to_lowercase().replace_strict(_NAMES, default=None).alias("unit"),
        )
    )
    if "instant" not in cells.columns:
        typed = typed.with_columns(clock.instants(typed))
    faults = _faults(clock.name)
    is_wrong = pl.any_horizontal([fault.fill_null(value=True) for fault, _ in faults])
    judged = typed.with_columns(is_wrong=is_wrong)
    good = judged.filter(~pl.col("is_wrong")).select(pl.col(name).cast(kind) for name, kind in READING.items())
    return Batch(good, _rejects(judged.filter("is_wrong"), faults, text_of))


def _rejects(wrong: pl.DataFrame, faults: "list[tuple[pl.Expr, pl.Expr]]", text_of: TextOf) -> pl.DataFrame:
    reason = pl.coalesce([pl.when(fault.fill_null(value=True)).then(text) for fault, text in faults])
    texts = pl.Series("text", [text_of(line) for line in wrong["line"]], pl.String)
    return wrong.select("line", reason=reason).with_columns(texts).cast(pl.Schema(REJECT))


def _faults(zone: str) -> "list[tuple[pl.Expr, pl.Expr]]":
    """What makes a line unusable, in the order in which it is told, and the words for it."""
    date_time, energy, unit = pl.col("date_time"), pl.col("energy"), pl.col("unit")
    in_base = energy * unit.replace_strict(_FACTORS, default=None, return_dtype=pl.Float64)
    least, most = (unit.replace_strict(bound, default=None, return_dtype=pl.Float64) for bound in (_LEAST, _MOST))
    return [
        (pl.col("meter_code") == "", pl.lit("there is no meter code")),
        (_is_too_long(), pl.lit(f"a code or name has over {_LONGEST_NAME} letters, or all over {_MOST_BYTES:,} bytes")),
        (pl.col(WRITTEN).str.starts_with(OLE_NULL), pl.lit(f"{OLE_NULL} stands for no date")),
        (date_time.is_null(), _quoted(WRITTEN, "is not a date and time: use dd/mm/yyyy hh:mm:ss")),
        (
            ~date_time.dt.year().is_in(list(YEARS)),
            _quoted(WRITTEN, f"is out of range: years are {YEARS.start} to {YEARS.stop - 1}"),
        ),
        (
            pl.col("instant").is_null(),
            _quoted(WRITTEN, f"does not exist in {zone}, whose clock skips that hour: see WATTHOUSE_METER_TZ"),
        ),
        (pl.col(_text("energy")).fill_null("") == "", pl.lit("there is no value")),
        (energy.is_null() | ~energy.is_finite(), _quoted(_text("energy"), "is not a number")),
        (unit.is_null(), _quoted("units", "is not a unit that watthouse knows")),
        (in_base < least, _quoted(_text("energy"), "is too low for its unit: no meter measures that")),
        (in_base > most, _quoted(_text("energy"), "is too high for its unit: no meter measures that")),
        *((_is_spoilt(name), _quoted(_text(name), f"is no value of {name}")) for name in _PARSED if name != "energy"),
    ]


def _is_too_long() -> pl.Expr:
    names = pl.col(_FREE_TEXTS)
    too_many_letters = pl.any_horizontal(names.str.len_chars() > _LONGEST_NAME)
    return too_many_letters | (pl.sum_horizontal(names.str.len_bytes()) > _MOST_BYTES)


def _is_spoilt(name: str) -> pl.Expr:
    """Whether a field that may be empty holds something that cannot be read."""
    text = pl.col(_text(name)).fill_null("")
    return pl.col(name).is_null() & (text != "") & ~text.str.starts_with(OLE_NULL)


def _quoted(column: str, words: str) -> pl.Expr:
    return pl.format("'{}' {}", pl.col(column).fill_null("").str.slice(0, 60), pl.lit(words))


def _text(name: str) -> str:
    return f"{name}_text"


def _raw(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).alias(_text(name))


_NAMES: Final = {unit.name.lower(): unit.name for unit in UNITS}
_FACTORS: Final = {unit.name: unit.factor for unit in UNITS}
_LEAST: Final = {unit.name: float(BOUNDS[unit.quantity].least) for unit in UNITS}
_MOST: Final = {unit.name: float(BOUNDS[unit.quantity].most) for unit in UNITS}
