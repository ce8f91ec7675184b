"""The channels of a meter, and what may be done with the values of each."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, exists, select

from watthouse.meters.layouts.base import INTERVAL
from watthouse.meters.storage.models import Channel, FileSpan, LoadedFile
from watthouse.meters.units import Unit, unit_of


@dataclass(frozen=True)
class MeterChannel:
    """One series of a meter, by the number under which the database has it."""

    id: int
    serial_code: str
    plant_code: str
    data_type: str
    unit: str
    kind: str
    stream: str
    period: str
    rate: str

    @property
    def is_interval(self) -> bool:
        return self.kind == INTERVAL

    @cached_property
    def measured_in(self) -> Unit:
        """Its unit; only declared ones are ever loaded."""
        unit = unit_of(self.unit)
        assert unit is not None, self.unit
        return unit

    @property
    def is_summed(self) -> bool:
        """Whether its values may be added up: a register has counted already, and a sum of volts says nothing."""
        return self.is_interval and self.measured_in.quantity.is_energy


def channels_of(connection: Connection, meter_code: str) -> list[MeterChannel]:
    """The channels of a meter of which some file that counts has readings; none where there is no such meter."""
    if "\0" in meter_code:  # which PostgreSQL takes nowhere, so that no meter has it
        return []
    counts = select(FileSpan.channel_id).join(LoadedFile, LoadedFile.id == FileSpan.file_id)
    held = exists(counts.where(FileSpan.channel_id == Channel.id, LoadedFile.replaced_by.is_(None)))
    named = (
        *(Channel.serial_code, Channel.plant_code, Channel.data_type, Channel.unit),
        *(Channel.kind, Channel.stream, Channel.period, Channel.rate),
    )
    asked = select(Channel.id, *named).where(Channel.meter_code == meter_code, held).order_by(*named)
    return [MeterChannel(**row._asdict()) for row in connection.execute(asked)]
