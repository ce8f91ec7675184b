"""The page Data says how far the stream is, where there is one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dash.development.base_component import Component

from tests.streaming import fill
from watthouse.serve.dashboard.pages.live_reader import LiveReader
from watthouse.serve.dashboard.pages.stream_card import card
from watthouse.serve.dashboard.view import View
from watthouse.serve.locale import Language
from watthouse.serve.service import Service
from watthouse.settings import Settings
from watthouse.stream.store import Store


@pytest.fixture
def service(stream_store: str, tmp_path: Path) -> Iterator[Service]:
    made = Service(Settings(home=tmp_path, stream_store=stream_store))  # type: ignore[arg-type]
    yield made
    made.close()


def words(service: Service, language: Language = Language.ENGLISH) -> str:
    """What the card says."""
    view = View(language=language)
    (made,) = card(service, LiveReader(service, view, service.live.state()), view)
    return " | ".join(_texts(made))


def _texts(component: object) -> Iterator[str]:
    if isinstance(component, str):
        yield component
    elif isinstance(component, Component):
        yield from _texts(getattr(component, "children", None))
    elif isinstance(component, list | tuple):
        for one in component:
            yield from _texts(one)


def test_the_card_has_what_the_processor_noted_last(service: Service, stream_store: str) -> None:
    at = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
    lag = {"electricity_production": 1200}
    Store(stream_store).note_progress({"at": at, "rows": 48_000, "seconds": 1.25, "dead_letters": 2, "lag": lag})

    said = words(service)

    assert "10\u00a0Mar\u00a02026, 12:30" in said  # by the clock of Paris
    assert "Messages in it | 48,000" in said
    assert "Time it took | 1.25\u00a0s" in said
    assert "Messages behind, electricity_production | 1,200" in said
    assert "Dead letters | 2" in said
    assert "Messages rejetés | 2" in words(service, Language.FRENCH)


def test_the_card_says_what_to_start_before_the_first_batch(service: Service, stream_store: str) -> None:
    fill(stream_store, date(2026, 3, 10))
    assert "watthouse stream process" in words(service)


def test_there_is_no_card_without_a_store(tmp_path: Path) -> None:
    service = Service(Settings(home=tmp_path))
    assert [*card(service, LiveReader(service, View(), None), View())] == []  # type: ignore[arg-type]


def test_the_card_says_that_the_store_is_away(tmp_path: Path) -> None:
    service = Service(Settings(home=tmp_path, stream_store="mongodb://127.0.0.1:1/"))  # type: ignore[arg-type]
    assert "cannot be reached" in (said := words(service))
    assert "127.0.0.1" not in said
