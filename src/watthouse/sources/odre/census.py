"""How many rows each month of a dataset holds, and what they add up to: a fingerprint that shows when it moved."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote_plus

from watthouse.errors import SourceError
from watthouse.sources.cells import YEARS
from watthouse.sources.limits import MOST_ROWS
from watthouse.sources.odre.calls import ExploreCall, records
from watthouse.sources.odre.facts import Facts

PAGE: Final = 100
CAP: Final = 10_000
"""The service returns at most 100 groups at a time, and none past the 10,000th."""

URL_CHARACTERS: Final = 6_000
_OTHER_PARAMETERS: Final = 600
_ROWS: Final = "n"
_NUMBERS: Final = frozenset({"int", "double"})
_DECIMALS: Final = 6
"""Sums of doubles differ in their last bits with the order of summation."""

Ask = Callable[[ExploreCall, str], Mapping[str, Any]]
Group = Mapping[str, Any]
_Sums = dict[str, object]
_Column = tuple[str, bool]
"""Its name, and whether the service can sum it."""


@dataclass(frozen=True)
class Month:
    """One UTC month of a dataset's time column; ``fingerprint`` digests its counts and sums."""

    month: str
    rows: int
    fingerprint: str


def months(facts: Facts, ask: Ask, cap: int = URL_CHARACTERS) -> list[Month]:
    """Every month that has rows, oldest first.

    The columns of the catalog are counted, and summed where they are numbers to the service (it cannot sum text),
    version by version where the dataset has such, in as many requests as a URL's length demands. Raises
    :class:`~watthouse.sources.odre.answers.RefusedError` where the service refuses to group.
    """
    by_month: dict[str, dict[str, _Sums]] = {}
    for columns in _batches(_columns(facts), cap - _OTHER_PARAMETERS):
        for month, version, group in _groups(facts, columns, ask):
            sums = by_month.setdefault(month, {}).setdefault(version, {})
            sums.update(_sums(group, columns))
    return [_month(month, by_month[month]) for month in sorted(by_month)]


def _month(month: str, versions: Mapping[str, _Sums]) -> Month:
    digest = hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()
    return Month(month, sum(int(str(sums[_ROWS])) for sums in versions.values()), digest[:16])


def _columns(facts: Facts) -> list[_Column]:
    """The columns to count; those grouped by are counted as it is."""
    # Text cannot be summed, but numbers that the service calls text (offshore wind, batteries) are filled in later:
    # before they were counted, that moved no fingerprint at all.
    kinds = {name: facts.fields[name] for name in facts.dataset.names if name in facts.fields}
    grouped = {facts.dataset.time, facts.dataset.version}
    return [(name, kind in _NUMBERS) for name, kind in kinds.items() if name not in grouped]


def _batches(columns: Sequence[_Column], room: int) -> Iterator[list[_Column]]:
    """Runs of columns whose requests fit into ``room``; at least one run, perhaps empty."""
    batch: list[_Column] = []
    for column in columns:
        if batch and len(quote_plus(_select([*batch, column]))) > room:
            yield batch
            batch = []
        batch.append(column)
    yield batch


def _select(columns: Sequence[_Column]) -> str:
    sums = (f"sum({name}) as s{place}" for place, (name, is_number) in enumerate(columns) if is_number)
    counts = (f"count({name}) as c{place}" for place, (name, _) in enumerate(columns))
    return ", ".join((f"count(*) as {_ROWS}", *sums, *counts))


def _groups(facts: Facts, columns: Sequence[_Column], ask: Ask) -> Iterator[tuple[str, str, Group]]:
    """Month, version and sums of each group, over all pages."""
    about, by = f"{facts.dataset.id}, its months", _by(facts)
    params = {
        "select": _select(columns),
        "group_by": ", ".join(f"{expression} as {alias}" for alias, expression in by.items()),
        "order_by": ", ".join(by),
        "limit": str(PAGE),
        "timezone": "UTC",
    }
    counted: set[tuple[str, str]] = set()
    for offset in range(0, CAP, PAGE):
        page = ask(records(facts, about, {**params, "offset": str(offset)}), "results")["results"]
        for month, version, group in _dated(page, about):
            # pages are separate queries: when the dataset is processed in between, groups move from one to the next
            if (month, version) in counted:
                raise SourceError(f"{about}: {month} appears twice in the service's pages: run again later")
            counted.add((month, version))
            yield month, version, group
        if len(page) < PAGE:
            return


def _by(facts: Facts) -> dict[str, str]:
    """Alias → expression to group by."""
    # A month may become definitive without a single value being revised: only its version shows that.
    time, version = facts.dataset.time, facts.dataset.version
    return {"year": f"year({time})", "month": f"month({time})", **({"version": version} if version else {})}


def _dated(page: Any, about: str) -> Iterator[tuple[str, str, Group]]:
    """The groups of a page; rows without a time, which have no month, are left out."""
    try:
        for group in page:
            if group["year"] is not None and group["month"] is not None:
                first = date(int(group["year"]), int(group["month"]), 1)
                rows = int(group[_ROWS])
                if first.year not in YEARS or not 0 <= rows < MOST_ROWS:
                    raise ValueError(rows)
                yield f"{first:%Y-%m}", str(group.get("version", "")), {**group, _ROWS: rows}
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise SourceError(f"{about}: the service answered with groups in an unknown form: run again later") from error


def _sums(group: Group, columns: Sequence[_Column]) -> _Sums:
    sums = {name: [group.get(f"c{place}"), _stable(group.get(f"s{place}"))] for place, (name, _) in enumerate(columns)}
    return {_ROWS: group[_ROWS], **sums}


def _stable(value: object) -> object:
    if not isinstance(value, float):
        return value
    rounded = round(value, _DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded
