"""Which UTC months a call is about, as they are typed: ``2024-01``."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watthouse.clock import month_end, month_start
from watthouse.errors import UsageError

_MONTH: Final = re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])")


def is_month(text: str) -> bool:
    """Whether it is a month, ``YYYY-MM``."""
    return _MONTH.fullmatch(text) is not None


@dataclass(frozen=True)
class Months:
    """The months from ``first`` to ``last``, both included; open where one is None."""

    first: str | None = None
    last: str | None = None

    @classmethod
    def of(cls, since: str | None, until: str | None, *, last_month: bool, now: datetime) -> "Months":
        """As the command line has them; raises :class:`~watthouse.errors.UsageError` for what cannot be meant."""
        for option, text in (("--since", since), ("--until", until)):
            if text is not None and not is_month(text):
                raise UsageError(f"{option} '{text}' is not a valid month; use 2025-01")
        if last_month:
            if since or until:
                raise UsageError("--last-month excludes --since and --until: it is the month before this one")
            month = f"{now.replace(day=1) - timedelta(days=1):%Y-%m}"
            return cls(month, month)
        if since and until and since > until:
            raise UsageError(f"--since {since} is later than --until {until}: swap them")
        return cls(since, until)

    def __contains__(self, month: str) -> bool:
        return (self.first or "") <= month and (self.last is None or month <= self.last)

    def among(self, months: Iterable[str]) -> list[str]:
        """Those of them, oldest first."""
        return sorted(month for month in months if month in self)

    def each(self, now: datetime) -> Iterator[str]:
        """Every one of them that has begun by ``now``; none where they have no beginning."""
        month = self.first
        while month is not None and month in self and month_start(month) <= now:
            yield month
            month = f"{month_end(month):%Y-%m}"
