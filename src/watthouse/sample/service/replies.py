"""Replies: status, headers and body, and the canned ones of declared trouble."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Final

from watthouse.sample.service.quota import RateLimit
from watthouse.sample.service.refusals import RefusalError, forbidden, too_many
from watthouse.sample.service.writing import packed

_WORTH_PACKING: Final = 1_000
_ANONYMOUS_LIMIT: Final = 1_000
"""Requests a day without a key, as the vendor documents them."""
_PAGE: Final = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n"


@dataclass(frozen=True)
class Reply:
    """A response. ``body`` is sent as it is made; where it is bytes, with its length."""

    status: int
    body: bytes | Iterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(content: object, status: int = 200, gzip: bool = False) -> Reply:
    """``content`` as JSON, compressed where the client accepts gzip and it pays off."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    if gzip and len(body) > _WORTH_PACKING:
        return Reply(status, b"".join(packed([body])), {**headers, "content-encoding": "gzip"})
    return Reply(status, body, headers)


def as_refused(refusal: RefusalError) -> Reply:
    """A refusal in the words of the live service."""
    return as_json(refusal.body, refusal.status)


def quota_headers(left: Sequence[RateLimit], epoch: bool = False) -> dict[str, str]:
    """The ``x-ratelimit-…`` headers of every limit."""
    return {name: value for allowance in left for name, value in allowance.headers(epoch).items()}


def spent(allowance: RateLimit) -> Reply:
    """429 of a quota that is really spent: no Retry-After, only the reset."""
    unit = "month" if allowance.family else "day"
    return as_json(too_many(_iso(allowance.reset), unit, allowance.limit), 429)


def day_spent(left: Sequence[RateLimit], *, anonymous: bool = False) -> Reply:
    """429 as if the day's quota were spent: nothing remains until the next UTC midnight."""
    day = next(allowance for allowance in left if not allowance.family)
    limit = _ANONYMOUS_LIMIT if anonymous else day.limit
    reply = as_json(too_many(_iso(day.reset), "day", limit, anonymous=anonymous), 429)
    return Reply(reply.status, reply.body, {**reply.headers, **quota_headers([replace(day, limit=limit, remaining=0)])})


def canned(event: str, again: bool, left: Sequence[RateLimit], now: datetime) -> Reply | None:
    """The reply that an event puts in place of the real one, if any; ``again`` picks the second of two forms."""
    if event == "429":
        return _hurried(again, left, now)
    if event in {"429-day", "429-anonymous"}:
        return day_spent(left, anonymous=event == "429-anonymous")
    return _BROKEN.get(event)


_BROKEN: Final = {
    "forbidden": as_refused(forbidden()),
    "500": as_json({"error_code": "InternalServerError", "message": "Internal server error"}, 500),
    "503": Reply(503, b"Service Unavailable\n", {"content-type": "text/plain; charset=utf-8"}),
    "html": Reply(200, _PAGE.encode(), {"content-type": "text/html; charset=utf-8"}),
    "json": as_json({"error_code": "InternalServerError", "message": "The export could not be made"}),
}


def _hurried(again: bool, left: Sequence[RateLimit], now: datetime) -> Reply:
    """429 for a moment: in seconds and date strings, every second time as an HTTP date and epochs."""
    # ODRÉ sends date strings and the vendor documents epochs; RFC 9110 allows both forms of Retry-After
    soon = (now + timedelta(seconds=2)).replace(microsecond=0) if again else now + timedelta(seconds=1)
    day = next(allowance for allowance in left if not allowance.family)
    reply = as_json(too_many(_iso(soon), "day", day.limit), 429)
    after = format_datetime(soon, usegmt=True) if again else "1"
    return Reply(reply.status, reply.body, {**reply.headers, **quota_headers(left, again), "retry-after": after})


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
