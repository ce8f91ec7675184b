"""Faster imports: without this, the garbage collector searches modules that are there to stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection in the block."""
    # every few hundred new objects start another collection, and imports make nothing but: a fifth of their time
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
