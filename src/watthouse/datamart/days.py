"""Which civil days differ between a warehouse and a datamart."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final, TypeAlias

from watthouse.datamart.facts import SUBJECTS, Subject
from watthouse.warehouse.base import Extract

Stamps: TypeAlias = Mapping[date, str]
"""What is known of each day."""
Changes: TypeAlias = Mapping[str, Mapping[date, str | None]]
"""By subject, the days to ship with their stamps; None for a day that the warehouse no longer has."""

_NO_DAYS: Final[Stamps] = {}


def observed(extract: Extract) -> Mapping[str, Stamps]:
    """The days of a warehouse, by subject.

    A stamp says when the newest observation of the day was made and how many there are: the ledger only appends, so
    both stay as they are for as long as the day does.
    """
    return {subject.name: _observed(extract, subject) for subject in SUBJECTS}


def _observed(extract: Extract, subject: Subject) -> Stamps:
    tables = ", ".join(f"'{dataset.table}'" for dataset in subject.datasets)
    days = (
        "select civil_date, max(newest_us) as newest, sum(observations) as known"
        f" from {extract.schema('staging')}.stg_days_observed where dataset in ({tables}) group by civil_date"
    )
    if subject.beside is None:
        return {day: f"{newest}/{known}" for day, newest, known in extract.rows(days)}
    mart, column = subject.beside
    query = (
        f"select days.*, {column} from ({days}) as days left join {extract.schema('marts')}.{mart} using (civil_date)"
    )
    return {day: f"{newest}/{known}/{beside}" for day, newest, known, beside in extract.rows(query)}


def changes(there: Mapping[str, Stamps], shipped: Mapping[str, Stamps], *, anew: bool = False) -> Changes:
    """The days on which a datamart has something else than the warehouse; every day with ``anew``."""
    return {name: _changed(days, shipped.get(name, _NO_DAYS), anew) for name, days in there.items()}


def _changed(there: Stamps, shipped: Stamps, anew: bool) -> Mapping[date, str | None]:
    new = {day: stamp for day, stamp in there.items() if anew or shipped.get(day) != stamp}
    return {**new, **dict.fromkeys(day for day in shipped if day not in there)}


def condition(days: Iterable[date]) -> str:
    """The SQL by which a row is of one of these days; of none where there are none."""
    chosen = sorted(days)
    if not chosen:
        return "false"
    # the bounds have an engine skip what lies outside of them
    bounds = f"civil_date between date '{chosen[0]}' and date '{chosen[-1]}'"
    if chosen[-1] - chosen[0] == timedelta(days=len(chosen) - 1):
        return bounds
    listed = ", ".join(f"date '{day}'" for day in chosen)
    return f"{bounds} and civil_date in ({listed})"
