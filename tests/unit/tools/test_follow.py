"""How far a newcomer walks who follows one row, or one page, through the modules."""

from pathlib import Path

import pytest

from tests.support import begun
from tools.follow import changes, once, page, row

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize(
    ("calls", "walked"), [("aabccb", "abcb"), ("abcbcbd", "abcbd"), ("abcabcabd", "abcabd"), ("abab", "ab")]
)
def test_a_stretch_that_repeats_the_one_before_it_is_walked_once(calls: str, walked: str) -> None:
    assert "".join(once(changes(calls))) == walked


def test_a_row_and_a_page_are_followed_without_many_changes_of_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATTHOUSE_HOME", "")  # `row` sets it: what it was is put back
    homes = [begun(tmp_path / f"home-{turn}") for turn in range(3)]
    # DuckDB reads the lake's rows in whichever of its threads is free, and of those only Python's own is followed
    assert min(len(once(changes(row(home)))) for home in homes) < 150
    assert len(once(changes(page(homes[0])))) < 350
