"""The questions name every source."""

from watthouse.catalog import NATIONAL_SOURCES
from watthouse.serve.analysis.sources import IN_WORDS


def test_every_declared_source_has_its_words() -> None:
    assert {*IN_WORDS} == {*NATIONAL_SOURCES}
