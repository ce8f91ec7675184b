"""One HTTP client for one service: each try is sent, paced, timed and counted here."""

import time
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from threading import Event, Lock
from typing import Any, Final

import httpx

from watthouse.errors import ClockError, QuotaError, SourceError, UnreachableError, shown
from watthouse.settings import Settings
from watthouse.sources.limits import JSON_ANSWER_BYTES
from watthouse.sources.odre.address import address_of, key_of
from watthouse.sources.odre.answers import BETWEEN, TransientError, lie, parsed, verdict
from watthouse.sources.odre.background import begun, dispose
from watthouse.sources.odre.calls import ExploreCall
from watthouse.sources.odre.quota import Quota, SpentError, moment
from watthouse.sources.odre.unreachable import FAILURES, reason, unreachable

SAMPLE: Final = "x-watthouse-sample"

_HOPS: Final = 5
_WORDS_BYTES: Final = 2**14
_CHUNK: Final = 2**20
_CONNECT_SECONDS: Final = 20.0
_OLDEST: Final = 86_400
_LOOPBACK: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")
"""Never through a proxy: it would look for the sample on its own machine."""

_SLOWEST: Final = 100
"""Bytes a second below which an answer counts as silent: a trickle would hold up a window forever."""


class Usage:
    """Requests that a session has sent so far, bytes received over the wire, retries among the requests."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0
        self.retries = 0
        self._lock = Lock()

    def count(self, *, requests: int = 0, received: int = 0, retries: int = 0) -> None:
        """Add to it; threads may do so at the same time."""
        with self._lock:
            self.requests += requests
            self.bytes += received
            self.retries += retries


class Wire:
    """Sends one try of a call.

    Raises :class:`~watthouse.sources.odre.answers.TransientError` where another try may help,
    :class:`~watthouse.sources.odre.answers.RefusedError` where none will, and
    :class:`~watthouse.errors.ServiceError` where no request would be answered.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base = address_of(settings.odre_url)
        self._key = key_of(settings)
        self.host = self._base.netloc.decode("ascii")
        self.usage = Usage()
        self.quota = Quota(settings.quota_reserve)
        self.sample: str | None = None
        self._reached = False
        self._stopped = Event()
        self._client = self._built()

    @contextmanager
    def open(self, call: ExploreCall) -> Iterator[httpx.Response]:
        """The answer to a call, its body still to come (see :meth:`body`)."""
        with self._translated():
            response = self._sent(call)
            try:
                if not response.is_success:
                    raise self._verdict(response, call)
                yield response
            finally:
                response.close()
                self.usage.count(received=response.num_bytes_downloaded)

    def body(self, response: httpx.Response) -> Iterator[bytes]:
        """The bytes of an answer in chunks of at most 1 MiB, unpacked; a cut one is noticed."""
        packing = response.headers.get("content-encoding", "identity").lower()
        if packing in {"", "identity"}:
            yield from self._paced(response)
        elif packing in {"gzip", "x-gzip"}:
            yield from _gunzipped(self._paced(response))
        else:
            raise TransientError(f"answered with {shown(packing, 20)}, an encoding it was not asked for", BETWEEN)

    def json(self, call: ExploreCall, proof: str) -> Mapping[str, Any]:
        """An answer that is a JSON object with a member ``proof``."""
        with self.open(call) as response:
            content = b""
            for chunk in self.body(response):
                content += chunk
                if len(content) > JSON_ANSWER_BYTES:
                    raise SourceError(
                        f"{call.about}: {self.host} answered with over {JSON_ANSWER_BYTES:,} bytes: {BETWEEN}"
                    )
        document = parsed(content)
        if not isinstance(document, dict) or proof not in document:
            raise self.plain(lie(content))
        return document

    def plain(self, error: TransientError) -> TransientError:
        """The same error without the API key, in case the service echoed it."""
        error.reason = self._hidden(error.reason)
        return error

    def url(self, call: ExploreCall) -> httpx.URL:
        """The address of a call; a key is not in it."""
        path = f"{self._base.path.rstrip('/')}/{call.path}"
        return self._base.copy_with(path=path).copy_merge_params(dict(call.params))

    def close(self) -> None:
        """Stop what is under way, and send nothing more."""
        self._stopped.set()
        self._client.close()

    def _built(self) -> httpx.Client:
        # no-cache: a proxy's old copy of the metadata would hide that a dataset was processed since
        headers = {
            "User-Agent": f"watthouse/{version('watthouse')} (python-httpx/{httpx.__version__})",
            "Accept-Encoding": "gzip",
            "Cache-Control": "no-cache",
        }
        if self._key:
            headers["Authorization"] = f"Apikey {self._key}"
        seconds = self._settings.timeout_seconds
        timeout = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        try:
            return httpx.Client(headers=headers, timeout=timeout, mounts=dict.fromkeys(_LOOPBACK))
        except (*FAILURES, ImportError, ValueError) as error:
            why = shown(error, 120)
            raise unreachable(self.host, f"HTTPS_PROXY, HTTP_PROXY or SSL_CERT_FILE cannot be used: {why}") from error

    def _sent(self, call: ExploreCall) -> httpx.Response:
        """The answer, after redirects within the service; the key is sent nowhere else."""
        request = self._client.build_request("GET", self.url(call))
        # not httpx's own redirects: each hop counts against the quota, and the key must not leave the service
        for _ in range(_HOPS):
            response = self._exchanged(request, call.dataset_id)
            if not response.has_redirect_location:
                return response
            response.close()
            request = self._client.build_request("GET", self._next(request.url, response))
        raise UnreachableError(f"{self.host} redirects in a loop: check WATTHOUSE_ODRE_URL")

    def _next(self, url: httpx.URL, response: httpx.Response) -> httpx.URL:
        try:
            target = url.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError):
            target = httpx.URL("")
        if (target.scheme, target.netloc) == (url.scheme, url.netloc):
            return target
        elsewhere = shown(f"{target.scheme}://{target.host}" if target.host else "nowhere", 80)
        raise UnreachableError(
            f"{self.host} redirects ({response.status_code}) to {elsewhere}, where watthouse does not follow:"
            " log in if the network asks for it, or set WATTHOUSE_ODRE_URL"
        )

    def _exchanged(self, request: httpx.Request, dataset_id: str) -> httpx.Response:
        if self._stopped.is_set():
            raise CancelledError
        self._spend(dataset_id)
        self.usage.count(requests=1)
        sent = datetime.now(UTC)
        response = self._client.send(request, stream=True) if self._reached else self._first(request)
        self._reached = True
        try:
            self.sample = response.headers.get(SAMPLE) or self.sample
            self.quota.note(dataset_id, response.headers)
            self._refuse_other_clock(response, sent, datetime.now(UTC))
        except BaseException:
            response.close()
            raise
        return response

    def _spend(self, dataset_id: str) -> None:
        """Take one request of the quota; a quota that is renewed soon may be waited for."""
        try:
            self.quota.spend(dataset_id)
        except (QuotaError, SpentError) as refusal:
            wait = self.quota.pause(dataset_id)
            raise TransientError(
                "has no request left for now", wait=wait, too_long=str(refusal), becomes=type(refusal)
            ) from refusal

    def _first(self, request: httpx.Request) -> httpx.Response:
        """First contact: all of it within ``reach_seconds``, a look-up that hangs included."""
        # httpx has no timeout for a name look-up, and `watthouse run` promises the sample within five seconds where
        # there is no network. So the call runs in a thread, which is left behind when time is up.
        seconds = self._settings.reach_seconds
        request.extensions = {**request.extensions, "timeout": httpx.Timeout(seconds).as_dict()}
        future = begun(lambda: self._client.send(request, stream=True))
        try:
            return future.result(seconds)
        except FAILURES as error:
            dispose(future, httpx.Response.close)
            why = f"no answer in {seconds:g} s" if not future.done() else reason(error, seconds)
            raise unreachable(self.host, self._hidden(why)) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what a connection raises into a :class:`TransientError`."""
        seconds = self._settings.timeout_seconds
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            why = f"cannot be reached ({reason(error, min(seconds, _CONNECT_SECONDS))})"
            raise TransientError(why, "check the network, and run again", becomes=UnreachableError) from error
        except httpx.TimeoutException as error:
            raise TransientError(f"sent nothing for {seconds:g} s") from error
        except httpx.HTTPError as error:
            raise TransientError(f"broke the connection off ({shown(error, 80) or type(error).__name__})") from error

    def _verdict(self, response: httpx.Response, call: ExploreCall) -> Exception:
        head = b""
        for chunk in self.body(response):
            head += chunk
            if len(head) > _WORDS_BYTES:
                break
        # a proxy's error page may echo the request's headers, and messages go into logs
        key = self._key.encode()
        head = head.replace(key, b"...") if key else head
        return verdict(response.status_code, response.headers, head, call, self.host)

    def _paced(self, response: httpx.Response) -> Iterator[bytes]:
        began, count = time.monotonic(), 0
        for chunk in response.iter_raw():
            if self._stopped.is_set():
                raise CancelledError
            count += len(chunk)
            elapsed = time.monotonic() - began
            # httpx's read timeout starts again with every byte: one a minute would never run into it
            if elapsed > self._settings.timeout_seconds and count < _SLOWEST * elapsed:
                raise TransientError(f"sent only {count:,} bytes in {elapsed:,.0f} s")
            yield chunk

    def _refuse_other_clock(self, response: httpx.Response, sent: datetime, answered: datetime) -> None:
        """Raise where the service's clock differs: observations are stamped with ours, and cannot be restamped."""
        date = moment(response.headers.get("date", ""))
        if date is None:
            return
        age = response.headers.get("age", "")[:9]
        theirs = date + timedelta(seconds=min(int(age), _OLDEST) if age.isdecimal() else 0)
        tolerance = timedelta(seconds=self._settings.clock_tolerance_seconds)
        # The header has whole seconds. Some caches give an answer a new date and its age all the same, so that either
        # reading may be the right one.
        earliest, latest = sent - tolerance - timedelta(seconds=1), answered + tolerance
        if earliest <= date <= latest or earliest <= theirs <= latest:
            return
        off = abs(theirs - answered)
        where = "behind" if theirs > answered else "ahead of"
        raise ClockError(
            f"this machine's clock is {_rough(off)} {where} ODRÉ's ({answered:%Y-%m-%d %H:%M:%SZ} here,"
            f" {theirs:%Y-%m-%d %H:%M:%SZ} at {self.host}): set it right, every observation is stamped with it"
        )

    def _hidden(self, text: str) -> str:
        return text.replace(self._key, "...") if self._key else text


def _gunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """All members of a gzip stream (RFC 1952, 2.2), and nothing else."""
    # One decompressobj stops at the end of the first member without an error: the rows of the next would be lost.
    unpacker, started = zlib.decompressobj(wbits=31), False
    try:
        for chunk in chunks:
            started, packed = True, chunk
            while packed:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=31)
                yield unpacker.decompress(packed, _CHUNK)
                packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    except zlib.error as error:
        raise TransientError(f"sent a damaged gzip stream ({shown(error, 80)})") from error
    if started and not unpacker.eof:
        raise TransientError("broke off in the middle of a gzip stream")


def _rough(duration: timedelta) -> str:
    """A duration in the unit that people would use: ``3 h``."""
    seconds = duration.total_seconds()
    for name, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (name != "days" and seconds >= size):
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
