"""The day view, ``energy_data_view``: kept for the days that a load has touched, in the load's own transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Float,
    Numeric,
    Select,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from watthouse.meters.storage import bulk
from watthouse.meters.storage.models import Channel, EnergyData, EnergyDataView, Mark
from watthouse.meters.storage.scratch import DAYS, RUNS

_METER: Final = ("meter_code", "serial_code", "plant_code")
_KEY: Final = (*_METER, "date_time")
_FIGURES: Final = ("min_energy", "max_energy", "avg_energy")
_FAR: Final = timedelta(hours=15)
"""How far local time is from UTC at most, and an hour to spare."""
FILLED: Final = "view"
"""The mark that the view was asked to be filled."""
_DAY: Final = timedelta(days=1)
_READING_DAY: Final = func.date(EnergyData.date_time, type_=Date)


class TouchedDays:
    """The meters and civil days of which readings have come or gone."""

    def __init__(self) -> None:
        self._days: list[pl.DataFrame] = []

    def note(self, readings: pl.DataFrame) -> None:
        """These readings come or go."""
        self._days.append(readings.select(*_METER, day=pl.col("date_time").dt.date()).unique())

    def refresh(self, connection: Connection, *, some_went: bool) -> None:
        """Count these days again; where ``some_went``, one of which nothing is left goes."""
        days = pl.concat(self._days).unique() if self._days else pl.DataFrame()
        if days.is_empty():
            return
        bulk.insert(connection, DAYS.name, days)
        bulk.insert(connection, RUNS.name, _runs(days))
        counted = _counted(connection)
        if some_went:
            left = counted.with_only_columns(*_columns(Channel, _METER), _READING_DAY, maintain_column_froms=True)
            same = tuple_(*_columns(EnergyDataView, _KEY))
            connection.execute(delete(EnergyDataView).where(same.in_(_touched()), same.not_in(left)))
        _upsert(connection, counted)


def fill(connection: Connection) -> None:
    """Count all days again, and note that this was asked for: from then on the historic service shows them."""
    meter = _columns(EnergyData, _METER)
    same = tuple_(*_columns(EnergyDataView, _KEY))
    connection.execute(delete(EnergyDataView).where(same.not_in(select(*meter, _READING_DAY).distinct())))
    counted = select(*meter, _READING_DAY.label("date_time"), *_values(connection))
    _upsert(connection, counted.group_by(*meter, _READING_DAY))
    if not is_filled(connection):
        connection.execute(insert(Mark).values(name=FILLED, set_at=datetime.now(UTC)))


def is_filled(connection: Connection) -> bool:
    """Whether the view was ever asked to be filled."""
    return connection.scalar(select(exists().where(Mark.name == FILLED))) is True


def _runs(days: pl.DataFrame) -> pl.DataFrame:
    """Days that follow one another as one stretch of instants, by which the index finds their readings."""
    midnight = pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    # closer ones are one stretch, or a reading far from UTC could lie in two of them, and count twice
    is_new = (pl.col("day").diff() > 3 * _DAY).fill_null(value=True).over(_METER)
    numbered = days.sort(*_METER, "day").with_columns(run=is_new.cum_sum().over(_METER))
    return (
        numbered.group_by(*_METER, "run")
        .agg(since=midnight.min() - _FAR, until=midnight.max() + _DAY + _FAR)
        .drop("run")
    )


def _counted(connection: Connection) -> Select[Any]:
    """The values of each touched day of which there are readings."""
    meter = _columns(Channel, _METER)
    within = EnergyData.instant.between(RUNS.c.since, RUNS.c.until)
    return (
        select(*meter, _READING_DAY.label("date_time"), *_values(connection))
        .select_from(RUNS)
        .join(Channel, tuple_(*meter) == tuple_(*(RUNS.c[name] for name in _METER)))
        .join(EnergyData, (EnergyData.channel_id == Channel.id) & within)
        .group_by(*meter, _READING_DAY)
        # a stretch begins and ends in the days beside it; asked of days, not of a hundred times as many readings
        .having(tuple_(*meter, _READING_DAY).in_(_touched()))
    )


def _values(connection: Connection) -> list[ColumnElement[Any]]:
    """Least, greatest and mean value."""
    mean: ColumnElement[Any] = func.avg(EnergyData.energy)
    if connection.dialect.name == "postgresql":
        # a sum of floats ends in other bits by the order of the rows, which PostgreSQL takes as it likes
        mean = cast(func.sum(cast(EnergyData.energy, Numeric)), Float(53)) / func.count()
    values = (func.min(EnergyData.energy), func.max(EnergyData.energy), mean)
    return [value.label(name) for name, value in zip(_FIGURES, values, strict=True)]


def _touched() -> Select[Any]:
    return select(*(DAYS.c[name] for name in (*_METER, "day")))


def _upsert(connection: Connection, counted: Select[Any]) -> None:
    """Put the days into the view; one that is there keeps its id, and one that is there as it is stays untouched."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    found = counted.subquery()
    # PostgreSQL takes a new id for every row that it tries to insert: clients that fill the view again and again would
    # come to the last of them
    known = exists().where(*(getattr(EnergyDataView, name) == found.c[name] for name in (*_KEY, *_FIGURES)))
    rows = dialect.insert(EnergyDataView).from_select([*_KEY, *_FIGURES], select(found).where(~known))
    connection.execute(
        rows.on_conflict_do_update(
            index_elements=["meter_code", "serial_code", "date_time", "plant_code"],
            set_={name: rows.excluded[name] for name in _FIGURES},
        )
    )


def _columns(model: Any, names: Sequence[str]) -> list[Any]:
    return [getattr(model, name) for name in names]
