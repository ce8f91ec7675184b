"""Parquet and workbooks decoded in a process of their own, which :mod:`~watthouse.sources.decoder` starts and asks.

Their libraries believe what a file says of its sizes, and a file of 3 kB may decode to gigabytes; some of what they
meet they answer by ending the process. Here that is one document's end: memory and time are limited, and whoever reads
keeps everything else. Nothing but pyarrow is imported before there is work.
"""

import io
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from watthouse.parent import end_with_input
from watthouse.seeking import Seekable
from watthouse.sources.frames import (
    ASKED,
    BATCH,
    BYTES,
    CHOSEN,
    DONE,
    FAILED,
    HEADER,
    ORDER,
    SHEET,
    Frames,
)
from watthouse.sources.limits import BATCH_BYTES, FOOTER_BYTES, READER_BYTES, READER_CPU_SECONDS, ROWS

Order = Mapping[str, Any]

_BUFFER: Final = 2**20
_FOOTER: Final = 8
_BITS: Final = 8


class TooLargeError(Exception):
    """A document that needs more than it may have."""


class Asked(Seekable):
    """The document's bytes, which are asked for where they are."""

    def __init__(self, frames: Frames, size: int) -> None:
        super().__init__(size)
        self._frames = frames

    def readinto(self, buffer: Any) -> int:
        space = memoryview(buffer).cast("B")
        count = max(min(len(space), self.size - self.position), 0)
        if not count:
            return 0
        self._frames.send(ASKED, json.dumps([self.position, count]).encode())
        content = self._frames.expect(BYTES)
        space[: len(content)] = content
        self.position += len(content)
        return len(content)


def parquet(stream: Asked, order: Order, frames: Frames) -> None:
    """Send what the footer says, and then the rows of the columns that are chosen."""
    file = _opened(stream)
    schema = file.schema_arrow
    about = {
        "names": schema.names,
        "kinds": [str(kind) for kind in schema.types],
        "widths": [_width(kind) for kind in schema.types],
        "rows": file.metadata.num_rows,
    }
    frames.send(HEADER, json.dumps(about).encode())
    names = [schema.names[place] for place in json.loads(frames.expect(CHOSEN))]
    if not names:
        return
    # one thread, and no column chunk read ahead: what is held is a page of each column and the batch
    for batch in file.iter_batches(min(order["rows"], ROWS), columns=names, use_threads=False):
        _send(batch, frames)


def _opened(stream: Asked) -> pq.ParquetFile:
    stream.seek(max(stream.size - _FOOTER, 0))
    length = int.from_bytes(stream.read(_FOOTER)[:4], "little")
    if FOOTER_BYTES < length < stream.size:
        raise TooLargeError(f"its footer has {length:,} bytes")
    stream.seek(0)
    return pq.ParquetFile(io.BufferedReader(stream, _BUFFER), page_checksum_verification=True, pre_buffer=False)


def _width(kind: "pa.DataType") -> int:
    """Bytes of a value once decoded; of text, where the footer does not say, those of its offset."""
    try:
        return max(kind.bit_width // _BITS, 1)
    except ValueError:
        return 4


def workbook(stream: Asked, order: Order, frames: Frames) -> None:
    """Send every sheet that holds something, its cells as text."""
    import fastexcel

    reader = fastexcel.read_excel(b"".join(iter(lambda: stream.read(_BUFFER), b"")))
    for name in reader.sheet_names:
        sheet = reader.load_sheet(name, header_row=None, dtypes="string", whitespace_as_null=True)
        if sheet.width and sheet.height:
            frames.send(SHEET, json.dumps({"name": name}).encode())
            cells, rows = sheet.to_arrow(), max(order["rows"], order["first"])
            for start in range(0, cells.num_rows, rows):
                _send(cells.slice(start, rows), frames)


def _send(batch: pa.RecordBatch, frames: Frames) -> None:
    for part in _parts(_spelt_out(batch)):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, part.schema) as writer:
            writer.write_batch(part)
        frames.send(BATCH, sink.getvalue())


def _spelt_out(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Each value in its place: by a dictionary, rows of any size are small until somebody looks at them."""
    columns = [
        column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rows of a batch in parts that are not too large to be handed on."""
    # halves, and each of them measured: by the mean row, a part in which the long ones stand together is too large
    if not batch.num_rows:
        return
    if batch.nbytes <= BATCH_BYTES:
        yield batch
    elif batch.num_rows == 1:
        raise TooLargeError(f"a row of it has over {BATCH_BYTES:,} bytes")
    else:
        half = batch.num_rows // 2
        yield from _parts(batch.slice(0, half))
        yield from _parts(batch.slice(half))


_READERS: Final[Mapping[str, Callable[[Asked, Order, Frames], None]]] = {"parquet": parquet, "workbook": workbook}


def main(descriptor: int) -> None:
    """Decode documents until whoever reads them is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends this one
    _limit(resource.RLIMIT_DATA, READER_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    end_with_input()  # whatever is being decoded when whoever reads is killed
    frames = Frames(socket.socket(fileno=descriptor))
    with suppress(EOFError, OSError):
        while True:
            order = json.loads(frames.expect(ORDER))
            used = resource.getrusage(resource.RUSAGE_SELF)
            _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + READER_CPU_SECONDS)
            _decode(order, frames)
            # it stays for the next document until its parent ends, which may have much else to do with the memory
            pa.default_memory_pool().release_unused()


def _decode(order: Order, frames: Frames) -> None:
    try:
        _READERS[order["kind"]](Asked(frames, order["size"]), order, frames)
    except (EOFError, BrokenPipeError, ConnectionError):
        raise
    except (MemoryError, TooLargeError) as error:
        why = str(error) if isinstance(error, TooLargeError) else ""
        frames.send(FAILED, json.dumps({"large": True, "why": why[:400]}).encode())
        os._exit(1)  # what is left of the memory is in pieces: the next document has a new process
    except BaseException as error:
        # a panic in a Rust library is no Exception, and harms nobody here
        frames.send(FAILED, json.dumps({"large": False, "why": f"{error}"[:400]}).encode())
    else:
        frames.send(DONE, b"")


def _limit(what: int, most: int) -> None:
    """As far as the system has it: Linux counts all memory that can be written to, macOS none."""
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
