"""The rows that break a test, as people read them: the rule, the key, and the values that the rule mentions."""

import re
from typing import Final

import pyarrow as pa

from watthouse.warehouse.base import RULE

_KEYS: Final = (
    "civil_date", "civil_month", "civil_year", "date_heure", "code_insee_region", "dataset", "source", "pits",
    "measure", "span", "horizon",
)  # fmt: skip
_WORDS: Final = re.compile(r"\w+")


def shown(rows: pa.Table) -> pa.Table:
    """These columns of them; every value where the rule mentions no column."""
    names = rows.column_names
    mentioned = {word for rule in rows.column(RULE).unique().to_pylist() for word in _WORDS.findall(str(rule))}
    key = [name for name in _KEYS if name in names]
    values = [name for name in names if name not in {RULE, *key}]
    return rows.select([RULE, *key, *([name for name in values if name in mentioned] or values)])
