"""Retries, for as long as they may help and patience lasts."""

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
"""Requests given up in a row, none answered in between, after which the service itself counts as gone."""

_LONGEST_WAIT: Final = 20.0
_JITTER: Final = 2.0  # times the first pause, at random: clients that failed together must not come back together

# The report counts the retries. By default stamina would log each of them with whatever logging library is installed.
stamina.instrumentation.set_on_retry_hooks([])


class Retrying:
    """Retries for one session: up to ``settings.attempts`` tries and ``settings.patience_seconds`` for each request."""

    def __init__(self, settings: Settings, usage: Usage, host: str) -> None:
        self._settings, self._usage, self._host = settings, usage, host
        self._given_up = 0
        self._lock = Lock()

    def call(self, about: str, work: Callable[[], T]) -> T:
        """What ``work`` returns, tried again where it raises :class:`~watthouse.sources.odre.answers.TransientError`.

        Raises what that becomes once given up: :class:`~watthouse.errors.SourceError` where it concerns one request, a
        :class:`~watthouse.errors.ServiceError` where it concerns the service as a whole.
        """
        tries = _Tries(self._settings.patience_seconds)
        try:
            result = self._tried(work, tries)
        except TransientError as error:
            raise self._verdict(about, error, tries) from error
        except SourceError:  # a refusal is an answer too: the service is there
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

    def _verdict(self, about: str, error: TransientError, tries: "_Tries") -> Exception:
        times = f"{tries.count} times" if tries.count > 1 else "once"
        if tries.overlong:
            stop = UnreachableError if error.becomes is SourceError else error.becomes
            return stop(error.too_long)
        if error.becomes is not SourceError:
            where = f"{about}: " if issubclass(error.becomes, SourceError) else ""
            return error.becomes(f"{where}{self._host} {error.reason}, tried {times}: {error.advice}")
        # A service that hangs on everything would otherwise use up the patience of every single window.
        if not error.lone and self._given_up_again() >= IN_A_ROW:
            return UnreachableError(
                f"{self._host} left {IN_A_ROW} requests in a row without a usable answer; to the last it"
                f" {error.reason}: {error.advice}"
            )
        return SourceError(f"{about}: {self._host} {error.reason}, tried {times}: {error.advice}")

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
