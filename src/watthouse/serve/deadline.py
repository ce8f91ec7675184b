"""How long an answer may be computed in all, in SQL and in Python: whoever computes in a loop looks at the time.

The engine ends a query by itself, but nothing ends a Python thread from outside.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from watthouse.errors import late

_limit: ContextVar[tuple[float, float] | None] = ContextVar("_limit", default=None)
"""When the time of the answer under way is over, and how long that was [s]."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the block so many seconds; a block inside of another has what is left to that."""
    end = time.monotonic() + seconds
    outer = _limit.get()
    token = _limit.set(outer if outer is not None and outer[0] <= end else (end, seconds))
    try:
        yield
    finally:
        _limit.reset(token)


def check() -> None:
    """Raises :class:`~watthouse.errors.QueryLimitError` where the time is over; outside of a block it never is."""
    limit = _limit.get()
    if limit is not None and time.monotonic() > limit[0]:
        raise late(limit[1])
