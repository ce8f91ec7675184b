"""Whole files in a place: put there whole or not at all, listed, and read from any position."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from watthouse.errors import SourceError
from watthouse.seeking import Seekable
from watthouse.storage.fresh import replacing, sweep
from watthouse.storage.notes import disk
from watthouse.storage.place import Bucket, Place

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_AT_ONCE: Final = 32 * 2**20
"""Bytes of an object up to which it is read in one request: Parquet is read in many small pieces otherwise."""
_AHEAD: Final = 4 * 2**20
"""Bytes that one request reads of a larger object, at least."""


@dataclass(frozen=True)
class Stored:
    """A file: its name below the place, with slashes, and its bytes."""

    name: str
    size: int


class Files:
    """The files below a place."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def url(self, name: str) -> str:
        """Where a file is, for people."""
        return f"{self.place.url}/{name}"

    def listed(self) -> list[Stored]:
        """Every file by its name, those in hidden folders and hidden ones left out; none where there is no such place.

        Raises :class:`~watthouse.errors.StoreError` where the bucket cannot be listed.
        """
        found = _of_bucket(self.place) if self.place.is_shared else _of_folder(self.place.path)
        return sorted((one for one in found if not _is_hidden(one.name)), key=lambda one: one.name)

    def put(self, name: str, source: Path) -> None:
        """Store a copy of a file, in place of an older one and of what was left where that was cut short.

        Whoever calls is the only one to write below the place.
        Raises :class:`~watthouse.errors.LakeError` where it cannot be written.
        """
        if self.place.is_shared:
            import obstore

            with self.place.errors():
                obstore.put(self.place.objects, name, source)
            return
        with disk(self.place.path, "free some space, or name another place"):
            _copied(source, self.place.path / name)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file to read from any position; a part of it is in memory at a time.

        Raises :class:`FileNotFoundError`, and :class:`~watthouse.errors.StoreError` where the bucket fails, as reading
        does.
        """
        place = self.place
        if not place.is_shared:
            with (place.path / name).open("rb") as file:
                yield file
            return
        with place.errors():
            reader = _Reader(place, name)
        with io.BufferedReader(reader, _AHEAD) as buffered:
            yield io.BytesIO(buffered.read(reader.size)) if reader.size <= _AT_ONCE else buffered


class _Reader(Seekable):
    """An object of a bucket in one version: replaced in the middle of reading, it is refused rather than mixed."""

    def __init__(self, place: Bucket, name: str) -> None:
        import obstore

        self._place, self._name = place, name
        self._store: ObjectStore = place.objects
        head = obstore.head(self._store, name)
        super().__init__(head["size"])
        self._version = head["e_tag"]

    def readinto(self, into: Any) -> int:
        import obstore
        from obstore.exceptions import PreconditionError

        space = memoryview(into).cast("B")
        end = min(self.position + len(space), self.size)
        if end <= self.position:
            return 0
        try:
            with self._place.errors():
                answer = obstore.get(
                    self._store, self._name, options={"range": (self.position, end), "if_match": self._version}
                )
                content = answer.bytes()
        except PreconditionError:
            raise SourceError(f"{self._place.url}/{self._name} was replaced while it was read: run again") from None
        space[: len(content)] = memoryview(content)
        self.position += len(content)
        return len(content)


def _of_bucket(bucket: Bucket) -> Iterator[Stored]:
    import obstore

    with bucket.errors():
        found = [Stored(one["path"], one["size"]) for page in obstore.list(bucket.objects) for one in page]
    folders = {""} | {stored.name[:at] for stored in found for at, sign in enumerate(stored.name) if sign == "/"}
    for stored in found:
        if stored.size or not (stored.name in folders or _is_marker(bucket, stored.name)):
            yield stored


def _is_marker(bucket: Bucket, name: str) -> bool:
    """Whether an empty object is one that a console made for a folder: the slash at its end is not listed."""
    import obstore

    try:
        with bucket.errors():
            obstore.head(bucket.objects, name)
    except FileNotFoundError:
        return True
    return False


def _of_folder(root: Path) -> Iterator[Stored]:
    for folder, _, names in os.walk(root):
        for path in (Path(folder) / name for name in names):
            if path.is_file():
                yield Stored(path.relative_to(root).as_posix(), path.stat().st_size)


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target)
    with source.open("rb") as content, replacing(target) as sink:
        shutil.copyfileobj(content, sink, _AT_ONCE)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
