"""The quota: requests per dataset and month, and per day, counted down for real on this machine's clock."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock


@dataclass(frozen=True)
class Limits:
    """Requests allowed: per dataset and month, and in all per day (defaults as seen on ODRÉ)."""

    dataset: int = 50_000
    day: int = 10_000_000


@dataclass(frozen=True)
class RateLimit:
    """What is left of one limit, and when it is renewed (UTC)."""

    family: str
    limit: int
    remaining: int
    reset: datetime

    def headers(self, epoch: bool = False) -> dict[str, str]:
        """``x-ratelimit-…`` headers; the reset as a date string (as on ODRÉ) or an epoch (as the vendor documents)."""
        reset = str(int(self.reset.timestamp())) if epoch else f"{self.reset:%Y-%m-%d %H:%M:%S}+00:00"
        start = f"x-ratelimit-{self.family}"
        return {f"{start}limit": str(self.limit), f"{start}remaining": str(self.remaining), f"{start}reset": reset}


class Meter:
    """Counts requests against ``limits``, which may be replaced at any time."""

    def __init__(self, limits: Limits, clock: Callable[[], datetime] | None = None) -> None:
        self.limits = limits
        self._clock = clock or _now
        self._used: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def now(self) -> datetime:
        return self._clock()

    def spend(self, dataset_id: str | None) -> tuple[tuple[RateLimit, ...], RateLimit | None]:
        """Count one request: what is left of each limit after it, and the limit that forbids it, if one does."""
        today = self._clock().replace(hour=0, minute=0, second=0, microsecond=0)
        month = today.replace(day=1)
        budgets = [("", "", self.limits.day, today, today + timedelta(days=1))]
        if dataset_id:
            budgets.append(("dataset-", dataset_id, self.limits.dataset, month, _following(month)))
        # On this machine's clock, not the sample's: a client's waits are real, whatever year the sample plays.
        with self._lock:
            spent = [self._is_spent(name, limit, start) for _, name, limit, start, _ in budgets]
            if not any(spent):
                self._used.update((name, start.isoformat()) for _, name, _, start, _ in budgets)
            left = tuple(
                RateLimit(family, limit, max(limit - self._used[name, start.isoformat()], 0), reset)
                for family, name, limit, start, reset in budgets
            )
        return left, next((allowance for allowance, is_spent in zip(left, spent, strict=True) if is_spent), None)

    def clear(self) -> None:
        with self._lock:
            self._used.clear()

    def _is_spent(self, name: str, limit: int, start: datetime) -> bool:
        return self._used[name, start.isoformat()] >= limit


def _now() -> datetime:
    return datetime.now(UTC)


def _following(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)
