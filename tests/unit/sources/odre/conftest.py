"""Fixtures for the tests of the service's client."""

import pytest

from watthouse.sources.odre import retry


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without a pause where the service asks for none, and no proxy of this machine's."""
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.0)
    monkeypatch.setattr(retry, "_JITTER", 0.0)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
