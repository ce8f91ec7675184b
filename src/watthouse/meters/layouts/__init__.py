"""The layouts of meter files, one module each. A file is recognised by its first lines, never by its name."""

from typing import Final

from watthouse.meters.layouts import enedis, lp, nem12, tou, tou_registers
from watthouse.meters.layouts.base import Layout, Reader, fold

LAYOUTS: Final[tuple[Layout, ...]] = (lp.LAYOUT, tou.LAYOUT, tou_registers.LAYOUT, enedis.LAYOUT, nem12.LAYOUT)

__all__ = ["LAYOUTS", "Layout", "Reader", "layout_of"]


def layout_of(line: str) -> Layout | None:
    """The layout that such a line opens; None where it opens none."""
    folded = fold(line)
    return next((layout for layout in LAYOUTS if layout.opens(folded)), None)
