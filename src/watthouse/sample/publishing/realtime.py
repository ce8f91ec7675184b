"""The life of a slot of real-time data: empty, forecast, partly measured, whole, revised, withdrawn, revised late.

New data is processed every hour. A slot is measured at the first processing half an hour after it begins; every
later version follows a whole number of hours after that one, so no two ever coincide.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from watthouse.catalog import COMMERCIAL
from watthouse.clock import ZONE
from watthouse.sample.country.noise import chance, jitter, whole
from watthouse.sample.publishing.layout import FORECASTS, SPLIT

PUBLISHED: Final = "published_at"
MOMENT: Final = pl.Datetime("us", "UTC")

_MEASURED_AFTER: Final = timedelta(minutes=30)
_REVISED: Final = 0.10
_WITHDRAWN: Final = 0.0002
_LATE: Final = 0.003
_NEWEST_PARTIAL, _NEWEST_EMPTY, _SECOND_PARTIAL = 0.55, 0.80, 0.12
_FAR_OFF: Final = 0.001
_FARTHEST: Final = 5600
_UNTIMELY: Final = ("eolien", *SPLIT, "solaire", "hydraulique")
"""Sources that arrive after the others."""


@dataclass(frozen=True)
class RealTimeHabits:
    """What differs between the national and the regional publication."""

    minute: int
    measures: Sequence[str]
    forecasts: bool


def by_day(rows: pl.DataFrame, moment: Callable[[date], datetime | None]) -> pl.Expr:
    """A moment of each row's ``_day``."""
    days: list[date] = rows["_day"].unique().to_list()
    return pl.col("_day").replace_strict(days, pl.Series([moment(day) for day in days], dtype=MOMENT))


def versions(truth: pl.DataFrame, habits: RealTimeHabits) -> pl.DataFrame:
    """Every version of every slot of ``truth``, with ``published_at``.

    ``truth`` has ``date_heure``, ``_day``, ``_dice``, the measures and, where there are forecasts, those; numbers are
    whole MW. The versions of a slot differ from one to the next.
    """
    timed = truth.with_columns(_moments(habits.minute)).with_columns(_chances())
    return pl.concat([stage(timed, habits) for stage in _STAGES if habits.forecasts or stage not in _AHEAD])


def _moments(minute: int) -> Iterator[pl.Expr]:
    yield _processing(_paris(pl.col("_day").dt.offset_by("-1d"), 0), minute).alias("_eve")
    yield _processing(_paris(pl.col("_day"), 0), minute).alias("_midnight")
    yield _processing(_paris(pl.col("_day").dt.offset_by("-1d"), 18), minute).alias("_day_before")
    yield _processing(_paris(pl.col("_day"), 6), minute).alias("_same_day")
    yield _processing(pl.col("date_heure").cast(MOMENT) + _MEASURED_AFTER, minute).alias("_first")


def _paris(day: pl.Expr, hour: int) -> pl.Expr:
    return day.cast(pl.Datetime("us")).dt.offset_by(f"{hour}h").dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")


def _processing(moment: pl.Expr, minute: int) -> pl.Expr:
    """The first processing at ``minute`` past the hour that is not before the moment."""
    return moment.dt.offset_by(f"-{minute}m").dt.offset_by("59m59s").dt.truncate("1h").dt.offset_by(f"{minute}m")


def _chances() -> Iterator[pl.Expr]:
    dice, quarter = pl.col("_dice"), pl.col("date_heure").dt.minute()
    luck, fate = chance(dice, "arrival"), chance(dice, "fate")
    newest, second = quarter == 45, quarter == 30
    empty = newest & luck.is_between(_NEWEST_PARTIAL, _NEWEST_EMPTY, closed="left")
    yield ((newest & (luck < _NEWEST_PARTIAL)) | (second & (luck < _SECOND_PARTIAL))).alias("_partial")
    yield (pl.col("_first") + pl.when(empty).then(timedelta(hours=1)).otherwise(timedelta(0))).alias("_measured")
    yield (fate < _REVISED).alias("_revised")
    yield fate.is_between(_REVISED, _REVISED + _WITHDRAWN, closed="left").alias("_withdrawn")
    yield fate.is_between(_REVISED + _WITHDRAWN / 2, _REVISED + _WITHDRAWN, closed="left").alias("_returns")
    yield (chance(dice, "late") < _LATE).alias("_late")


def _empty(timed: pl.DataFrame, habits: RealTimeHabits) -> pl.DataFrame:
    """The row without values: a national one from the eve, a regional one from midnight."""
    absent = (*habits.measures, *(FORECASTS + COMMERCIAL if habits.forecasts else ()))
    return _version(_nulled(timed, absent), pl.col("_eve" if habits.forecasts else "_midnight"))


def _forecast_before(timed: pl.DataFrame, habits: RealTimeHabits) -> pl.DataFrame:
    return _version(_nulled(timed, (*habits.measures, "prevision_j", *COMMERCIAL)), pl.col("_day_before"))


