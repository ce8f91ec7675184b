"""Tables of one load, which nobody else sees and which end with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Column, Connection, Date, Integer, MetaData, Table, Text

from watthouse.meters.storage.models import EnergyData
from watthouse.meters.storage.types import ROW_ID, Instant

_METADATA: Final = MetaData()
_TEMPORARY: Final = ["TEMPORARY"]

READING_COLUMNS: Final = tuple(column.name for column in EnergyData.__table__.columns if column.name != "id")

STAGED: Final = Table(
    "meter_staged",
    _METADATA,
    *(Column(name, EnergyData.__table__.c[name].type) for name in READING_COLUMNS),
    prefixes=_TEMPORARY,
)
"""Readings of which some may be there already."""

RANGES: Final = Table(
    "meter_ranges",
    _METADATA,
    Column("channel_id", Integer),
    Column("first", Instant),
    Column("last", Instant),
    prefixes=_TEMPORARY,
)
"""How far some readings reach in each channel."""

_METER: Final = ("meter_code", "serial_code", "plant_code")

DAYS: Final = Table(
    "meter_days", _METADATA, *(Column(name, Text) for name in _METER), Column("day", Date), prefixes=_TEMPORARY
)
"""The meters and civil days of which readings have come or gone."""

RUNS: Final = Table(
    "meter_runs",
    _METADATA,
    *(Column(name, Text) for name in _METER),
    Column("since", Instant),
    Column("until", Instant),
    prefixes=_TEMPORARY,
)
"""The same days as stretches of instants, with some hours to spare."""

RESTORED: Final = Table("meter_restored", _METADATA, Column("id", ROW_ID), prefixes=_TEMPORARY)
"""The replaced readings that count again."""


@contextmanager
def scratch(connection: Connection) -> Iterator[None]:
    """The tables, for the length of a transaction."""
    # a connection of a pool may have them still, from a transaction that was taken back on SQLite
    _METADATA.drop_all(connection)
    _METADATA.create_all(connection, checkfirst=False)
    yield
    _METADATA.drop_all(connection)
