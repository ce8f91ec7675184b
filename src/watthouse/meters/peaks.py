"""How much of a day's consumption falls into the grid's peak: its half hours, or hours, of highest load.

The grid's load has ``start`` and ``end`` (instants) and ``mw``, one row a slot whose load is known.
"""

import polars as pl

from watthouse.meters.intervals import EVERY, MINUTES_OF, SLACK
from watthouse.meters.parts import MINUTES, by_clock, civil_date, cut


def peaks(loads: pl.DataFrame, count: int, length: str, zone: str) -> pl.DataFrame:
    """One row a civil day of ``zone``: ``slots`` (the starts of its ``count`` slots of highest mean load, in order of
    time; null where fewer are known) and ``known_slots``, how many of the day know their load.

    A slot counts where its load is known throughout; of two with the same load the earlier one is higher.
    """
    # the same arithmetic as for energy: MW over hours
    curve = loads.select("start", "end", kwh=pl.col("mw") * MINUTES / 60)
    slot = pl.col("start").dt.convert_time_zone(zone).dt.truncate(EVERY[length])
    slots = (
        cut(curve, by_clock(curve, zone))
        .group_by(slot=slot)
        .agg(energy=pl.col("kwh").sum(), minutes=MINUTES.sum())
        .filter(pl.col("minutes") >= MINUTES_OF[length] - SLACK)
        .sort("energy", "slot", descending=[True, False])
    )
    days = slots.group_by(civil_date=pl.col("slot").dt.date(), maintain_order=True)
    highest = days.agg(slots=pl.col("slot").head(count).sort(), known_slots=pl.len().cast(pl.Int64))
    enough = pl.col("known_slots") >= count
    return highest.with_columns(slots=pl.when(enough).then("slots")).sort("civil_date")


def at_peak(curve: pl.DataFrame, highest: pl.DataFrame, length: str, zone: str) -> pl.DataFrame:
    """One row a civil day that has readings: its energy, that of its peak, and the minutes of both that were read.

    ``highest`` is what :func:`peaks` gives. Where the peak is not known, neither is what falls into it.
    """
    slot = pl.col("start").dt.convert_time_zone(zone).dt.truncate(EVERY[length])
    parts = cut(curve, by_clock(curve, zone)).with_columns(civil_date=civil_date(zone), slot=slot, minutes=MINUTES)
    parts = parts.join(highest, on="civil_date", how="left", maintain_order="left")
    is_peak = pl.col("slot").is_in(pl.col("slots"))
    days = parts.group_by("civil_date", maintain_order=True).agg(
        pl.col("slots", "known_slots").first(),
        energy_kwh=pl.col("kwh").sum(),
        minutes=pl.col("minutes").sum(),
        peak_kwh=pl.col("kwh").filter(is_peak).sum(),
        peak_minutes=pl.col("minutes").filter(is_peak).sum(),
    )
    is_known = pl.col("slots").is_not_null()
    return days.with_columns(
        pl.col("known_slots").fill_null(0), pl.when(is_known).then(pl.col("peak_kwh", "peak_minutes"))
    ).sort("civil_date")
