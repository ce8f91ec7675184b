"""The clock as RTE publishes it: 96 slots on every civil day, whatever the clocks do.

The hour that is missing in spring is filled with copies of 01:00–01:45 that carry the instants of 03:00–03:45; of the
hour that comes twice in autumn only the second pass is shown.
"""

from typing import Final

import polars as pl

from watthouse.clock import ZONE

PHANTOM: Final = "_phantom"


def shown(slots: pl.DataFrame) -> pl.DataFrame:
    """The slots whose instants are ever published: all but the first pass of autumn's repeated hour."""
    # found by comparing with the clock an hour later: the two passes of the hour show the same time
    local, later = _local(0), _local(1)
    repeated = (local.dt.hour() == later.dt.hour()) & (local.dt.date() == later.dt.date())
    return slots.filter(~repeated)


def with_words(slots: pl.DataFrame) -> pl.DataFrame:
    """The slots with ``date`` and ``heure`` as text, and whether spring's phantom hour copies them (``_copied``)."""
    jump = (_local(1).dt.hour() == _local(0).dt.hour() + 2) & (_local(0).dt.hour() == 1)
    return slots.with_columns(
        _local(0).dt.strftime("%Y-%m-%d").alias("date"),
        _local(0).dt.strftime("%H:%M").alias("heure"),
        jump.alias("_copied"),
    )


def with_phantoms(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, and beside them those of spring's phantom hour (``_phantom``)."""
    before = rows.filter("_copied")
    rows = rows.with_columns(pl.lit(value=False).alias(PHANTOM))
    if before.is_empty():
        return rows
    copies = before.with_columns(
        pl.col("date_heure").dt.offset_by("1h"),
        pl.col("heure").str.replace("01:", "02:", literal=True),
        pl.lit(value=True).alias(PHANTOM),
    )
    return pl.concat([rows, copies])


def _local(hours: int) -> pl.Expr:
    return pl.col("date_heure").dt.offset_by(f"{hours}h").dt.convert_time_zone(ZONE)
