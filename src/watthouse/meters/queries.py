"""What is asked of the meters' database: which meters there are, their channels, a day of one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Date, exists, func, select

from watthouse.errors import UsageError, shown
from watthouse.meters.storage.day_view import FILLED
from watthouse.meters.storage.models import Channel, EnergyData, EnergyDataView, FileSpan, LoadedFile, Mark
from watthouse.meters.units import Quantity, unit_of

_SPAN: Final = (func.min(FileSpan.first).label("first"), func.max(FileSpan.last).label("last"))
_SUMMED: Final = {Quantity.ENERGY, Quantity.REACTIVE_ENERGY, Quantity.APPARENT_ENERGY}


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
class MeterChannel:
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


def channels(connection: Connection, meter_code: str) -> list[MeterChannel]:
    """The channels of a meter; raises :class:`~watthouse.errors.UsageError` where there is no such meter."""
    named = (Channel.data_type, Channel.unit, Channel.kind, Channel.stream, Channel.period, Channel.rate)
    asked = select(*named, *_SPAN).where(Channel.meter_code == meter_code)
    found = [
        MeterChannel(**row._asdict())
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


def historic_day(connection: Connection, meter_code: str, serial_code: str, civil_date: date) -> EnergyDataView | None:
    """A day of the view, as the historic service shows it: none before the view was first asked to be filled."""
    asked = (
        select(EnergyDataView.__table__)
        .where(
            EnergyDataView.meter_code == meter_code,
            EnergyDataView.serial_code == serial_code,
            EnergyDataView.date_time == civil_date,
            exists(select(Mark.name).where(Mark.name == FILLED)),
        )
        .order_by(EnergyDataView.id)
        .limit(1)
    )
    row = connection.execute(asked).first()
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
    is_summed = known is not None and known.quantity in _SUMMED and kind == "interval"
    about = " ".join(text for text in (stream, period, rate) if text)
    least, greatest, total = values
    return ChannelDay(data_type, unit, about, count, least, greatest, total / count, total if is_summed else None)
