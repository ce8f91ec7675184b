"""Rows written in pieces are the rows, whatever the pieces."""

import io
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from watthouse.cli.export import FileFormat, write

ROWS = pl.DataFrame({"day": ["a", "b", "c"], "mwh": [Decimal("0.25"), None, Decimal("1.50")], "slots": [96, 92, 96]})
PIECES = {
    "whole": [ROWS],
    "one by one": [ROWS[:1], ROWS[1:2], ROWS[2:]],
    "with empty ones": [ROWS[:0], ROWS[:2], ROWS[:0], ROWS[2:], ROWS[:0]],
}


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_every_format_is_the_same_in_any_pieces(pieces: list[pl.DataFrame], tmp_path: Path) -> None:
    written = {}
    for style in (FileFormat.CSV, FileFormat.JSON, FileFormat.PARQUET):
        write(pieces, style, tmp_path / "rows")
        written[style] = (tmp_path / "rows").read_bytes()
    assert written[FileFormat.CSV].decode() == "day,mwh,slots\na,0.25,96\nb,,92\nc,1.50,96\n"
    assert json.loads(written[FileFormat.JSON]) == [
        {"day": "a", "mwh": 0.25, "slots": 96},
        {"day": "b", "mwh": None, "slots": 92},
        {"day": "c", "mwh": 1.5, "slots": 96},
    ]
    assert pl.read_parquet(io.BytesIO(written[FileFormat.PARQUET])).equals(ROWS)


@pytest.mark.parametrize(("style", "text"), [(FileFormat.CSV, "day,mwh,slots\n"), (FileFormat.JSON, "[]\n")])
def test_no_rows_are_a_file_too(style: FileFormat, text: str, tmp_path: Path) -> None:
    write([ROWS[:0]], style, tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == text
