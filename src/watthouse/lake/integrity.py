"""Whether a table of the lake is what was written: the entries of its log, its files, and the digests kept beside them.

All of it goes through deltalake's own storage, so that a folder and an object store are treated alike.
"""

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from io import BytesIO
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction
from pyarrow.fs import FileSelector, PyFileSystem

from watthouse.storage import Place

LOG: Final = "_delta_log"
ASIDE: Final = "_damaged"
"""Where a repair moves what is damaged: below the table, where Delta does not look."""

DIGESTS: Final = "_digests.json"
"""The SHA-256 of each file of a table, kept beside them. Delta ignores names that begin with an underscore."""

_NONE: Final[Mapping[str, str]] = {}
LAST_CHECKPOINT: Final = f"{LOG}/_last_checkpoint"
_MILLISECONDS: Final = 1000
_ENTRY: Final = re.compile(r"(\d{20})\.json")
_CHECKPOINT: Final = re.compile(r"(\d{20})\.checkpoint\..*parquet")


class TablePart(Enum):
    """What in a table is damaged."""

    ENTRY = "entry of the log"
    CHECKPOINT = "checkpoint of the log"
    FILE = "file"


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was written. ``path`` is relative to the table; ``what`` continues the sentence."""

    part: TablePart
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


@dataclass(frozen=True)
class LoggedFile:
    """A file that the log names: its bytes and its rows."""

    path: str
    size: int
    rows: int


@dataclass(frozen=True)
class Written:
    """A file of one month (``partition``) that no commit names yet; ``stats`` are what a commit says of its rows."""

    path: str
    size: int
    partition: Mapping[str, str | None]
    stats: str
    digest: str

    def action(self) -> AddAction:
        """What a commit says of it."""
        now = int(time.time() * _MILLISECONDS)
        return AddAction(self.path, self.size, self.partition, now, data_change=True, stats=self.stats)


class Store:
    """The files of one table, by their paths in it."""

    def __init__(self, place: Place) -> None:
        """Raises :class:`deltalake.exceptions.TableNotFoundError` for a folder that is not there."""
        self._handler = DeltaStorageHandler(place.url, place.delta_options)
        self._files = PyFileSystem(self._handler)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Path → bytes of every file below a folder; empty where it is missing."""
        infos = self._files.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True))
        return {info.path: info.size for info in infos if info.is_file}

    def read(self, path: str) -> bytes:
        with self._files.open_input_file(path) as file:
            return bytes(file.read())

    def write(self, path: str, content: bytes) -> None:
        """Replace a file whole or not at all."""
        # By way of the handler's own stream: pyarrow's hands over buffers, and this one takes only bytes (deltalake
        # 1.6, pyarrow 26).
        stream = self._handler._handler.open_output_stream(path, None)
        stream.write(content)
        stream.close()  # type: ignore[attr-defined]

    def remove(self, path: str) -> None:
        self._files.delete_file(path)

    def move(self, path: str, to: str) -> None:
        self._files.move(path, to)


def write_rows(
    store: Store, partition: Mapping[str, str | None], rows: pl.DataFrame, schema: pa.Schema, counted: Sequence[str]
) -> Written:
    """Write rows of ``schema`` into a file of their own; the log is to have the bounds of the columns ``counted``."""
    content = BytesIO()
    pq.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema), content)
    ((name, value),) = partition.items()
    path, whole = f"{name}={value}/part-{uuid.uuid4()}.snappy.parquet", content.getvalue()
    store.write(path, whole)
    return Written(path, len(whole), partition, _stats(rows, counted), _digest(whole))


def has_log(place: Place) -> bool:
    """Whether there is a table in a place, damaged or not."""
    try:
        return bool(Store(place).sizes(LOG))
    except TableNotFoundError:
        return False


def faults_of_log(store: Store, *, whole: bool) -> list[Damage]:
    """What is wrong with a log: entries that are missing or empty, and, read ``whole``, those without valid JSON.

    A missing last entry leaves no trace in the log itself: only the warehouse, which followed it, can tell.
    """
    sizes = {path.removeprefix(f"{LOG}/"): size for path, size in store.sizes(LOG).items()}
    entries = {int(match[1]): size for name, size in sizes.items() if (match := _ENTRY.fullmatch(name))}
    checkpoints = {int(match[1]): name for name in sizes if (match := _CHECKPOINT.fullmatch(name))}
    if not entries and not checkpoints:
        return []
    begins = max(checkpoints, default=-1) + 1
    faults = [
        fault
        for version in range(begins, max(entries, default=-1) + 1)
        if (fault := _fault_of_entry(store, version, entries.get(version), whole=whole))
    ]
    if begins:
        faults += _faults_of_checkpoint(store, checkpoints[begins - 1], sizes[checkpoints[begins - 1]], whole=whole)
    return faults


def entry(version: int) -> str:
    """The path of an entry of the log."""
    return f"{LOG}/{version:020}.json"


def _fault_of_entry(store: Store, version: int, size: int | None, *, whole: bool) -> Damage | None:
    path = entry(version)
    if size is None:
        return Damage(TablePart.ENTRY, path, "is missing")
    if not size:
        return Damage(TablePart.ENTRY, path, "is empty")
    if whole and not _is_json(store.read(path)):
        return Damage(TablePart.ENTRY, path, "is truncated or overwritten: it is not JSON")
    return None


