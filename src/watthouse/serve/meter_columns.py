"""The columns of the answers about meters, with their units, meanings and types."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from watthouse.meters.readings import INSTANT
from watthouse.serve.formats import AnswerColumn

Columns = Sequence[tuple[AnswerColumn, pl.DataType]]

_TEXT: Final = pl.String()
_NUMBER: Final = pl.Float64()
_COUNT: Final = pl.Int64()


def _column(name: str, kind: pl.DataType, description: str, unit: str = "") -> tuple[AnswerColumn, pl.DataType]:
    return AnswerColumn(name, unit, description), kind


_SERIAL: Final = _column("serial_code", _TEXT, "The serial number of the device")
_PLANT: Final = _column("plant_code", _TEXT, "The plant, or site, as the files name it")
_DATA_TYPE: Final = _column("data_type", _TEXT, "What was measured, as the files name it")
_UNIT: Final = _column("unit", _TEXT, "The unit of the values of this row")
_QUANTITY: Final = _column("quantity", _TEXT, "What such a unit measures")
_KIND: Final = _column("kind", _TEXT, "`interval` for a series, `register` for what the meter had counted at a moment")
_STREAM: Final = _column("stream", _TEXT, "The stream, where the layout has streams")
_PERIOD: Final = _column("period", _TEXT, "The billing period of a register")
_CHANNEL: Final = _column("channel", _COUNT, "The number of the series in this database")
_READINGS: Final = _column("readings", _COUNT, "Readings held", "readings")
_FIRST: Final = _column("first", INSTANT, "The first reading (UTC)")
_LAST: Final = _column("last", INSTANT, "The last reading (UTC)")
_MINUTES: Final = _column("minutes", _COUNT, "The most usual length of an interval; null for a register", "min")

METERS: Final[Columns] = (
    _column("meter_code", _TEXT, "The meter"),
    _SERIAL,
    _PLANT,
    _column("channels", _COUNT, "Series of the meter", "channels"),
    _FIRST,
    _LAST,
)
CHANNELS: Final[Columns] = (
    _CHANNEL,
    _SERIAL,
    _PLANT,
    _DATA_TYPE,
    _UNIT,
    _QUANTITY,
    _KIND,
    _STREAM,
    _PERIOD,
    _column("rate", _TEXT, "The rate of a register: `Unified` stands for all `Rate n`"),
    _READINGS,
    _FIRST,
    _LAST,
    _MINUTES,
    _column("gaps", _COUNT, "Stretches of missing intervals; null for a register", "gaps"),
    _column("missing", _COUNT, "Intervals missing between the first and the last", "intervals"),
    _column("coverage", _NUMBER, "Part of the intervals between the first and the last that is held, 0 to 1"),
)
GAPS: Final[Columns] = (
    _CHANNEL,
    _DATA_TYPE,
    _UNIT,
    _column("last_before", INSTANT, "The last interval before the gap, by its start (UTC)"),
    _column("first_after", INSTANT, "The first interval after it (UTC)"),
    _MINUTES,
    _column("missing", _COUNT, "Intervals missing between them", "intervals"),
)
_SERIES: Final[Columns] = (
    _CHANNEL,
    _DATA_TYPE,
    _column("instant", INSTANT, "The start of the interval, or the moment of a snapshot (UTC)"),
    _column("local_time", _TEXT, "The same on the meters' clock, with its offset"),
    _column("value", _NUMBER, "The value, in `unit`"),
    _UNIT,
)
SLOTS: Final[Columns] = (
    *_SERIES,
    _column("minutes", _NUMBER, "Length of the interval; null where nothing tells it", "min"),
    _column("quality", _TEXT, "Quality, as the file has it"),
    _column("status", _TEXT, "Status, as the file has it"),
)
_COMPLETE: Final = _column("complete", pl.Boolean(), "Whether the readings cover all of it; null for a register")
INTERVALS: Final[Columns] = (*_SERIES, _READINGS, _COMPLETE)
DAYS: Final[Columns] = (
    _column("civil_date", pl.Date(), "Civil day of the meters' clock"),
    _SERIAL,
    _PLANT,
    _DATA_TYPE,
    _QUANTITY,
    _KIND,
    _STREAM,
    _PERIOD,
    _column("rates", _TEXT, "The rates that are in it: `Unified`, or those that are added up for want of it"),
    _UNIT,
    _READINGS,
    _COMPLETE,
    _column("least", _NUMBER, "Least value, in `unit`"),
    _column("greatest", _NUMBER, "Greatest value, in `unit`"),
    _column("mean", _NUMBER, "Mean value over the time measured, in `unit`; null for a register"),
    _column("total", _NUMBER, "Sum of an energy by interval, in `unit`; null for anything else"),
)
REJECTS: Final[Columns] = (
    _column("file", _TEXT, "The file, by its own name"),
    _column("loaded_at", INSTANT, "When it was loaded (UTC)"),
    _column("line", _COUNT, "The line, from 1"),
    _column("reason", _TEXT, "Why it is no reading"),
    _column("text", _TEXT, "The beginning of the line"),
)
_ENERGY: Final = _column("energy_kwh", _NUMBER, "Energy that was read", "kWh")
_CIVIL_DATE: Final = _column("civil_date", pl.Date(), "Civil day of the meters' clock")
_COVERAGE: Final = _column("coverage", _NUMBER, "Part of the time, within the period, that the readings cover, 0 to 1")
CO2: Final[Columns] = (
    _column("starts", INSTANT, "The start of the interval (UTC)"),
    _column("local_time", _TEXT, "The same on the meters' clock, with its offset"),
    _ENERGY,
    _column("co2_kg", _NUMBER, "CO₂ of the energy whose slots are known; null where none is", "kg"),
    _column("g_per_kwh", _NUMBER, "CO₂ a kWh, of the energy whose slots are known", "g/kWh"),
    _column("known_share", _NUMBER, "Part of the time read whose CO₂ intensity is known, 0 to 1"),
    _column("known_energy_share", _NUMBER, "Part of the energy whose CO₂ intensity is known, 0 to 1"),
    _column("natures", _TEXT, "How settled the rows of the grid are that were used"),
    _COVERAGE,
)
PEAK: Final[Columns] = (
    _CIVIL_DATE,
    _ENERGY,
    _column("peak_kwh", _NUMBER, "Energy read in the grid's peak; null where the peak is not known", "kWh"),
    _column("peak_share", _NUMBER, "Part of the energy read that falls into the peak, 0 to 1"),
    _column("peak_slots", _TEXT, "When the slots of the peak begin, on the meters' clock"),
    _column("known_slots", _COUNT, "Slots of the day whose national load is known", "slots"),
    _COVERAGE,
    _column("peak_coverage", _NUMBER, "Part of the peak that the readings cover, 0 to 1"),
)
_WINDOW: Final = _column("window", _TEXT, "`HP` peak hours, `HC` off-peak hours; null where a tariff has one price")
_COLOUR: Final = _column("colour", _TEXT, "Colour of the Tempo day, which begins at 06:00; null where it is not known")
WINDOWS: Final[Columns] = (
    _CIVIL_DATE,
    _WINDOW,
    _COLOUR,
    _ENERGY,
    _column("minutes", _NUMBER, "Time that was read", "min"),
)
_KWH: Final = pl.Decimal(20, 6)
_MONEY: Final = pl.Decimal(20, 6)
BILL: Final[Columns] = (
    _column("tariff", _TEXT, "The tariff, by its name in the file"),
    _column("option", _TEXT, "`base`, `hp_hc` or `tempo`"),
    _column("line", _TEXT, "`energy` of one price, `unpriced` energy, a `standing` charge, or the `total`"),
    _column("since", pl.Date(), "First civil day that the line is about"),
    _column("until", pl.Date(), "Last civil day that the line is about"),
    _WINDOW,
    _COLOUR,
    _column("energy_kwh", _KWH, "Energy", "kWh"),
    _column("shifted_kwh", _KWH, "The same, had the load moved", "kWh"),
    _column("price", pl.Decimal(20, 8), "Price a kWh; of a standing charge, a month or a year", "currency"),
    _column("amount", _MONEY, "What it costs; of the total, without what is unpriced", "currency"),
    _column("shifted_amount", _MONEY, "The same, had the load moved", "currency"),
    _column("unpriced_kwh", _KWH, "Of the total: energy that has no price here", "kWh"),
    _column("currency", _TEXT, "The currency, as the file has it"),
    _column("note", _TEXT, "Where the price was read, or why there is none"),
)
