"""The tables, as ORM models: the one schema, from which migrations and bulk paths take names and types."""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, Float, ForeignKey, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from watthouse.meters.storage.types import LOCAL, ROW_ID, Instant

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all tables share: names of constraints, so that a migration can name them too."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {str: Text(), float: Float(53)}  # noqa: RUF012 - SQLAlchemy's own name for it


class LoadedFile(Base):
    """One version of a file. ``replaced_by`` is null for the one that counts; the others are history.

    ``readings`` were taken over, ``rejected`` lines were not; ``duplicates`` repeat an interval of the same file with
    the same value, ``superseded`` readings of older files have given way to this one's.
    """

    __tablename__ = "meter_files"
    __table_args__ = (Index(None, "sha256"), Index(None, "name"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str]
    sha256: Mapped[str]
    layout: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(Instant)
    loaded_at: Mapped[datetime] = mapped_column(Instant)
    readings: Mapped[int] = mapped_column(ROW_ID)
    rejected: Mapped[int] = mapped_column(ROW_ID)
    duplicates: Mapped[int] = mapped_column(ROW_ID)
    superseded: Mapped[int] = mapped_column(ROW_ID)
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("meter_files.id"))


class Channel(Base):
    """One series of a meter: see :data:`watthouse.meters.readings.CHANNEL`."""

    __tablename__ = "meter_channels"
    __table_args__ = (
        UniqueConstraint(
            *("meter_code", "serial_code", "plant_code", "kind", "data_type", "unit", "stream", "period", "rate"),
            name="uq_meter_channels",  # PostgreSQL takes names of 63 letters
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str]
    meter_code: Mapped[str]
    serial_code: Mapped[str]
    plant_code: Mapped[str]
    data_type: Mapped[str]
    unit: Mapped[str]
    stream: Mapped[str]
    period: Mapped[str]
    rate: Mapped[str]


class FileSpan(Base):
    """How far a file reaches in a channel: by this its rows are found again."""

    __tablename__ = "meter_spans"

    file_id: Mapped[int] = mapped_column(ForeignKey("meter_files.id"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("meter_channels.id"), primary_key=True)
    first: Mapped[datetime] = mapped_column(Instant)
    last: Mapped[datetime] = mapped_column(Instant)


class _Reading:
    """The columns of a reading, kept or replaced."""

    # No foreign keys here: PostgreSQL checks them row by row, which takes longer than everything else about a load.
    # Whoever deletes a file deletes its readings in the same transaction.
    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    meter_code: Mapped[str]
    serial_code: Mapped[str]
    plant_code: Mapped[str]
    date_time: Mapped[datetime] = mapped_column(LOCAL)
    data_type: Mapped[str]
    energy: Mapped[float]
    units: Mapped[str]
    quality: Mapped[str | None]
    status: Mapped[str | None]
    maximum_demand: Mapped[float | None]
    time_of_max_demand: Mapped[datetime | None] = mapped_column(LOCAL)
    dls_active: Mapped[bool | None] = mapped_column(Boolean)
    billing_reset_count: Mapped[int | None] = mapped_column(Integer)
    billing_reset_date_time: Mapped[datetime | None] = mapped_column(LOCAL)
    note: Mapped[str | None]
    minutes: Mapped[int | None] = mapped_column(Integer)
    channel_id: Mapped[int] = mapped_column(Integer)
    instant: Mapped[datetime] = mapped_column(Instant)
    file_id: Mapped[int] = mapped_column(Integer)
    line: Mapped[int] = mapped_column(ROW_ID)


class EnergyData(_Reading, Base):
    """The readings: one a channel and instant, that of the newest file which has it."""

    __tablename__ = "energy_data"
    __table_args__ = (UniqueConstraint("channel_id", "instant"),)


class ReplacedReading(_Reading, Base):
    """Readings that gave way: to those of file ``replaced_by``, newer or a correction."""

    __tablename__ = "energy_data_history"
    __table_args__ = (Index(None, "channel_id", "instant"),)

    replaced_by: Mapped[int] = mapped_column(Integer)


class EnergyDataView(Base):
    """Least, greatest and mean value of a meter and civil day, over all of its rows whatever their unit."""

    __tablename__ = "energy_data_view"
    __table_args__ = (
        UniqueConstraint("meter_code", "serial_code", "date_time", "plant_code", name="uq_energy_data_view"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    meter_code: Mapped[str]
    serial_code: Mapped[str]
    plant_code: Mapped[str]
    date_time: Mapped[date] = mapped_column(Date)
    min_energy: Mapped[float]
    max_energy: Mapped[float]
    avg_energy: Mapped[float]


class RejectedLine(Base):
    """A line that is no reading: its number in the file, why, and its beginning."""

    __tablename__ = "meter_rejects"
    __table_args__ = (Index(None, "file_id"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("meter_files.id"))
    line: Mapped[int] = mapped_column(ROW_ID)
    reason: Mapped[str]
    text: Mapped[str]


class Mark(Base):
    """What has been done once for all, by name: ``view`` once the day view was asked to be filled."""

    __tablename__ = "meter_marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    set_at: Mapped[datetime] = mapped_column(Instant)
