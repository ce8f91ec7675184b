"""The civil clock of France: slots, instants, and the two days a year that break.

RTE publishes 96 clock slots on every civil day. In spring the slots 02:00 to 02:45 carry the instants of 03:00 to
03:45 (a phantom hour); in autumn the repeated hour appears once, as its second pass. So a day holds 92, 96 or 96 true
quarter hours, never 100.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

ZONE = "Europe/Paris"
PARIS = ZoneInfo(ZONE)


def instant_of(civil_date: pl.Expr, heure: pl.Expr) -> pl.Expr:
    """The UTC instant of a civil ``date`` and a clock ``heure`` (``HH:MM``); null in the spring hour that is skipped.

    The repeated autumn hour is its second pass, as RTE publishes it.
    """
    # null, not moved by an hour as most libraries do: RTE fills that hour with copies of the one before
    wall = pl.concat_str([civil_date.dt.to_string("%Y-%m-%d"), heure], separator=" ")
    return (
        wall.str.to_datetime("%Y-%m-%d %H:%M", strict=False, time_unit="us")
        .dt.replace_time_zone(ZONE, ambiguous="latest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )


def civil_date_of(instant: pl.Expr) -> pl.Expr:
    """The civil date (Europe/Paris) of a UTC instant."""
    return instant.dt.convert_time_zone(ZONE).dt.date()


def heure_of(instant: pl.Expr) -> pl.Expr:
    """The clock time ``HH:MM`` (Europe/Paris) of a UTC instant."""
    return instant.dt.convert_time_zone(ZONE).dt.strftime("%H:%M")


def start_of(bound: date | datetime) -> datetime:
    """The instant [UTC] at which a period begins."""
    if isinstance(bound, datetime):
        return bound
    try:
        return datetime.combine(bound, time.min, PARIS).astimezone(UTC)
    except OverflowError:  # 1 January of year 1 begins in Paris before the first instant that Python has
        return datetime.min.replace(tzinfo=UTC)


def end_of(bound: date | datetime) -> datetime:
    """The instant [UTC] at which a period ends; a civil day belongs to it as a whole."""
    if isinstance(bound, datetime):
        return bound
    return datetime.max.replace(tzinfo=UTC) if bound == date.max else start_of(bound + timedelta(days=1))


def month_start(month: str) -> datetime:
    """The instant [UTC] at which a UTC month (``YYYY-MM``) begins."""
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)


def month_end(month: str) -> datetime:
    """The instant [UTC] at which a UTC month (``YYYY-MM``) ends, and the next one begins."""
    return (month_start(month) + timedelta(days=31)).replace(day=1)
