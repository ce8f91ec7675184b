"""The intervals that readings are brought to."""

from typing import Final

EVERY: Final = {"5min": "5m", "15min": "15m", "30min": "30m", "hour": "1h", "day": "1d"}
"""The intervals, by name, as Polars writes them."""
MINUTES_OF: Final = {"5min": 5, "15min": 15, "30min": 30, "hour": 60, "day": 24 * 60}
SLACK: Final = 1e-6
"""Minutes that sums of minutes may be short of by rounding."""
