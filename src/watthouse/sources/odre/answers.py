"""What an answer says that is not the answer: come again, never again, or something else under a 200."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from watthouse.errors import QuotaError, SourceError, UnreachableError, WatthouseError
from watthouse.sources.archive import BOM, INTERRUPTED
from watthouse.sources.folding import shown
from watthouse.sources.odre.calls import ExploreCall
from watthouse.sources.odre.quota import SpentError, clock, is_of_dataset, moment, spent

LATER: Final = "run again later"
BETWEEN: Final = "a proxy or a login page may stand in between: open it in a browser"
_WORDS: Final = ("message", "error", "error_code", "errorcode")
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_SAID: Final = 240

_TRANSIENT: Final = frozenset({408, 425})
_NEVER: Final = frozenset({501, 505})


class TransientError(Exception):
    """No answer to keep, but another try may bring one.

    ``said`` goes on from the service's name (``answered 503``). ``wait`` is how long it asked to be left alone (s);
    where that cannot be waited for, ``too_long`` is the message. ``becomes`` is the error once it is given up;
    ``lone`` tells that it says nothing about the service as a whole.
    """

    def __init__(
        self,
        said: str,
        advice: str = LATER,
        *,
        wait: float | None = None,
        too_long: str = "",
        becomes: type[WatthouseError] = SourceError,
        lone: bool = False,
    ) -> None:
        super().__init__(said)
        self.said, self.advice = said, advice
        self.wait, self.too_long = wait, too_long
        self.becomes, self.lone = becomes, lone


class RefusedError(SourceError):
    """The service understood and will not: the same question gets the same answer."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


def verdict(status: int, headers: Mapping[str, str], body: bytes, call: ExploreCall, host: str) -> Exception:
    """What to raise for an answer that is no success: :class:`TransientError`, :class:`RefusedError` or a stop."""
    said = f"answered {status}{words(body)}"
    if status == 429:
        return _spent(headers, body, said, call)
    if status in _TRANSIENT or (status >= 500 and status not in _NEVER):
        wait = retry_after(headers)
        pause = f"{host} {said} and asks for a pause of {wait or 0:,.0f} s: {LATER}"
        return TransientError(said, wait=wait, too_long=pause)
    if status == 407:
        return UnreachableError(f"the proxy on the way to {host} {said}: it wants a login, see HTTPS_PROXY")
    return RefusedError(status, f"{call.about}: {host} {said}: {_advice(status)}")


def words(body: bytes) -> str:
    """The service's own words in an error's body, in brackets; empty where there are none."""
    said = parsed(body)
    if not isinstance(said, dict):
        page = _page(body)
        return f" (a web page{page})" if page is not None else ""
    found = [shown(said[key], _SAID) for key in _WORDS if said.get(key)]
    return f" ({': '.join(reversed(found))})" if found else ""


def lie(head: bytes) -> TransientError:
    """An answer 200 that is not what was asked for, named by its first bytes (or all of them)."""
    page, said = _page(head), words(head)
    if INTERRUPTED in head:
        broken = head[head.find(INTERRUPTED) :].splitlines()[0].decode("utf-8", "replace")
        return TransientError(f"broke it off ({shown(broken, _SAID)})")
    if page is not None:
        return TransientError(f"answered with a web page{page} under a 200", BETWEEN)
    if said:
        return TransientError(f"answered with an error under a 200{said}", BETWEEN)
    if not head.strip():
        return TransientError("answered with nothing under a 200", BETWEEN)
    return TransientError(
        f"answered with something else under a 200 ('{shown(head[:80].decode('utf-8', 'replace'))}')", BETWEEN
    )


def parsed(body: bytes) -> Any:
    """A JSON document; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110: seconds, or a date on the service's own clock)."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said) or None
    until = moment(said)
    now = moment(headers.get("date")) or datetime.now(UTC)
    return None if until is None or until <= now else (until - now).total_seconds()


def _spent(headers: Mapping[str, str], body: bytes, said: str, call: ExploreCall) -> TransientError:
    content = parsed(body)
    reset, size = spent(headers, content if isinstance(content, dict) else {})
    now = datetime.now(UTC)
    wait = retry_after(headers)
    if wait is None and reset is not None and reset > now:
        wait = (reset - now).total_seconds()
    until = f" until {clock(reset)}" if reset and reset > now else f" for {wait or 0:,.0f} s"
    alone = is_of_dataset(headers)
    whose = f"ODRÉ's quota for {call.dataset_id}" if alone else "ODRÉ's quota"
    too_long = f"{whose} is spent{until} ({f'{size}; ' if size else ''}it {said}): run again then"
    return TransientError(said, wait=wait, too_long=too_long, becomes=SpentError if alone else QuotaError)


def _advice(status: int) -> str:
    if status in {401, 403}:
        return "it wants an account's key, or another one: check WATTHOUSE_API_KEY"
    if status in {301, 302, 303, 307, 308}:
        return "it points nowhere: check WATTHOUSE_ODRE_URL"
    if status == 404:
        return "renamed or withdrawn, or WATTHOUSE_ODRE_URL is another service's"
    return "watthouse's question no longer suits it: look for a newer watthouse"


def _page(head: bytes) -> str | None:
    """The title of a web page, quoted; None where it is none."""
    text = head.removeprefix(BOM).lstrip()
    if not text.startswith(b"<"):
        return None
    title = _TITLE.search(text)
    return f" '{shown(title.group(1).decode('utf-8', 'replace'), 80)}'" if title else ""
