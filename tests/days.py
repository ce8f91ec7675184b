"""The dated part of the suite as of the days on which dates go wrong: ``python -m tests.days [YYYY-MM-DD …]``."""

import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Final

DAYS: Final = {
    "2024-02-29": "29 February",
    "2024-03-01": "the day after 29 February",
    "2025-12-31": "the last day of a year",
    "2026-01-01": "the first day of a year",
    "2026-03-29": "the clocks go forward",
    "2026-03-30": "the day after the clocks went forward",
    "2026-05-31": "the last day of a month",
    "2026-06-01": "the first day of a month",
    "2026-10-25": "the clocks go back",
    "2026-10-26": "the day after the clocks went back",
}
_FILES: Final = (
    *("tests/browser/test_pages.py", "tests/browser/test_views.py", "tests/browser/test_data_page.py"),
    *("tests/browser/test_questions.py", "tests/integration/test_api.py", "tests/integration/test_api_downloads.py"),
    *("tests/integration/test_blocks.py", "tests/integration/test_newcomer.py"),
)
"""What the rest of the dated part asks about a sample (builds under readers, refusals, its document) knows no date."""
_LOOKS: Final = "not (dark or phone)"  # a page has the same dates on every screen
_OPTIONS: Final = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:warnings")


def main(days: list[str]) -> int:
    """Run the part as of each of these days, and say how it went; 1 where anything failed."""
    for day in days:
        date.fromisoformat(day)
    failed = [day for day in days if not _passes(day)]
    if failed:
        print(f"failed as of {', '.join(failed)}; TEST_TODAY={failed[0]} before pytest repeats a test as of it")
    return bool(failed)


def _passes(day: str) -> bool:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *_FILES, "-m", "dated", "-k", _LOOKS, *_OPTIONS],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "TEST_TODAY": day},
        capture_output=True,
        text=True,
        check=False,
    )
    went = "passed" if done.returncode == 0 else "FAILED"
    print(f"{day} ({DAYS.get(day, 'a day of your own')}): {went} in {time.monotonic() - began:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(DAYS)))
