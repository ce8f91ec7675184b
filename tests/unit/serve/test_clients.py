"""Who asks, behind any chain of proxies."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from watthouse.serve.clients import BehindProxies, Proxies, share

OURS = Proxies(["10.0.0.0/8", "192.168.1.1", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1:4711"], "192.0.2.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("fd00::1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        # ours are passed over, what stands before the first that is not was written by that one
        ("10.0.0.1", ["192.0.2.1, 10.9.9.9, 192.168.1.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.1", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        # what is no address ends the chain
        ("10.0.0.1", ["192.0.2.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, _hidden, 10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        # nobody else is believed
        ("192.0.2.9", ["198.51.100.1"], "192.0.2.9"),
        ("192.168.1.2", ["10.0.0.1"], "192.168.1.2"),
        ("", ["192.0.2.1"], ""),
    ],
)
def test_the_client_is_the_last_that_a_trusted_proxy_names(peer: str, forwarded: list[str], client: str) -> None:
    assert OURS.client(peer, forwarded) == client


def test_without_proxies_the_client_is_the_peer() -> None:
    assert Proxies([]).client("10.0.0.1", ["192.0.2.1"]) == "10.0.0.1"


def test_a_network_of_ipv6_has_one_share() -> None:
    assert share("2001:db8::1") == share("2001:db8:0:0:ffff::9") != share("2001:db8:0:1::1")
    assert share("::ffff:192.0.2.1") == share("192.0.2.1") == "192.0.2.1"
    assert share("unknown") == "unknown"


def test_a_proxy_that_the_settings_forgot_is_logged_once() -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        assert receive is send is None

    app = BehindProxies(answers, OURS)
    forwarded = [(b"x-forwarded-for", b"198.51.100.1")]

    async def asked() -> None:
        for peer, headers in (
            ("10.0.0.1", forwarded),
            ("192.0.2.1", []),
            ("192.0.2.9", forwarded),
            ("192.0.2.8", forwarded),
        ):
            await app({"type": "http", "client": (peer, 1), "headers": headers}, None, None)  # type: ignore[arg-type]

    with capture_logs() as lines:
        asyncio.run(asked())
    assert [line["peer"] for line in lines] == ["192.0.2.9"]
    assert "WATTHOUSE_TRUSTED_PROXIES" in lines[0]["advice"]