def _forecast_same_day(timed: pl.DataFrame, habits: RealTimeHabits) -> pl.DataFrame:
    ahead = timed.filter(pl.col("date_heure").cast(MOMENT) > pl.col("_same_day"))
    return _version(_nulled(ahead, habits.measures), pl.col("_same_day"))


def _partly(timed: pl.DataFrame, _: RealTimeHabits) -> pl.DataFrame:
    return _version(_nulled(timed.filter("_partial"), (*_UNTIMELY, "ech_physiques")), pl.col("_first"))


def _whole(timed: pl.DataFrame, _: RealTimeHabits) -> pl.DataFrame:
    delay = pl.when("_partial").then(timedelta(hours=1)).otherwise(timedelta(0))
    return _version(timed, pl.col("_measured") + delay)


def _revision(timed: pl.DataFrame, _: RealTimeHabits) -> pl.DataFrame:
    # never in the first two hours: the slot may not be wholly measured before
    rows = _shifted(timed.filter("_revised"), _moved("revision", 90))
    return _version(rows, pl.col("_first") + _hours("when revised", 2, 38))


def _withdrawal(timed: pl.DataFrame, _: RealTimeHabits) -> pl.DataFrame:
    rows = timed.filter("_withdrawn").with_columns(pl.lit(None, pl.Int64).alias("consommation"))
    return _version(rows, pl.col("_first") + _hours("when withdrawn", 2, 38))


def _return(timed: pl.DataFrame, _: RealTimeHabits) -> pl.DataFrame:
    """Half of what is withdrawn is back an hour later, the rest never."""
    rows = timed.filter("_returns")
    return _version(rows, pl.col("_first") + _hours("when withdrawn", 2, 38) + timedelta(hours=1))


def _late_revision(timed: pl.DataFrame, _: RealTimeHabits) -> pl.DataFrame:
    rows = timed.filter(pl.col("_late") & ~pl.col("_withdrawn"))
    before = pl.when("_revised").then(_moved("revision", 90)).otherwise(0)
    rows = _shifted(rows, before + _moved("late revision", 200))
    return _version(rows, pl.col("_first") + _hours("when revised late", 4 * 24, 25 * 24 - 2))


_STAGES: Final[Sequence[Callable[[pl.DataFrame, RealTimeHabits], pl.DataFrame]]] = (
    _empty, _forecast_before, _forecast_same_day, _partly, _whole, _revision, _withdrawal, _return, _late_revision,
)  # fmt: skip
_AHEAD: Final = (_forecast_before, _forecast_same_day)


def _shifted(rows: pl.DataFrame, by: pl.Expr) -> pl.DataFrame:
    """Load and exchange move together, so that the balance holds."""
    moved = rows.select(by.alias("by")).to_series()
    return rows.with_columns(pl.col("consommation") + moved, pl.col("ech_physiques") + moved)


def _moved(use: str, most: int) -> pl.Expr:
    """1 to ``most`` MW up or down, never 0: a version that equals the one before would not be a version."""
    size = whole(pl.col("_dice"), use, most) + 1
    return pl.when(chance(pl.col("_dice"), f"{use} up") < 0.5).then(size).otherwise(-size)


def _hours(use: str, first: int, last: int) -> pl.Expr:
    return pl.duration(hours=first + whole(pl.col("_dice"), use, last - first))


def _nulled(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return rows.with_columns(pl.lit(None, rows.schema[name]).alias(name) for name in names if name in rows.columns)


def _version(rows: pl.DataFrame, moment: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(moment.alias(PUBLISHED))


def national_meters(truth: pl.DataFrame) -> pl.DataFrame:
    """Real-time rows: half within ±15 MW of balance, as in éCO2mix 2025-Q1; one in a thousand off by up to 5.6 GW."""
    dice = pl.col("_dice")
    outlier = (
        pl.when(chance(dice, "far off") < _FAR_OFF).then((chance(dice, "how far") - 0.5) * 2 * _FARTHEST).otherwise(0)
    )
    return truth.with_columns(
        pl.col("consommation") + _mw(18 * jitter(dice, "load meter") + outlier),
        pl.col("solaire") + _small("sun meter", 2, "solaire"),
    )


def regional_meters(truth: pl.DataFrame) -> pl.DataFrame:
    """Real-time rows: load and sun a few MW off."""
    return truth.with_columns(
        pl.col("consommation") + _mw(5 * jitter(pl.col("_dice"), "load meter")),
        pl.col("solaire") + _small("sun meter", 1, "solaire"),
    )


def _small(use: str, size: float, name: str) -> pl.Expr:
    """A little more or less by day, nothing by night."""
    return pl.when(pl.col(name) > 40).then(_mw(size * jitter(pl.col("_dice"), use))).otherwise(0)


def _mw(value: pl.Expr) -> pl.Expr:
    return value.round().cast(pl.Int64)
