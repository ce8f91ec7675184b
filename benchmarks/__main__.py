"""Run every claim, print them side by side, and write RESULTS.md. ``make bench`` calls this."""

import os
import platform
import shutil
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks import (
    api,
    dashboard,
    fetch,
    generate,
    refresh,
    stores,
    stream,
    stream_delay,
    stream_page,
    stream_spark,
)
from benchmarks.measure import Run, middle, run, watthouse
from benchmarks.results import RESULTS, put, put_head
from watthouse.settings import PROJECT
from watthouse.transform.dictionary import marts

SCRATCH: Final = Path(__file__).with_name(".scratch")
YEARS: Final = 13


def main() -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)
    print("reading the exports", flush=True)
    long = refresh.home(SCRATCH / "13-years", generate.FIRST)
    short = refresh.home(SCRATCH / "1-year", date(refresh.LAST.year, 1, 1))
    rows = _rows(SCRATCH / "13-years" / "exports")
    rebuilds = [watthouse("build", "--full", home=long) for _ in range(3)]
    hours = refresh.of_copies(long, short, SCRATCH / "refresh")
    csv = _csv(SCRATCH / "13-years" / "exports")
    pandas = run([sys.executable, "-m", "benchmarks.user_script", "pandas", str(csv)])
    sql = run([sys.executable, "-m", "benchmarks.user_script", "sql", str(csv), str(SCRATCH / "user.sqlite")])
    put_head(_report(rows, middle(rebuilds), hours.usual(YEARS), pandas, sql))
    put(refresh.section(hours))
    put(fetch.section())
    put(api.section(long))
    put(dashboard.section())
    put(stores.section(SCRATCH / "13-years" / "exports"))
    for streamed in (stream, stream_spark, stream_delay, stream_page):
        put(streamed.section())
    print(RESULTS.read_text())
    shutil.rmtree(SCRATCH)


def _rows(exports: Path) -> int:
    return sum(pl.scan_parquet(path).select(pl.len()).collect().item() for path in exports.glob("*al_*.parquet"))


def _csv(exports: Path) -> Path:
    csv = SCRATCH / "regional.csv"
    pl.scan_parquet(exports / "regional_*.parquet").sink_csv(csv, separator=";")
    return csv


def _report(rows: int, rebuild: Run, hour: Run, pandas: Run, sql: Run) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "deltalake", "dbt-core", "pandas"))
    lines = [
        "# What was measured",
        "",
        f"`make bench`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()},",
        f"{libraries}.",
        "Whole commands, start-up included; memory is the sum over the process tree. Absolute times depend on the"
        " machine: the ratios are the point.",
        "",
        f"Input: {YEARS} years × 12 regions and national, {rows:,} rows of power, made by `benchmarks/generate.py`.",
        "",
        "| what | wall, s | peak memory, MB | against |",
        "|---|---:|---:|---|",
        f"| `watthouse build --full`: raw, core and all marts with their tests, from the lake (median of 3) |"
        f" {rebuild.seconds:.1f} | {rebuild.peak_mb:,.0f} | target < 15 s, < 3,000 MB |",
        f"| `watthouse refresh` of one new day (median of {refresh.DAYS}) | {hour.seconds:.2f} |"
        f" {hour.peak_mb:,.0f} | target < 5 s |",
        f"| a user's script: pandas from CSV, daily sums by region | {pandas.seconds:.1f} | {pandas.peak_mb:,.0f} |"
        f" {pandas.seconds / hour.seconds:.1f} × a refresh |",
        f"| a user's script: `to_sql` into SQLite, then SQL | {sql.seconds:.1f} | {sql.peak_mb:,.0f} |"
        f" {sql.seconds / hour.seconds:.1f} × a refresh, {sql.seconds / rebuild.seconds:.1f} × a full rebuild |",
        "",
        "The scripts compute seven sums a region and day, for every day anew, on every run; watthouse keeps versions,"
        f" resolves natures and clock changes, and builds and tests {len(marts(PROJECT))} marts.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
