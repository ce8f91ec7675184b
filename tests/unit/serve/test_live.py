"""What is seen of the store, from one look to the next."""

import asyncio
import sys
from contextlib import ExitStack

import pytest

from watthouse.serve.live import Live, LiveState
from watthouse.serve.problems import ProblemError
from watthouse.settings import Settings

A, B = {"_id": "11", "rev": 1}, {"_id": "53", "rev": 1}


def test_a_look_that_finds_the_same_is_the_same_version() -> None:
    state = LiveState("run").seen({"11": A}, None)
    again = state.seen({"11": {**A}}, {"rows": 3})

    assert again.version == state.version == "run-1"
    assert again.progress == {"rows": 3}


def test_what_changed_since_a_version_is_what_changed_in_any_later_one() -> None:
    first = LiveState("run").seen({"11": A, "53": B}, None)
    second = first.seen({"11": {**A, "rev": 2}, "53": B}, None)
    third = second.seen({"11": {**A, "rev": 2}}, None)

    assert first.since(0) == {"11": A, "53": B}
    assert third.since(1) == {"11": {**A, "rev": 2}, "53": None}
    assert third.since(2) == {"53": None}
    assert third.since(3) == {}


def test_a_fault_keeps_what_was_seen_and_is_a_version_of_its_own() -> None:
    state = LiveState("run").seen({"11": A}, None)
    away = state.failed("away")
    back = away.seen({"11": A}, None)

    assert away.documents == {"11": A}
    assert away.failed("away") is away
    assert (state.number, away.number, back.number) == (1, 2, 3)
    assert (away.fault, back.fault) == ("away", "")


def test_the_sample_is_named_where_any_document_is_of_one() -> None:
    assert LiveState("run").seen({"11": A}, None).sample is None
    assert LiveState("run").seen({"11": A, "53": {**B, "sample": "seed 0"}}, None).sample == "seed 0"


def test_one_listener_too_many_is_told_when_to_try_again() -> None:
    settings = Settings(stream_store="mongodb://127.0.0.1:1/")  # type: ignore[arg-type]
    live = Live(settings, listeners=3, of_a_client=2)

    async def listen() -> list[ProblemError]:
        refused = []
        with ExitStack() as listening:
            for client in ("one", "one", "one", "another", "a third"):
                try:
                    live.admit(client)
                except ProblemError as error:
                    refused.append(error)
                else:
                    listening.enter_context(live._listening(client))
        return refused

    of_one, of_all = asyncio.run(listen())
    assert "2 connections of yours listen already" in of_one.detail
    assert "3 connections listen already" in of_all.detail
    assert {(each.status, each.headers["retry-after"]) for each in (of_one, of_all)} == {(503, "10")}
    assert live.listeners == 0
    live.admit("one")


def test_without_the_extra_the_fault_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("store", "connection", "holding"):
        monkeypatch.delitem(sys.modules, f"watthouse.stream.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pymongo", None)  # as where it is not installed
    live = Live(Settings(stream_store="mongodb://127.0.0.1:1/"))  # type: ignore[arg-type]

    assert live.state().fault == "pymongo is not installed: pip install 'watthouse[stream]'"


def test_a_url_that_is_none_is_a_fault_without_its_password() -> None:
    live = Live(Settings(stream_store="mongodb://user:s3/cret@127.0.0.1/"))  # type: ignore[arg-type]

    assert live.state().fault == "the stream's store cannot be reached or read: the server's log says why"
