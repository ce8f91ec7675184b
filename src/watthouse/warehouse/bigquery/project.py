"""A project of BigQuery: whose it is, how it is asked, and its errors in one line."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, Final, cast
from urllib.parse import urlsplit

import pyarrow as pa
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPIError, NotFound, RetryError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from watthouse.errors import NoWarehouseError, UsageError, WarehouseError, shown

TARGETS: Final = ("production", "development")
"""The datasets that models are built into, by the names of dbt's targets."""
_OVER_THE_CAP: Final = "bytesBilledLimitExceeded"
_SHOWN: Final = 300

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Place:
    """What a URL names: ``bigquery://project`` or ``bigquery://project/development``."""

    project: str
    target: str

    @classmethod
    def of(cls, url: str) -> "Place":
        """Raises :class:`~watthouse.errors.UsageError` for a URL that names no project, or another dataset."""
        parts = urlsplit(url)
        target = parts.path.strip("/") or TARGETS[0]
        if not parts.netloc or "@" in parts.netloc or parts.query or target not in TARGETS:
            raise UsageError(f"a BigQuery warehouse is bigquery://project or bigquery://project/{'|'.join(TARGETS)}")
        return cls(parts.netloc, target)

    def __str__(self) -> str:
        return f"bigquery://{self.project}/{self.target}"


class Project:
    """Queries, load jobs and tables of a project. One query may be billed for ``cap`` bytes at most.

    A request is tried again for so many ``seconds``. ``endpoint`` is the URL of another API than Google's: one without
    TLS is an emulator, and is given no credentials.
    """

    def __init__(self, place: Place, location: str, cap: int, endpoint: str | None, seconds: float = 30) -> None:
        self.place = place
        self.location = location
        self.cap = cap
        self.endpoint = endpoint
        self._retry = DEFAULT_RETRY.with_timeout(seconds)

    @property
    def is_emulated(self) -> bool:
        return bool(self.endpoint) and str(self.endpoint).startswith("http://")

    @cached_property
    def client(self) -> bigquery.Client:
        with self.errors():
            return bigquery.Client(
                self.place.project,
                credentials=AnonymousCredentials() if self.is_emulated else None,
                location=self.location,
                client_options=ClientOptions(api_endpoint=self.endpoint) if self.endpoint else None,
            )

    def run(self, sql: str) -> Rows:
        """The rows of a query, or of the last statement of a script."""
        with self.errors():
            return [tuple(row.values()) for row in self._asked(sql)]

    def table(self, sql: str) -> pa.Table:
        """The same as a table; decimals have nine digits after the point, as BigQuery keeps them."""
        with self.errors():
            # the API for fast reading is another service, with prices of its own
            return cast("pa.Table", self._asked(sql).to_arrow(create_bqstorage_client=False))

    def load(self, file: BinaryIO, table: bigquery.Table) -> None:
        """Have the rows of a Parquet file take the place of those in a table: a load job, which costs nothing."""
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            schema=table.schema,
        )
        with self.errors():
            self.client.create_table(table, exists_ok=True, retry=self._retry)
            self.client.load_table_from_file(file, table, job_config=config, rewind=True).result()

    def make_dataset(self, name: str) -> None:
        """Make a dataset where it is missing."""
        with self.errors():
            dataset = bigquery.Dataset(f"{self.place.project}.{name}")
            dataset.location = self.location
            self.client.create_dataset(dataset, exists_ok=True, retry=self._retry)

    def drop_dataset(self, name: str) -> None:
        """Remove a dataset and all that is in it, if it is there."""
        with self.errors():
            self.client.delete_dataset(name, delete_contents=True, not_found_ok=True, retry=self._retry)

    def drop_table(self, name: str) -> None:
        """Remove ``dataset.table``, if it is there."""
        with self.errors():
            self.client.delete_table(f"{self.place.project}.{name}", not_found_ok=True, retry=self._retry)

    def names(self, dataset: str) -> set[str]:
        """The tables and views of a dataset; none where there is no such dataset."""
        with self.errors():
            try:
                listed = self.client.list_tables(f"{self.place.project}.{dataset}", retry=self._retry)
                return {each.table_id for each in listed}
            except NotFound:
                return set()

    def described(self, dataset: str, name: str) -> bigquery.Table:
        """A table with its columns and partitions."""
        with self.errors():
            return self.client.get_table(f"{self.place.project}.{dataset}.{name}", retry=self._retry)

    def tables(self, dataset: str) -> dict[str, bigquery.Table]:
        """All that a dataset holds, by name: a request each."""
        return {name: self.described(dataset, name) for name in self.names(dataset)}

    def copy(self, source: bigquery.Table, target: str) -> None:
        """Have a copy of a table take the place of ``dataset.table``: with its partitions, and at no cost."""
        config = bigquery.CopyJobConfig(write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE)
        with self.errors():
            place = f"{self.place.project}.{target}"
            self.client.copy_table(source.reference, place, job_config=config, retry=self._retry).result()

    def _asked(self, sql: str) -> Any:
        config = bigquery.QueryJobConfig(maximum_bytes_billed=self.cap)
        # without a retry of whole jobs, by which a server that is not there would be asked for ten minutes
        return self.client.query(sql, job_config=config, retry=self._retry, job_retry=None).result(job_retry=None)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What the service or the way there refuses, as a :class:`~watthouse.errors.WarehouseError`."""
        try:
            yield
        except (GoogleAPIError, GoogleAuthError, RequestException, OSError) as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> WarehouseError:
        cause = error.cause if isinstance(error, RetryError) and error.cause else error
        if isinstance(cause, NotFound):
            return NoWarehouseError(f"{self.place}: {_reason(cause)}: run `watthouse build`")
        if isinstance(cause, GoogleAPIError):
            return WarehouseError(f"{self.place}: {_reason(cause)}{_advice(cause)}")
        if isinstance(cause, GoogleAuthError):
            return WarehouseError(
                f"{self.place}: no credentials ({_reason(cause)}): run `gcloud auth application-default login`, or name"
                " a key in GOOGLE_APPLICATION_CREDENTIALS"
            )
        return WarehouseError(
            f"{self.place} cannot be reached ({_reason(cause)}): the warehouse stays as it was, run again"
        )


def _reason(error: Exception) -> str:
    return shown(getattr(error, "message", None) or error, _SHOWN)


def _advice(error: Exception) -> str:
    if isinstance(error, (BadRequest, Forbidden)) and _is_over_the_cap(error):
        return ": a query would read more than WATTHOUSE_BIGQUERY_BYTES allows, raise it if that is meant"
    if isinstance(error, Forbidden):
        return ": the roles BigQuery Data Editor and BigQuery Job User are wanted"
    return "; the warehouse stays as it was"


def _is_over_the_cap(error: GoogleAPIError) -> bool:
    reasons: Sequence[Mapping[str, Any]] = getattr(error, "errors", None) or ()
    return any(each.get("reason") == _OVER_THE_CAP for each in reasons) or "bytes billed" in str(error)
