"""Time of use (TOU) by register: what a meter had counted at a moment, by billing period and rate.

Each register comes for the rate ``Unified`` and again for each ``Rate n``: they are channels of their own, and a sum
takes ``Unified`` or the rates, never both.
"""

from watthouse.meters.layouts.base import REGISTER, Columns

LAYOUT = Columns(
    "tou-registers",
    {
        "MeterPoint Code": "meter_code",
        "Serial Number": "serial_code",
        "Plant Code": "plant_code",
        "Date/Time": "written",
        "Data Type": "data_type",
        "Energy": "energy",
        "Maximum Demand": "maximum_demand",
        "Time of Max Demand": "time_of_max_demand",
        "Units": "units",
        "Status": "status",
        "Period": "period",
        "DLS Active": "dls_active",
        "Billing Reset Count": "billing_reset_count",
        "Billing Reset Date/Time": "billing_reset_date_time",
        "Rate": "rate",
    },
    kind=REGISTER,
)
