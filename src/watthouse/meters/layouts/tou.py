"""Time of use (TOU) by interval: energies of streams (``B1`` taken, ``Q1`` reactive), each with its quality."""

from watthouse.meters.layouts.base import Columns

LAYOUT = Columns(
    "tou",
    {
        "MeterCode": "meter_code",
        "Serial": "serial_code",
        "PlantCode": "plant_code",
        "DateTime": "written",
        "Quality": "quality",
        "Stream": "stream",
        "DataType": "data_type",
        "Energy": "energy",
        "Units": "units",
    },
)
