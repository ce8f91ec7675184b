"""Reading and storing at the same time: while one part is written, a thread reads the next."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_Part = TypeVar("_Part")
_END: Final = object()


def ahead(parts: Iterator[_Part], waiting: int = 1) -> Iterator[_Part]:
    """The same parts, each made while those before are used: so many are waiting at most, so that memory stays bounded.

    What making one raises is raised where it would have come.
    """
    thread = ThreadPoolExecutor(1, "ahead")
    try:
        following = deque(thread.submit(next, parts, _END) for _ in range(waiting))
        while (part := following.popleft().result()) is not _END:
            following.append(thread.submit(next, parts, _END))
            yield part  # type: ignore[misc]
    finally:
        thread.shutdown(cancel_futures=True)
