"""Text in cells that spreadsheets and terminals open: no formula, no order to a terminal."""

from typing import Final

import polars as pl

RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""

_TEXT: Final = (pl.String, pl.Categorical, pl.Enum)
# as in inert.py, but a carriage return is one of the line ends here
_UNSEEN: Final = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\x{061c}\x{180e}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}"
    r"\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}]"
)


def inert(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows, fit for a spreadsheet and a terminal: only text is changed, numbers stay as they are.

    Text that would be taken for a formula begins with ``'``; a control character becomes ``�``.
    """
    # text only: a negative number begins with "-" too, and is no formula
    texts = [name for name, kind in rows.schema.items() if kind in _TEXT]
    return rows.with_columns(_inert(rows[name]) for name in texts)


def is_inert(rows: pl.DataFrame) -> bool:
    """Whether no text of these rows has a control character."""
    texts = (rows[name] for name, kind in rows.schema.items() if kind in _TEXT)
    return not any(text.cast(pl.String).unique().str.contains(_UNSEEN).any() for text in texts)


def _inert(cells: pl.Series) -> pl.Series:
    # text repeats itself (names of regions, natures): what is looked at is each text once
    texts = cells.cast(pl.String)
    before = texts.drop_nulls().unique()
    after = before.str.replace_all(_UNSEEN, "\ufffd")
    formulas = after.str.slice(0, 1).is_in(RISKY)
    after = after.zip_with(~formulas, "'" + after)
    changed = before != after
    return texts.replace(before.filter(changed), after.filter(changed)) if changed.any() else texts
