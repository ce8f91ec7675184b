"""The door, by itself: who guesses at the token is refused, who has it is not."""

import asyncio
from collections.abc import Sequence

import httpx
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from watthouse.serve.front import WRONG_TOKENS, Front
from watthouse.settings import Settings

TOKEN = "the right one"


async def _refuses(scope: Scope, receive: Receive, send: Send) -> None:
    """A call that wants the token, and then finds fault with what was sent."""
    status = 422 if httpx.Headers(scope["headers"])["authorization"] == f"Bearer {TOKEN}" else 401
    await asyncio.sleep(0.001)
    await PlainTextResponse("", status)(scope, receive, send)


def _statuses(tokens: Sequence[str], settings: Settings | None = None) -> list[int]:
    """Of calls that are all under way at once."""
    front = Front(_refuses, settings or Settings(api_token=SecretStr(TOKEN)))

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            posts = [client.post("/api/v1/refresh", headers={"authorization": token}) for token in tokens]
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    return asyncio.run(ask())


def test_calls_with_the_right_token_are_no_guesses_whatever_becomes_of_them() -> None:
    assert _statuses([f"Bearer {TOKEN}"] * 100) == [422] * 100


def test_of_many_guesses_at_once_no_more_are_looked_at_than_a_minute_allows() -> None:
    statuses = _statuses(["Bearer guess"] * 50)
    assert (statuses.count(401), statuses.count(429)) == (WRONG_TOKENS, 30)


def test_after_too_many_guesses_the_right_token_is_not_told_apart() -> None:
    assert _statuses(["Bearer guess"] * WRONG_TOKENS + [f"Bearer {TOKEN}"])[-1] == 429


def test_without_a_token_in_the_settings_every_one_is_a_guess() -> None:
    statuses = _statuses(["Bearer "] * 30, Settings(api_token=SecretStr("")))
    assert statuses.count(429) == 30 - WRONG_TOKENS
