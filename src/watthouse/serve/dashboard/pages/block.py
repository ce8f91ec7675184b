"""A block of the rows of a mart, as the table in the browser asks for it: sorted, filtered and counted over all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import structlog

from watthouse.errors import QueryLimitError, WatthouseError
from watthouse.serve.dashboard.grid_filter import ordered, sifted
from watthouse.serve.dashboard.pages.grid import BLOCK
from watthouse.serve.dashboard.reading import PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.problems import ProblemError, told, wrong
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.rows import RowsParams, every_row
from watthouse.serve.service import Service

_FARTHEST: Final = 2**31


@dataclass(frozen=True)
class Block:
    """``cells`` of a block, ``matching`` rows that pass the filter of those ``total``, all of one ``version``."""

    cells: Sequence[Mapping[str, Any]]
    matching: int
    total: int
    version: str


@dataclass(frozen=True)
class TableUpdate:
    """What the browser gets: the table's rows, the line above it and its look, the version where there is one."""

    rows: Mapping[str, Any]
    line: str
    look: str
    version: str | None


def shown(service: Service, view: View, request: Mapping[str, Any]) -> TableUpdate:
    """The requested block, or why it cannot be given, in one line."""
    try:
        block = read(service, view, request)
    except (ProblemError, QueryLimitError) as error:
        why = view.say(en="This cannot be shown", fr="Affichage impossible")
        return _none(request, f"{why}: {error}")
    except WatthouseError as error:
        return _none(request, told(error))
    # a table that failed must say so: AG Grid would go on waiting for its rows
    except Exception:
        structlog.get_logger().exception("block", mart=view.detail)
        text = view.say(
            en="These rows could not be read; the server log has the details.",
            fr="Ces lignes n'ont pas pu être lues ; le journal du serveur donne les détails.",
        )
        return _none(request, text)
    rows = {"rowData": block.cells, "rowCount": block.matching}
    return TableUpdate(rows, counted(view, block.matching, block.total), "note", block.version)


def read(service: Service, view: View, request: Mapping[str, Any]) -> Block:
    """Of the mart and the days of the view; ``request`` is AG Grid's request (``startRow``, ``endRow``, ``sortModel``,
    ``filterModel``).

    Raises a problem for what no such request says, and for a question that takes too long.
    """
    # bounded whatever the browser asks for
    first, count = _place(request)
    with service.snapshots.lease() as snapshot:
        reader = PageReader(service, snapshot, view)
        mart, rows = every_row(snapshot, view.detail, RowsParams(since=view.since, until=view.until))
        passes = sifted(rows, request.get("filterModel"))
        order = ordered(rows, request.get("sortModel"), mart.key)
        # counted with the same snapshot that gives the rows: a build may be published between two requests
        (counts,) = snapshot.rows(rows.aggregate(total=rows.count(), matching=rows.count(where=passes))).to_pylist()
        page = rows.filter(passes).order_by(order).limit(count, offset=first)
        answer = reader.answer("", None, RowSet(mart.description, page, ()))
        return Block(_plain(answer.rows), counts["matching"], counts["total"], snapshot.version)


def counted(view: View, matching: int, total: int) -> str:
    """How many rows the table has, of how many."""
    some, every = view.language.number(matching), view.language.number(total)
    if matching == total:
        return view.say(en=f"{every} rows.", fr=f"{every} lignes.")
    return view.say(en=f"{some} of {every} rows.", fr=f"{some} lignes sur {every}.")


def _place(request: Mapping[str, Any]) -> tuple[int, int]:
    """The first row that is wanted, and how many."""
    first, end = request.get("startRow"), request.get("endRow")
    if type(first) is not int or type(end) is not int or not 0 <= first < end < _FARTHEST:
        raise wrong("startRow", "a block begins at a row and ends after it")
    return first, min(end - first, BLOCK)


def _none(request: Mapping[str, Any], line: str) -> TableUpdate:
    """Without the first rows there is no table; without others, what was read stays."""
    rows: dict[str, Any] = {"rowData": []}
    return TableUpdate(rows if request.get("startRow") else {**rows, "rowCount": 0}, line, "fault", None)


def _plain(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """As JSON has them: by the number of their column, days and instants (UTC, as the column's head says) as text,
    without what is null."""
    instants = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    written = rows.with_columns(
        pl.col(pl.Date).cast(pl.String),
        *(pl.col(name).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%MZ") for name in instants),
    )
    return [{str(at): cell for at, cell in enumerate(row) if cell is not None} for row in written.iter_rows()]
