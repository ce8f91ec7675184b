"""The file that was published before the present one: a refresh brings it up to date, and copies none of some GB.

It lies among the scratch files, under a name that says which file took its place. It is written to only while that one
is still published, as it was; and only where nothing else can see it: a reader keeps the file that it opened, a build
that is kept shares it.
"""

import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Final

import duckdb

from watthouse.warehouse.duckdb.draft import DuckDBDraft

_PREFIX: Final = "before-"
_LOCAL: Final = frozenset({"ext2", "ext3", "ext4", "xfs", "f2fs", "tmpfs", "overlay"})
"""The file systems of disks that one machine alone uses; on any other the file is copied."""


def caught_up(published: Path, folder: Path, target: Path, begin: Callable[..., DuckDBDraft]) -> DuckDBDraft | None:
    """The predecessor of ``published``, moved to ``target`` and brought up to date; None where there is none to use.

    ``begin`` opens a draft there, which may be ``behind``.
    """
    if not take(published, folder, target):
        return None
    try:
        return begin(behind=True)
    except duckdb.Error:
        for left in target.parent.glob(f"{target.name}*"):  # the log of what it had begun, too
            left.unlink()
        return None


def take(published: Path, folder: Path, target: Path) -> bool:
    """Move the predecessor of ``published`` out of ``folder``, to be written to; False where there is none to use."""
    with suppress(OSError):
        _place(published, folder).rename(target)
    clear(folder)
    if not target.exists() or _is_ours_alone(target):
        return target.exists()
    target.unlink()
    return False


def leave(published: Path, successor: Path, folder: Path) -> None:
    """Keep the file of ``published`` as the predecessor of ``successor``, which is about to take its name."""
    # A second name: between this and the renaming the published file must not be without one. A process that is killed
    # in between leaves the predecessor of a file that was never published, which is never taken.
    with suppress(OSError):  # no hard links here, or scratch files elsewhere: the next refresh copies
        folder.mkdir(parents=True, exist_ok=True)
        os.link(published, _place(successor, folder))


def clear(folder: Path) -> None:
    """Remove every predecessor."""
    for path in folder.glob(f"{_PREFIX}*.duckdb"):
        with suppress(OSError):  # another user's: no reason not to refresh
            path.unlink()


def _place(successor: Path, folder: Path) -> Path:
    """Where the predecessor of a file lies: named by that file, so that any other one in its place has none."""
    stat = successor.stat()
    return folder / f"{_PREFIX}{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}.duckdb"


def _is_ours_alone(path: Path) -> bool:
    """Whether it is a file that no process has open, and that has no other name."""
    stat = path.lstat()
    if not S_ISREG(stat.st_mode) or stat.st_nlink > 1:
        return False
    # DuckDB's own lock would tell of DuckDB's readers alone, not of a `cp` that takes its time. Linux grants this lease
    # only on a file that nobody else has open; where there are none (macOS) the file is copied.
    try:
        with path.open("rb") as file:
            # to whoever opens it now the kernel would else have this process end
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            return _is_of_this_machine(path)
    except (OSError, AttributeError):
        return False


def _is_of_this_machine(path: Path) -> bool:
    """Whether its disk is one that no other machine writes to or reads, as a shared folder's or a network's is."""
    # of what others have open a lease there says nothing, and is granted all the same
    device = path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = [line.partition(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return any(before.split()[2] == number and after.split()[0] in _LOCAL for before, _, after in mounts)
