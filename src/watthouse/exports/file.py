"""A month's Parquet file in a store: hashed, and read a few rows at a time without a local copy."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watthouse.catalog import Dataset
from watthouse.clock import month_end, month_start
from watthouse.errors import SourceError, shown
from watthouse.storage import Files

_ROWS: Final = 8192
"""Rows of a batch: 6 MB on their way to the server."""


class MonthFile:
    """A file that is open: ``sha256`` is that of its bytes, ``rows`` what its footer says."""

    def __init__(self, stream: IO[bytes], origin: str, dataset: Dataset, month: str) -> None:
        self.origin = origin
        self.error: SourceError | None = None
        self._dataset, self._month = dataset, month
        self.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        stream.seek(0)
        self._file = pq.ParquetFile(stream, page_checksum_verification=True)

    @classmethod
    @contextmanager
    def opened(cls, files: Files, name: str, dataset: Dataset, month: str) -> "Iterator[MonthFile]":
        """Raises :class:`~watthouse.errors.SourceError` for a file that is gone, truncated or no Parquet."""
        origin = files.url(name)
        try:
            with files.open(name) as stream:
                with _refusing(origin):
                    file = cls(stream, origin, dataset, month)
                yield file
        except FileNotFoundError:
            raise SourceError(f"{origin} is gone: run `watthouse grab`") from None

    @property
    def schema(self) -> pa.Schema:
        return self._file.schema_arrow

    @property
    def rows(self) -> int:
        return int(self._file.metadata.num_rows)

    def batches(self, schema: pa.Schema) -> pa.RecordBatchReader:
        """Its rows with these columns and types; where they cannot be read, the reason is left in ``error``."""
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            with _refusing(self.origin):
                # one thread: others load other months meanwhile
                for batch in self._file.iter_batches(_ROWS, use_threads=False):
                    # a damaged page without a checksum can decode to an invalid array
                    batch.validate(full=True)
                    cast = [self._cast(batch.column(field.name), field) for field in schema]
                    self._refuse_strays(cast[schema.get_field_index(self._dataset.time)])
                    yield pa.RecordBatch.from_arrays(cast, schema=schema)
        except SourceError as error:
            self.error = error
            raise

    def _cast(self, column: "pa.Array[Any]", field: "pa.Field[Any]") -> "pa.Array[Any]":
        try:
            return column if column.type == field.type else column.cast(field.type)
        except pa.ArrowInvalid:
            raise SourceError(
                f"{self.origin}: its column {shown(field.name)} is {shown(column.type)}, and holds values that"
                f" {shown(field.type)} of the table would change: it cannot be loaded as it is"
            ) from None

    def _refuse_strays(self, times: "pa.Array[Any]") -> None:
        """Raise for rows of another month: they would stay in the table when this one is replaced."""
        if times.null_count:
            raise SourceError(f"{self.origin}: holds rows without {self._dataset.time}")
        start, end = month_start(self._month), month_end(self._month)
        first, last = (_utc(bound.as_py(), start) for bound in (pc.min(times), pc.max(times)))
        if first is not None and last is not None and not start <= first <= last < end:
            stray = first if first < start else last
            raise SourceError(f"{self.origin}: holds a row of {stray:%Y-%m-%d}, which is another month")


def _utc(moment: date | datetime | None, like: datetime) -> datetime | None:
    """As an instant in UTC: of a day its midnight."""
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)
    return datetime.combine(moment, like.time(), like.tzinfo) if moment else None


@contextmanager
def _refusing(origin: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        why = shown(error, 80)
        raise SourceError(
            f"{origin}: Parquet truncated or damaged ({why}): remove it and run `watthouse grab`"
        ) from error
