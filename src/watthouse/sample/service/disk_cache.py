"""Tables kept on disk, within bounds: the least recently used one is dropped first."""

from collections.abc import Hashable
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from typing import Final
from weakref import finalize

import polars as pl
from cachetools import LRUCache


class _Files(LRUCache[Hashable, Path]):
    """Files by key, up to a total size; one that is dropped is removed."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity, getsizeof=lambda path: path.stat().st_size)

    def popitem(self) -> tuple[Hashable, Path]:
        key, path = super().popitem()
        path.unlink()
        return key, path


class DiskCache:
    """Tables by key, in files of a folder of its own that is removed with the cache, or when the process ends.

    Safe to use from several threads.
    """

    # on disk, because thirteen years of every dataset take about 250 MB; each is written and read in milliseconds

    def __init__(self, capacity: int) -> None:
        self._folder: Final = Path(mkdtemp(prefix="watthouse-sample-"))
        self._numbers: Final = count()
        self._files: Final = _Files(capacity)
        self._lock: Final = Lock()
        finalize(self, rmtree, self._folder, ignore_errors=True)

    def find(self, key: Hashable) -> pl.DataFrame | None:
        """The table of that key, if there is one."""
        with self._lock:
            path = self._files.get(key)
        try:
            return None if path is None else pl.read_ipc(path)
        except FileNotFoundError:  # dropped by another thread since the look-up
            return None

    def put(self, key: Hashable, table: pl.DataFrame) -> None:
        """Keep the table of that key; where another thread was first, its file stays."""
        path = self._folder / f"{next(self._numbers)}.arrow"
        table.write_ipc(path, compression="lz4")
        with self._lock:
            try:
                stored = self._files.setdefault(key, path)
            except ValueError:  # larger than the whole cache
                stored = None
        if stored != path:
            path.unlink()
