"""The hour: one new day of every dataset, with 1, 13 and 130 years behind it, in turn.

130 years are the 13 repeated backwards, in the lake and in every table of the warehouse (:mod:`benchmarks.histories`).
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import generate, histories
from benchmarks.measure import Run, middle, watthouse
from benchmarks.results import put

HEADING: Final = "## A refresh of one new day"
LAST: Final = date(2025, 12, 31)
DAYS: Final = 5


@dataclass(frozen=True)
class Hours:
    """What refreshes with one new day took, by the years behind them, the first one first; sizes of the files, MB."""

    took: Mapping[int, Sequence[Run]]
    sizes: Mapping[int, float]

    def usual(self, years: int) -> Run:
        """The middle of all but the first."""
        return middle(list(self.took[years][1:]))

    def lines(self) -> list[str]:
        """A table: what each history took, and the longest against the shortest."""
        all_years = list(self.took)
        usual, first = [self.usual(years) for years in all_years], [runs[0] for runs in self.took.values()]
        pairs = list(zip(*(self.took[years][1:] for years in (min(all_years), max(all_years))), strict=True))
        slower = median(long.seconds / short.seconds for short, long in pairs)
        more = median(long.written_mb / short.written_mb for short, long in pairs)
        names = " | ".join("1 year" if years == 1 else f"{years} years" for years in all_years)
        against = f"{max(all_years)} against {min(all_years)}"
        return [
            f"| one new day (medians of {len(pairs)}) | {names} | {against} |",
            f"|---|{'---:|' * (len(all_years) + 1)}",
            _line("wall, s", (f"{run.seconds:.2f}" for run in usual), f"{slower:.2f} ×, target < 1.5"),
            _line("written to the disk, MB", (f"{run.written_mb:,.0f}" for run in usual), f"{more:.2f} ×"),
            _line("peak memory, MB", (f"{run.peak_mb:,.0f}" for run in usual)),
            _line("the first one, which copies: wall, s", (f"{run.seconds:.2f}" for run in first)),
            _line("… written to the disk, MB", (f"{run.written_mb:,.0f}" for run in first)),
            _line("the warehouse's file, MB", (f"{size:,.0f}" for size in self.sizes.values())),
        ]


def section(hours: Hours | None = None) -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        return "\n".join([HEADING, "", *(hours or _hours(scratch)).lines(), "", *_NOTES, ""])


_NOTES: Final = (
    "Whole commands, start-up included, the homes in turn; the last column is the median of pairs. The first refresh"
    " after a full build copies the warehouse, the others write to the file that was published before."
    " `python -m benchmarks.refresh` alone measures this again.",
)


def home(folder: Path, first: date, last: date = LAST) -> Path:
    """A home that was built from exports of these days."""
    exports = generate.exports(folder / "exports", first, (last - first).days + 1)
    watthouse("refresh", "--from", str(exports), home=folder / "home")
    return folder / "home"


def of_copies(long: Path, short: Path, scratch: Path) -> Hours:
    """Of copies of homes with 13 years and with one, and of 130 years made of the former."""
    homes = {1: _aside(short, scratch / "1"), histories.TURN_YEARS: _aside(long, scratch / "13")}
    homes[10 * histories.TURN_YEARS] = histories.whole(long, scratch / "130", 10)
    return measured(homes, scratch, DAYS)


def measured(homes: Mapping[int, Path], scratch: Path, count: int) -> Hours:
    """The same new day into each home, by the years that it has, in turn; so many days after the first."""
    sizes = {years: (each / "warehouse.duckdb").stat().st_size / 1e6 for years, each in homes.items()}
    took: dict[int, list[Run]] = {years: [] for years in homes}
    for turn in range(1, 2 + count):
        day = LAST + timedelta(days=turn)
        download = str(generate.one_day(scratch / "days" / str(day), day))
        for years in homes if turn % 2 else reversed(homes):
            took[years].append(watthouse("refresh", "--from", download, home=homes[years]))
    return Hours(took, sizes)


def _hours(scratch: Path) -> Hours:
    short = home(scratch / "short", date(LAST.year, 1, 1))
    return of_copies(home(scratch / "long", generate.FIRST), short, scratch)


def _aside(home: Path, target: Path) -> Path:
    """A copy: it is written to, and others go on with the home as it is."""
    shutil.copytree(home, target, ignore=shutil.ignore_patterns("scratch", "refresh.*"))
    return target


def _line(what: str, figures: Iterable[str], against: str = "") -> str:
    return f"| {what} | {' | '.join(figures)} | {against} |"


if __name__ == "__main__":
    text = section()
    print(text)
    put(text)