def _is_json(content: bytes) -> bool:
    try:
        return all(isinstance(json.loads(line), dict) for line in content.splitlines() if line.strip())
    except ValueError:
        return False


def _faults_of_checkpoint(store: Store, name: str, size: int, *, whole: bool) -> Iterator[Damage]:
    path = f"{LOG}/{name}"
    try:
        pointer = json.loads(store.read(LAST_CHECKPOINT))
        announced = pointer.get("sizeInBytes") if int(pointer["version"]) == int(name[:20]) else None
    except FileNotFoundError:
        announced = None
    except (ValueError, KeyError, TypeError):
        yield Damage(TablePart.CHECKPOINT, LAST_CHECKPOINT, "is truncated or overwritten: it is not JSON")
        announced = None
    if announced is not None and size != announced:
        yield Damage(TablePart.CHECKPOINT, path, _cut(size, announced))
    elif whole and (reason := _unreadable(store.read(path))):
        yield Damage(TablePart.CHECKPOINT, path, reason)


def faults_of_files(store: Store, files: Iterable[LoggedFile], *, whole: bool) -> list[Damage]:
    """What is wrong with the files that a log names: missing, of another size, and, read ``whole``, of another digest.

    A file without a digest is decoded instead, which notices less.
    """
    sizes, digests = store.sizes(), kept_digests(store)
    return [
        fault for file in files if (fault := _fault_of_file(store, file, sizes.get(file.path), digests, whole=whole))
    ]


def _fault_of_file(
    store: Store, written: LoggedFile, size: int | None, digests: Mapping[str, str], *, whole: bool
) -> Damage | None:
    if size is None:
        return Damage(TablePart.FILE, written.path, "is missing")
    if size != written.size:
        return Damage(TablePart.FILE, written.path, _cut(size, written.size))
    return fault_within(store, written, digests) if whole else None


def fault_within(store: Store, written: LoggedFile, digests: Mapping[str, str]) -> Damage | None:
    """Read a file and compare it with its digest, or decode it where there is none."""
    content = checked(store, written, digests)
    return content if isinstance(content, Damage) else None


def checked(store: Store, written: LoggedFile, digests: Mapping[str, str]) -> bytes | Damage:
    """The content of a file that is as it was written; else what is wrong with it."""
    # Parquet's checksums are optional and per page: a bit that turned in a file without them decodes to other numbers.
    try:
        content = store.read(written.path)
    except FileNotFoundError:
        return Damage(TablePart.FILE, written.path, "is missing")
    if len(content) != written.size:
        return Damage(TablePart.FILE, written.path, _cut(len(content), written.size))
    if digest := digests.get(written.path):
        if digest != _digest(content):
            return Damage(TablePart.FILE, written.path, "is not what was written: its digest differs")
    elif reason := _unreadable(content, written.rows):
        return Damage(TablePart.FILE, written.path, reason)
    return content


def _cut(size: int, whole: int) -> str:
    return "is empty" if not size else f"has {size:,} of {whole:,} bytes"


def _unreadable(content: bytes, rows: int | None = None) -> str:
    """Why a Parquet file cannot be read; empty where it can."""
    try:
        count = sum(batch.num_rows for batch in pq.ParquetFile(BytesIO(content)).iter_batches())
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({str(error).splitlines()[0]})"
    return "" if rows in {None, count} else f"has {count:,} of {rows:,} rows"


def kept_digests(store: Store) -> dict[str, str]:
    """Path → digest; empty where there are none, or their file is spoilt (the next commit writes it again)."""
    try:
        digests = json.loads(store.read(DIGESTS))["files"]
        return {str(path): str(digest) for path, digest in digests.items()}
    except (FileNotFoundError, TableNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def keep_digests(store: Store, files: Iterable[LoggedFile], fresh: Mapping[str, str] = _NONE) -> None:
    """Store the digest of each file that the log names; drop those of files that it no longer names.

    ``fresh`` are those of files just written; any other new file is read for it.
    """
    before = {**fresh, **kept_digests(store)}
    paths = [file.path for file in files]
    # A known digest is never computed again: that would bless whatever has become of the file since.
    digests = {path: before[path] if path in before else _digest(store.read(path)) for path in paths}
    if fresh or digests != before:
        store.write(DIGESTS, json.dumps({"algorithm": "sha256", "files": digests}, indent=0).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _stats(rows: pl.DataFrame, names: Sequence[str]) -> str:
    bounds = {name: rows.get_column(name) for name in names}
    stats = {
        "numRecords": rows.height,
        "minValues": {name: _text(values.min()) for name, values in bounds.items()},
        "maxValues": {name: _text(values.max()) for name, values in bounds.items()},
        "nullCount": {name: values.null_count() for name, values in bounds.items()},
    }
    return json.dumps(stats)


def _text(value: object) -> str:
    """A bound as Delta writes it: moments to the millisecond, which is why whoever reads them goes a little further."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    assert isinstance(value, date)
    return value.isoformat()
