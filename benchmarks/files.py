"""From the first file on: exports into lake, warehouse and tested marts, beside what a user would do instead.

``python -m benchmarks.files`` takes 13 years of regional rows and writes its section of RESULTS.md; with ``--small``
it takes three months, in a minute, and writes nothing.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow.parquet as pq

from benchmarks import formats, generate
from benchmarks.measure import Run, run, watthouse
from benchmarks.results import put

HEADING: Final = "## Files"
LAST: Final = date(2025, 12, 31)
SMALL_DAYS: Final = 92
_SMALL_SHARE: Final = 12
"""Of the days of each format, one in so many are taken where the measurement is ``small``."""


@dataclass(frozen=True)
class Exports:
    """What is read: years in one file, the month after them, the years with labels, and in a file a month."""

    one: Path
    month: Path
    csv: Path
    folder: Path

    @classmethod
    def written(cls, scratch: Path, first: date, until: date) -> "Exports":
        days = (until - first).days + 1
        folder = scratch / "months"
        folder.mkdir()
        for start in _months(first, until):
            formats.parquet(folder / f"{start:%Y-%m}.parquet", start, (_next(start) - start).days)
        return cls(
            formats.parquet(scratch / "years.parquet", first, days),
            formats.parquet(scratch / "month.parquet", _next(until.replace(day=1)), 31),
            formats.csv_with_labels(scratch / "years.csv", first, days),
            folder,
        )


@dataclass(frozen=True)
class Way:
    """What one way took: for the years, the same file again, and one more month."""

    name: str
    runs: Sequence[Run]


def section(*, small: bool = False) -> str:
    """What was measured, as a section of RESULTS.md."""
    first = LAST - timedelta(days=SMALL_DAYS - 1) if small else generate.FIRST
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        exports = Exports.written(scratch, first.replace(day=1), LAST)
        lines = [*_ways(exports, scratch), "", *_others(exports, scratch)]
        for file in (exports.one, exports.csv):
            file.unlink()
        lines += ["", *_memory(scratch, small=small)]
    again = "`python -m benchmarks.files` alone measures this again: whole commands, start-up included."
    return "\n".join([HEADING, "", *lines, "", again, ""])


def _ways(exports: Exports, scratch: Path) -> Iterator[str]:
    rows = pq.ParquetFile(exports.one).metadata.num_rows
    refresh = Way("`watthouse refresh --from`: lake, all marts, their tests", _ours("refresh", exports, scratch))
    fetch = Way("`watthouse fetch --from`: the lake alone", _ours("fetch", exports, scratch))
    dlt = Way("dlt: merge (upsert) into DuckDB, one daily aggregate", _theirs("dlt", exports, scratch))
    duckdb = Way("DuckDB: delete, insert, the same aggregate", _theirs("duckdb", exports, scratch))
    months = pq.ParquetFile(exports.month).metadata.num_rows
    yield (
        f"| {rows:,} regional rows in one Parquet file of {exports.one.stat().st_size / 1e6:,.0f} MB: s (peak memory,"
        f" MB) | first time | the same file again | one more month ({months:,} rows) |"
    )
    yield "|---|---:|---:|---:|"
    for way in (refresh, fetch, dlt, duckdb):
        yield f"| {way.name} | {' | '.join(f'{one.seconds:.1f} ({one.peak_mb:,.0f})' for one in way.runs)} |"
    yield f"| `refresh` against dlt | {_ratios(refresh, dlt)} |"
    yield f"| `fetch` against DuckDB | {_ratios(fetch, duckdb)} |"
    yield ""
    yield (
        "Targets: the first `refresh` at most 1.2 × dlt, the first `fetch` at most 3 × DuckDB, the same file again in"
        " less than 3 s, less than 1,000 MB. watthouse keeps every version, resolves natures and clock changes, and"
        " builds and tests all marts; the others keep the newest row of each slot and one table of daily sums."
    )


def _ratios(ours: Way, theirs: Way) -> str:
    pairs = zip(ours.runs, theirs.runs, strict=True)
    return " | ".join(f"{mine.seconds / other.seconds:.2f} ×" for mine, other in pairs)


def _ours(verb: str, exports: Exports, scratch: Path) -> list[Run]:
    home = scratch / verb
    return [watthouse(verb, "--from", str(file), home=home) for file in (exports.one, exports.one, exports.month)]


def _theirs(name: str, exports: Exports, scratch: Path) -> list[Run]:
    (folder := scratch / name).mkdir()
    command = [sys.executable, "-m", "benchmarks.files_rival", name, str(folder / "rival.duckdb")]
    return [run([*command, str(file)]) for file in (exports.one, exports.one, exports.month)]


def _others(exports: Exports, scratch: Path) -> Iterator[str]:
    yield "| the same rows into the lake (`watthouse fetch`) | first time, s | peak memory, MB | again, s |"
    yield "|---|---:|---:|---:|"
    csv = f"one CSV file with labels, {exports.csv.stat().st_size / 1e6:,.0f} MB"
    months = f"a folder of {len([*exports.folder.iterdir()])} monthly Parquet files"
    for place, (name, source) in enumerate(((csv, exports.csv), (months, exports.folder))):
        home = scratch / f"other-{place}"
        once, again = (watthouse("fetch", "--from", str(source), home=home) for _ in range(2))
        yield f"| {name} | {once.seconds:.1f} | {once.peak_mb:,.0f} | {again.seconds:.1f} |"


def _memory(scratch: Path, *, small: bool) -> Iterator[str]:
    yield "| memory of `watthouse fetch` by format, MB | a file of | peak | a file of | peak | growth |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, (ending, write, usual) in formats.FORMATS.items():
        days = max(usual // _SMALL_SHARE, 2) if small else usual
        sizes, peaks = [], []
        for factor in (1, 3):
            file = write(scratch / f"{factor}.{ending}", LAST - timedelta(days=factor * days - 1), factor * days)
            took = watthouse("fetch", "--from", str(file), home=scratch / f"{ending}-{factor}")
            sizes.append(file.stat().st_size / 1e6)
            peaks.append(took.peak_mb)
            file.unlink()
        grown = peaks[1] / peaks[0]
        pairs = " | ".join(f"{size:,.1f} | {peak:,.0f}" for size, peak in zip(sizes, peaks, strict=True))
        yield f"| {name} | {pairs} | {grown:.2f} × |"
    yield ""
    yield "Memory is the sum over the process tree; target < 1,000 MB, whatever the size of the file."


def _months(first: date, until: date) -> Iterator[date]:
    while first <= until:
        yield first
        first = _next(first)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def main(arguments: Sequence[str]) -> None:
    small = "--small" in arguments
    text = section(small=small)
    print(text)
    if not small:
        put(text)


if __name__ == "__main__":
    main(sys.argv[1:])
