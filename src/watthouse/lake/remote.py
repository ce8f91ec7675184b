"""Files of a table in a bucket: each comes over the network once, and is checked before its rows are used."""

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from typing import Final

import polars as pl
from deltalake import DeltaTable

from watthouse.lake.integrity import Damage, LoggedFile, checked, kept_digests
from watthouse.lake.table import Table, written_files

_READERS: Final = 8
_AHEAD_BYTES: Final = 8 * 2**20
"""Files are read ahead of the one in use up to this size together, or one: in memory they take ten times as much."""


def frames(table: Table, opened: DeltaTable, files: Collection[str]) -> Iterator[pl.DataFrame]:
    """The rows of these files, file by file.

    Raises :class:`~watthouse.errors.TableError` for one that is not as it was written.
    """
    store, digests = table.store, kept_digests(table.store)

    def rows_of(file: LoggedFile) -> pl.DataFrame:
        content = checked(store, file, digests)
        if isinstance(content, Damage):
            raise table.error_of([content])
        return table.scan_files([BytesIO(content)]).collect()

    with ThreadPoolExecutor(_READERS) as pool:
        reading: deque[tuple[int, Future[pl.DataFrame]]] = deque()
        for file in written_files(opened):
            if f"{table.uri}/{file.path}" not in files:
                continue
            while reading and sum(size for size, _ in reading) + file.size > _AHEAD_BYTES:
                yield reading.popleft()[1].result()
            reading.append((file.size, pool.submit(rows_of, file)))
        while reading:
            yield reading.popleft()[1].result()
