"""Which format an answer has, and the headers that say its version."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from werkzeug.http import parse_accept_header

from watthouse.serve.problems import ProblemError

# keep it, but ask: a refresh may change any answer
FRESH: Final = "private, max-age=0, must-revalidate"
SAMPLE_HEADER: Final = "x-watthouse-sample"


class Format(Enum):
    """How rows go out; the value is what ``?format=`` says."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"

    @property
    def media(self) -> str:
        return MEDIA[self]


MEDIA: Final[Mapping[Format, str]] = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
}


@dataclass(frozen=True)
class AnswerColumn:
    """A column of an answer."""

    name: str
    unit: str
    description: str


@dataclass(frozen=True)
class Labels:
    """What describes the rows: title, columns, source and version. ``more`` depends on the call."""

    title: str
    columns: Sequence[AnswerColumn]
    source: str
    licence: str
    version: str
    sample: str | None
    more: Mapping[str, Any] = field(default_factory=dict)


def chosen(request: Request, named: Format | None) -> Format:
    """What ``?format=`` says, else what ``Accept`` likes best; raises 406 where that is not available."""
    if named is not None:
        return named
    liked = request.headers.get("accept", "*/*")
    offers = {media: style for style, media in MEDIA.items()}
    for wish, quality in parse_accept_header(liked.lower()):  # the best first
        media = wish.partition(";")[0]
        # q=0 means "not this one", and only refusals follow it
        if quality == 0:
            break
        if media in {"*/*", "application/*"}:
            return Format.JSON
        if media == "text/*":
            return Format.CSV
        if media in offers:
            return offers[media]
    raise ProblemError(406, f"'{liked[:80]}' is not available: ask for one of {', '.join(offers)}", parameter="Accept")


def etag(version: str, request: Request, style: Format) -> str:
    """Weak: compression on the way changes the bytes, not the rows."""
    # from the scope: to make a URL of it takes as long as all else here
    identity = f"{version} {style.value} {request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
    return f'W/"{hashlib.sha256(identity.encode()).hexdigest()[:24]}"'


def unchanged(request: Request, tag: str) -> bool:
    """Whether the caller already has this answer."""
    tags = request.headers.get("if-none-match", "")
    # by hand: Werkzeug takes a tag without its quotes for one, which RFC 9110 does not
    opaque = {tag_held.strip().removeprefix("W/") for tag_held in tags.split(",")}
    return tags.strip() == "*" or tag.removeprefix("W/") in opaque


def not_modified(headers: Mapping[str, str]) -> Response:
    """The caller's copy is current; ``Vary`` names the encoding here too, as on the answer that may be compressed."""
    # the middleware adds this to compressed answers only, and the two have to agree
    return Response(status_code=304, headers={**headers, "vary": f"{headers['vary']}, Accept-Encoding"})


def attached(headers: Mapping[str, str], name: str, style: Format) -> dict[str, str]:
    """The same, with a file name for every format but JSON."""
    if style is Format.JSON:
        return dict(headers)
    return {**headers, "content-disposition": f'attachment; filename="{name}.{style.value}"'}


def headers_of(version: str, sample: str | None, tag: str) -> dict[str, str]:
    """The headers of every answer with rows."""
    headers = {"etag": tag, "cache-control": FRESH, "vary": "accept", "x-watthouse-version": version}
    return headers | ({SAMPLE_HEADER: sample} if sample else {})
