"""RESULTS.md, a section a claim."""

from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).with_name("RESULTS.md")


def put(section: str) -> None:
    """Replace the section with this heading, or add it as the last one; the others stay as they are."""
    heading, _, _ = section.partition("\n")
    before, _, rest = RESULTS.read_text().partition(f"\n{heading}\n")
    _, mark, after = rest.partition("\n## ")
    RESULTS.write_text(f"{before.rstrip()}\n\n{section.rstrip()}\n" + (f"\n## {after}" if mark else ""))


def put_head(text: str) -> None:
    """Replace what comes before the first section."""
    _, mark, sections = RESULTS.read_text().partition("\n## ")
    RESULTS.write_text(f"{text.rstrip()}\n" + (f"\n## {sections}" if mark else ""))
