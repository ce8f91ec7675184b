"""docs/limits.md is the readers' limits, to the number."""

from typing import Final

from tests.support import ROOT
from watthouse.sources import limits

_UNTOLD: Final = {"MIB", "MOST_ROWS"}
_KIB: Final = 2**10


def test_the_documents_limits_are_those_of_the_readers() -> None:
    lines = (ROOT / "docs" / "limits.md").read_text().splitlines()
    stated = {line.split("|")[3].strip(): line.split("|")[2] for line in lines if line.count("|") == 4}
    for name in [name for name in vars(limits) if name.isupper() and name not in _UNTOLD]:
        (limit,) = [limit for by, limit in stated.items() if f"`{name}`" in by]
        value = getattr(limits, name)
        ways = {f"{value:,}", f"{value / limits.MIB:,.0f} MiB", f"{value / _KIB:,.0f} KiB"}
        assert any(f" {way}" in limit for way in ways), name
