"""What a user would otherwise write: the daily mean mix of every region, from the same rows as CSV.

``pandas`` reads everything and groups; ``sql`` puts everything into SQLite by ``to_sql`` and asks there.
"""

import sqlite3
import sys
from pathlib import Path

import pandas as pd

_SOURCES = ["consommation", "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies"]


def by_pandas(csv: Path) -> int:
    rows = pd.read_csv(csv, sep=";", dtype={"code_insee_region": str})
    return len(rows.groupby(["date", "code_insee_region"])[_SOURCES].sum() * 0.5)


def by_sql(csv: Path, database: Path) -> int:
    database.unlink(missing_ok=True)
    rows = pd.read_csv(csv, sep=";", dtype={"code_insee_region": str})
    sums = ", ".join(f"sum({name}) * 0.5 as {name}_mwh" for name in _SOURCES)
    with sqlite3.connect(database) as connection:
        rows.to_sql("eco2mix", connection, index=False, chunksize=50_000)
        query = f"select date, code_insee_region, {sums} from eco2mix group by 1, 2"
        return len(pd.read_sql_query(query, connection))


if __name__ == "__main__":
    print(by_pandas(Path(sys.argv[2])) if sys.argv[1] == "pandas" else by_sql(Path(sys.argv[2]), Path(sys.argv[3])))
