"""A command, timed as a whole: wall seconds, the peak memory of its process tree, and what that wrote to the disk."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import psutil

WATTHOUSE: Final = str(Path(sys.executable).with_name("watthouse"))


@dataclass(frozen=True)
class Run:
    """One run: wall-clock seconds, the largest sum of resident memory over the tree, and what it wrote to disk."""

    seconds: float
    peak_mb: float
    written_mb: float = 0


def run(command: list[str], home: Path | None = None, environment: Mapping[str, str] | None = None) -> Run:
    """Run to the end; raises where the command fails, with what it said."""
    environment = {**os.environ, **(environment or {}), **({"WATTHOUSE_HOME": str(home)} if home else {})}
    began, peak, before = time.perf_counter(), 0, _written()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, _resident(tree))
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Run(seconds, peak / 1e6, (_written() - before) / 1e6)


def watthouse(*words: str, home: Path, environment: Mapping[str, str] | None = None) -> Run:
    """A verb of the command line, as a user would call it."""
    return run([WATTHOUSE, *words], home, environment)


@contextmanager
def timed() -> Iterator[list[float]]:
    """The wall seconds of a block, in a list that has them once it has ended."""
    began, took = time.perf_counter(), [0.0]
    yield took
    took[0] = time.perf_counter() - began


def middle(runs: list[Run]) -> Run:
    """The median time, the highest peak, and the median of what was written."""
    seconds, written = (
        median(figures) for figures in zip(*((one.seconds, one.written_mb) for one in runs), strict=True)
    )
    return Run(seconds, max(one.peak_mb for one in runs), written)


def _written() -> int:
    """Bytes that the children of this process, and theirs, have handed to the disk, each once it was waited for."""
    return 512 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock


def _resident(tree: psutil.Process) -> int:
    total = 0
    for process in _family(tree):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _family(tree: psutil.Process) -> list[psutil.Process]:
    try:
        return [tree, *tree.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
