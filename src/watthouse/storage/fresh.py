"""A file that is written beside another and takes its place when it is whole: no link is followed, no name guessed."""

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

_NAME_BYTES: Final = 200
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def kind_of(path: Path) -> str | None:
    """What stands at a path that is no regular file; None for one, and where nothing stands."""
    try:
        return _KINDS.get(stat.S_IFMT(path.lstat().st_mode))
    except OSError:
        return None


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which is at ``path`` after the block: whole, or not at all where the block raises.

    It has the permissions of the file that it replaces, else those of any new file. Raises :class:`OSError`.
    """
    # In a folder that others write to, a name that can be guessed may be a link to a file of ours: "x" makes the file
    # or fails, and the rename puts it in the place of a link, never through it.
    fresh = path.with_name(f"{_begin_of(path)}{secrets.token_hex(8)}.new")
    with fresh.open("xb") as sink:
        try:
            _like(path, sink.fileno())
            yield sink
            sink.flush()
            fresh.replace(path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise


def sweep(path: Path) -> None:
    """Remove what writers that were killed left beside this file; whoever calls is the only one to write it.

    Raises :class:`OSError`.
    """
    left = re.compile(rf"{re.escape(_begin_of(path))}[0-9a-f]{{16}}\.new")
    for one in path.parent.iterdir():
        if left.fullmatch(one.name):
            one.unlink()


def _begin_of(path: Path) -> str:
    """How the name begins that a file has until it is whole; hidden, and never longer than a name may be."""
    return f".{path.name.encode('utf-8', 'surrogateescape')[:_NAME_BYTES].decode('utf-8', 'ignore')}."


def _like(path: Path, descriptor: int) -> None:
    try:
        old = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(old.st_mode) and old.st_uid == os.geteuid():
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & 0o777)
