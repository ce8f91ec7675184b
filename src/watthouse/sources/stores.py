"""Exports in a bucket: every object below a prefix is a document, read from there without a copy on the disk."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from watthouse.errors import SourceError, UsageError
from watthouse.settings import Settings
from watthouse.sources import workbook
from watthouse.sources.archive import ZIP, Packing, refusing
from watthouse.sources.base import Document, DocumentSource, Piece
from watthouse.sources.files import LOG, FileSource, read, refuse_lake
from watthouse.sources.manifests import MANIFEST, refuse_sample
from watthouse.sources.zips import zip_of
from watthouse.storage import Bucket, Files


@dataclass(frozen=True)
class StoredFile:
    """An object of a bucket, as a document."""

    files: Files
    name: str
    size: int
    settings: Settings

    @property
    def origin(self) -> str:
        """Its URL."""
        return self.files.url(self.name)

    def pieces(self) -> Iterator[Piece]:
        """Its rows under contract, as those of a file; raises :class:`~watthouse.errors.StoreError` besides."""
        with self._opened() as stream:

            @contextmanager
            def raw() -> Iterator[IO[bytes]]:
                stream.seek(0)
                yield stream

            packing = Packing(self.origin, self.size, self.size, raw, self.settings)
            self._refuse_archive(stream, packing)
            yield from read(packing)

    def digest(self) -> str | None:
        """SHA-256 of its bytes; raises :class:`~watthouse.errors.StoreError`."""
        try:
            with self._opened() as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        except SourceError:
            return None

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            with self.files.open(self.name) as stream:
                yield stream
        except FileNotFoundError:
            raise SourceError(f"{self.origin}: it was removed while the others were read: run again") from None

    def _refuse_archive(self, stream: IO[bytes], packing: Packing) -> None:
        # a workbook is a zip too; of an archive the members would have to be listed before anything is read
        if stream.read(4) in ZIP:
            with refusing(self.origin, self.settings), zip_of(stream, packing) as archive:
                if not workbook.is_workbook(archive.namelist()):
                    raise SourceError(f"{self.origin}: an archive in a bucket: unpack it there, or read it from a disk")


@dataclass(frozen=True)
class Sources:
    """Files, folders and URLs of buckets as they are typed, in the order given."""

    each: Sequence[DocumentSource]

    @classmethod
    def of(cls, typed: Sequence[str] | None, settings: Settings) -> "Sources | None":
        """None where nothing is typed; raises :class:`~watthouse.errors.UsageError` for what cannot be a source."""
        return cls([_source(text, settings) for text in typed]) if typed else None

    def documents(self) -> Iterator[Document]:
        """Those of each in turn; raises as these do, before the first is read."""
        each = [source.documents() for source in self.each]
        return chain.from_iterable(each)


class StoreSource:
    """The objects below a prefix by their names, or the one of that name; hidden ones left out."""

    def __init__(self, place: Bucket, settings: Settings) -> None:
        self._place, self._settings = place, settings

    def documents(self) -> Iterator[Document]:
        """One document an object.

        Raises :class:`~watthouse.errors.UsageError` where there is none, or where they are a sample's or a lake, and
        :class:`~watthouse.errors.StoreError` where the bucket cannot be used.
        """
        found = self._below(self._place) or self._alone()
        if not found:
            raise UsageError(f"{self._place}: nothing is stored there: check the bucket and the prefix")
        return iter(found)

    def _below(self, place: Bucket) -> list[Document]:
        files = Files(place)
        listed = files.listed()
        if listed:
            _refuse_table_around(place)
        for stored in listed:
            *folders, name = stored.name.split("/")
            if LOG in folders:
                refuse_lake("/".join([place.url, *folders[: folders.index(LOG)]]))
            if name == MANIFEST:
                _refuse_sample(files, stored.name)
        return [
            StoredFile(files, stored.name, stored.size, self._settings)
            for stored in listed
            if stored.name.rpartition("/")[2] != MANIFEST
        ]

    def _alone(self) -> list[Document]:
        # a store lists what lies below a prefix, and an object does not lie below itself
        above, _, name = self._place.url.rpartition("/")
        if above.endswith("/"):
            return []  # the bucket itself
        bucket = Bucket(above, self._place.access)
        files = Files(bucket)
        listed = files.listed()
        found = [stored for stored in listed if stored.name == name]
        if found:
            if any(stored.name.startswith(f"{LOG}/") for stored in listed):
                refuse_lake(above)
            _refuse_table_around(bucket)
            _refuse_sample(files, MANIFEST)
        return [StoredFile(files, stored.name, stored.size, self._settings) for stored in found]


def _refuse_table_around(place: Bucket) -> None:
    """The same for the log of the table that these partitions (``month=2024-01``) are of."""
    above, _, name = place.url.rpartition("/")
    while "=" in name:
        if Files(Bucket(f"{above}/{LOG}", place.access)).listed():
            refuse_lake(above)
        above, _, name = above.rpartition("/")


def _source(text: str, settings: Settings) -> DocumentSource:
    """Raises :class:`~watthouse.errors.UsageError` for a URL that is not a bucket's."""
    _, separator, rest = text.partition("://")
    if not separator:
        return FileSource([Path(text)], settings)
    plain = re.split("[?#]", text, maxsplit=1)[0]
    if plain != text and "@" not in rest.partition("/")[0]:
        # never echoed: a signature stands there
        raise UsageError(
            f"--from '{plain}{text[len(plain)]}…' is not valid: use s3://bucket/prefix, gs://bucket/prefix or a folder"
        )
    place = settings.place(text, "--from")
    return StoreSource(place, settings) if place.is_shared else FileSource([place.path], settings)


def _refuse_sample(files: Files, name: str) -> None:
    try:
        with files.open(name) as stream:
            refuse_sample(files.url(name), stream.read())
    except FileNotFoundError:
        return  # files that nobody grabbed
