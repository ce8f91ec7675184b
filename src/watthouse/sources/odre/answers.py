"""Answers other than the one asked for: try again, never again, or something else under a 200."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from watthouse.errors import QuotaError, SourceError, UnreachableError, WatthouseError, shown
from watthouse.sources.archive import BOM
from watthouse.sources.odre.calls import ExploreCall
from watthouse.sources.odre.quota import SpentError, clock, is_of_dataset, moment, spent
from watthouse.sources.texts import INTERRUPTED

LATER: Final = "run again later"
BETWEEN: Final = "a proxy or a login page may stand in between: open it in a browser"
_WORDS: Final = ("message", "error", "error_code", "errorcode")
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_QUOTED: Final = 240

# Of the 4xx, those that are about the moment and not about the request; of the 5xx, those that no retry will change.
_TRANSIENT: Final = frozenset({408, 425})
_NEVER: Final = frozenset({501, 505})


class TransientError(Exception):
    """There is no usable answer, but another try may bring one.

    ``reason`` continues a sentence that begins with the service's name (``answered 503``). ``wait`` is how long it
    asked to be left alone (s); where that is too long to wait, ``too_long`` is the message. ``becomes`` is the error
    once it is given up; ``lone`` means that it implies nothing about the service as a whole.
    """

    def __init__(
        self,
        reason: str,
        advice: str = LATER,
        *,
        wait: float | None = None,
        too_long: str = "",
        becomes: type[WatthouseError] = SourceError,
        lone: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason, self.advice = reason, advice
        self.wait, self.too_long = wait, too_long
        self.becomes, self.lone = becomes, lone


class RefusedError(SourceError):
    """The service understood the request and declined it: the same request will get the same answer."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


def verdict(status: int, headers: Mapping[str, str], body: bytes, call: ExploreCall, host: str) -> Exception:
    """What to raise for an unsuccessful answer: :class:`TransientError`, :class:`RefusedError` or a service error."""
    reason = f"answered {status}{words(body)}"
    if status == 429:
        return _spent(headers, body, reason, call)
    if status in _TRANSIENT or (status >= 500 and status not in _NEVER):
        wait = retry_after(headers)
        pause = f"{host} {reason} and asks for a pause of {wait or 0:,.0f} s: {LATER}"
        return TransientError(reason, wait=wait, too_long=pause)
    if status == 407:
        return UnreachableError(f"the proxy on the way to {host} {reason}: it wants a login, see HTTPS_PROXY")
    return RefusedError(status, f"{call.about}: {host} {reason}: {_advice(status)}")


def words(body: bytes) -> str:
    """The service's own words in an error's body, in brackets; empty where there are none."""
    content = parsed(body)
    if not isinstance(content, dict):
        page = _page(body)
        return f" (a web page{page})" if page is not None else ""
    texts = [shown(content[key], _QUOTED) for key in _WORDS if content.get(key)]
    return f" ({': '.join(reversed(texts))})" if texts else ""


def lie(head: bytes) -> TransientError:
    """An answer 200 that is not what was asked for, described by its first bytes (or all of them)."""
    # Opendatasoft sends its 200 before it has read all rows: what fails later can only be written into the stream.
    page, error = _page(head), words(head)
    if INTERRUPTED in head:
        sentence = head[head.find(INTERRUPTED) :].splitlines()[0].decode("utf-8", "replace")
        return TransientError(f"interrupted the export ({shown(sentence, _QUOTED)})")
    if page is not None:
        return TransientError(f"answered with a web page{page} under a 200", BETWEEN)
    if error:
        return TransientError(f"answered with an error under a 200{error}", BETWEEN)
    if not head.strip():
        return TransientError("answered with nothing under a 200", BETWEEN)
    return TransientError(
        f"answered with something else under a 200 ('{shown(head[:80].decode('utf-8', 'replace'))}')", BETWEEN
    )


def parsed(body: bytes) -> Any:
    """A JSON document; None where it is not one."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110: seconds, or a date on the service's own clock)."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text) or None
    until = moment(text)
    now = moment(headers.get("date")) or datetime.now(UTC)
    return None if until is None or until <= now else (until - now).total_seconds()


def _spent(headers: Mapping[str, str], body: bytes, reason: str, call: ExploreCall) -> TransientError:
    content = parsed(body)
    reset, size = spent(headers, content if isinstance(content, dict) else {})
    now = datetime.now(UTC)
    wait = retry_after(headers)
    if wait is None and reset is not None and reset > now:
        wait = (reset - now).total_seconds()
    until = f" until {clock(reset)}" if reset and reset > now else f" for {wait or 0:,.0f} s"
    # A month's quota of one dataset must not stop the others: only a quota over all ends the session.
    alone = is_of_dataset(headers)
    whose = f"ODRÉ's quota for {call.dataset_id}" if alone else "ODRÉ's quota"
    too_long = f"{whose} is spent{until} ({f'{size}; ' if size else ''}it {reason}): run again then"
    return TransientError(reason, wait=wait, too_long=too_long, becomes=SpentError if alone else QuotaError)


def _advice(status: int) -> str:
    if status in {401, 403}:
        return "it wants an account's key, or another one: check WATTHOUSE_API_KEY"
    if status in {301, 302, 303, 307, 308}:
        return "it redirects to nowhere: check WATTHOUSE_ODRE_URL"
    if status == 404:
        return "renamed or withdrawn, or WATTHOUSE_ODRE_URL is another service's"
    return "it no longer accepts this request: look for a newer watthouse"


def _page(head: bytes) -> str | None:
    """The title of a web page, quoted; None where it is not one."""
    text = head.removeprefix(BOM).lstrip()
    if not text.startswith(b"<"):
        return None
    title = _TITLE.search(text)
    return f" '{shown(title.group(1).decode('utf-8', 'replace'), 80)}'" if title else ""
