"""The times in the database, as each engine stores them best."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.types import TypeDecorator, TypeEngine

# SQLAlchemy's own format has six digits for microseconds, which no meter has, and every row would store them
LOCAL = DateTime().with_variant(
    DATETIME(  # type: ignore[no-untyped-call]
        storage_format="%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d",
        regexp=r"(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+))?",
    ),
    "sqlite",
)
"""A time as the meter's clock shows it; in SQLite, text like ``2015-09-01 00:15:00``."""

ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
"""A number of rows; in SQLite only INTEGER can be the row's own number."""


class Instant(TypeDecorator[datetime]):
    """An instant in UTC, to the second: ``timestamptz`` on PostgreSQL, seconds since 1970 in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int(value.timestamp())

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromtimestamp(value, UTC) if dialect.name == "sqlite" else value.astimezone(UTC)
