"""Load profiles (LP): one value a line and interval, of up to dozens of data types and several units."""

from watthouse.meters.layouts.base import Columns

LAYOUT = Columns(
    "lp",
    {
        "MeterPoint Code": "meter_code",
        "Serial Number": "serial_code",
        "Plant Code": "plant_code",
        "Date/Time": "written",
        "Data Type": "data_type",
        "Data Value": "energy",
        "Units": "units",
        "Status": "status",
    },
)
