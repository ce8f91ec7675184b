"""Whether a table of the lake is what was written: the entries of its log, its files, and the digests kept beside them.

All of it goes through deltalake's own storage, so that a folder and an object store are looked at alike.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, PyFileSystem

LOG: Final = "_delta_log"
ASIDE: Final = "_damaged"
"""Where a repair puts what is damaged: below the table, where Delta does not look."""

DIGESTS: Final = "_digests.json"
"""The SHA-256 of each file of a table, beside them. Delta passes over names that begin with an underscore."""

_LAST_CHECKPOINT: Final = f"{LOG}/_last_checkpoint"
_ENTRY: Final = re.compile(r"(\d{20})\.json")
_CHECKPOINT: Final = re.compile(r"(\d{20})\.checkpoint\..*parquet")


class Part(Enum):
    """What of a table is at fault."""

    ENTRY = "entry of the log"
    CHECKPOINT = "checkpoint of the log"
    FILE = "file"


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was written. ``path`` lies in the table; ``what`` follows it in a sentence."""

    part: Part
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


@dataclass(frozen=True)
class Written:
    """A file that the log names: its bytes and its rows."""

    path: str
    size: int
    rows: int


class Store:
    """The files of one table, by their paths in it."""

    def __init__(self, uri: str, options: Mapping[str, str] | None = None) -> None:
        """Raises :class:`deltalake.exceptions.TableNotFoundError` for a folder that is not there."""
        self._handler = DeltaStorageHandler(uri, dict(options) if options else None)
        self._files = PyFileSystem(self._handler)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Of every file below a folder [bytes]; empty where it is not there."""
        found = self._files.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True))
        return {one.path: one.size for one in found if one.is_file}

    def read(self, path: str) -> bytes:
        with self._files.open_input_file(path) as file:
            return bytes(file.read())

    def write(self, path: str, content: bytes) -> None:
        """Replaced whole or not at all."""
        # pyarrow's own stream hands over buffers, and this one takes bytes alone (deltalake 1.6, pyarrow 26).
        stream = self._handler._handler.open_output_stream(path, None)
        stream.write(content)
        stream.close()  # type: ignore[attr-defined]

    def move(self, path: str, to: str) -> None:
        self._files.move(path, to)


def faults_of_log(store: Store, *, whole: bool) -> list[Fault]:
    """What is wrong with a log: entries that are missing or empty, and, read ``whole``, such as hold no JSON.

    A last entry that is missing leaves no trace in the log: only who followed it that far can tell.
    """
    sizes = {path.removeprefix(f"{LOG}/"): size for path, size in store.sizes(LOG).items()}
    entries = {int(found[1]): size for name, size in sizes.items() if (found := _ENTRY.fullmatch(name))}
    checkpoints = {int(found[1]): name for name in sizes if (found := _CHECKPOINT.fullmatch(name))}
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


def mend_log(store: Store, faults: Iterable[Fault], stamp: str) -> None:
    """Put damaged entries aside, and one that changes nothing in the place of each; a damaged checkpoint only aside.

    What was committed in such an entry is gone from the table until it is observed again.
    """
    for fault in faults:
        set_aside(store, fault.path, stamp)
        if fault.part is Part.ENTRY:
            store.write(fault.path, b'{"commitInfo":{"operation":"WATTHOUSE REPAIR"}}\n')
        elif store.sizes(LOG).get(_LAST_CHECKPOINT):
            set_aside(store, _LAST_CHECKPOINT, stamp)


def set_aside(store: Store, path: str, stamp: str) -> None:
    """Move a file of the table, where there is one, to where nobody reads it."""
    if path in store.sizes(path.rpartition("/")[0]):
        store.move(path, f"{ASIDE}/{stamp}/{path}")


def _fault_of_entry(store: Store, version: int, size: int | None, *, whole: bool) -> Fault | None:
    path = entry(version)
    if size is None:
        return Fault(Part.ENTRY, path, "is missing")
    if not size:
        return Fault(Part.ENTRY, path, "is empty")
    if whole and not _is_json(store.read(path)):
        return Fault(Part.ENTRY, path, "is cut or overwritten: it holds no JSON")
    return None


def _is_json(content: bytes) -> bool:
    try:
        return all(isinstance(json.loads(line), dict) for line in content.splitlines() if line.strip())
    except ValueError:
        return False


def _faults_of_checkpoint(store: Store, name: str, size: int, *, whole: bool) -> Iterator[Fault]:
    path = f"{LOG}/{name}"
    try:
        pointer = json.loads(store.read(_LAST_CHECKPOINT))
        announced = pointer.get("sizeInBytes") if int(pointer["version"]) == int(name[:20]) else None
    except FileNotFoundError:
        announced = None
    except (ValueError, KeyError, TypeError):
        yield Fault(Part.CHECKPOINT, _LAST_CHECKPOINT, "is cut or overwritten: it holds no JSON")
        announced = None
    if announced is not None and size != announced:
        yield Fault(Part.CHECKPOINT, path, _cut(size, announced))
    elif whole and (why := _unreadable(store.read(path))):
        yield Fault(Part.CHECKPOINT, path, why)


def faults_of_files(store: Store, files: Iterable[Written], *, whole: bool) -> list[Fault]:
    """What is wrong with the files that a log names: missing, of another size, and, read ``whole``, of another digest.

    A file of which no digest was kept is decoded instead, which sees less.
    """
    sizes, digests = store.sizes(), kept_digests(store)
    return [fault for one in files if (fault := _fault_of_file(store, one, sizes.get(one.path), digests, whole=whole))]


def _fault_of_file(
    store: Store, written: Written, size: int | None, digests: Mapping[str, str], *, whole: bool
) -> Fault | None:
    if size is None:
        return Fault(Part.FILE, written.path, "is missing")
    if size != written.size:
        return Fault(Part.FILE, written.path, _cut(size, written.size))
    return fault_within(store, written, digests) if whole else None


def fault_within(store: Store, written: Written, digests: Mapping[str, str]) -> Fault | None:
    """Read a file and hold it to its digest, or decode it where none was kept."""
    try:
        content = store.read(written.path)
    except FileNotFoundError:
        return Fault(Part.FILE, written.path, "is missing")
    if len(content) != written.size:
        return Fault(Part.FILE, written.path, _cut(len(content), written.size))
    if digest := digests.get(written.path):
        same = digest == _digest(content)
        return None if same else Fault(Part.FILE, written.path, "is not what was written: its digest differs")
    why = _unreadable(content, written.rows)
    return Fault(Part.FILE, written.path, why) if why else None


def _cut(size: int, whole: int) -> str:
    return "is empty" if not size else f"holds {size:,} bytes of {whole:,}"


def _unreadable(content: bytes, rows: int | None = None) -> str:
    """Why a Parquet file cannot be read; empty where it can."""
    try:
        held = sum(batch.num_rows for batch in pq.ParquetFile(BytesIO(content)).iter_batches())
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({str(error).splitlines()[0]})"
    return "" if rows in {None, held} else f"holds {held:,} rows of {rows:,}"


def kept_digests(store: Store) -> dict[str, str]:
    """By path; empty where none were kept, or the note of them is spoilt (it is made again with the next commit)."""
    try:
        held = json.loads(store.read(DIGESTS))["files"]
        return {str(path): str(digest) for path, digest in held.items()}
    except (FileNotFoundError, TableNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def keep_digests(store: Store, files: Iterable[Written]) -> None:
    """Note the digest of each file that the log names and that has none; forget those of files it names no more."""
    held = kept_digests(store)
    paths = [one.path for one in files]
    wanted = {path: held[path] if path in held else _digest(store.read(path)) for path in paths}
    if wanted != held:
        store.write(DIGESTS, json.dumps({"algorithm": "sha256", "files": wanted}, indent=0).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
