"""The parameters of the calls about meters."""

from enum import Enum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from watthouse.meters.units import UNITS, unit_of
from watthouse.serve.queries.fields import DEFAULT_DAYS, Day
from watthouse.serve.queries.params import FormatParams, Period


class MeterInterval(Enum):
    """How much time one value stands for."""

    SLOT = "slot"
    FIVE_MINUTES = "5min"
    QUARTER_HOUR = "15min"
    HALF_HOUR = "30min"
    HOUR = "hour"
    DAY = "day"


def _unit_name(given: object) -> object:
    unit = unit_of(given) if isinstance(given, str) else None
    if unit is None:
        raise ValueError(
            f"'{str(given)[:40]}' is not a unit of meters: use one of {', '.join(one.name for one in UNITS)}"
        )
    return unit.name


_CLOCK: Final = "civil day of the meters' clock (`WATTHOUSE_METER_TZ`), included"
_NEWEST: Final = f"{DEFAULT_DAYS} days up to `until` by default"

MeterUnit = Annotated[
    str | None,
    BeforeValidator(_unit_name),
    Field(
        description="Unit of the values. Only what is measured in such a unit is answered: an energy is no voltage",
        examples=["kWh"],
        json_schema_extra={"enum": [unit.name for unit in UNITS]},
    ),
]
DataType = Annotated[
    str | None,
    Field(description="Only this data type, as the files write it", examples=["Import Wh Total"], max_length=200),
]
Channel = Annotated[
    int | None,
    Field(description="Only this channel, by its number in `/meters/{meter}`", examples=[1], ge=1, lt=2**31),
]
Limit = Annotated[int, Field(description="Rows at most", ge=1, le=10_000, examples=[100])]
SinceDay = Annotated[Day | None, Field(description=f"First {_CLOCK}; {_NEWEST}", examples=["2015-09-01"])]
UntilDay = Annotated[
    Day | None, Field(description=f"Last {_CLOCK}; that of the newest reading by default", examples=["2015-09-30"])
]
FirstDay = Annotated[
    Day | None, Field(description=f"First {_CLOCK}; the first held by default", examples=["2015-09-01"])
]


class MeterPeriod(Period):
    """Civil days of the meters' clock, both included."""

    since: SinceDay = None
    until: UntilDay = None


class CoverageParams(Period):
    """What is held of a meter, or of a part of that time."""

    since: FirstDay = None
    until: UntilDay = None


class GapsParams(CoverageParams):
    """Intervals that are missing."""

    channel: Channel = None
    data_type: DataType = None


class ReadingsParams(MeterPeriod):
    """Readings of a meter."""

    channel: Channel = None
    data_type: DataType = None
    interval: Annotated[
        MeterInterval,
        Field(
            description="Length of time of one value; `slot` gives the readings as they are. Energies are added up,"
            " power, voltage, current and angles averaged, of registers the last snapshot counts. Refused if a"
            " reading of the period lasts longer",
            examples=["hour"],
        ),
    ] = MeterInterval.SLOT
    unit: MeterUnit = None


class DaysParams(MeterPeriod):
    """Statistics of days."""

    data_type: DataType = None
    unit: MeterUnit = None


class RejectsParams(FormatParams):
    """Lines that are no readings."""

    file: Annotated[
        str | None,
        Field(description="Only files whose name ends like this", examples=["LP_210095893.csv"], max_length=400),
    ] = None
    limit: Limit = 1_000
