"""Trouble on demand, declared as text: ``429:5,cut:7,no-column=solaire`` (every fifth, every seventh, always)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from watthouse.catalog import find
from watthouse.errors import UsageError
from watthouse.sample.publishing.layout import LAYOUTS

EVENTS: Final = {
    "429": "too many requests: Retry-After of a second, in seconds and as a date in turn",
    "500": "the service breaks",
    "503": "the service is away",
    "slow": "the first byte is late and the rest trickles",
    "hang": "no answer until the client gives up",
    "cut": "the connection closes in the middle of a body",
    "reset": "TCP reset before any answer",
    "html": "200 with a web page",
    "interrupted": "an export whose stream breaks off with a line that says so (exports)",
    "json": "200 with an error in JSON where an export was asked for (exports)",
    "short": "a well-formed export that lacks rows (exports)",
}
"""What can happen to single requests: kind → meaning. They need an EVERY."""

STATES: Final = {
    "429-day": "the day's quota is spent until the next UTC midnight",
    "429-anonymous": "the same for clients without a key",
    "forbidden": "clients without a key are refused: 403",
    "clock": "a Date header three hours ahead",
    "no-parquet": "no export as Parquet: 404 and 400 in turn",
    "no-column": "column NAME is gone",
    "renamed": "dataset NAME is gone",
    "no-group": "group_by is refused",
}
"""What the service can be like: kind → meaning. They always hold unless an EVERY is given.

A quota that is spent at the EVERY-th request stays spent.
"""

_EXPORTS: Final = frozenset({"interrupted", "json", "short"})
_ANSWERED: Final = frozenset({"429-day", "429-anonymous", "forbidden"})
_SPENT: Final = frozenset({"429-day", "429-anonymous"})
_ANONYMOUS: Final = frozenset({"429-anonymous", "forbidden"})
_NAMED: Final = frozenset({"no-column", "renamed"})


@dataclass(frozen=True)
class Trouble:
    """One declared trouble: it affects every ``every``-th request that it can affect."""

    kind: str
    every: int
    name: str = ""

    def __str__(self) -> str:
        words = f"{self.kind}={self.name}" if self.name else self.kind
        return words if self.kind in STATES and self.every == 1 else f"{words}:{self.every}"


@dataclass(frozen=True)
class Turn:
    """What happens to one request: at most one event (and whether it is its second, fourth, … time), and all states."""

    event: str | None = None
    again: bool = False
    states: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    renamed: frozenset[str] = frozenset()


class Troubles:
    """The troubles in force. Each counts the requests that it can affect, so a sequence always has the same fate."""

    # counted, not drawn at random: a test that fails must fail again
    def __init__(self, declared: tuple[Trouble, ...] = ()) -> None:
        self.declared = declared
        self._requests = [0] * len(declared)

    @classmethod
    def of(cls, text: str) -> "Troubles":
        """Read ``KIND[=NAME][:EVERY],…``.

        Raises :class:`~watthouse.errors.UsageError` with what is wrong, an unknown column or dataset included.
        """
        return cls(tuple(_parsed(part.strip()) for part in text.split(",") if part.strip()))

    def __str__(self) -> str:
        return ",".join(map(str, self.declared))

    def turn(self, call: str, *, keyed: bool = False) -> Turn:
        """What happens to the next request, one of ``call`` (``metadata``, ``records``, ``exports/csv``, …).

        ``keyed`` means that it came with an account's key.
        """
        due = list(self._due(call, keyed))
        event, again = next(((trouble.kind, again) for trouble, again in due if _is_event(trouble)), (None, False))
        states = [trouble for trouble, _ in due if not _is_event(trouble)]
        if event is None:
            again = next((again for trouble, again in due if trouble.kind == "no-parquet"), False)
        return Turn(
            event,
            again,
            frozenset(trouble.kind for trouble in states),
            frozenset(trouble.name for trouble in states if trouble.kind == "no-column"),
            frozenset(trouble.name for trouble in states if trouble.kind == "renamed"),
        )

    def clear(self) -> None:
        """Count from the start again."""
        self._requests = [0] * len(self.declared)

    def _due(self, call: str, keyed: bool) -> Iterator[tuple[Trouble, bool]]:
        for place, trouble in enumerate(self.declared):
            # a request that a trouble cannot affect does not count: cut:7 is every seventh answer that could be cut
            if not _can_affect(trouble, call) or (keyed and trouble.kind in _ANONYMOUS):
                continue
            self._requests[place] += 1
            times, left = divmod(self._requests[place], trouble.every)
            if times and (left == 0 or trouble.kind in _SPENT):
                yield trouble, times % 2 == 0


def _is_event(trouble: Trouble) -> bool:
    return trouble.kind in EVENTS or trouble.kind in _ANSWERED


def _can_affect(trouble: Trouble, call: str) -> bool:
    if trouble.kind == "no-parquet":
        return call == "exports/parquet"
    return trouble.kind not in _EXPORTS or call.startswith("exports/")


def _parsed(part: str) -> Trouble:
    words, colon, every = part.partition(":")
    kind, _, name = words.partition("=")
    if kind not in EVENTS and kind not in STATES:
        raise UsageError(f"unknown trouble '{kind}': there are {', '.join([*EVENTS, *STATES])}")
    if bool(name) != (kind in _NAMED):
        example = f"{kind}=NAME" if kind in _NAMED else kind
        raise UsageError(f"trouble '{part}': write it {example}")
    _check_name(part, kind, name)
    if not colon and kind in EVENTS:
        raise UsageError(f"trouble '{part}': add how often, as in {kind}:5 for every fifth request")
    return Trouble(kind, _count(part, every) if colon else 1, name)


def _check_name(part: str, kind: str, name: str) -> None:
    if kind == "renamed":
        find(name)
    if kind == "no-column" and not any(name in layout for layout in LAYOUTS.values()):
        raise UsageError(f"trouble '{part}': no dataset has a column '{name}' (see `watthouse datasets ID`)")


def _count(part: str, every: str) -> int:
    if not (every.isascii() and every.isdecimal() and int(every) > 0):
        raise UsageError(f"trouble '{part}': ':' must be followed by a whole number, 1 or more: every n-th request")
    return int(every)
