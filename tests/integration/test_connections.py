"""Clients that hold connections and do nothing with them: they are let go, and others do not notice. Real sockets."""

import time
from collections.abc import Iterator

import pytest

from tests.integration import wire
from tests.integration.serving import Api, served

pytestmark = pytest.mark.slow

SECONDS, SHARE = 2, 40
BUNDLE = "/swagger/swagger-ui-bundle.js"
"""A file of more than a megabyte, which any home has."""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("connections")
    limits = {"WATTHOUSE_CLIENT_SECONDS": str(SECONDS), "WATTHOUSE_CLIENT_CONNECTIONS": str(SHARE)}
    with served(folder / "home", folder, sample=False, **limits) as running:
        yield running


def test_a_client_with_eleven_hundred_silent_connections_keeps_nobody_out(door: Api) -> None:
    with wire.silent(door, 1_100, wire.OTHERS):
        began = time.monotonic()
        assert wire.asked(door, wire.head("GET", "/healthz")) == 200
        assert time.monotonic() - began < 1
        assert wire.falls(door, wire.OTHERS, SHARE, within=3)
    assert wire.falls(door, wire.OTHERS, 0, within=3)


def test_a_connection_that_asks_nothing_ends(door: Api) -> None:
    with wire.connected(door) as connection:
        assert wire.ends(connection, within=SECONDS + 2)
    with wire.connected(door) as connection:  # nor one that has asked before
        connection.sendall(wire.head("GET", "/healthz"))
        assert wire.status(connection) == 200
        assert wire.ends(connection, within=SECONDS + 2)


def test_a_request_that_comes_letter_by_letter_ends(door: Api) -> None:
    with wire.connected(door) as connection:
        began = time.monotonic()
        try:
            for letter in wire.head("GET", "/healthz", f"X: {'x' * 100}"):
                connection.sendall(bytes([letter]))
                time.sleep(0.1)
        except ConnectionError:
            pass
        assert time.monotonic() - began < 2 * SECONDS + 2


def test_a_body_that_does_not_come_is_not_waited_for(door: Api) -> None:
    with wire.connected(door) as connection:
        connection.sendall(wire.head("POST", "/_dash-update-component", "Content-Length: 100") + b"{")
        assert wire.status(connection) == 408


def test_a_client_that_stops_reading_is_let_go(door: Api) -> None:
    with wire.connected(door, wire.OTHERS, window=4_096) as connection:
        connection.sendall(wire.head("GET", BUNDLE))
        time.sleep(0.5)
        assert wire.held(door, wire.OTHERS) == 1
        assert wire.falls(door, wire.OTHERS, 0, within=SECONDS + 3)
        assert wire.ends(connection, within=2)


def test_a_client_that_reads_next_to_nothing_is_let_go(door: Api) -> None:
    with wire.connected(door, wire.OTHERS, window=4_096) as connection:
        connection.sendall(wire.head("GET", BUNDLE))
        until = time.monotonic() + 4 * SECONDS
        while time.monotonic() < until and wire.held(door, wire.OTHERS):
            connection.recv(100)
            time.sleep(0.2)
        assert not wire.held(door, wire.OTHERS)


def test_a_client_that_reads_slowly_gets_all_of_it(door: Api) -> None:
    """On the phone of somebody in a train: 300 kB a second, for longer than a stall may last."""
    with wire.connected(door, wire.OTHERS, window=65_536) as connection:
        connection.sendall(wire.head("GET", BUNDLE, "Connection: close"))
        taken = 0
        while piece := connection.recv(30_000):
            taken += len(piece)
            time.sleep(0.1)
    assert taken > 10**6


def test_of_a_clients_connections_those_that_do_something_are_kept(door: Api) -> None:
    with wire.connected(door, wire.OTHERS) as busy, wire.silent(door, 2 * SHARE, wire.OTHERS) as others:
        for _ in range(5):
            busy.sendall(wire.head("GET", "/healthz"))
            assert wire.status(busy) == 200
            time.sleep(0.3)
        assert sum(wire.ends(each, within=0.2) for each in others[:SHARE]) >= SHARE - 1
