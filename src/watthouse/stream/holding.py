"""One processor at a time: a lease in the store, renewed while its holder lives, by the store's own clock."""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import DuplicateKeyError

from watthouse.errors import BusyError, StreamStoreError
from watthouse.storage.lease import renewed
from watthouse.stream.connection import Connection, Documents
from watthouse.stream.documents import Document

_ID: Final = "processor"


class Lease:
    """The right to process the stream, for ``seconds`` after each renewal."""

    def __init__(self, connection: Connection, leases: Documents, who: str, seconds: float) -> None:
        self._connection = connection
        self._leases = leases
        self._seconds = seconds
        self._token = secrets.token_hex(8)
        self._who = who or f"{socket.gethostname()}, process {os.getpid()}"
        self._taken = False
        self._good_until = 0.0

    @contextmanager
    def held(self) -> Iterator["Lease"]:
        """Hold it while the block runs; raises :class:`~watthouse.errors.BusyError` where another does."""
        self._take()
        try:
            with renewed(self._renew, self._seconds, StreamStoreError):
                yield self
        finally:
            with suppress(StreamStoreError):  # it runs out by itself
                self._release()

    def check(self) -> None:
        """Raises :class:`~watthouse.errors.BusyError` where it was taken over, or could not be renewed in time."""
        if self._taken or time.monotonic() > self._good_until:
            raise BusyError(
                f"another processor may have taken over the store at {self._connection.host}, as this one could not"
                f" renew its lease for {self._seconds:g} s: what was written stays, start it again"
            )

    def _take(self) -> None:
        began = time.monotonic()
        with self._connection.translated():
            now = self._connection.now()
            lease = {"token": self._token, "who": self._who, "since": now, "until": self._end(now)}
            try:
                # only one that ran out is found; another that runs is met as a duplicate of its `_id`
                self._leases.replace_one({"_id": _ID, "until": {"$lte": now}}, lease, upsert=True)
            except DuplicateKeyError:
                raise self._busy(self._leases.find_one({"_id": _ID}) or {}) from None
        self._good_until = began + self._seconds

    def _renew(self) -> bool:
        began = time.monotonic()
        with self._connection.translated():
            until = self._end(self._connection.now())
            found = self._leases.update_one({"_id": _ID, "token": self._token}, {"$set": {"until": until}})
        self._taken = not found.matched_count
        if not self._taken:
            self._good_until = began + self._seconds
        return not self._taken

    def _release(self) -> None:
        with self._connection.translated():
            self._leases.delete_one({"_id": _ID, "token": self._token})

    def _end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._seconds)

    def _busy(self, lease: Document) -> BusyError:
        who, since = lease.get("who", "of another machine"), lease.get("since")
        return BusyError(
            f"another processor ({who}) has been running on the store at {self._connection.host}"
            f"{f' since {since:%Y-%m-%dT%H:%M:%SZ}' if since else ''}: stop it first; if it was killed, its lease runs"
            f" out within {self._seconds:g} s"
        )
