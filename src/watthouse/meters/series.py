"""The readings of some channels over a period, as a table, with the minutes that each of them stands for."""

from collections.abc import Sequence
from typing import Final

import polars as pl
from sqlalchemy import Connection, select

from watthouse.errors import UsageError
from watthouse.meters.channels import MeterChannel
from watthouse.meters.coverage import Bounds, within
from watthouse.meters.readings import INSTANT
from watthouse.meters.steps import STEADY
from watthouse.meters.storage.models import EnergyData, LoadedFile

_ROWS: Final = 50_000
_SCHEMA: Final = {
    "channel": pl.Int32(),
    "instant": INSTANT,
    "value": pl.Float64(),
    "minutes": pl.Float64(),
    "quality": pl.String(),
    "status": pl.String(),
    "written_at": INSTANT,
}


def readings(connection: Connection, channels: Sequence[MeterChannel], bounds: Bounds, most: int) -> pl.DataFrame:
    """The readings by channel and instant, each in the unit of its channel.

    ``minutes`` are those that its file names, else what its neighbours tell; null for a register, and for a reading
    without neighbours. Raises :class:`~watthouse.errors.UsageError` where there are more than ``most``.
    """
    columns = (EnergyData.channel_id, EnergyData.instant, EnergyData.energy, EnergyData.minutes)
    asked = (
        select(*columns, EnergyData.quality, EnergyData.status, LoadedFile.written_at)
        .join(LoadedFile, LoadedFile.id == EnergyData.file_id)
        .where(*within(channels, bounds))
        .order_by(EnergyData.channel_id, EnergyData.instant)
        .limit(most + 1)
    )
    parts = [
        pl.DataFrame([tuple(row) for row in part], _SCHEMA, orient="row")
        for part in connection.execute(asked).yield_per(_ROWS).partitions()
    ]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=_SCHEMA)
    if rows.height > most:
        raise UsageError(f"the period has more than {most:,} readings: choose a shorter one, or a channel")
    return with_minutes(rows, [channel.id for channel in channels if channel.is_interval])


def with_minutes(rows: pl.DataFrame, intervals: Sequence[int]) -> pl.DataFrame:
    """Say of each reading how long it lasts; those of ``intervals`` do, in order of channel and instant.

    An interval that is longer than those around it is a gap behind a reading of their length.
    """
    following = pl.col("instant").shift(-1).over("channel") - pl.col("instant")
    steps = rows.with_columns(length=following.dt.total_seconds() / 60)
    steps = steps.with_columns(run=pl.col("length").rle_id().over("channel"))
    steady = pl.when(pl.len().over("channel", "run") >= STEADY).then("length")
    steps = steps.with_columns(steady=steady).with_columns(
        before=pl.col("steady").forward_fill().over("channel"),
        after=pl.col("steady").backward_fill().over("channel"),
        least=pl.col("length").min().over("channel"),
    )
    around = pl.min_horizontal("before", "after", "length")
    unsteady = pl.when(pl.col("before").is_null() & pl.col("after").is_null()).then("least").otherwise(around)
    step = pl.coalesce("minutes", "steady", unsteady)
    minutes = pl.when(pl.col("channel").is_in(list(intervals))).then(step)
    return steps.with_columns(minutes=minutes).select(_SCHEMA.keys())
