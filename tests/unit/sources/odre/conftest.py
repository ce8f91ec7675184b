"""Fixtures for the tests of the service's client."""

import pytest


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries at once where the service asks for no pause, and no proxy of this machine's."""
    monkeypatch.setenv("WATTHOUSE_RETRY_SECONDS", "0.001")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
