"""What is done with an export where there is no watthouse: an upsert into DuckDB, and one aggregate of it.

``python -m benchmarks.files_rival dlt|duckdb DATABASE FILE``. Both keep the newest row of each region and slot, no
version of it, no note of what the clock change doubles, and build one table of daily sums.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

KEY: Final = ("code_insee_region", "date", "heure")
_SOURCES: Final = ("consommation", "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
_DAILY: Final = f"""
    create or replace table daily as
    select date, code_insee_region, {", ".join(f"sum({name}) * 0.5 as {name}_mwh" for name in _SOURCES)}
    from {{table}} group by all"""


def by_dlt(database: Path, file: Path) -> None:
    """dlt's merge, as its documentation has it for tables with a key."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(database.parent / "dlt")}
    import dlt

    @dlt.resource(name="regional", primary_key=KEY, write_disposition={"disposition": "merge", "strategy": "upsert"})
    def rows() -> Iterator[pa.RecordBatch]:
        yield from pq.ParquetFile(file).iter_batches(200_000)

    pipeline = dlt.pipeline(
        "files",
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="raw",
        pipelines_dir=str(database.parent / "dlt"),
    )
    pipeline.run(rows(), loader_file_format="parquet")
    with duckdb.connect(database) as connection:
        connection.execute(_DAILY.format(table="raw.regional"))


def by_duckdb(database: Path, file: Path) -> None:
    """Delete what is there of the file's keys, insert the file."""
    with duckdb.connect(database) as connection:
        read = f"read_parquet('{file}')"
        connection.execute(f"create table if not exists regional as from {read} limit 0")
        connection.begin()
        same = " and ".join(f"regional.{name} = fresh.{name}" for name in KEY)
        connection.execute(f"delete from regional using {read} as fresh where {same}")
        connection.execute(f"insert into regional by name from {read}")
        connection.execute(_DAILY.format(table="regional"))
        connection.commit()


if __name__ == "__main__":
    {"dlt": by_dlt, "duckdb": by_duckdb}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
