"""What is damaged in a table, and how it is made usable again: nothing is removed, only moved aside."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import polars as pl
from deltalake.exceptions import TableNotFoundError

from watthouse.errors import LakeError
from watthouse.lake.integrity import (
    ASIDE,
    LAST_CHECKPOINT,
    LOG,
    Damage,
    Store,
    TablePart,
    faults_of_files,
    faults_of_log,
    keep_digests,
)
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import MONTH, Table, microseconds, month_of, written_files

_UNREADABLE: Final = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


def faults(table: Table, *, whole: bool = False) -> list[Damage]:
    """What in a table is not as it was written; nothing where there is no table.

    Names and sizes are checked; ``whole`` also reads every file and compares it with its digest. Raises
    :class:`~watthouse.errors.LakeError` where the table cannot be opened and no single file is to blame.
    """
    with table.errors():
        try:
            faults = faults_of_log(table.store, whole=whole)
        except TableNotFoundError:
            return []
        # a table with a damaged log is not opened: what it would list as its files cannot be trusted
        opened = None if faults else table.open()
        return faults + (faults_of_files(table.store, written_files(opened), whole=whole) if opened else [])


def repair_log(table: Table, stamp: str) -> bool:
    """Make a table with a damaged log usable; False where mending the log is not enough."""
    mend_log(table.store, faults_of_log(table.store, whole=True), stamp)
    return not faults_of_log(table.store, whole=True) and _can_be_opened(table)


def mend_log(store: Store, faults: Iterable[Damage], stamp: str) -> None:
    """Move damaged entries aside and put one that changes nothing in the place of each; move damaged checkpoints aside.

    What was committed in such an entry is gone from the table until it is observed again.
    """
    # Delta needs versions without a gap, so a lost entry is replaced rather than left out. A checkpoint only saves
    # reading the entries before it: without one they are read.
    for fault in faults:
        set_aside(store, fault.path, stamp)
        if fault.part is TablePart.ENTRY:
            store.write(fault.path, b'{"commitInfo":{"operation":"WATTHOUSE REPAIR"}}\n')
        elif store.sizes(LOG).get(LAST_CHECKPOINT):
            set_aside(store, LAST_CHECKPOINT, stamp)


def set_aside(store: Store, path: str, stamp: str) -> None:
    """Move a file of the table, if it exists, to where it is not read."""
    if path in store.sizes(path.rpartition("/")[0]):
        store.move(path, f"{ASIDE}/{stamp}/{path}")


def drop_faulty_files(table: Table, stamp: str) -> int:
    """Put damaged files aside, and take them out of the table; returns the observations they held."""
    with table.errors():
        opened = table.open()
        if opened is None:
            return 0
        written = {file.path: file for file in written_files(opened)}
        damaged = faults_of_files(table.store, written.values(), whole=True)
        for fault in damaged:
            set_aside(table.store, fault.path, stamp)
        if damaged:
            opened.repair()
            keep_digests(table.store, written_files(opened))
        return sum(written[fault.path].rows for fault in damaged)


def set_table_aside(table: Table, lake: Store, folder: str) -> None:
    """Move a whole table of ``lake`` into a folder beside it, its log last."""
    # A table with a log is looked at by the next repair, one without would be out of sight: so a move that was
    # interrupted is noticed, and goes on into the same folder.
    with table.errors():
        for path in sorted(lake.sizes(table.dataset.id), key=lambda path: f"/{LOG}/" in path):
            lake.move(path, f"{folder}/{path}")
        table.forget()


def begun_aside(table: Table, lake: Store) -> str | None:
    """The folder that an interrupted :func:`set_table_aside` was moving this table into; None where none was."""
    name = table.dataset.id
    moved = [path for path in lake.sizes() if path.startswith("damaged-") and f"/{name}/" in path]
    here = {path.rpartition("/")[2] for path in lake.sizes(f"{name}/{LOG}")}
    for folder in sorted({path.partition("/")[0] for path in moved}, reverse=True):
        # entries are moved, not copied: those of an earlier table, moved whole, have the names of this one's
        log = f"{folder}/{name}/{LOG}/"
        if here.isdisjoint(path.removeprefix(log) for path in moved if path.startswith(log)):
            return folder
    return None


def sound(table: Table) -> tuple[pl.DataFrame, int]:
    """The identities and stamps in the files that are as they were written, and the rows of the other files."""
    with table.errors():
        opened = table.open()
        written = written_files(opened) if opened else []
        faulty = {fault.path for fault in faults_of_files(table.store, written, whole=True)} if written else set()
        good = [f"{table.uri}/{file.path}" for file in written if file.path not in faulty]
        rows = table.scan_files(good).select(*table.dataset.identity, OBSERVED_AT).collect()
        return rows, sum(file.rows for file in written if file.path in faulty)


def unnamed(table: Table, *, after: datetime | None = None) -> pl.DataFrame:
    """The observations stamped after a moment in files that no entry of the log names.

    Of a table that cannot be opened, these are all files that can be read.
    """
    # Files that were merged away are unnamed too, until the vacuum: hence ``after``. What they hold is in the table.
    pieces = [empty := pl.DataFrame(table.schema.empty_table())]
    try:
        store = table.store
    except TableNotFoundError:
        return empty
    opened = table.open() if _can_be_opened(table) else None
    named = {file.path for file in written_files(opened)} if opened else set()
    for path in store.sizes():
        if path.startswith(f"{MONTH}=") and path.endswith(".parquet") and path not in named:
            try:
                rows = pl.read_parquet(store.read(path))
            except _UNREADABLE:
                continue  # damaged too
            pieces.append(rows.select(name for name in empty.columns if name in rows.columns))
    rows = pl.concat(pieces, how="diagonal_relaxed").cast(empty.schema)
    rows = rows.unique([*table.dataset.identity, OBSERVED_AT], maintain_order=True)
    return rows.filter(pl.col(OBSERVED_AT) > after) if after else rows


def restore(table: Table, rows: pl.DataFrame) -> int:
    """Append observations with the stamps they had, leaving out those the ledger holds; returns how many."""
    with table.errors():
        opened, identity = table.open_to_write(), [*table.dataset.identity, OBSERVED_AT]
        rows = rows.with_columns(month_of(table.dataset)).unique(identity, maintain_order=True)
        present = table.scan(opened, rows[MONTH].unique().to_list()).select(identity).collect()
        rows = rows.join(present, on=identity, how="anti", nulls_equal=True)
        if rows.height:
            last = max(table.last_stamp(opened) or 0, microseconds(rows[OBSERVED_AT].max()))  # type: ignore[arg-type]
            table.append(opened, [*table.write(rows.select(table.stored_schema.names))], last)
        return rows.height


def _can_be_opened(table: Table) -> bool:
    """Whether there is a table whose files can be listed."""
    try:
        with table.errors():
            if opened := table.open():
                written_files(opened)
    except LakeError:
        return False
    return opened is not None
