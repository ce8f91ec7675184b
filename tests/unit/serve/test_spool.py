"""Between the thread that makes an answer and its reader: every byte, in bounded room, whatever either of them does."""

import asyncio
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

import pytest
from anyio import to_thread

from watthouse.serve import spool as spools
from watthouse.serve.problems import ProblemError
from watthouse.serve.spool import ALWAYS, ReaderGoneError, SlowReaderError, Spool, Spools


def _pieces(seed: int, count: int) -> list[bytes]:
    lengths = random.Random(seed)
    return [os.urandom(lengths.choice((0, 1, 1_000, 200_000))) for _ in range(count)]


def _spool(shared: Spools, client: str = "192.0.2.1") -> Spool:
    return shared.spool(client, lambda: None)


async def _taken(spool: Spool, pauses: random.Random) -> bytes:
    found = b""
    async for piece in spool.pieces():
        found += piece
        if pauses.random() < 0.1:
            await asyncio.sleep(0.002)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_reader_gets_every_byte_in_order_and_the_room_is_free_again(seed: int, tmp_path: Path) -> None:
    pieces, shared = _pieces(seed, 100), Spools(tmp_path)

    async def both() -> bytes:
        spool = _spool(shared)
        making = asyncio.ensure_future(to_thread.run_sync(spool.fill, iter(pieces), ExitStack()))
        found = await _taken(spool, random.Random(seed))
        await making
        spool.close()
        return found

    assert asyncio.run(both()) == b"".join(pieces)
    assert (shared.used, shared.count, [*tmp_path.iterdir()]) == (0, 0, [])


def test_a_reader_who_is_as_fast_as_the_disk_gets_the_whole_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = os.pwrite

    def slowly(file: int, piece: memoryview, place: int) -> int:
        count = written(file, piece, place)
        time.sleep(0.02)  # the bytes are there, and the writer has not said so yet
        return count

    monkeypatch.setattr(os, "pwrite", slowly)
    monkeypatch.setattr(spools, "PATIENCE_SECONDS", 1)
    shared, pieces = Spools(tmp_path, room=ALWAYS), [b"x" * 200_000, b""] * 20

    async def both() -> bytes:
        spool = _spool(shared)
        making = asyncio.ensure_future(to_thread.run_sync(spool.fill, iter(pieces), ExitStack()))
        found = await _taken(spool, random.Random(0))
        await making
        assert shared.used == 0
        spool.close()
        return found

    assert asyncio.run(both()) == b"".join(pieces)


def test_what_an_answer_is_made_from_is_let_go_though_nobody_takes_a_byte(tmp_path: Path) -> None:
    let_go = threading.Event()

    async def stalled() -> None:
        spool, resources = _spool(Spools(tmp_path)), ExitStack()
        resources.callback(let_go.set)
        await asyncio.wait_for(to_thread.run_sync(spool.fill, iter([b"x" * ALWAYS] * 20), resources), 10)
        assert let_go.is_set()
        spool.close()

    asyncio.run(stalled())


