"""One session with the service: what it has, and windows of it."""

import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import LakeError, SourceError, shown
from watthouse.settings import Settings
from watthouse.sources import decoder
from watthouse.sources.odre import census
from watthouse.sources.odre.answers import RefusedError, TransientError
from watthouse.sources.odre.background import in_order
from watthouse.sources.odre.calls import ExploreCall, FetchWindow, metadata
from watthouse.sources.odre.census import Month
from watthouse.sources.odre.downloads import Download, Downloads
from watthouse.sources.odre.facts import Facts, stated
from watthouse.sources.odre.quota import SpentError
from watthouse.sources.odre.retry import Retrying
from watthouse.sources.odre.wire import Usage, Wire

T = TypeVar("T")


class Odre:
    """One session with the service at ``settings.odre_url``; a context manager.

    Whatever concerns one dataset or window is a :class:`~watthouse.errors.SourceError`, and the others go on; a
    :class:`~watthouse.errors.ServiceError` ends the session: not reached, quota spent, clocks that disagree.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire = Wire(settings)
        self._retrying = Retrying(settings, self._wire.usage, self._wire.host)

    @property
    def host(self) -> str:
        """The service's host, as messages name it."""
        return self._wire.host

    @property
    def sample(self) -> str | None:
        """What the synthetic service calls itself (``seed=0``), once it has answered; None for a real one."""
        return self._wire.sample

    @property
    def usage(self) -> Usage:
        """Requests, bytes and retries so far."""
        return self._wire.usage

    def reach(self) -> str:
        """Make one call, once, and describe how that went.

        Raises :class:`~watthouse.errors.ServiceError` where there is no answer, and
        :class:`~watthouse.errors.SourceError` where the answer is not that of an Explore service.
        """
        call, began = metadata(next(iter(CATALOG.values()))), time.monotonic()
        try:
            self._wire.json(call, "fields")
        except TransientError as error:
            raise error.becomes(f"{self.host} {error.reason}: {error.advice}") from error
        left = self._wire.quota.left(call.dataset_id)
        what = f"watthouse's synthetic sample ({self.sample}) at {self.host}" if self.sample else self.host
        return f"{what} answers in {time.monotonic() - began:.1f} s{f', {left} left' if left else ''}"

    def facts(self, datasets: Sequence[Dataset]) -> Mapping[Dataset, Facts | SourceError]:
        """What the service says about each dataset, or the error instead; the first call also makes contact."""
        # the first alone: where the service is out of reach, that is known after one call
        first, others = datasets[:1], datasets[1:]
        facts = [self._facts(dataset) for dataset in first]
        facts += in_order(self._facts, others, self._settings.fetch_threads)
        return dict(zip(datasets, facts, strict=True))

    def months(self, facts: Facts) -> list[Month] | None:
        """The months of a dataset with rows, oldest first, each with its fingerprint.

        None where the service refuses to group; raises :class:`~watthouse.errors.SourceError` where it fails to.
        """
        try:
            return census.months(facts, self._json)
        except RefusedError as refusal:
            if refusal.status in {401, 403, 404}:
                raise
            return None

    def downloads(self, facts: Facts, windows: Sequence[FetchWindow]) -> Iterator[Download]:
        """The windows in order, ``settings.fetch_threads`` at a time.

        Each is closed once the next is taken, so that the disk holds at most one file beside those under way.
        A window that failed for good is yielded too, and its ``pieces`` raise the error; raises
        :class:`~watthouse.errors.SourceError` where no more windows of this dataset can be had.
        """
        if windows:
            decoder.begin()  # most windows come as Parquet: while the first is on its way
        fetched = in_order(
            partial(self._downloads.fetch, facts), windows, self._settings.fetch_threads, discard=Download.close
        )
        try:
            for download in fetched:
                if isinstance(download.error, SpentError):
                    raise download.error  # every further window would fail the same way
                yield download
                download.close()
        finally:
            fetched.close()

    def originals(
        self, facts: Facts, windows: Sequence[FetchWindow], keep: Callable[[Download], T]
    ) -> Generator[T | SourceError, None, None]:
        """The windows in order as the publisher's own Parquet files, ``settings.fetch_threads`` at a time.

        Each is handed to ``keep`` in the thread that fetched it, and removed afterwards: yields what that returns, or
        why the window cannot be had. Raises :class:`~watthouse.errors.SourceError` where no more windows of this
        dataset can be had.
        """
        downloads = self._downloads

        def kept(window: FetchWindow) -> T | SourceError:
            try:
                with downloads.original(facts, window) as download:
                    return keep(download)
            except SpentError:
                raise  # every further window would fail the same way
            except SourceError as error:
                return error

        return in_order(kept, windows, self._settings.fetch_threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.close()
        if "_downloads" in vars(self):
            shutil.rmtree(self._downloads.folder, ignore_errors=True)

    @cached_property
    def _downloads(self) -> Downloads:
        """Made at the first download: a session that only asks leaves the folder of another one alone."""
        # One folder a session: a thread of an ended session may still be waiting for bytes, and removes its file when
        # it gives up. In a shared folder that once was a file of the next session.
        under = self._settings.scratch / "odre"
        try:
            shutil.rmtree(under, ignore_errors=True)
            under.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="session-", dir=under))
        except OSError as error:
            why = shown(error.strerror or error, 80)
            raise LakeError(f"{under} cannot be written ({why}): free some space and run again") from error
        return Downloads(self._wire, self._retrying, self._settings, folder)

    def _facts(self, dataset: Dataset) -> Facts | SourceError:
        try:
            return stated(dataset, self._json(metadata(dataset), "fields"))
        except RefusedError as refusal:
            return _withdrawn(dataset, refusal)
        except SourceError as error:
            return error

    def _json(self, call: ExploreCall, proof: str) -> Mapping[str, Any]:
        return self._retrying.call(call.about, lambda: self._wire.json(call, proof))


def _withdrawn(dataset: Dataset, refusal: RefusedError) -> SourceError:
    if refusal.status != 404:
        return refusal
    return SourceError(
        f"{dataset.id}: the service has no dataset '{dataset.id}' (404): it was renamed or withdrawn; look for it on"
        " the portal, and for a newer watthouse"
    )
