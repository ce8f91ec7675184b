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
    home = begun(tmp_path / "home")
    assert len(once(changes(row(home)))) < 150
    assert len(once(changes(page(home)))) < 350
