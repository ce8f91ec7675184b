"""The words for the marts: as many in French as in English."""

from watthouse.serve.dashboard.pages.mart import IN_FRENCH
from watthouse.settings import PROJECT
from watthouse.transform.dictionary import marts


def test_every_mart_is_described_in_french_too() -> None:
    held = marts(PROJECT)
    assert set(IN_FRENCH) == set(held)
    assert not {name for name, mart in held.items() if mart.description == IN_FRENCH[name]}
