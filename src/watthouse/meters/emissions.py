"""Consumption times the CO₂ intensity of the grid, slot by slot; what the grid does not know stays unknown.

The grid's rates have ``start`` and ``end`` (instants), ``g_per_kwh`` and ``nature``, a row a slot whose rate is known.
"""

from typing import Final

import polars as pl

from watthouse.meters.parts import MINUTES, by_clock, cut

EVERY: Final = {"hour": "1h", "day": "1d", "month": "1mo"}
"""The intervals, by name, as Polars writes them; ``period`` is all of it."""
PERIOD: Final = "period"


def emissions(curve: pl.DataFrame, rates: pl.DataFrame, interval: str, zone: str) -> pl.DataFrame:
    """What adds up over parts of a period, one row an interval that has readings: see :func:`added`.

    A reading that spans several slots of the grid is spread over them by time.
    """
    edges = pl.concat([by_clock(curve, zone), rates["start"], rates["end"]])
    slots = rates.sort("start").rename({"start": "slot", "end": "slot_end"})
    parts = cut(curve, edges).join_asof(slots, left_on="start", right_on="slot").with_columns(minutes=MINUTES)
    known = pl.col("start") < pl.col("slot_end")
    starts = pl.col("start").dt.convert_time_zone(zone)
    starts = starts.dt.truncate(EVERY[interval]) if interval in EVERY else pl.lit(None, pl.Datetime("us", zone))
    return (
        parts.group_by(starts=starts, maintain_order=True)
        .agg(
            energy_kwh=pl.col("kwh").sum(),
            minutes=pl.col("minutes").sum(),
            known_kwh=pl.col("kwh").filter(known).sum(),
            known_minutes=pl.col("minutes").filter(known).sum(),
            grams=(pl.col("kwh") * pl.col("g_per_kwh")).filter(known).sum(),
            natures=pl.col("nature").filter(known).unique(),
        )
        .sort("starts")
    )


def added(sums: pl.DataFrame) -> pl.DataFrame:
    """Sums of parts of a period as one row an interval.

    ``co2_kg`` is of the energy whose slots are known, null where none is; ``known_share`` is the part of the time, and
    ``known_energy_share`` of the energy, that lies in such slots; ``natures`` are those of the rows of the grid.
    """
    totals = ("energy_kwh", "minutes", "known_kwh", "known_minutes", "grams")
    rows = sums.group_by("starts", maintain_order=True).agg(
        pl.col(*totals).sum(), natures=pl.col("natures").explode().drop_nulls().unique().sort().str.join("; ")
    )
    is_known = pl.col("known_minutes") > 0
    return rows.sort("starts").select(
        "starts",
        "energy_kwh",
        "minutes",
        "natures",
        co2_kg=pl.when(is_known).then(pl.col("grams") / 1000),
        g_per_kwh=pl.when(pl.col("known_kwh") > 0).then(pl.col("grams") / pl.col("known_kwh")),
        known_share=pl.col("known_minutes") / pl.col("minutes"),
        known_energy_share=pl.when(pl.col("energy_kwh") > 0).then(pl.col("known_kwh") / pl.col("energy_kwh")),
    )
