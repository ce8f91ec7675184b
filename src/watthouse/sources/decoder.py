"""Documents that are decoded in another process: who starts it, asks it, and says what became of it.

Where it dies over a document (out of memory, out of time, or the library crashed), that document is refused in one
line, and the next one has a new process. A run starts one, and none where it meets no such document.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final

import pyarrow as pa

from watthouse.errors import SourceError, shown
from watthouse.sources.archive import AGAIN, Packing
from watthouse.sources.frames import ASKED, BATCH, BYTES, CHOSEN, DONE, FAILED, HEADER, ORDER, SHEET, Frames
from watthouse.sources.limits import MIB, READER_BYTES, READER_CPU_SECONDS, READER_SILENT_SECONDS

_MOST_ASKED: Final = 32 * MIB
# other allocators of Arrow, and numpy's threads, take memory ahead of any need
_ENVIRONMENT: Final = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1"}
_PATIENCE: Final = 0.05
_LAST_SECONDS: Final = 5.0
_PROGRAM: Final = """
import sys
sys.modules["numpy"] = None
from watthouse.sources import decoding
decoding.main(int(sys.argv[1]))
"""
"""Without numpy, which pyarrow imports where it is there, and which would be half of the time to start."""


@dataclass
class _Process:
    """The other process, and the way to it."""

    process: "subprocess.Popen[bytes]"
    frames: Frames

    @classmethod
    def started(cls) -> "_Process":
        ours, theirs = socket.socketpair()
        with theirs:
            # without the folder that it is started in on its path: a file there may be called pyarrow.py
            call = [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())]
            process = subprocess.Popen(
                call,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,  # closed when this process ends, however it does
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**_without_secrets(), **_ENVIRONMENT},
            )
        ours.settimeout(READER_SILENT_SECONDS)
        return cls(process, Frames(ours))

    @classmethod
    def any(cls) -> "_Process":
        """One that has nothing to do and is still there, else a new one."""
        while _idle:
            process = _idle.pop()
            if process.process.poll() is None:
                return process
            process.end()
        return cls.started()

    def own_end(self) -> int:
        """Its exit code, where it is about to end by itself; it is ended where it goes on."""
        self.frames.end.close()
        # not by its input, at whose end it kills itself: what it ended with says why
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(_LAST_SECONDS)
        return self.end()

    def end(self) -> int:
        """End it, by force where it goes on; returns its exit code."""
        self.frames.end.close()
        if self.process.stdin:
            self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(_PATIENCE)
        self.process.kill()
        return self.process.wait()


def _without_secrets() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("WATTHOUSE_")}


_idle: list[_Process] = []


def begin() -> None:
    """Start the process for a document that is about to come, so that nobody has to wait for it."""
    # where it cannot be started, that is the trouble of the document that needs it
    with suppress(OSError):
        if not _idle:
            _idle.append(_Process.started())


@dataclass
class Decoding:
    """A document that is being decoded; raises :class:`~watthouse.errors.SourceError` where it cannot be."""

    packing: Packing
    damaged: str
    _stream: IO[bytes]
    _process: _Process
    is_over: bool = field(default=False, init=False)
    _waits: bool = field(default=False, init=False)

    def header(self) -> Any:
        """What the footer of a Parquet file says."""
        _, content = self._next({HEADER})
        self._waits = True
        return json.loads(content)

    def choose(self, places: "list[int]") -> None:
        """Ask for these columns of it."""
        self._waits = False
        self._process.frames.send(CHOSEN, json.dumps(places).encode())

    def leave(self) -> None:
        """Nothing more of it is wanted: where no row was asked for, the process is as good as new."""
        if self._waits:
            self.choose([])
            self._next({DONE})
            self.is_over = True

    def parts(self) -> "Iterator[dict[str, Any] | pa.RecordBatch]":
        """Its batches, before those of a sheet the sheet."""
        while True:
            kind, content = self._next({SHEET, BATCH, DONE})
            if kind == DONE:
                self.is_over = True
                return
            yield json.loads(content) if kind == SHEET else _batch(content)

    def _next(self, kinds: "set[bytes]") -> "tuple[bytes, bytearray]":
        frames = self._process.frames
        while True:
            kind, content = frames.receive()
            if kind == ASKED:
                frames.send(BYTES, self._bytes(*json.loads(content)))
            elif kind == FAILED:
                self._refuse(json.loads(content))
            elif kind in kinds:
                return kind, content
            else:
                raise EOFError(f"frame {kind!r}")

    def _bytes(self, at: int, count: int) -> bytes:
        self._stream.seek(at)
        return self._stream.read(min(count, _MOST_ASKED))

    def _refuse(self, failure: "dict[str, Any]") -> None:
        if failure["large"]:
            raise _too_large(self.packing.origin, failure["why"])
        self.is_over = True
        raise SourceError(f"{self.packing.origin}: {self.damaged.format(shown(failure['why'], 80))}")


@contextmanager
def decoding(kind: str, packing: Packing, stream: IO[bytes], damaged: str, first: int = 0) -> Iterator[Decoding]:
    """A document decoded in another process, as ``kind`` (``parquet`` or ``workbook``).

    Batches have ``first`` rows at least, where there are so many. ``damaged`` says what it is where its library refuses
    it, and that library's words take the place of ``{}`` in it. Raises :class:`~watthouse.errors.SourceError` where
    that takes too much memory or time, or ends the process.
    """
    process = _Process.any()
    work = Decoding(packing, damaged, stream, process)
    try:
        size = stream.seek(0, os.SEEK_END)
        order = {"kind": kind, "size": size, "rows": packing.settings.batch_rows, "first": first}
        process.frames.send(ORDER, json.dumps(order).encode())
        yield work
    except (EOFError, ConnectionError, TimeoutError) as error:
        code = process.end() if isinstance(error, TimeoutError) else process.own_end()
        raise _death(packing.origin, code, error) from None
    finally:
        with suppress(EOFError, OSError, SourceError):
            work.leave()
        if work.is_over:
            _idle.append(process)
        else:
            process.end()


def _batch(content: bytearray) -> pa.RecordBatch:
    with pa.ipc.open_stream(pa.py_buffer(content)) as reader:
        batch = reader.read_next_batch()
    # Checksums are optional in Parquet: a damaged page without one can decode to an invalid array, and polars trusts
    # what it is given.
    batch.validate(full=True)
    return batch


def _death(origin: str, code: int, error: Exception) -> SourceError:
    if code == -signal.SIGXCPU or isinstance(error, TimeoutError):
        return SourceError(
            f"{origin}: takes over {READER_CPU_SECONDS} s to decode, as a damaged or hostile file does: {AGAIN}"
        )
    if code in (-signal.SIGABRT, -signal.SIGKILL):  # how Rust and C++ end without memory, and what the system does
        return _too_large(origin, "")
    return SourceError(
        f"{origin}: crashes the library that decodes it (exit code {code}), as a damaged or hostile file does: {AGAIN}"
    )


def _too_large(origin: str, why: str) -> SourceError:
    return SourceError(
        f"{origin}: needs over {READER_BYTES // MIB:,} MB to be decoded{f' ({shown(why, 80)})' if why else ''}, as a"
        f" damaged or hostile file does: {AGAIN}"
    )


@atexit.register
def _end() -> None:
    while _idle:
        _idle.pop().end()


# a forked process shares the other end, and would hear what was meant for its parent
os.register_at_fork(after_in_child=_idle.clear)
