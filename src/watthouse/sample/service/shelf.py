"""Bounded caches: what was wanted least recently goes first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from typing import Final, Generic, TypeVar
from weakref import finalize

import polars as pl

Kept = TypeVar("Kept")

_OVERHEAD: Final = 2_000
"""Bytes a frame takes beside its values, a column (measured: about 2 kB)."""


class Shelf(Generic[Kept]):
    """Things by key, up to about ``capacity`` bytes as ``weigh`` tells them; safe to use from several threads.

    What goes is ``discard``-ed.
    """

    def __init__(
        self, capacity: int, weigh: Callable[[Kept], int], discard: Callable[[Kept], object] = lambda _: None
    ) -> None:
        self._capacity = capacity
        self._weigh, self._discard = weigh, discard
        self._held = 0
        self._things: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable) -> Kept | None:
        """The thing of that key, if it is there."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def put(self, key: Hashable, thing: Kept) -> None:
        """Keep it, and drop what there is no more room for; what is there already stays."""
        with self._lock:
            if key in self._things:
                self._discard(thing)
                return
            self._things[key] = thing
            self._held += self._weigh(thing)
            while self._held > self._capacity and self._things:
                _, oldest = self._things.popitem(last=False)
                self._held -= self._weigh(oldest)
                self._discard(oldest)

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The thing of that key, made if it is not there. Two threads may make the same one; either is kept."""
        thing = self.find(key)
        if thing is None:
            thing = make()
            self.put(key, thing)
        return thing


def weight(frame: pl.DataFrame) -> int:
    """Bytes a frame takes."""
    return int(frame.estimated_size()) + _OVERHEAD * frame.width


class Packed:
    """Frames by key, in files of a folder of its own that is gone when this is, or the process ends.

    On disk, because thirteen years of every dataset take about 250 MB; written and read in some milliseconds each.
    """

    def __init__(self, capacity: int) -> None:
        self._folder: Final = Path(mkdtemp(prefix="watthouse-sample-"))
        self._numbers: Final = count()
        self._shelf: Final = Shelf[Path](capacity, lambda path: path.stat().st_size, Path.unlink)
        finalize(self, rmtree, self._folder, ignore_errors=True)

    def find(self, key: Hashable) -> pl.DataFrame | None:
        """The frame of that key, if it is there."""
        path = self._shelf.find(key)
        try:
            return None if path is None else pl.read_ipc(path)
        except FileNotFoundError:  # another thread needed the room
            return None

    def put(self, key: Hashable, frame: pl.DataFrame) -> None:
        """Keep the frame of that key."""
        path = self._folder / f"{next(self._numbers)}.arrow"
        frame.write_ipc(path, compression="lz4")
        self._shelf.put(key, path)
