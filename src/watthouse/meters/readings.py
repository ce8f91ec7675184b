"""A reading as every layout delivers it, whatever its file calls the columns."""

from dataclasses import dataclass
from typing import Final

import polars as pl

NAIVE: Final = pl.Datetime("us")
INSTANT: Final = pl.Datetime("us", "UTC")

YEARS: Final = range(1970, 2100)
"""The years in which a reading can have been made: what lies outside is an unset clock or a typing error."""

CHANNEL: Final = (
    "kind",
    "meter_code",
    "serial_code",
    "plant_code",
    "data_type",
    "unit",
    "stream",
    "period",
    "rate",
)
"""What tells one series of a meter from another; a text that a layout lacks is empty. ``kind`` is ``interval`` for a
series, ``register`` for what a meter had counted at some moment."""

READING: Final[dict[str, pl.DataType]] = {
    "line": pl.Int64(),
    **dict.fromkeys(CHANNEL, pl.String()),
    "date_time": NAIVE,
    "instant": INSTANT,
    "energy": pl.Float64(),
    "units": pl.String(),
    "minutes": pl.Int32(),
    "quality": pl.String(),
    "status": pl.String(),
    "maximum_demand": pl.Float64(),
    "time_of_max_demand": NAIVE,
    "dls_active": pl.Boolean(),
    "billing_reset_count": pl.Int32(),
    "billing_reset_date_time": NAIVE,
    "note": pl.String(),
}
"""Line of the file (from 1); channel; the meter's own clock and the instant, both at the start of an interval; the
value in ``units`` as the file writes them (``unit`` is how :mod:`watthouse.meters.units` does); minutes of the interval
where the file tells; what else the layouts have."""

REJECT: Final[dict[str, pl.DataType]] = {"line": pl.Int64(), "reason": pl.String(), "text": pl.String()}


@dataclass(frozen=True)
class Batch:
    """Some lines of a file: those that are readings, and those that are not, with the reason and the text."""

    readings: pl.DataFrame
    rejects: pl.DataFrame


def no_rejects() -> pl.DataFrame:
    """Rejects of lines that are all well."""
    return pl.DataFrame(schema=REJECT)
