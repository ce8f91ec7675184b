"""A bounded cache of small frames: the least recently wanted goes first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import polars as pl

_OVERHEAD = 2_000
"""Bytes a frame takes beside its values, a column (measured: about 2 kB)."""


class Shelf:
    """Frames by key, up to about ``capacity`` bytes; safe to use from several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._frames: OrderedDict[Hashable, pl.DataFrame] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The frame of that key, made if it is not there. Two threads may make the same one; either is kept."""
        with self._lock:
            if key in self._frames:
                self._frames.move_to_end(key)
                return self._frames[key]
        frame = make()
        with self._lock:
            if key not in self._frames:
                self._frames[key] = frame
                self._held += _size(frame)
            self._shrink()
        return frame

    def _shrink(self) -> None:
        while self._held > self._capacity and self._frames:
            self._held -= _size(self._frames.popitem(last=False)[1])


def _size(frame: pl.DataFrame) -> int:
    return int(frame.estimated_size()) + _OVERHEAD * frame.width
