"""The parameters of the calls about meters."""

from decimal import Decimal
from enum import Enum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from watthouse.meters.units import UNITS, unit_of
from watthouse.meters.windows import windows_of
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


class GridInterval(Enum):
    """How much time one row is about."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    PERIOD = "period"


class PeakLength(Enum):
    """How long a slot of the grid's peak lasts."""

    HALF_HOUR = "30min"
    HOUR = "hour"


def _off_peak(given: object) -> object:
    windows_of(str(given).split(","))
    return given


class ConsumptionParams(MeterPeriod):
    """A curve of active energy, or mean power."""

    channel: Annotated[
        int | None,
        Field(
            description="The channel, by its number in `/meters/{meter}`; by default the one curve of consumption:"
            " energy before mean power, and not what is exported",
            examples=[1],
            ge=1,
            lt=2**31,
        ),
    ] = None


class Co2Params(ConsumptionParams):
    """Consumption against the CO₂ intensity of the grid."""

    interval: Annotated[
        GridInterval, Field(description="Length of time of one row; days and months are civil ones", examples=["hour"])
    ] = GridInterval.DAY


class PeakParams(ConsumptionParams):
    """Consumption at the grid's peak."""

    slots: Annotated[
        int, Field(description="How many slots of highest load are a day's peak", examples=[4], ge=1, le=24)
    ] = 4
    length: Annotated[PeakLength, Field(description="How long such a slot lasts", examples=["hour"])] = (
        PeakLength.HALF_HOUR
    )


class WindowsParams(ConsumptionParams):
    """Consumption by off-peak window and colour of the Tempo day."""

    off_peak: Annotated[
        str,
        BeforeValidator(_off_peak),
        Field(
            description="Off-peak windows on the meters' clock, separated by commas; they may go past midnight",
            examples=["22:00-06:00"],
            max_length=200,
        ),
    ] = "22:00-06:00"


class BillParams(ConsumptionParams):
    """Bills under the declared tariffs."""

    tariff: Annotated[
        str | None,
        Field(description="Only this tariff, by its name in the file of tariffs", examples=["Base"], max_length=200),
    ] = None
    shift: Annotated[
        Decimal,
        Field(
            description="Part of the energy of peak hours that moves to off-peak hours of the same Tempo day, %",
            examples=[20],
            ge=0,
            le=100,
            decimal_places=4,
        ),
    ] = Decimal(0)
