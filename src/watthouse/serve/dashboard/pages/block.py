"""A block of the rows of a mart, as the table in the browser asks for it: sorted, filtered and counted over all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import structlog

from watthouse.errors import QueryLimitError, WatthouseError
from watthouse.serve.dashboard.grid_filter import ordered, sifted
from watthouse.serve.dashboard.pages.grid import BLOCK
from watthouse.serve.dashboard.reading import Reader
from watthouse.serve.dashboard.view import View
from watthouse.serve.problems import ProblemError, wrong
from watthouse.serve.queries.question import Question
from watthouse.serve.queries.rows import RowsParams, every_row
from watthouse.serve.service import Service

_FARTHEST: Final = 2**31


@dataclass(frozen=True)
class Block:
    """``cells`` of a block, ``found`` rows that pass the filter of those ``held``, all of one ``version``."""

    cells: Sequence[Mapping[str, Any]]
    found: int
    held: int
    version: str


@dataclass(frozen=True)
class Shown:
    """What the page is told: the table's rows, the line above it and its look, the version where there is one."""

    rows: Mapping[str, Any]
    line: str
    look: str
    version: str | None


def shown(service: Service, view: View, asked: Mapping[str, Any]) -> Shown:
    """The block that is asked for, or why there is none, in one line."""
    try:
        block = read(service, view, asked)
    except (ProblemError, QueryLimitError) as error:
        why = view.say(en="This cannot be shown", fr="Ceci ne peut être montré")
        return _none(asked, f"{why}: {error}")
    except WatthouseError as error:
        return _none(asked, str(error))
    except Exception:
        structlog.get_logger().exception("block", mart=view.detail)
        said = view.say(
            en="These rows could not be read. The log of the server says more.",
            fr="Ces lignes n'ont pu être lues. Le journal du serveur en dit plus.",
        )
        return _none(asked, said)
    rows = {"rowData": block.cells, "rowCount": block.found}
    return Shown(rows, counted(view, block.found, block.held), "note", block.version)


def read(service: Service, view: View, asked: Mapping[str, Any]) -> Block:
    """Of the mart and the days of the view; ``asked`` is AG Grid's request (``startRow``, ``endRow``, ``sortModel``,
    ``filterModel``).

    Raises a problem for what no such request says, and for a question that takes too long.
    """
    first, count = _place(asked)
    with service.snapshots.lease() as snapshot:
        reader = Reader(service, snapshot, view)
        mart, rows = every_row(snapshot, view.detail, RowsParams(since=view.since, until=view.until))
        passes = sifted(rows, asked.get("filterModel"))
        order = ordered(rows, asked.get("sortModel"), mart.key)
        counts = rows.aggregate(held=rows.count(), found=rows.count(where=passes))
        (of,) = snapshot.rows(counts).to_pylist()
        wanted = rows.filter(passes).order_by(order).limit(count, offset=first)
        answer = reader.answer("", None, Question(mart.description, wanted, ()))
        return Block(_plain(answer.rows), of["found"], of["held"], snapshot.version)


def counted(view: View, found: int, held: int) -> str:
    """How many rows the table has, of how many."""
    some, every = view.language.number(found), view.language.number(held)
    if found == held:
        return view.say(en=f"{every} rows.", fr=f"{every} lignes.")
    return view.say(en=f"{some} of {every} rows.", fr=f"{some} lignes sur {every}.")


def _place(asked: Mapping[str, Any]) -> tuple[int, int]:
    """The first row that is wanted, and how many."""
    first, end = asked.get("startRow"), asked.get("endRow")
    if type(first) is not int or type(end) is not int or not 0 <= first < end < _FARTHEST:
        raise wrong("startRow", "a block begins at a row and ends behind it")
    return first, min(end - first, BLOCK)


def _none(asked: Mapping[str, Any], line: str) -> Shown:
    """Without the first rows there is no table; without others, what was read stays."""
    rows: dict[str, Any] = {"rowData": []}
    return Shown(rows if asked.get("startRow") else {**rows, "rowCount": 0}, line, "fault", None)


def _plain(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """As JSON has them: by the number of their column, days and instants (UTC, as the column's head says) as text,
    without what is null."""
    instants = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    written = rows.with_columns(
        pl.col(pl.Date).cast(pl.String),
        *(pl.col(name).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%MZ") for name in instants),
    )
    return [{str(at): cell for at, cell in enumerate(row) if cell is not None} for row in written.iter_rows()]
