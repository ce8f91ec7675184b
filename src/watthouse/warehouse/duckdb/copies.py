"""Copies of a warehouse's file: one to write to, and one to keep."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path


def duplicate(source: Path, target: Path) -> None:
    """Give the file a second name; copy it where the file system has no links."""
    # a file with two names is never written to again, so a link is as good as a copy of some GB
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def copied(source: Path, target: Path) -> Iterator[None]:
    """Copy the file, and flush the copy to the disk while the block runs."""
    # The checkpoint at the end of a build would otherwise wait for the disk to take the whole copy.
    shutil.copyfile(source, target)
    with target.open("rb") as file, ThreadPoolExecutor(1) as background:
        flushed = background.submit(os.fsync, file.fileno())
        yield
        flushed.result()  # the kernel reports a failed write only once, to the first fsync: this one may have got it
