"""Reading and storing at the same time: while one part is written, a thread reads the next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_Part = TypeVar("_Part")
_END: Final = object()


def ahead(parts: Iterator[_Part]) -> Iterator[_Part]:
    """The same parts, each made while the one before is used: one is waiting at most, so that memory stays bounded.

    What making one raises is raised where it would have come.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        following = thread.submit(next, parts, _END)
        while (part := following.result()) is not _END:
            following = thread.submit(next, parts, _END)
            yield part  # type: ignore[misc]
