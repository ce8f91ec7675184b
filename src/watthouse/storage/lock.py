"""The lock of a folder: freed by the system when its holder ends, however that ends."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from watthouse.errors import BusyError
from watthouse.storage.notes import disk


def taken(folder: Path, name: str, advice: str, busy: Callable[[], str]) -> FileLock:
    """The lock called ``name`` in a folder, made where it is missing.

    Raises :class:`~watthouse.errors.BusyError` with the line ``busy`` gives, at once, where another holds it, and
    :class:`~watthouse.errors.LakeError` with this advice where the folder cannot be written.
    """
    with disk(folder, advice):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(busy()) from None
        return lock
