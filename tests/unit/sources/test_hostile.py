"""Documents that were made to hurt: each is refused in one line, by name, within a stated memory."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests import hostile
from tests.support import ROOT

_DEEP: Final = "JSON of over 32 levels"
_HALF: Final = "JSON with half of a character"
_BOMB: Final = "to over 200 times its size, as a zip bomb does"
_WIDE: Final = "over 1,000 columns"
_LONG: Final = "is over 1,048,576"
_MEMORY: Final = "needs over 1,536 MB to be decoded"
_RANGE: Final = "out of range"

SAYS: Final[Mapping[str, str]] = {
    "half a character in lines": _HALF,
    "half a character in a list": _HALF,
    "4,301 digits in a list": _RANGE,
    "4,301 digits in lines": _RANGE,
    "an exponent of nine digits": "'1e999999999' is not a number",
    "brackets for results": _DEEP,
    "brackets and braces": _DEEP,
    "5,000 levels in a list": _DEEP,
    "5,000 levels in lines": _DEEP,
    "60 levels in a row": _DEEP,
    "a text of 9 MB": _LONG,
    "a line of 9 MB": _LONG,
    "a member of 9 MB before the list": _LONG,
    "100,000 columns": _WIDE,
    "another column in each of 100,000 rows": _WIDE,
    "a day in the year 5,881,580": _RANGE,
    "a day before all days": _RANGE,
    "an instant at the end of time": _RANGE,
    "an instant of milliseconds at the end of time": "Parquet truncated or damaged",
    "an instant of no zone before all days": _RANGE,
    "a clock of 1,000 hours": "Parquet truncated or damaged",
    "days in a list": "'List(Date)' is the type of its values",
    "6 GB of one text": _MEMORY,
    "6 GB of one text that Arrow never saw": _MEMORY,
    "texts of 64 MB": "a row of it has over 33,554,432 bytes",
    "12 million equal rows": _BOMB,
    "a footer of 2 GB": "Parquet truncated or damaged",
    "500 files of 7 MB": _BOMB,
    "3,000 files that are the same bytes": "its files lie over each other",
    "gzips of 7 MB in a zip": _BOMB,
    "zips of 7 MB in a zip": _BOMB,
    "a list of 300,000 files": "its list of files has over 5,120,000 bytes",
    "a type of 256 MB": _BOMB,
    "a text of a megabyte in 20,000 cells": _MEMORY,
    "a billion laughs": "an Excel workbook that is truncated or damaged",
    "a text that is not there": "an Excel workbook that is truncated or damaged",
    "rows without end": "a workbook without a sheet of any dataset",
    "a header of 30,000 columns": _WIDE,
    "a cell of 9 MB": "cannot be read as CSV",
    "numbers of 5,000 digits": _RANGE,
    "quotes without end": "fields where the header has 7",
    "RTE's text as a bomb in a zip": _BOMB,
    "xz that asks for a gigabyte": "Memory usage limit exceeded",
    "LZMA in a zip": "packed with LZMA: unpack it by hand",
    "UTF-16 of half characters": "not an export",
}
READ: Final = {"half a character in a name", "4,301 digits beside the list"}
"""What is strange where nobody looks: a row of gas each."""


Outcomes = Mapping[str, Mapping[str, Any]]


def _outcomes(what: str, files: Mapping[str, Callable[[], bytes]], folder: Path) -> Outcomes:
    """What became of each, in a process that reads one after another; what ends it is gone on from."""
    for name, content in files.items():
        (folder / name).write_bytes(content())
    found: dict[str, Mapping[str, Any]] = {}
    while any(folder.iterdir()):
        call = [sys.executable, "-m", "tests.hostile", what, str(folder)]
        done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, done.stderr
        found |= {line["name"]: {"end": done.returncode, "err": done.stderr, **line} for line in lines}
        for line in lines:
            (folder / line["name"]).unlink(missing_ok=True)
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return _outcomes("exports", hostile.FILES, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def meter_outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return _outcomes("meters", hostile.METERS, tmp_path_factory.mktemp("hostile-meters"))


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_document_is_refused_in_one_line(name: str, outcomes: Outcomes) -> None:
    outcome = outcomes[name]
    assert "said" in outcome, outcome  # it ended the process
    assert outcome["mib"] < hostile.MOST_MIB
    if name in READ:
        assert (outcome["rows"], outcome["said"]) == (1, [])
        return
    kind, _, line = outcome["said"][0].partition(": ")
    assert kind in {"SourceError", "ContractError", "UnrecognisedError"}
    assert name in line.partition(": ")[0]
    assert SAYS[name] in line
    assert "\n" not in line


def test_files_of_an_archive_count_until_it_turns_out_to_be_a_bomb(outcomes: Outcomes) -> None:
    """No more than 200 times the archive, whatever its members are packed with."""
    name = "gzips of 7 MB in a zip"
    most = 200 * len(hostile.FILES[name]())
    row = len(hostile.csv(2**10).splitlines()[1]) + 1
    assert 0 < outcomes[name]["rows"] * row <= most


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("days of commas", "has no reading (line 3: there is no value)"),
        ("a line of 9 MB in a meter file", "a line of over 1,048,576 bytes"),
        ("a meter file of one letter, 3,000 times", "its files lie over each other"),
        ("600,000 meters in the hour that comes twice", "lie in hours that come twice"),
    ],
)
def test_a_hostile_meter_file_is_refused_in_one_line(name: str, says: str, meter_outcomes: Outcomes) -> None:
    outcome = meter_outcomes[name]
    assert "said" in outcome, outcome
    assert outcome["mib"] < hostile.MOST_MIB
    (line,) = outcome["said"]
    assert line.startswith("SourceError: ")
    assert says in line
