"""Draw the house from its imports into CONTRIBUTING.md: ``python -m tools.house`` brings the diagram up to date."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import grimp

PAGE: Final = Path(__file__).parents[1] / "CONTRIBUTING.md"
_BEGIN, _END = "<!-- house -->\n", "<!-- /house -->\n"
_EVERYWHERE: Final = frozenset(
    {"ahead", "catalog", "cells", "clock", "errors", "given", "inert", "parent", "settings", "streams"}
)
"""What everything may know: drawn, it would hide the rest."""


def rooms() -> dict[str, set[str]]:
    """Each folder and module at the top of the package, with those that it imports."""
    graph = grimp.build_graph("watthouse")
    tops = {name.split(".")[1] for name in graph.modules if "." in name} - _EVERYWHERE - {"__main__", "starting"}
    return {
        top: {
            imported.split(".")[1]
            for module in graph.modules
            if module.split(".")[1:2] == [top]
            for imported in graph.find_modules_directly_imported_by(module)
            if imported.count(".") and imported.split(".")[1] in tops - {top}
        }
        for top in tops
    }


def drawn(imports: Mapping[str, set[str]]) -> str:
    """In Mermaid, an arrow from who imports to what is imported; an arrow that others imply is left out."""
    arrows = [
        f"  {room} --> {other}"
        for room in sorted(imports)
        for other in sorted(imports[room])
        if not any(other in _reached(imports, step) for step in imports[room] - {other})
    ]
    return "\n".join(["```mermaid", "flowchart TD", *arrows, "```", ""])


def _reached(imports: Mapping[str, set[str]], start: str) -> set[str]:
    reached, waiting = set[str](), [start]
    while waiting:
        for other in imports[waiting.pop()] - reached:
            reached.add(other)
            waiting.append(other)
    return reached


def page(text: str) -> str:
    """The text of the page with the diagram as it should be."""
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + drawn(rooms()) + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
