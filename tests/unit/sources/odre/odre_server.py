"""A small service on loopback that behaves as badly as it is told to, over real sockets."""

import gzip
import io
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import polars as pl

from watthouse.catalog import CATALOG, Dataset
from watthouse.settings import Settings
from watthouse.sources.odre import Facts, FetchWindow, Odre

GAS: Final = CATALOG["stock-quotidien-stockages-gaz"]
NATIONAL: Final = CATALOG["eco2mix-national-tr"]
RESET: Final = "reset"
HANG: Final = "hang"
WHEN_SENT: Final = "{the moment of sending......}"


class Trickle(bytes):
    """An answer whose body comes byte by byte."""


Reply = bytes | str
"""Bytes as they go over the wire, or what the connection does instead."""

GAS_FIELDS: Final = {"date": "date", "stock_fin_de_journee": "double", "source": "text", "pits": "text"}
GAS_ROWS: Final = pl.DataFrame(
    {
        "date": [date(2026, 9, day) for day in range(1, 31)],
        "stock_fin_de_journee": [100.25 + day for day in range(1, 31)],
        "source": ["Storengy"] * 30,
        "pits": ["SEDIANE B"] * 30,
    }
)
SEPTEMBER: Final = FetchWindow(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), 30)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    target: str = ""

    @property
    def call(self) -> str:
        """``metadata``, ``records``, ``parquet``, ``jsonl`` or ``csv``."""
        last = self.path.rsplit("/", 1)[-1]
        return last if last in {"records", "parquet", "jsonl", "csv", "json"} else "metadata"


@dataclass
class Service:
    """Answers with ``route``; ``troubles`` (by call, or ``any``) come first, one a request, while there are any."""

    route: Callable[[Asked], Reply]
    troubles: dict[str, list[Reply]] = field(default_factory=dict)
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    def reply(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            for call in (asked.call, "any"):
                if self.troubles.get(call):
                    return self.troubles[call].pop(0)
        return self.route(asked)

    def calls(self) -> list[str]:
        return [asked.call for asked in self.asked]


def answer(body: bytes | str | object = b"", status: int = 200, **headers: str) -> bytes:
    """Headers are written with ``_`` for ``-``; ``date`` is when it is sent unless given (empty: none)."""
    content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    said = {"date": WHEN_SENT, "content-length": str(len(content))}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        f"HTTP/1.1 {status} X",
        *(f"{name}: {value}" for name, value in said.items() if value),
        "connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def zipped(body: bytes, **headers: str) -> bytes:
    return answer(gzip.compress(body), content_encoding="gzip", **headers)


def parquet(rows: pl.DataFrame = GAS_ROWS) -> bytes:
    written = io.BytesIO()
    rows.write_parquet(written)
    return written.getvalue()


def jsonl(rows: pl.DataFrame = GAS_ROWS) -> bytes:
    return rows.write_ndjson().encode()


def csv(rows: pl.DataFrame = GAS_ROWS) -> bytes:
    return b"\xef\xbb\xbf" + rows.write_csv(separator=";", line_terminator="\r\n").encode()


def described(dataset: Dataset = GAS, fields: Mapping[str, str] | None = None, **default: object) -> dict[str, object]:
    """A dataset's metadata as the service gives it."""
    fields = GAS_FIELDS if fields is None else fields
    stated = {"data_processed": "2026-10-02T10:00:00+00:00", "records_count": 30, **default}
    listed = [{"name": name, "label": name.title(), "type": kind, "annotations": {}} for name, kind in fields.items()]
    return {"dataset_id": dataset.id, "fields": listed, "metas": {"default": stated}}


def gas(asked: Asked, **headers: str) -> bytes:
    """The service as it should be: September 2026 of one storage point."""
    bodies: dict[str, Callable[[], bytes]] = {"parquet": parquet, "jsonl": jsonl, "csv": csv}
    if asked.call in bodies:
        return answer(bodies[asked.call](), **headers)
    if asked.call == "records":
        return answer({"total_count": 30, "results": [{"date": "2026-09-01"}]}, **headers)
    return answer(described(), **headers)


@contextmanager
def serving(route: Callable[[Asked], Reply] = gas, **troubles: list[Reply]) -> Iterator[Service]:
    service = Service(route, troubles)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        service.url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/explore/v2.1"
        threading.Thread(target=_accept, args=(listener, service), daemon=True).start()
        yield service
        service.closing.set()


def facts(dataset: Dataset = GAS, fields: Mapping[str, str] | None = None) -> Facts:
    return Facts(dataset, datetime(2026, 10, 2, 10, tzinfo=UTC), 30, GAS_FIELDS if fields is None else fields)


def knobs(service: Service | str, home: Path, **more: object) -> Settings:
    """Settings for a quick test."""
    url = service if isinstance(service, str) else service.url
    told: dict[str, object] = {"attempts": 4, "patience_seconds": 10, "timeout_seconds": 2, "home": home, **more}
    return Settings(odre_url=url, **told)  # type: ignore[arg-type]


def connected(odre: Odre) -> Odre:
    """A session past its first contact, which is not tried again."""
    odre._wire._reached = True
    return odre


def date_header(ahead: timedelta = timedelta()) -> str:
    return format_datetime(datetime.now(UTC) + ahead, usegmt=True)


def _accept(listener: socket.socket, service: Service) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, service), daemon=True).start()


def _serve(connection: socket.socket, service: Service) -> None:
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (received := connection.recv(65536)):
                return
            head += received
            if head.startswith(b"\x16"):  # a TLS handshake
                connection.sendall(answer("this is HTTP", 400, date=date_header()))
                return
        reply = _dated(service.reply(_asked(head)))
        if reply == HANG:
            service.closing.wait(30)
        elif reply == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif isinstance(reply, Trickle):
            _trickle(connection, reply, service.closing)
        elif isinstance(reply, bytes):
            connection.sendall(reply)


def _dated(reply: Reply) -> Reply:
    """Made when the tests were collected, perhaps; sent now."""
    if isinstance(reply, str):
        return reply
    return type(reply)(reply.replace(WHEN_SENT.encode(), date_header().encode(), 1))


def _trickle(connection: socket.socket, reply: bytes, closing: threading.Event) -> None:
    head, _, body = reply.partition(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")
    for byte in body:
        if closing.wait(0.05):
            return
        connection.sendall(bytes([byte]))


def _asked(head: bytes) -> Asked:
    first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    raw = first.split(" ")[1]
    target = urlsplit(raw)
    headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines}
    return Asked(target.path, dict(parse_qsl(target.query)), headers, raw)
