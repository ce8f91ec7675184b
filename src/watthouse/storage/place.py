"""A folder or the prefix of a bucket, and how each library that reads it is told to reach it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from watthouse.errors import StoreError, UsageError
from watthouse.storage.causes import cause_of

if TYPE_CHECKING:  # obstore comes with the extra `stores`
    from obstore.store import ObjectStore

BUCKETS: Final = ("s3", "gs")
"""The schemes of URLs that name a bucket."""

_RETRIES: Final = 10
_SLIP: Final = re.compile(r"(s3|gs|file):/?[^/]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)")


@dataclass(frozen=True)
class Access:
    """How buckets are reached; credentials are not here, but with the platform (variables, roles, metadata servers).

    ``endpoint`` is the URL of a service other than Amazon's or Google's, ``path_style`` whether the bucket stands in
    the path of a request rather than in the name of the host, ``seconds`` the time for which a request is retried.
    """

    endpoint: str | None = None
    region: str | None = None
    path_style: bool | None = None
    seconds: float = 30.0


@dataclass(frozen=True)
class Folder:
    """A folder of this machine (``var/lake``): libraries reach it without being told how."""

    url: str
    is_shared: ClassVar[Literal[False]] = False
    delta_options: ClassVar[None] = None
    polars_options: ClassVar[None] = None

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> "Folder":
        return Folder(f"{self.url}/{name}")

    @property
    def path(self) -> Path:
        return Path(self.url)

    def cause(self, _: BaseException) -> None:
        """What a folder raises is what the system says: there is nothing to explain."""


@dataclass(frozen=True)
class Bucket:
    """A prefix of a bucket (``s3://bucket/prefix``, ``gs://bucket/prefix``), which other machines may use meanwhile."""

    url: str
    access: Access = field(default=Access(), repr=False)
    is_shared: ClassVar[Literal[True]] = True

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> "Bucket":
        return Bucket(f"{self.url}/{name}", self.access)

    @cached_property
    def delta_options(self) -> dict[str, str]:
        """``storage_options`` for deltalake."""
        retries = {"max_retries": str(_RETRIES), "retry_timeout": f"{self.access.seconds:g}s"}
        return {**self._service, **_CLIENT, **retries}

    @cached_property
    def polars_options(self) -> dict[str, Any]:
        """``storage_options`` for polars."""
        seconds = int(self.access.seconds * 1000)
        return {**self._service, "allow_http": "true", "max_retries": _RETRIES, "retry_timeout_ms": seconds}

    @cached_property
    def objects(self) -> "ObjectStore":
        """The bucket, with names relative to this place; raises UsageError where the extra is not installed."""
        try:
            from obstore.store import GCSStore, S3Store
        except ModuleNotFoundError:
            raise UsageError(f"{self.url} needs an extra: pip install 'watthouse[stores]'") from None
        scheme, _, rest = self.url.partition("://")
        bucket, _, prefix = rest.partition("/")
        common: dict[str, Any] = {
            "prefix": prefix or None,
            "client_options": _CLIENT,
            "retry_config": {
                "max_retries": _RETRIES,
                "retry_timeout": timedelta(seconds=self.access.seconds),
            },
        }
        if scheme == "gs":
            return GCSStore(bucket, **common)
        return S3Store(bucket, config=self._service, **common)  # type: ignore[arg-type]

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the bucket answers into one line without secrets, as :class:`~watthouse.errors.StoreError`."""
        try:
            yield
        except Exception as error:
            if cause := self.cause(error):
                raise StoreError(cause) from error
            raise

    def cause(self, error: BaseException) -> str | None:
        """Why the bucket cannot be used, and what to do: one line; None where the bucket is not to blame."""
        return cause_of(error, self.url)

    @cached_property
    def _service(self) -> Mapping[str, str]:
        """Which service it is, by the keys that all three libraries share."""
        if not self.url.startswith("s3://"):
            return {}
        access = self.access
        chosen = {"aws_endpoint_url": access.endpoint, "aws_region": access.region}
        if access.path_style is not None:
            chosen["aws_virtual_hosted_style_request"] = "false" if access.path_style else "true"
        return {"aws_conditional_put": "etag", **{key: value for key, value in chosen.items() if value}}


Place = Folder | Bucket
"""Where files lie that outlive a run."""


def place_of(url: str | Path | Place, access: Access | None = None, name: str = "the place") -> Place:
    """The folder or the prefix of a bucket that is written so; ``name`` says in messages where it was written.

    Raises :class:`~watthouse.errors.UsageError` for a URL that cannot be one.
    """
    if isinstance(url, Place):
        return url
    match = _SCHEME.fullmatch(str(url)) if isinstance(url, str) else None
    if match is None and isinstance(url, str) and _SLIP.match(url):
        raise UsageError(f"{name} '{_safe(url)}' is not valid: a URL has two slashes, as s3://bucket/prefix")
    if match is None:
        return Folder(str(url).rstrip("/") or "/")
    scheme, rest = match[1].lower(), match[2].strip("/")
    if scheme == "file":
        return Folder("/" + rest)
    if "@" in rest:  # not only before the first slash: a secret may contain one
        # never echoed: what stands before the @ is a secret
        raise UsageError(
            f"{name} contains credentials: leave them out, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    odd = set("?#%*") & set(rest) or {"", ".", ".."} & set(rest.split("/"))
    if scheme not in BUCKETS or odd:
        use = "use s3://bucket/prefix, gs://bucket/prefix or a folder"
        raise UsageError(f"{name} '{_safe(url)}' is not valid: {use}")
    if access and access.endpoint and not access.endpoint.startswith(("http://", "https://")):
        raise UsageError("WATTHOUSE_STORE_ENDPOINT is not valid: it begins with http:// or https://")
    return Bucket(f"{scheme}://{rest}", access or Access())


def _safe(url: object) -> str:
    """A URL without what may be a secret: a signature stands behind the question mark."""
    return re.split(r"[?#]", str(url))[0]


# http is used where an endpoint says http, and nowhere else: the default endpoints are https
_CLIENT: Final = {"allow_http": "true", "connect_timeout": "5s", "timeout": "60s"}
