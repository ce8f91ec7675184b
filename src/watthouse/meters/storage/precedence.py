"""Which of several readings of an interval counts: that of the newest file, of one file that of the last line.

What gives way is kept in the history. So the readings follow from the files that count and from nothing else: where one
of these is corrected, what it had kept from counting counts again.
"""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)

from watthouse.meters.storage.models import EnergyData, FileSpan, LoadedFile, ReplacedReading
from watthouse.meters.storage.scratch import RANGES, READING_COLUMNS, RESTORED, STAGED

_KEPT: Final = EnergyData.__table__
_HISTORY: Final = ReplacedReading.__table__


def any_held(connection: Connection) -> bool:
    """Whether readings are held already in one of the ranges."""
    held = select(EnergyData.id).where(
        EnergyData.channel_id == RANGES.c.channel_id, EnergyData.instant.between(RANGES.c.first, RANGES.c.last)
    )
    return connection.execute(select(RANGES.c.channel_id).where(exists(held)).limit(1)).first() is not None


def merge(connection: Connection, file_id: int) -> tuple[int, int]:
    """Bring the staged readings of a file in.

    Returns how many readings of other files gave way, and how many of the staged ones are older than what is held.
    """
    written_at = select(LoadedFile.written_at).where(LoadedFile.id == file_id).scalar_subquery()
    held = _KEPT.join(STAGED, _same(_KEPT, STAGED)).join(LoadedFile, LoadedFile.id == _KEPT.c.file_id)
    giving_way = LoadedFile.written_at <= written_at
    # the same interval with the same value, twice in one file, replaces nothing
    repeats = and_(_KEPT.c.file_id == file_id, _KEPT.c.energy == STAGED.c.energy)
    replaced = _into_history(
        connection, _readings(_KEPT).select_from(held).where(giving_way, ~repeats), literal(file_id)
    )
    going = select(_KEPT.c.id).select_from(held).where(giving_way)
    connection.execute(delete(EnergyData).where(EnergyData.id.in_(going)))
    both = STAGED.join(_KEPT, _same(_KEPT, STAGED))
    outdated = _into_history(connection, _readings(STAGED).select_from(both), _KEPT.c.file_id)
    new = _readings(STAGED).where(~exists(select(_KEPT.c.id).where(_same(_KEPT, STAGED))))
    connection.execute(insert(EnergyData).from_select(READING_COLUMNS, new))
    return replaced, outdated


def of_file(file_id: int) -> Select[Any]:
    """The readings of a file that count."""
    within = and_(
        FileSpan.file_id == file_id,
        FileSpan.channel_id == _KEPT.c.channel_id,
        _KEPT.c.instant.between(FileSpan.first, FileSpan.last),
    )
    return _readings(_KEPT).select_from(_KEPT.join(FileSpan, within)).where(_KEPT.c.file_id == file_id)


def withdraw(connection: Connection, file_id: int, replaced_by: int) -> None:
    """Move the readings of a file into the history; those of other files that count for want of them come back."""
    _into_history(connection, of_file(file_id), literal(replaced_by))
    going = of_file(file_id).with_only_columns(_KEPT.c.id, maintain_column_froms=True)
    connection.execute(delete(EnergyData).where(EnergyData.id.in_(going)))
    connection.execute(insert(RESTORED).from_select(["id"], _next_in_line(file_id)))
    back = _HISTORY.c.id.in_(select(RESTORED.c.id))
    connection.execute(insert(EnergyData).from_select(READING_COLUMNS, _readings(_HISTORY).where(back)))
    connection.execute(delete(ReplacedReading).where(back))


def _next_in_line(file_id: int) -> Select[Any]:
    """Of the intervals that a file has left empty, the best reading that another file has."""
    newest = func.row_number().over(
        partition_by=(_HISTORY.c.channel_id, _HISTORY.c.instant),
        order_by=(LoadedFile.written_at.desc(), LoadedFile.id.desc(), _HISTORY.c.line.desc(), _HISTORY.c.id.desc()),
    )
    within = and_(
        FileSpan.channel_id == _HISTORY.c.channel_id, _HISTORY.c.instant.between(FileSpan.first, FileSpan.last)
    )
    rivals = (
        select(_HISTORY.c.id, newest.label("rank"))
        .select_from(_HISTORY.join(FileSpan, within).join(LoadedFile, LoadedFile.id == _HISTORY.c.file_id))
        .where(
            FileSpan.file_id == file_id,
            LoadedFile.replaced_by.is_(None),
            ~exists(select(_KEPT.c.id).where(_same(_KEPT, _HISTORY))),
        )
        .subquery()
    )
    return select(rivals.c.id).where(rivals.c.rank == 1)


def _into_history(connection: Connection, readings: Select[Any], replaced_by: Any) -> int:
    columns = [*READING_COLUMNS, "replaced_by"]
    replaced = insert(ReplacedReading).from_select(columns, readings.add_columns(replaced_by))
    # without it PostgreSQL's count is lost
    return connection.execute(replaced, execution_options={"preserve_rowcount": True}).rowcount


def _readings(table: Any) -> Select[Any]:
    return select(*(table.c[name] for name in READING_COLUMNS))


def _same(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(one.c.channel_id == other.c.channel_id, one.c.instant == other.c.instant)
