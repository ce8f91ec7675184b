"""A window of the service as a file: streamed, checked, fetched again where it is not whole."""

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from watthouse.catalog import Dataset
from watthouse.errors import LakeError, SourceError, shown
from watthouse.settings import Settings
from watthouse.sources.archive import HEAD_BYTES, PARQUET, on_disk
from watthouse.sources.base import Piece
from watthouse.sources.files import read
from watthouse.sources.limits import FOOTER_BYTES, MOST_ROWS
from watthouse.sources.odre.answers import RefusedError, TransientError, lie, parsed
from watthouse.sources.odre.calls import ExploreCall, FetchWindow, counting, export, origin, original
from watthouse.sources.odre.facts import Facts
from watthouse.sources.odre.retry import Retrying
from watthouse.sources.odre.wire import Wire
from watthouse.sources.texts import survey

FORMS: Final = ("parquet", "jsonl", "csv")
"""Export formats, the best first: Parquet has types, JSON lines have names."""

# what a portal answers for a format that it does not have; 400 may mean another mistake, which the next format repeats
_NO_SUCH_FORM: Final = frozenset({400, 404, 406, 415, 501})
_FOOTER: Final = 8
_CHUNK: Final = 2**20


@dataclass(frozen=True)
class Download:
    """A window that has been fetched, as a document; closing it removes its file.

    ``moved`` means that it holds fewer rows than announced, and that the service's own count now agrees: the dataset
    has moved since. ``url`` is the call that brought it, as it was sent, without a key. Where there is an ``error``,
    the window failed for good, and :meth:`pieces` raises it.
    """

    dataset: Dataset
    window: FetchWindow
    path: Path
    origin: str
    settings: Settings = field(repr=False)
    size: int = 0
    rows: int = 0
    moved: bool = False
    url: str = ""
    error: SourceError | None = None

    def pieces(self) -> Iterator[Piece]:
        """Its rows under contract, none where the window has none; a piece without rows is of its own dataset.

        Raises :class:`~watthouse.errors.SourceError` where it could not be fetched, or cannot be read whole.
        """
        if self.error:
            raise self.error
        if self.rows:
            for piece in read(on_disk(self.path, self.origin, self.settings)):
                yield piece if piece.rows.num_rows else dataclasses.replace(piece, dataset=self.dataset)

    def close(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Downloads:
    """Fetches windows of one service into a folder; threads may share it."""

    def __init__(self, wire: Wire, retrying: Retrying, settings: Settings, folder: Path) -> None:
        self._wire, self._retrying, self._settings = wire, retrying, settings
        self.folder = folder
        self._numbers = itertools.count(1)
        self._forms: tuple[str, ...] = FORMS
        self._lock = Lock()

    def fetch(self, facts: Facts, window: FetchWindow) -> Download:
        """The window, or a document that raises why it failed; raises :class:`~watthouse.errors.ServiceError` itself.

        Where the number of its rows is not known, it is asked for first: an export does not tell what it lacks.
        """
        path = self._fresh(facts)
        try:
            return self._in_some_form(facts, self._announced(facts, window), path)
        except SourceError as error:
            return Download(facts.dataset, window, path, origin(facts.dataset, window), self._settings, error=error)

    def original(self, facts: Facts, window: FetchWindow) -> Download:
        """The window as the publisher's own Parquet file; raises what :meth:`fetch` would enter as the error.

        It holds just the rows announced, or those that the service counts by now (it has ``moved`` then). A window
        without rows has no file.
        """
        window, call, path = self._announced(facts, window), original(facts, window), self._fresh(facts)
        if not window.rows:
            return Download(facts.dataset, window, path, call.about, self._settings)
        return self._retrying.call(call.about, lambda: self._once(facts, window, call, path, "parquet", exact=True))

    def _fresh(self, facts: Facts) -> Path:
        # numbered, not named after the window: threads that fetch the same one must not share a file
        with self._lock:
            return self.folder / f"{facts.dataset.id}-{next(self._numbers):06}"

    def _announced(self, facts: Facts, window: FetchWindow) -> FetchWindow:
        if window.rows is not None:
            return window
        rows = self._retrying.call(origin(facts.dataset, window), lambda: self._count(facts, window))
        return dataclasses.replace(window, rows=rows)

    def _in_some_form(self, facts: Facts, window: FetchWindow, path: Path) -> Download:
        refused: RefusedError | None = None
        for form in self._forms:
            try:
                fetched = self._retried(facts, window, path, form)
            except RefusedError as refusal:
                if refusal.status not in _NO_SUCH_FORM:
                    raise
                refused = refused or refusal
            else:
                if refused:  # what this service lacks is not tried again with every window
                    self._forms = FORMS[FORMS.index(form) :]
                return fetched
        assert refused is not None
        raise refused

    def _retried(self, facts: Facts, window: FetchWindow, path: Path, form: str) -> Download:
        call = export(facts, window, form)
        return self._retrying.call(call.about, lambda: self._once(facts, window, call, path, form))

    def _once(
        self, facts: Facts, window: FetchWindow, call: ExploreCall, path: Path, form: str, *, exact: bool = False
    ) -> Download:
        try:
            self._stream(call, path)
            rows = self._checked(path, facts, form, call.about)
            # A short export of the last days is well formed in every other way. More rows than announced are welcome:
            # real time grows by the minute.
            moved = rows != window.rows if exact else rows < (window.rows or 0)
            if moved:
                self._refuse_short(rows, facts, window)
            return Download(
                facts.dataset,
                window,
                path,
                call.about,
                self._settings,
                path.stat().st_size,
                rows,
                moved=moved,
                url=str(self._wire.url(call)),
            )
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _stream(self, call: ExploreCall, path: Path) -> None:
        cap, count = self._settings.max_file_bytes, 0
        with self._wire.open(call) as response, _written(path), path.open("wb") as file:
            for chunk in self._wire.body(response):
                count += len(chunk)
                if count > cap:
                    raise SourceError(
                        f"{call.about}: over {cap:,} bytes: lower WATTHOUSE_WINDOW_ROWS, or raise"
                        " WATTHOUSE_MAX_FILE_BYTES"
                    )
                file.write(chunk)

    def _checked(self, path: Path, facts: Facts, form: str, about: str) -> int:
        """The number of rows of a file that is whole and what was asked for."""
        try:
            return _rows_of_parquet(path) if form == "parquet" else self._rows_of_text(path, facts, form, about)
        except TransientError as again:
            raise self._wire.plain(again) from again.__cause__

    def _rows_of_text(self, path: Path, facts: Facts, form: str, about: str) -> int:
        head = _head(path)
        if not _has_columns(head, facts, form):
            raise lie(head)
        try:
            seen = survey(on_disk(path, about, self._settings))
        except SourceError as error:
            raise TransientError(f"sent an unreadable file ({shown(error, 120)})") from error
        if seen.interrupted:
            raise lie(seen.interrupted.encode())
        # a row of JSON is whole where its bracket closes; a row of CSV only where its line ends
        if head and not seen.ends_line and not (form == "jsonl" and seen.last_line.endswith("}")):
            raise TransientError("broke off in the middle of a line")
        return _line_ends(path) + (not seen.ends_line and bool(head)) - (form == "csv")

    def _refuse_short(self, rows: int, facts: Facts, window: FetchWindow) -> None:
        """Raise unless the service counts no more rows either: they may have been taken back since."""
        count = self._count(facts, window)
        if count != rows:
            raise TransientError(f"sent {rows:,} of the {count:,} rows it says it has", lone=True)

    def _count(self, facts: Facts, window: FetchWindow) -> int:
        count = self._wire.json(counting(facts, window), "total_count")["total_count"]
        if not isinstance(count, int) or not 0 <= count < MOST_ROWS:
            raise TransientError(f"counted its rows as '{shown(count, 20)}'")
        return count


def _rows_of_parquet(path: Path) -> int:
    head = _head(path)
    if not head.startswith(PARQUET):
        raise lie(head)
    with path.open("rb") as file:
        file.seek(-min(_FOOTER, path.stat().st_size), 2)
        tail = file.read()
        whole = tail.endswith(PARQUET) and path.stat().st_size > _FOOTER
    if whole and (length := int.from_bytes(tail[:4], "little")) > FOOTER_BYTES:
        raise TransientError(f"sent Parquet whose footer has {length:,} bytes")
    try:
        if whole:
            return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise TransientError(f"sent Parquet without a readable footer ({shown(error, 80)})") from error
    raise TransientError("broke off in the middle of a Parquet file")


def _has_columns(head: bytes, facts: Facts, form: str) -> bool:
    """Whether text begins like rows of the dataset; JSON lines without rows are an empty file."""
    first = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    if form == "csv":
        return facts.dataset.time in first.decode("utf-8", "replace").replace('"', "").strip().split(";")
    row = parsed(first)
    return not head or (isinstance(row, dict) and facts.dataset.time in row)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _line_ends(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = shown(error.strerror or error, 80)
        raise LakeError(f"{path.parent} cannot be written ({why}): free some space and run again") from error
