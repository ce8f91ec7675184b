"""A line of few places: the first to come is the first to be served, and nobody waits for ever."""

import asyncio

import pytest

from watthouse.serve.line import Line
from watthouse.serve.problems import ProblemError


def test_no_more_are_in_it_than_it_has_places_and_they_come_in_their_order() -> None:
    line, inside, most, came = Line(2, 10), 0, 0, []

    async def work(number: int) -> None:
        nonlocal inside, most
        turn = await line.enter()
        came.append(number)
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.001)
        inside -= 1
        turn.end()

    async def crowd() -> None:
        await asyncio.gather(*(work(number) for number in range(20)))

    asyncio.run(crowd())
    assert (most, came) == (2, [*range(20)])


def test_who_waits_for_too_long_is_told_when_to_come_again() -> None:
    async def late() -> ProblemError:
        line = Line(1, 0.02)
        await line.enter()
        with pytest.raises(ProblemError) as refused:
            await line.enter()
        return refused.value

    refused = asyncio.run(late())
    assert (refused.status, refused.headers) == (503, {"retry-after": "10"})


def test_a_turn_that_ends_twice_gives_one_place_back() -> None:
    async def twice() -> None:
        line = Line(1, 0.02)
        turn = await line.enter()
        turn.end()
        turn.end()
        await line.enter()
        with pytest.raises(ProblemError):
            await line.enter()

    asyncio.run(twice())


def test_who_goes_away_while_waiting_takes_no_place_along() -> None:
    async def leaves() -> None:
        line = Line(1, 10)
        turn = await line.enter()
        waiting = asyncio.ensure_future(line.enter())
        await asyncio.sleep(0)
        waiting.cancel()
        turn.end()
        await asyncio.wait_for(line.enter(), 1)

    asyncio.run(leaves())
