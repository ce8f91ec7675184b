"""Strangers who try everything at once, for some seconds: ``python -m tests.integration.attackers URL SECONDS``.

Prints what they were answered, as JSON: by attack the number of answers of each status, 0 where the connection broke.
"""

import json
import secrets
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from tests.integration.stalling import stalled

STRANGERS: Final = "127.0.0.2"
"""Their address: a client's share of the connections is by address."""
CALLBACKS: Final = "/_dash-update-component"
_PIECE: Final = b"x" * 2**16
_GIB: Final = 2**30


def _asked(*paths: str, method: str = "GET", **more: Any) -> Callable[[httpx.Client], Iterator[int]]:
    """Ask each of these."""

    def ask(client: httpx.Client) -> Iterator[int]:
        for path in paths:
            yield client.request(method, path, **more).status_code

    return ask


def _bytes(piece: bytes, size: int) -> Iterator[bytes]:
    for _ in range(size // len(piece)):
        yield piece


def _body(path: str, piece: bytes, size: int, method: str = "POST") -> Callable[[httpx.Client], Iterator[int]]:
    """Send a body in pieces, which ends where the server stops it."""

    def send(client: httpx.Client) -> Iterator[int]:
        yield client.request(
            method, path, content=_bytes(piece, size), headers={"content-type": "application/json"}
        ).status_code

    return send


def _methods(client: httpx.Client) -> Iterator[int]:
    for _ in range(50):
        yield client.request(secrets.token_hex(8).upper(), "/api/v1/mix").status_code


def _callbacks(client: httpx.Client) -> Iterator[int]:
    for body in (
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"output": 1}',
        b'{"output": "root.children", "inputs": 3}',
        b'"' + b"[" * 9_000,
    ):
        yield client.post(CALLBACKS, content=body, headers={"content-type": "application/json"}).status_code


def _websocket(client: httpx.Client) -> Iterator[int]:
    asked = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "eA==",
    }
    for path in ("/_dash-ws", "/_dash-ws-callback", "/"):
        yield client.get(path, headers=asked).status_code


def _forwarded(client: httpx.Client) -> Iterator[int]:
    for _ in range(20):
        yield client.get("/api/v1/regions", headers={"x-forwarded-for": f"10.0.0.{secrets.randbelow(256)}"}).status_code


def _stopped(client: httpx.Client) -> Iterator[int]:
    """Four who stop reading, for a while."""
    with stalled(str(client.base_url), "/api/v1/marts/regional_slots/rows?format=csv", 4, STRANGERS):
        time.sleep(10)
        yield 200


def _silent(client: httpx.Client) -> Iterator[int]:
    """1,100 connections that say nothing."""
    at = urlsplit(str(client.base_url))
    with ExitStack() as stack:
        for _ in range(1_100):
            try:
                stack.enter_context(socket.create_connection((at.hostname, at.port), 5, (STRANGERS, 0)))
            except OSError:
                yield 0
        time.sleep(10)
        yield 200


_NAMES: Final = "&".join("abcdefghij" * 1_600)
_FUTURE: Final = "since=2090-01-01&until=9999-12-31"
_EVERY: Final = "since=0001-01-01&until=9999-12-31"
_DATASET: Final = "dataset=eco2mix-national-tr"
ATTACKS: Final[Mapping[str, tuple[int, Callable[[httpx.Client], Iterator[int]]]]] = {
    "16,000 parameters": (2, _asked(f"/api/v1/regions?{_NAMES}")),
    "questions of 8,000 years": (8, _asked(*(f"/api/v1/questions/{number}?{_FUTURE}" for number in range(1, 7)))),
    "downloads": (6, _asked("/api/v1/marts/hourly_national/rows?format=csv")),
    "the whole calendar": (
        2,
        _asked(
            f"/api/v1/mix?interval=slot&format=parquet&{_EVERY}", f"/api/v1/regions?interval=slot&format=csv&{_EVERY}"
        ),
    ),
    "pages of 10,000 rows": (12, _asked("/api/v1/marts/hourly_national/rows?limit=10000")),
    "readers who stop": (1, _stopped),
    "a body of 1 GiB": (1, _body("/api/v1/refresh", _PIECE, _GIB)),
    "100 MiB of brackets": (1, _body(CALLBACKS, b"{}," * 20_000, 100 * 2**20)),
    "a body on GET": (1, _body("/api/v1/mix", _PIECE, 2**24, "GET")),
    "silent connections": (1, _silent),
    "invented methods": (2, _methods),
    "any host": (1, _asked("/docs", "/api/v1/mix", headers={"host": "evil.example"})),
    "websockets": (1, _websocket),
    "malformed callbacks": (1, _callbacks),
    "ends of the calendar": (
        1,
        _asked(
            f"/api/v1/revisions?{_DATASET}&column=date_heure",
            "/api/v1/compare?with_since=0001-01-01&with_until=0001-01-31",
        ),
    ),
    "forged addresses": (1, _forwarded),
}
"""By name: how many strangers do it at once, and what one of them does, again and again."""


def attacked(url: str, seconds: float) -> dict[str, Counter[int]]:
    """What all of them are answered in that time."""
    end = time.monotonic() + seconds
    found = {name: Counter[int]() for name in ATTACKS}
    with ThreadPoolExecutor(64) as crowd:
        for name, (count, attack) in ATTACKS.items():
            for _ in range(count):
                crowd.submit(_attack, url, attack, end, found[name])
    return found


def _attack(url: str, attack: Callable[[httpx.Client], Iterator[int]], end: float, found: Counter[int]) -> None:
    while time.monotonic() < end:
        with httpx.Client(base_url=url, timeout=120, transport=httpx.HTTPTransport(local_address=STRANGERS)) as client:
            try:
                found.update(attack(client))
            except (httpx.HTTPError, OSError, AssertionError):
                # a server may close a connection rather than hear it out
                found[0] += 1
        time.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(attacked(sys.argv[1], float(sys.argv[2]))))
