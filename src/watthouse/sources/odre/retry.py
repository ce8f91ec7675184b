"""Trying again, as long as it may help and as patience lasts."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

import stamina

from watthouse.errors import SourceError, UnreachableError
from watthouse.settings import Settings
from watthouse.sources.odre.answers import TransientError
from watthouse.sources.odre.wire import Usage

T = TypeVar("T")

IN_A_ROW: Final = 3
"""Requests given up one after another, none answered in between, from which the service itself counts as gone."""

_LONGEST_WAIT: Final = 20.0
_JITTER: Final = 2.0  # times the first pause, at random: clients that failed together must not come back together

# the report counts the retries; stamina would tell each to whichever logging it finds installed
stamina.instrumentation.set_on_retry_hooks([])


class Insistence:
    """Retries for one session: up to ``settings.attempts`` tries and ``settings.patience_seconds`` for each request."""

    def __init__(self, settings: Settings, usage: Usage, host: str) -> None:
        self._settings, self._usage, self._host = settings, usage, host
        self._given_up = 0
        self._lock = Lock()

    def insist(self, about: str, work: Callable[[], T]) -> T:
        """What ``work`` returns, tried again where it raises :class:`~watthouse.sources.odre.answers.TransientError`.

        Raises what that becomes once given up: :class:`~watthouse.errors.SourceError` for what one request met, a
        :class:`~watthouse.errors.ServiceError` for the service as a whole.
        """
        tries = _Tries(self._settings.patience_seconds)
        try:
            result = self._tried(work, tries)
        except TransientError as again:
            raise self._verdict(about, again, tries) from again
        except SourceError:
            self._answered()
            raise
        self._answered()
        return result

    def _tried(self, work: Callable[[], T], tries: "_Tries") -> T:
        for attempt in stamina.retry_context(
            on=tries.backoff,
            attempts=self._settings.attempts,
            timeout=self._settings.patience_seconds,
            wait_initial=self._settings.retry_seconds,
            wait_max=_LONGEST_WAIT,
            wait_jitter=_JITTER * self._settings.retry_seconds,
        ):
            with attempt:
                self._usage.count(retries=min(tries.count, 1))
                tries.count += 1
                return work()
        raise AssertionError("the last attempt returns or raises")

    def _verdict(self, about: str, again: TransientError, tries: "_Tries") -> Exception:
        times = f"{tries.count} times" if tries.count > 1 else "once"
        if tries.overlong:
            stop = UnreachableError if again.becomes is SourceError else again.becomes
            return stop(again.too_long)
        if again.becomes is not SourceError:
            where = f"{about}: " if issubclass(again.becomes, SourceError) else ""
            return again.becomes(f"{where}{self._host} {again.said}, tried {times}: {again.advice}")
        if not again.lone and self._given_up_again() >= IN_A_ROW:
            return UnreachableError(
                f"{self._host} gave no whole answer to {IN_A_ROW} requests in a row, for the last of them it"
                f" {again.said}: {again.advice}"
            )
        return SourceError(f"{about}: {self._host} {again.said}, tried {times}: {again.advice}")

    def _given_up_again(self) -> int:
        with self._lock:
            self._given_up += 1
            return self._given_up

    def _answered(self) -> None:
        with self._lock:
            self._given_up = 0


class _Tries:
    """The tries of one request: how many so far, and how long they may go on."""

    def __init__(self, patience: float) -> None:
        self.count = 0
        self.overlong = False
        self._until = time.monotonic() + patience

    def backoff(self, error: Exception) -> bool | float:
        """Whether to try again, or after how many seconds (for :mod:`stamina`)."""
        if not isinstance(error, TransientError):
            return False
        if error.wait is None:
            return True
        self.overlong = time.monotonic() + error.wait > self._until
        return False if self.overlong else error.wait
