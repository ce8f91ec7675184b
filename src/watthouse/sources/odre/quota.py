"""The service's quota, as the headers of every answer give it: watched, so that it is never spent to the end."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Final

from watthouse.errors import QuotaError, SourceError

DATASET: Final = "x-ratelimit-dataset"
DOMAIN: Final = "x-ratelimit"
_PER: Final = {DATASET: "a month and dataset", DOMAIN: "a day"}

# The vendor's docs have resets as epochs, ODRÉ sends date strings, Retry-After counts seconds: a number's size tells.
_EPOCH_FROM: Final = 1e8
_MILLISECONDS_FROM: Final = 1e11
_SAME: Final = timedelta(minutes=1)
_NEARLY: Final = timedelta(seconds=1)
"""A thread that slept until a moment may wake a hair before it."""


class SpentError(SourceError):
    """The quota of one dataset is spent, or nearly: it stays as it is, and the others go on."""


def moment(value: object) -> datetime | None:
    """A moment (UTC) as the service gives it: ISO 8601, an HTTP date, epoch seconds, or seconds from now."""
    text = str(value).strip()
    try:
        if text.replace(".", "", 1).isdecimal():
            return _numbered(float(text))
        parsed = _dated(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _numbered(number: float) -> datetime:
    if number < _EPOCH_FROM:
        return datetime.now(UTC) + timedelta(seconds=number)
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)


def _dated(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


@dataclass
class Allowance:
    """How many requests are left of a quota, out of how many, until when."""

    family: str
    remaining: int
    limit: int | None
    reset: datetime | None

    @classmethod
    def of(cls, family: str, headers: Mapping[str, str]) -> "Allowance | None":
        """What an answer's headers say; None where they say nothing readable."""
        remaining = _whole(headers.get(f"{family}-remaining"))
        if remaining is None:
            return None
        return cls(family, remaining, _whole(headers.get(f"{family}-limit")), moment(headers.get(f"{family}-reset")))

    @property
    def size(self) -> str:
        """``50,000 requests a month and dataset``."""
        return f"{self.limit:,} requests {_PER[self.family]}" if self.limit else ""

    def after(self, previous: "Allowance | None") -> "Allowance":
        """This one, never with more left than ``previous`` while the same period runs."""
        # Downloads run in parallel and answers overtake one another: an older one must not give back what was spent.
        renewed = previous is None or (self.reset and previous.reset and self.reset - previous.reset > _SAME)
        if previous is not None and not renewed:
            self.remaining = min(self.remaining, previous.remaining)
        return self

    def is_over(self) -> bool:
        """Whether its period is past, and a new one has begun."""
        return self.reset is not None and self.reset <= datetime.now(UTC) + _NEARLY

    def reserve(self, requests: int) -> int:
        """How many of ``requests`` are never used: at most a tenth, or a small quota could not be used at all."""
        return requests if self.limit is None else min(requests, self.limit // 10)


class Quota:
    """Both families of one service: per dataset, and over all. Threads may share it."""

    def __init__(self, reserve: int) -> None:
        self._reserve = reserve
        self._left: dict[str, Allowance] = {}
        self._lock = Lock()

    def spend(self, dataset_id: str) -> None:
        """Take one request of what is left.

        Where that is the reserve, raises :class:`SpentError` for the dataset's own quota, and
        :class:`~watthouse.errors.QuotaError` for the one over all.
        """
        # All are checked before any is spent: a request that one quota refuses must not cost the other.
        with self._lock:
            left = self._running(dataset_id)
            for allowance in left:
                self._refuse_reserve(allowance, dataset_id)
            for allowance in left:
                allowance.remaining -= 1

    def pause(self, dataset_id: str) -> float:
        """Seconds until the next request may be spent: infinite where the service does not say."""
        with self._lock:
            resets = [allowance.reset for allowance in self._running(dataset_id) if self._is_reserve(allowance)]
        now = datetime.now(UTC)
        return max((max(0.0, (reset - now).total_seconds()) if reset else math.inf for reset in resets), default=0.0)

    def note(self, dataset_id: str, headers: Mapping[str, str]) -> None:
        """Note what an answer's headers say."""
        with self._lock:
            for key, family in ((dataset_id, DATASET), (DOMAIN, DOMAIN)):
                if allowance := Allowance.of(family, headers):
                    self._left[key] = allowance.after(self._left.get(key))

    def left(self, dataset_id: str) -> str:
        """``49,977 of 50,000 requests a month and dataset``; empty where the service does not say."""
        with self._lock:
            allowance = self._left.get(dataset_id) or self._left.get(DOMAIN)
        return f"{allowance.remaining:,} of {allowance.size}" if allowance and allowance.size else ""

    def _running(self, dataset_id: str) -> list[Allowance]:
        left = [self._left[key] for key in (DOMAIN, dataset_id) if key in self._left]
        return [allowance for allowance in left if not allowance.is_over()]

    def _is_reserve(self, allowance: Allowance) -> bool:
        return allowance.remaining <= allowance.reserve(self._reserve)

    def _refuse_reserve(self, allowance: Allowance, dataset_id: str) -> None:
        if not self._is_reserve(allowance):
            return
        alone, reserve = allowance.family == DATASET, allowance.reserve(self._reserve)
        of = f" of {allowance.size}" if allowance.size else " requests"
        where = f" for {dataset_id}" if alone else ""
        until = f" until {clock(allowance.reset)}" if allowance.reset else ""
        refusal = SpentError if alone else QuotaError
        raise refusal(
            f"ODRÉ's quota{where} is nearly spent: {max(allowance.remaining, 0):,}{of} are left{until}, and {reserve:,}"
            " are kept in reserve (WATTHOUSE_QUOTA_RESERVE): run again then"
        )


def is_of_dataset(headers: Mapping[str, str]) -> bool:
    """Whether an answer 429 is about the dataset's own quota, while there is some left of the one over all."""
    own, all_ = (Allowance.of(family, headers) for family in (DATASET, DOMAIN))
    return own is not None and own.remaining <= 0 and (all_ is None or all_.remaining > 0)


def spent(headers: Mapping[str, str], body: Mapping[str, Any]) -> tuple[datetime | None, str]:
    """Of an answer 429: when the spent quota is renewed (None where that is not given), and how big it is."""
    if reset := moment(body.get("reset_time")):
        unit, limit = body.get("limit_time_unit"), _whole(body.get("call_limit"))
        return reset, f"{limit:,} requests a {unit}" if limit and unit else ""
    for family in (DATASET, DOMAIN):
        allowance = Allowance.of(family, headers)
        if allowance and allowance.remaining <= 0:
            return allowance.reset, allowance.size
    # A burst is refused with plenty left: the reset of that quota is days away, and is not what to wait for.
    silent = not any(f"{family}-remaining" in headers for family in (DATASET, DOMAIN))
    resets = [moment(headers[f"{family}-reset"]) for family in (DATASET, DOMAIN) if f"{family}-reset" in headers]
    return (resets[0] if silent and resets else None), ""


def clock(when: datetime) -> str:
    """A moment fit for a message: ``2026-10-01 00:00Z``."""
    return f"{when:%Y-%m-%d %H:%MZ}"


def _whole(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