def test_a_reader_who_keeps_up_is_not_held_up_by_those_who_fill_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "PATIENCE_SECONDS", 2)
    shared = Spools(tmp_path, room=3 * ALWAYS)
    pieces = [bytes([number % 256]) * (ALWAYS // 4) for number in range(100)]

    async def beside() -> tuple[bytes, BaseException | None]:
        greedy, honest = _spool(shared), _spool(shared)
        filling = asyncio.ensure_future(to_thread.run_sync(greedy.fill, iter(pieces), ExitStack()))
        await asyncio.sleep(0.1)
        making = asyncio.ensure_future(to_thread.run_sync(honest.fill, iter(pieces), ExitStack()))
        found = await _taken(honest, random.Random(0))
        await asyncio.wait({filling, making})
        honest.close()
        greedy.close()
        return found, greedy._fault

    found, fault = asyncio.run(beside())
    assert found == b"".join(pieces)
    assert isinstance(fault, SlowReaderError)
    assert (shared.used, shared.count) == (0, 0)


def test_a_client_who_takes_nothing_of_many_answers_leaves_room_to_others(tmp_path: Path) -> None:
    shared = Spools(tmp_path, room=16 * ALWAYS)

    async def beside() -> bytes:
        greedy = [_spool(shared, "192.0.2.66") for _ in range(6)]
        fillings = [asyncio.ensure_future(to_thread.run_sync(one.fill, _endless(), ExitStack())) for one in greedy]
        await asyncio.sleep(0.3)
        # a quarter of the room, and what each of the six may always have
        assert 4 * ALWAYS <= shared.used_by["192.0.2.66"] <= (4 + 6) * ALWAYS
        other = _spool(shared, "192.0.2.1")
        # though nobody takes it yet
        await asyncio.wait_for(to_thread.run_sync(other.fill, iter([b"x" * ALWAYS] * 3), ExitStack()), 5)
        for one in greedy:
            one.give_up()
        await asyncio.wait(fillings)
        found = await _taken(other, random.Random(0))
        for one in (*greedy, other):
            one.close()
        return found

    assert asyncio.run(beside()) == b"x" * 3 * ALWAYS
    assert (shared.used, shared.count, dict(shared.used_by)) == (0, 0, {})


def test_the_turn_is_kept_for_a_reader_who_keeps_up_though_the_disk_frees_slowly(tmp_path: Path) -> None:
    class Slow(FileIO):
        def truncate(self, size: int | None = None) -> int:
            time.sleep(0.02)
            return super().truncate(size)

    shared, waits = Spools(tmp_path), list[None]()

    async def both() -> bytes:
        spool = Spool(shared, Slow(tmp_path / "answer", "w+b"), "192.0.2.1", lambda: waits.append(None))

        def pieces() -> Iterator[bytes]:
            for _ in range(30):
                yield b"x" * 1_000
                time.sleep(0.005)

        making = asyncio.ensure_future(to_thread.run_sync(spool.fill, pieces(), ExitStack()))
        found = await _taken(spool, random.Random(0))
        await making
        spool.close()
        return found

    assert asyncio.run(both()) == b"x" * 30_000
    assert not waits


def _endless() -> Iterator[bytes]:
    while True:
        yield b"x" * (ALWAYS // 4)


def test_whoever_makes_an_answer_stops_when_its_reader_is_gone(tmp_path: Path) -> None:
    made = 0

    def endless() -> Iterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield b"x" * 100_000

    async def leaves() -> None:
        spool = _spool(Spools(tmp_path, room=ALWAYS))
        making = asyncio.ensure_future(to_thread.run_sync(spool.fill, endless(), ExitStack()))
        pieces: AsyncIterator[bytes] = spool.pieces()
        await anext(pieces)
        spool.give_up()
        await asyncio.wait_for(making, 5)
        with pytest.raises(ReaderGoneError):
            await anext(pieces)
        spool.close()

    asyncio.run(leaves())
    assert made < 1_000


def test_what_goes_wrong_in_the_making_is_raised_after_what_was_made(tmp_path: Path) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    async def half() -> bytes:
        spool, found = _spool(Spools(tmp_path)), b""
        await to_thread.run_sync(spool.fill, breaks(), ExitStack())
        try:
            async for piece in spool.pieces():
                found += piece
        except ZeroDivisionError:
            found += b" and no more"
        spool.close()
        return found

    assert asyncio.run(half()) == b"half and no more"


def test_what_is_there_is_taken_though_every_thread_of_the_calls_waits(tmp_path: Path) -> None:
    async def taken() -> bytes:
        calls = to_thread.current_default_thread_limiter()
        spool = _spool(Spools(tmp_path))
        await to_thread.run_sync(spool.fill, iter([b"rows"]), ExitStack())
        for _ in range(int(calls.total_tokens)):
            calls.acquire_on_behalf_of_nowait(object())
        found = await asyncio.wait_for(_taken(spool, random.Random(0)), 5)
        spool.close()
        return found

    assert asyncio.run(taken()) == b"rows"


def test_where_no_file_can_be_made_the_answer_is_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("a file, where a folder should be")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    async def refused() -> ProblemError:
        shared = Spools(tmp_path / "taken" / "answers")
        with pytest.raises(ProblemError) as problem:
            _spool(shared)
        assert shared.count == 0
        return problem.value

    problem = asyncio.run(refused())
    assert (problem.status, problem.headers) == (503, {"retry-after": "10"})
    assert str(tmp_path) not in problem.detail


def test_answers_leave_half_of_the_disk_to_others(tmp_path: Path) -> None:
    async def room() -> int:
        shared = Spools(tmp_path, room=2**60)
        _spool(shared).close()
        return shared.room

    assert asyncio.run(room()) == pytest.approx(shutil.disk_usage(tmp_path).free / 2, rel=0.05)
