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
"""Files that are read ahead of the one in use: a month of every region and its quarter hours is 2 MB."""


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
        reading: deque[Future[pl.DataFrame]] = deque()
        for file in written_files(opened):
            if f"{table.uri}/{file.path}" in files:
                reading.append(pool.submit(rows_of, file))
            if len(reading) == _READERS:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()
