"""A cursor is a place among the rows, by their key."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.serve.problems import ProblemError
from watthouse.serve.queries import cursors

KEY = ("civil_date", "code", "year", "at")
ROWS = [
    {"civil_date": day, "code": code, "year": year, "at": at}
    for day in (date(2025, 1, 1), date(2025, 1, 2))
    for code in ("11", "53", "é'x")
    for year in (-1, 2025)
    for at in (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC))
]
TABLE = ibis.memtable(
    pa.Table.from_pylist(
        ROWS,
        pa.schema(
            [
                ("civil_date", pa.date32()),
                ("code", pa.string()),
                ("year", pa.int32()),
                ("at", pa.timestamp("us", "UTC")),
            ]
        ),
    )
)


def after(cursor: str, *, newest_first: bool) -> list[tuple[Any, ...]]:
    found = cursors.after(TABLE, KEY, cursor, newest_first=newest_first).to_pyarrow().to_pylist()
    return sorted(tuple(row[name] for name in KEY) for row in found)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, len(ROWS) - 1), st.booleans())
def test_behind_a_cursor_lie_the_rows_whose_key_is_beyond(place: int, newest_first: bool) -> None:
    keys = [tuple(row[name] for name in KEY) for row in ROWS]
    here = keys[place]
    beyond = [key for key in keys if (key < here if newest_first else key > here)]
    assert after(cursors.write(ROWS[place], KEY), newest_first=newest_first) == sorted(beyond)


def test_a_cursor_whose_row_is_gone_is_still_a_place() -> None:
    gone = {**ROWS[0], "civil_date": date(2025, 1, 1) - timedelta(days=400)}
    assert len(after(cursors.write(gone, KEY), newest_first=False)) == len(ROWS)


def written(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nothing",
        "é",
        "a" * 499,
        written(None),
        written({"civil_date": "2025-01-01"}),
        written([]),
        written(["2025-01-01", "11", 2025]),
        written(["2025-01-01", "11", 2025, "2025-10-26T00:30:00+00:00", "more"]),
        written(["2025-02-30", "11", 2025, "2025-10-26T00:30:00+00:00"]),
        written(["2025-01-01", 11, 2025, "2025-10-26T00:30:00+00:00"]),
        written(["2025-01-01", "11", "2025", "2025-10-26T00:30:00+00:00"]),
        written(["2025-01-01", "11", 2**40, "2025-10-26T00:30:00+00:00"]),
        written(["2025-01-01", "11", True, "now"]),
        written([["2025-01-01"], "11", 2025, "2025-10-26T00:30:00+00:00"]),
        written([None, None, None, None]),
    ],
)
def test_what_is_no_cursor_of_these_rows_is_refused(cursor: str) -> None:
    with pytest.raises(ProblemError, match="is not a cursor of these rows") as refused:
        cursors.after(TABLE, KEY, cursor, newest_first=False)
    assert refused.value.status == 422
    assert [fault.parameter for fault in refused.value.faults] == ["cursor"]


def test_a_cursor_is_no_way_into_the_query() -> None:
    sly = {**ROWS[0], "code": "11' or '1'='1"}
    keys = [tuple(row[name] for name in KEY) for row in ROWS]
    expected = [key for key in keys if key > tuple(sly[name] for name in KEY)]
    assert after(cursors.write(sly, KEY), newest_first=False) == sorted(expected)
