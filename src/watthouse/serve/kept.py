"""Answers that are kept as long as the database behind them says the same."""

import threading
import time
from typing import Final

from cachetools import LRUCache

_TRUSTED_SECONDS: Final = 0.05
"""How long the version of a database is taken for its newest: what another process loads is seen after that time."""
_MOST: Final = 10_000
_LONGEST: Final = 300


class KeptAnswers:
    """The answers of one version, by what was asked, word for word; for any number of threads.

    Whoever finds none asks the database, and keeps what it gets with the ``turn`` at which it began.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: LRUCache[bytes, bytes] = LRUCache(_MOST)
        self._version = ""
        self._checked = 0.0
        self.turn = 0

    def find(self, question: bytes) -> bytes | None:
        """A kept answer; None too for the one caller in a while whose asking shows whether the version still holds."""
        with self._lock:
            kept = self._answers.get(question)
            if kept is None:  # a question that is refused asks no database, and must not count as having checked
                return None
            now = time.monotonic()
            if now - self._checked > _TRUSTED_SECONDS:
                self._checked = now
                return None
            return kept

    def keep(self, question: bytes, answer: bytes, version: str, turn: int) -> None:
        """Keep an answer; those of another version go. One from before a :meth:`forget` comes too late."""
        with self._lock:
            if turn != self.turn:
                return
            if version != self._version:
                self._answers.clear()
                self._version = version
            if len(question) <= _LONGEST:
                self._answers[question] = answer

    def forget(self) -> None:
        """Something was loaded here: let go of everything at once."""
        with self._lock:
            self.turn += 1
            self._answers.clear()
