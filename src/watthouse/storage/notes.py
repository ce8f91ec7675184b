"""Small JSON documents that a run leaves for the next one, wherever that runs: each is replaced whole or not at all."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from watthouse.errors import LakeError
from watthouse.storage.place import Bucket, Place

_ATTEMPTS: Final = 20

Note = dict[str, Any]


@dataclass(frozen=True)
class Versioned:
    """A document in a bucket as it was read: ``version`` is what it must still be to be replaced, None for none yet."""

    content: bytes
    version: Mapping[str, str] | None


class Notes:
    """The documents in a place, by name."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __truediv__(self, name: str) -> str:
        """Where a document is, for people."""
        return f"{self.place.url}/{name}"

    def read(self, name: str) -> Note:
        """A document; empty where it is missing or spoilt."""
        if self.place.is_shared:
            return _note(bucket_read(self.place, name).content)
        try:
            return _note(Path(self.place.url, name).read_bytes())
        except OSError:
            return {}

    def exists(self, name: str) -> bool:
        """Whether there is a document, spoilt or not."""
        if self.place.is_shared:
            return bucket_read(self.place, name).version is not None
        return Path(self.place.url, name).exists()

    def update(self, name: str, change: Callable[[Note], Note], *, durable: bool = False) -> None:
        """Replace a document by what ``change`` makes of it, which may be called again where another was faster.

        A ``durable`` one survives a power cut too. Raises :class:`~watthouse.errors.LakeError` where it cannot be
        written.
        """
        if self.place.is_shared:
            self._update_shared(self.place, name, change)
            return
        with disk(self.place.url, "set WATTHOUSE_HOME to a folder of yours with room in it"):
            _write(Path(self.place.url, name), change(self.read(name)), durable=durable)

    def _update_shared(self, bucket: Bucket, name: str, change: Callable[[Note], Note]) -> None:
        for _ in range(_ATTEMPTS):
            before = bucket_read(bucket, name)
            if bucket_replace(bucket, name, before, _bytes(change(_note(before.content)))):
                return
        raise LakeError(f"{self / name} is being written by others all the time: run again")


def bucket_read(place: Bucket, name: str) -> Versioned:
    """A document of a bucket, empty where it is missing; raises :class:`~watthouse.errors.StoreError`."""
    import obstore

    try:
        with place.errors():
            answer = obstore.get(place.objects, name)
            return Versioned(bytes(answer.bytes()), _version_of(answer.meta))
    except FileNotFoundError:
        return Versioned(b"", None)


def bucket_replace(place: Bucket, name: str, before: Versioned, content: bytes) -> bool:
    """Write a document unless another was written since ``before``; returns whether it is there now.

    False may also mean that it is: an answer that was lost is asked for again, and then refused.
    """
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    mode: Any = "create" if before.version is None else dict(before.version)
    try:
        with place.errors():
            obstore.put(place.objects, name, content, mode=mode, use_multipart=False)
    except (AlreadyExistsError, PreconditionError):
        return bucket_read(place, name).content == content
    return True


@contextmanager
def disk(folder: Path | str, advice: str) -> Iterator[None]:
    """Turn an error of the file system into one line."""
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException, pl.exceptions.ComputeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise LakeError(f"{folder} cannot be written ({reason}): {advice}") from error


def _version_of(meta: Mapping[str, Any]) -> Mapping[str, str]:
    return {key: meta[key] for key in ("e_tag", "version") if meta.get(key)}


def _bytes(note: Note) -> bytes:
    return json.dumps(note, indent=1).encode()


def _note(content: bytes) -> Note:
    """What a document says; empty where it is spoilt."""
    try:
        note = json.loads(content)
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _write(path: Path, note: Note, *, durable: bool) -> None:
    """Replace the file at once, never in part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(_bytes(note))
    if durable:
        _flush(fresh)
    fresh.replace(path)
    if durable:
        _flush(path.parent)  # the rename itself is a change of the folder, and lives in memory until then


def _flush(path: Path) -> None:
    """Force a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
