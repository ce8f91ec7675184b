"""What counts as late."""

from datetime import UTC, date, datetime

from watthouse.catalog import CATALOG
from watthouse.operate.status import is_overdue

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_what_comes_by_files_alone_is_never_late() -> None:
    newest = date(2026, 6, 13)
    assert is_overdue(CATALOG["stock-quotidien-stockages-gaz"], newest, NOW)
    assert not is_overdue(CATALOG["eco2mix-tempo"], newest, NOW)
