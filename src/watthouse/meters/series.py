"""The readings of some channels over a period, as a table, with the minutes that each of them stands for."""

from collections.abc import Sequence
from typing import Final

import polars as pl
from sqlalchemy import Connection, select

from watthouse.errors import UsageError
from watthouse.meters.channels import MeterChannel
from watthouse.meters.coverage import Bounds, seconds_of, within
from watthouse.meters.readings import INSTANT
from watthouse.meters.steps import STEADY
from watthouse.meters.storage.models import EnergyData, LoadedFile

_ROWS: Final = 50_000
_READ: Final = {
    "channel": pl.Int32(),
    "instant": pl.Int64(),
    "value": pl.Float64(),
    "minutes": pl.Float64(),
    "quality": pl.String(),
    "status": pl.String(),
    "file": pl.Int32(),
}
_COLUMNS: Final = ("channel", "instant", "value", "minutes", "quality", "status", "written_at")


def readings(connection: Connection, channels: Sequence[MeterChannel], bounds: Bounds, most: int) -> pl.DataFrame:
    """The readings by channel and instant, each in the unit of its channel.

    ``minutes`` are those that its file names, else what its neighbours tell; null for a register, and for a reading
    without neighbours. Raises :class:`~watthouse.errors.UsageError` where there are more than ``most``.
    """
    columns = (EnergyData.channel_id, seconds_of(connection), EnergyData.energy, EnergyData.minutes)
    asked = (
        select(*columns, EnergyData.quality, EnergyData.status, EnergyData.file_id)
        .where(*within(channels, bounds))
        .order_by(EnergyData.channel_id, EnergyData.instant)
        .limit(most + 1)
    )
    # by columns: Polars takes them several times as fast as rows
    parts = [
        pl.DataFrame(dict(zip(_READ, zip(*part, strict=True), strict=True)), _READ)
        for part in connection.execute(asked).yield_per(_ROWS).partitions()
    ]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=_READ)
    if rows.height > most:
        raise UsageError(f"the period has more than {most:,} readings: choose a shorter one, or a channel")
    instant = pl.from_epoch("instant", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    dated = rows.with_columns(instant).join(_files(connection, rows["file"]), on="file", maintain_order="left")
    return with_minutes(dated.select(_COLUMNS), [channel.id for channel in channels if channel.is_interval])


def _files(connection: Connection, numbers: pl.Series) -> pl.DataFrame:
    """When the files were written that some readings are from."""
    # by their bounds: years of files of an hour each are more than a statement may name one by one
    asked = select(LoadedFile.id, LoadedFile.written_at).where(LoadedFile.id.between(numbers.min(), numbers.max()))
    found = [tuple(row) for row in connection.execute(asked)]
    return pl.DataFrame(found, {"file": pl.Int32(), "written_at": INSTANT}, orient="row")


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
    return steps.with_columns(minutes=minutes).select(_COLUMNS)
