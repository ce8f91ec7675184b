"""What is asked of the meters' database: which meters there are, their channels, a day of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final

from sqlalchemy import Connection, Date, bindparam, exists, func, select

from watthouse.errors import UsageError, shown
from watthouse.meters.storage.day_view import FILLED
from watthouse.meters.storage.models import (
    Channel,
    EnergyData,
    EnergyDataView,
    FileSpan,
    LoadedFile,
    Mark,
    RejectedLine,
)
from watthouse.meters.units import unit_of

_SPAN: Final = (func.min(FileSpan.first).label("first"), func.max(FileSpan.last).label("last"))


@dataclass(frozen=True)
class Meter:
    """A meter: how many channels it has, and the instants of its first and last reading."""

    meter_code: str
    serial_code: str
    plant_code: str
    channels: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class ChannelSpan:
    """A series of a meter, in ``unit``, with the instants of its first and last reading."""

    data_type: str
    unit: str
    kind: str
    stream: str
    period: str
    rate: str
    first: datetime
    last: datetime


@dataclass(frozen=True)
class ChannelDay:
    """A channel on a civil day, in ``unit``. ``total`` is that of an energy by interval; None for anything else."""

    data_type: str
    unit: str
    about: str
    readings: int
    least: float
    greatest: float
    mean: float
    total: float | None


def meters(connection: Connection) -> list[Meter]:
    """Every meter, in order."""
    meter = (Channel.meter_code, Channel.serial_code, Channel.plant_code)
    counted = (func.count(Channel.id.distinct()).label("channels"), *_SPAN)
    return [
        Meter(**row._asdict())
        for row in connection.execute(_covered(select(*meter, *counted)).group_by(*meter).order_by(*meter))
    ]


def channels(connection: Connection, meter_code: str) -> list[ChannelSpan]:
    """The channels of a meter; raises :class:`~watthouse.errors.UsageError` where there is no such meter."""
    named = (Channel.data_type, Channel.unit, Channel.kind, Channel.stream, Channel.period, Channel.rate)
    asked = select(*named, *_SPAN).where(Channel.meter_code == meter_code)
    found = [
        ChannelSpan(**row._asdict())
        for row in connection.execute(_covered(asked).group_by(Channel.id, *named).order_by(*named))
    ]
    if not found:
        raise UsageError(f"there is no meter '{shown(meter_code)}' here: `watthouse meters show` lists them")
    return found


def day(connection: Connection, meter_code: str, civil_date: date) -> list[ChannelDay]:
    """Each channel of a meter on a day of its own clock. Energies, powers, voltages and so on are never mixed."""
    named = (Channel.data_type, Channel.unit, Channel.kind, Channel.stream, Channel.period, Channel.rate)
    values = (func.count(), func.min(EnergyData.energy), func.max(EnergyData.energy), func.sum(EnergyData.energy))
    asked = (
        select(*named, *values)
        .join(EnergyData, EnergyData.channel_id == Channel.id)
        .where(Channel.meter_code == meter_code, func.date(EnergyData.date_time, type_=Date) == civil_date)
        .group_by(Channel.id, *named)
        .order_by(*named)
    )
    return [_channel_day(*row) for row in connection.execute(asked)]


@dataclass(frozen=True)
class Reject:
    """A line that is no reading, of a file that counts."""

    file: str
    loaded_at: datetime
    line: int
    reason: str
    text: str


def rejects(connection: Connection, name_ends: str | None, most: int) -> tuple[list[Reject], int]:
    """Rejected lines, those of the newest files first, and how many there are in all."""
    asked = select(LoadedFile.name, LoadedFile.loaded_at, RejectedLine.line, RejectedLine.reason, RejectedLine.text)
    asked = asked.join(LoadedFile, LoadedFile.id == RejectedLine.file_id).where(LoadedFile.replaced_by.is_(None))
    if name_ends is not None:
        # "\0" is in no name, and PostgreSQL refuses to compare with it
        asked = asked.where(LoadedFile.name.endswith(name_ends.replace("\0", "\ufffd"), autoescape=True))
    total = connection.scalar(select(func.count()).select_from(asked.subquery())) or 0
    found = connection.execute(asked.order_by(LoadedFile.id.desc(), RejectedLine.line, RejectedLine.id).limit(most))
    # the folders in which the files lie are nobody's business
    return [Reject(PurePosixPath(row[0]).name, *row[1:]) for row in found], total


def extent(connection: Connection, channel_ids: Sequence[int]) -> tuple[datetime, datetime]:
    """The instants of the first and the last reading of these channels, of which each has some."""
    spans = select(*_SPAN).join(LoadedFile, LoadedFile.id == FileSpan.file_id)
    held = connection.execute(spans.where(FileSpan.channel_id.in_(channel_ids), LoadedFile.replaced_by.is_(None)))
    first, last = held.one()
    return first, last


def next_reading(connection: Connection, channel_id: int, since: datetime) -> datetime | None:
    """The instant of the first reading of a channel at an instant or later; None where there is none."""
    of_channel = (EnergyData.channel_id == channel_id, EnergyData.instant >= since)
    return connection.scalar(select(func.min(EnergyData.instant)).where(*of_channel))


# made once: to put such a statement together takes longer than to have it answered
_NEWEST_FILE: Final = (
    select(LoadedFile.id, LoadedFile.sha256, LoadedFile.loaded_at).order_by(LoadedFile.id.desc()).limit(1)
)
_FILLED_AT: Final = select(Mark.set_at).where(Mark.name == FILLED)
_HISTORIC_DAY: Final = (
    select(EnergyDataView.__table__)
    .where(
        EnergyDataView.meter_code == bindparam("meter_code"),
        EnergyDataView.serial_code == bindparam("serial_code"),
        EnergyDataView.date_time == bindparam("date_time"),
        exists(select(Mark.name).where(Mark.name == FILLED)),
    )
    .order_by(EnergyDataView.id)
    .limit(1)
)


def version(connection: Connection, *more: str) -> str:
    """Changes with every file that is loaded, and when the day view is first filled; ``more`` changes it, too."""
    last = connection.execute(_NEWEST_FILE).first()
    state = (tuple(last) if last else None, connection.scalar(_FILLED_AT), more)
    return sha256(repr(state).encode()).hexdigest()[:16]


def historic_day(connection: Connection, meter_code: str, serial_code: str, civil_date: date) -> EnergyDataView | None:
    """A day of the view, as the historic service shows it: none before the view was first asked to be filled."""
    asked = {"meter_code": meter_code, "serial_code": serial_code, "date_time": civil_date}
    row = connection.execute(_HISTORIC_DAY, asked).first()
    return EnergyDataView(**row._asdict()) if row else None


def _covered(asked: Any) -> Any:
    """Of the files that count alone."""
    return (
        asked.join(FileSpan, FileSpan.channel_id == Channel.id)
        .join(LoadedFile, LoadedFile.id == FileSpan.file_id)
        .where(LoadedFile.replaced_by.is_(None))
    )


def _channel_day(
    data_type: str, unit: str, kind: str, stream: str, period: str, rate: str, count: int, *values: float
) -> ChannelDay:
    known = unit_of(unit)
    is_summed = known is not None and known.quantity.is_energy and kind == "interval"
    about = " ".join(text for text in (stream, period, rate) if text)
    least, greatest, total = values
    return ChannelDay(data_type, unit, about, count, least, greatest, total / count, total if is_summed else None)
