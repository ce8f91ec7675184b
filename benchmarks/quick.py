"""The smallest form of the main claims, for a developer's own use: printed, never written. ``make bench-quick``.

Two years instead of 13, and a round or two: enough to see what a change did, too little to quote.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import api, dashboard, files, refresh
from benchmarks.load import shown, watthouse_serving
from benchmarks.measure import watthouse

YEARS: Final = (1, 2)
DAYS: Final = 2
SECONDS: Final = 2


MOST: Final = 180
"""Seconds in all, on two cores that have nothing else to do."""


def main() -> None:
    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        scratch, first = Path(folder), {years: date(refresh.LAST.year + 1 - years, 1, 1) for years in YEARS}
        homes = {years: refresh.home(scratch / str(years), since) for years, since in first.items()}
        long = homes[max(YEARS)]
        parts: Mapping[str, Callable[[], Sequence[str]]] = {
            "Everything again": lambda: _built(long),
            "A refresh of one new day": lambda: refresh.measured(homes, scratch, DAYS).lines(),
            "The API, nothing cached": lambda: _answered(long),
            "The pages": lambda: dashboard.one_round(long),
            "Files": lambda: files.section(small=True).splitlines()[2:],
        }
        for heading, lines in parts.items():
            began = time.perf_counter()
            print(f"\n## {heading}\n", *lines(), f"({time.perf_counter() - began:.0f} s)", sep="\n", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s in all, target < {MOST}")


def _built(home: Path) -> list[str]:
    run = watthouse("build", "--full", home=home)
    return [f"`watthouse build --full`, {max(YEARS)} years: {run.seconds:.1f} s, {run.peak_mb:,.0f} MB at most"]


def _answered(home: Path) -> list[str]:
    with watthouse_serving(home, cached=False) as server:
        loads = api.loads(server, api.API, seconds=SECONDS)
    return [f"{what}: {shown(load)} requests/s (p99, ms)" for what, load in loads.items()]


if __name__ == "__main__":
    main()
