"""What Spark is told of a rate, tried on DuckDB, which refuses what does not fit as Spark does."""

import duckdb
import pytest

from watthouse.stream.derive import _exact


@pytest.mark.parametrize(
    ("rate", "kept"),
    [(12.5, 12.5), (0.1 + 0.2, 0.3), (99_999_999_999_999.0, 99_999_999_999_999.0), (1e15, None), (-1e300, None)],
)
def test_a_rate_with_too_many_digits_is_unknown_and_refuses_no_batch(rate: float, kept: float | None) -> None:
    with duckdb.connect() as engine:
        found = engine.execute(f"select {_exact('rate')} from (select $1::double as rate)", [rate]).fetchone()
    assert found == (kept,)
