"""What the service says about a dataset, compared with what the catalog expects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from watthouse.catalog import Dataset
from watthouse.errors import ContractError, listed
from watthouse.sources.cells import YEARS
from watthouse.sources.limits import MOST_ROWS
from watthouse.sources.odre.quota import moment

_UNDATED: Final = "the service does not say when it was last processed: it is asked for its months every time"


@dataclass(frozen=True)
class Facts:
    """What the service says about a dataset.

    ``processed`` is when it was last processed (UTC), ``rows`` how many it holds (0 where that is unknown), ``fields``
    maps technical names to Opendatasoft types. ``notes`` tell where it differs from the catalog.
    """

    dataset: Dataset
    processed: datetime
    rows: int
    fields: Mapping[str, str]
    notes: tuple[str, ...] = ()


def stated(dataset: Dataset, answer: Mapping[str, Any]) -> Facts:
    """The facts in an answer to ``/catalog/datasets/{id}``.

    A dataset without a time of processing counts as processed now, so that it is never taken to be unchanged.
    Raises :class:`~watthouse.errors.ContractError` where a column is gone without which a row means nothing.
    """
    fields = _fields(answer)
    _refuse_missing(dataset, fields)
    default = _member(_member(answer, "metas"), "default")
    processed = _plausible(moment(default.get("data_processed")))
    gone = [name for name in dataset.names if name not in fields]
    notes = (f"the service no longer carries column{'s' * (len(gone) > 1)} {listed(gone, 20)}",) if gone else ()
    undated = () if processed else (_UNDATED,)
    return Facts(dataset, processed or datetime.now(UTC), _count(default), fields, (*notes, *undated))


def _plausible(processed: datetime | None) -> datetime | None:
    """A moment with which one can reckon."""
    return processed if processed and processed.year in YEARS else None


def _fields(answer: Mapping[str, Any]) -> dict[str, str]:
    items = answer.get("fields")
    fields = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return {str(field["name"]): str(field.get("type")) for field in fields if field.get("name")}


def _refuse_missing(dataset: Dataset, fields: Mapping[str, str]) -> None:
    # Any other column may go: its values stay in the lake, as a column that is absent says nothing about them.
    needed = dict.fromkeys((*dataset.identity, dataset.time, dataset.measured))
    gone = [name for name in needed if name not in fields]
    if gone:
        strange = listed(name for name in fields if name not in dataset) or "none"
        raise ContractError(
            f"{dataset.id}: the service no longer carries column {' and '.join(gone)}, without which its rows mean"
            f" nothing (columns that the catalog does not know: {strange}): look for a newer watthouse"
        )


def _count(default: Mapping[str, Any]) -> int:
    count = default.get("records_count")
    return count if isinstance(count, int) and 0 <= count < MOST_ROWS else 0


def _member(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = of.get(name)
    return member if isinstance(member, dict) else {}
