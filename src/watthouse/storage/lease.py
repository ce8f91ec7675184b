"""One writer at a time on a bucket: a lease that is renewed while its holder lives, and runs out after a crash.

Without it the lake neither loses nor doubles a row: its commits are conditional. But two machines would download the
same, and one that writes what it downloaded before the other's would have the ledger say that values were revised.
"""

import getpass
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from watthouse.errors import BusyError, LakeError
from watthouse.storage.notes import bucket_read, bucket_replace
from watthouse.storage.place import Bucket

_RENEWALS: Final = 4
"""Times that a lease is renewed before it would run out."""
_LONGEST: Final = 86_400.0
_CLOCK: Final = ".clock"  # hidden: whoever reads exports from there passes over it


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: ``token`` differs each time it is taken, ``since`` is their own clock's (ISO 8601, UTC)."""

    token: str
    who: str
    since: str
    seconds: float


@contextmanager
def renewed(renew: Callable[[], bool], seconds: float, away: type[Exception]) -> Iterator[None]:
    """Renew beside the block what lasts ``seconds``, until ``renew`` returns False: another has it then."""
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(seconds / _RENEWALS):
            with suppress(away):  # what cannot be reached now may be reached again in time
                if not renew():
                    return

    keeping = threading.Thread(target=keep, name="lease", daemon=True)
    keeping.start()
    try:
        yield
    finally:
        ended.set()
        keeping.join()


class Lease:
    """The lease called ``name`` in a bucket, held by a ``holder``; it runs out ``seconds`` after its last renewal."""

    def __init__(self, place: Bucket, name: str, seconds: float, holder: str = "refresh") -> None:
        self._place = place
        self._name = name
        self._holder = holder
        self._seconds = seconds
        self._turn = 0
        self._token = secrets.token_hex(8)

    @contextmanager
    def held(self) -> Iterator["Lease"]:
        """Hold it while the block runs; raises :class:`~watthouse.errors.BusyError` at once where another does."""
        since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        holder = Holder(self._token, _who(), since, self._seconds)
        self._take(holder)
        try:
            with renewed(lambda: self._replace(self._content(holder)), self._seconds, LakeError):
                yield self
        finally:
            with suppress(LakeError):  # it runs out by itself
                self._replace(b"{}")

    def check(self) -> None:
        """Raises :class:`~watthouse.errors.BusyError` where another took it, as this one had not been renewed."""
        current = _read(bucket_read(self._place, self._name).content)
        if current is None or current.token != self._token:
            raise BusyError(
                f"another {self._holder} has taken over {self._place.url}, as this one was not heard of for"
                f" {self._seconds:g} s: what it had stored stays, run again for the rest"
            )

    def _take(self, holder: Holder) -> None:
        before = bucket_read(self._place, self._name)
        current = _read(before.content)
        if current and not self._ran_out(current):
            raise BusyError(
                f"another {self._holder} ({current.who}) has been running on {self._place.url} since {current.since}:"
                f" wait for it to end; if it was killed, its lease runs out within {current.seconds:g} s"
            )
        if not bucket_replace(self._place, self._name, before, self._content(holder)):
            other = _read(bucket_read(self._place, self._name).content)
            raise BusyError(
                f"another {self._holder} ({other.who if other else 'of another machine'}) has just begun on"
                f" {self._place.url}: wait for it to end"
            )

    def _ran_out(self, current: Holder) -> bool:
        """By the bucket's own clock: those of two machines may differ by more than a lease lasts."""
        import obstore

        with self._place.errors():
            bucket = self._place.objects
            obstore.put(bucket, _CLOCK, b"", use_multipart=False)
            now: datetime = obstore.head(bucket, _CLOCK)["last_modified"]
            renewed: datetime = obstore.head(bucket, self._name)["last_modified"]
        return now - renewed > timedelta(seconds=current.seconds)

    def _replace(self, content: bytes) -> bool:
        """Write one's own lease anew; False where it is another's now."""
        before = bucket_read(self._place, self._name)
        current = _read(before.content)
        if current is None or current.token != self._token:
            return False
        return bucket_replace(self._place, self._name, before, content)

    def _content(self, holder: Holder) -> bytes:
        # never twice the same: an ETag is a digest of the content, and must differ after each renewal
        self._turn += 1
        return json.dumps({**asdict(holder), "renewals": self._turn}).encode()


def _read(content: bytes) -> Holder | None:
    try:
        note = json.loads(content)
        # no lease lasts longer than a day: what says so is spoilt, and would keep everybody away for ever
        seconds = min(float(note["seconds"]), _LONGEST)
        return Holder(str(note["token"]), str(note["who"]), str(note["since"]), seconds) if seconds > 0 else None
    except (ValueError, KeyError, TypeError):
        return None  # released, or spoilt: then nobody is known to hold it


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without that user
        user = str(os.getuid())
    return f"{user} on {socket.gethostname()}, pid {os.getpid()}"
