"""The requests that the service understands, and how its query language (ODSQL) expresses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from watthouse.catalog import Dataset
from watthouse.sources.odre.facts import Facts

_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class ExploreCall:
    """One GET: ``path`` below the service's address; ``about`` is what messages call it."""

    about: str
    dataset_id: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FetchWindow:
    """``[since, until)`` of a dataset's time column, UTC; None is open. ``rows`` is the number announced, if any."""

    since: datetime | None
    until: datetime | None
    rows: int | None


def metadata(dataset: Dataset) -> ExploreCall:
    """The metadata of a dataset."""
    return ExploreCall(dataset.id, dataset.id, f"catalog/datasets/{dataset.id}")


def records(facts: Facts, about: str, params: Mapping[str, str]) -> ExploreCall:
    """Rows, or groups of them, as JSON."""
    return ExploreCall(about, facts.dataset.id, f"catalog/datasets/{facts.dataset.id}/records", params)


def counting(facts: Facts, window: FetchWindow) -> ExploreCall:
    """How many rows a window holds: ``total_count``."""
    return records(facts, origin(facts.dataset, window), {"limit": "1", **_where(facts, window)})


def export(facts: Facts, window: FetchWindow, form: str) -> ExploreCall:
    """A window in one of the service's export formats: the catalog's columns, technical names, instants in UTC."""
    # Labels change between vintages ("Date - Heure", "Date et Heure"), technical names do not.
    names = [name for name in facts.dataset.names if name in facts.fields]
    params = {"select": ",".join(names), "timezone": "UTC", "use_labels": "false", **_where(facts, window)}
    if form == "csv":
        params["delimiter"] = ";"
    path = f"catalog/datasets/{facts.dataset.id}/exports/{form}"
    return ExploreCall(origin(facts.dataset, window), facts.dataset.id, path, params)


def original(facts: Facts, window: FetchWindow) -> ExploreCall:
    """A window as the publisher's own Parquet: every column that the service has, in the names it has for them."""
    params = {"timezone": "UTC", "use_labels": "false", **_where(facts, window)}
    path = f"catalog/datasets/{facts.dataset.id}/exports/parquet"
    return ExploreCall(origin(facts.dataset, window), facts.dataset.id, path, params)


def origin(dataset: Dataset, window: FetchWindow) -> str:
    """What messages call a window: ``eco2mix-national-tr, 2026-08 to 2026-10`` (both included)."""
    if window.since is None and window.until is None:
        return f"{dataset.id}, all of it"
    bounds = [bound for bound in (window.since, window.until) if bound]
    if all(bound == _month(bound) for bound in bounds):
        return f"{dataset.id}, {_span(window, 7)}"
    if all(bound == _midnight(bound) for bound in bounds):
        return f"{dataset.id}, {_span(window, 10)}"
    return f"{dataset.id}, {_open(_shown(window.since), _shown(window.until))}"


def _span(window: FetchWindow, length: int) -> str:
    first = window.since.isoformat()[:length] if window.since else ""
    last = (window.until - _TICK).isoformat()[:length] if window.until else ""
    return first if first == last else _open(first, last)


def _open(first: str, last: str) -> str:
    if first and last:
        return f"{first} to {last}"
    return f"from {first}" if first else f"up to {last}"


def _shown(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}" if moment else ""


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _month(moment: datetime) -> datetime:
    return _midnight(moment).replace(day=1)


def _where(facts: Facts, window: FetchWindow) -> dict[str, str]:
    name = facts.dataset.time
    daily = facts.fields.get(name) == "date"
    bounds = [
        f"{name} {sign} date'{_day(bound) if daily else bound.astimezone(UTC).isoformat(timespec='seconds')}'"
        for sign, bound in ((">=", window.since), ("<", window.until))
        if bound
    ]
    return {"where": " and ".join(bounds)} if bounds else {}


def _day(bound: datetime) -> date:
    """The first day whose midnight (UTC) is not before ``bound``."""
    # datasets by the day are compared by day: a bound within one would cut off rows that lie inside the window
    moment = bound.astimezone(UTC)
    return moment.date() if moment == _midnight(moment) else moment.date() + _DAY
