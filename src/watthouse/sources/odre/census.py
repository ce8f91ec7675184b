"""How many rows each month of a dataset holds, and what they add up to: a fingerprint that tells when it moved."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

from watthouse.errors import SourceError
from watthouse.sources.odre.facts import Facts
from watthouse.sources.odre.questions import Question, records

PAGE: Final = 100
CAP: Final = 10_000
"""The service gives at most 100 groups at a time, and none past the 10,000th."""

URL_CHARACTERS: Final = 6_000
_OTHER_PARAMETERS: Final = 600
_ROWS: Final = "n"
_DECIMALS: Final = 6
"""Sums of doubles differ in their last bits with the order of summation."""

Ask = Callable[[Question, str], Mapping[str, Any]]
Group = Mapping[str, Any]
_Sums = dict[str, object]


@dataclass(frozen=True)
class Month:
    """One UTC month of a dataset's time column; ``fingerprint`` digests its counts and sums."""

    month: str
    rows: int
    fingerprint: str


def months(facts: Facts, ask: Ask, cap: int = URL_CHARACTERS) -> list[Month]:
    """Every month that has rows, oldest first.

    The numeric columns of the catalog are counted and summed (the service cannot sum text), version by version where
    the dataset has such, in as many questions as a URL's length demands. Raises
    :class:`~watthouse.sources.odre.answers.RefusedError` where the service will not group.
    """
    found: dict[str, dict[str, _Sums]] = {}
    for names in _batches(_numeric(facts), cap - _OTHER_PARAMETERS):
        for month, version, group in _groups(facts, names, ask):
            sums = found.setdefault(month, {}).setdefault(version, {})
            sums.update(_sums(group, names))
    return [_month(month, found[month]) for month in sorted(found)]


def _month(month: str, versions: Mapping[str, _Sums]) -> Month:
    digest = hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()
    return Month(month, sum(int(str(sums[_ROWS])) for sums in versions.values()), digest[:16])


def _numeric(facts: Facts) -> list[str]:
    return [name for name in facts.dataset.names if facts.fields.get(name) in {"int", "double"}]


def _batches(names: Sequence[str], room: int) -> Iterator[list[str]]:
    """Runs of columns whose questions fit; one run, perhaps empty, at least."""
    batch: list[str] = []
    for name in names:
        if batch and len(quote_plus(_select([*batch, name]))) > room:
            yield batch
            batch = []
        batch.append(name)
    yield batch


def _select(names: Sequence[str]) -> str:
    measures = (f"sum({name}) as s{place}, count({name}) as c{place}" for place, name in enumerate(names))
    return ", ".join((f"count(*) as {_ROWS}", *measures))


def _groups(facts: Facts, names: Sequence[str], ask: Ask) -> Iterator[tuple[str, str, Group]]:
    """Month, version and sums of each group, over as many pages as there are."""
    about, by = f"{facts.dataset.id}, its months", _by(facts)
    params = {
        "select": _select(names),
        "group_by": ", ".join(f"{expression} as {alias}" for alias, expression in by.items()),
        "order_by": ", ".join(by),
        "limit": str(PAGE),
        "timezone": "UTC",
    }
    seen: set[tuple[str, str]] = set()
    for offset in range(0, CAP, PAGE):
        page = ask(records(facts, about, {**params, "offset": str(offset)}), "results")["results"]
        for month, version, group in _dated(page, about):
            if (month, version) in seen:
                raise SourceError(f"{about}: {month} stands twice in the service's pages: run again later")
            seen.add((month, version))
            yield month, version, group
        if len(page) < PAGE:
            return


def _by(facts: Facts) -> dict[str, str]:
    """Alias → what is grouped by. Months may become definitive without a value being revised: only ``nature`` tells."""
    time, version = facts.dataset.time, facts.dataset.version
    return {"year": f"year({time})", "month": f"month({time})", **({"version": version} if version else {})}


def _dated(page: Any, about: str) -> Iterator[tuple[str, str, Group]]:
    """The groups of a page; rows without a time, which have no month, are left out."""
    try:
        for group in page:
            if group["year"] is not None and group["month"] is not None:
                month = f"{int(group['year']):04}-{int(group['month']):02}"
                yield month, str(group.get("version", "")), {**group, _ROWS: int(group[_ROWS])}
    except (TypeError, KeyError, ValueError) as error:
        raise SourceError(f"{about}: the service answered with groups of another kind: run again later") from error


def _sums(group: Group, names: Sequence[str]) -> _Sums:
    sums = {name: [group.get(f"c{place}"), _stable(group.get(f"s{place}"))] for place, name in enumerate(names)}
    return {_ROWS: group[_ROWS], **sums}


def _stable(value: object) -> object:
    if not isinstance(value, float):
        return value
    rounded = round(value, _DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded
