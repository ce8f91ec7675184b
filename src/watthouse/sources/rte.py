"""RTE's own downloads: text with tabs that is named ``.xls``, with one field more than headers and a disclaimer below.

They carry no instant and no INSEE code; both are derived by the contract, from the civil clock and the perimeter.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from watthouse.errors import UnrecognisedError
from watthouse.sources import delimited
from watthouse.sources.base import Piece
from watthouse.sources.delimited import Header, OddRow
from watthouse.sources.folding import fold
from watthouse.sources.headers import recognise
from watthouse.sources.packing import Packing, Survey

_OPEN_ENDED: Final = "RTE's closing disclaimer is missing: rows may be missing at the end"
_PROSE_WORDS: Final = 6


def is_rte(header: Header) -> bool:
    """Whether a header is one of RTE's."""
    folded = {fold(label) for label in header.labels}
    return header.delimiter == "\t" and ({"perimetre", "heures"} <= folded or _is_tempo(header))


def pieces(packing: Packing, survey: Survey, header: Header) -> Iterator[Piece]:
    """The rows of an éCO2mix download, national or regional, definitive, consolidated or real time.

    Raises :class:`~watthouse.errors.UnrecognisedError` for the Tempo calendar, and
    :class:`~watthouse.errors.SourceError` for a file that is cut: a short last row, or no line end and no disclaimer.
    """
    if _is_tempo(header):
        raise UnrecognisedError(f"{packing.origin}: RTE's calendar of Tempo days, which is no dataset of the catalog")
    layout = recognise(header.labels, packing.origin)
    if not _is_prose(survey.last_line):
        if not survey.ends_line:
            raise delimited.cut(packing.origin)
        layout = replace(layout, notes=(*layout.notes, _OPEN_ENDED))
    yield from delimited.read(packing, survey, header, layout, _width(header), _is_disclaimer)


def _is_disclaimer(row: OddRow) -> bool:
    return row.fields == 1 and _is_prose(row.text)


def _is_prose(line: str) -> bool:
    """Whether a line is a sentence: no region's name, which a cut row could begin with, has so many words."""
    return "\t" not in line and len(line.split()) >= _PROSE_WORDS


def _width(header: Header) -> int:
    """Fields of a row: each ends in a tab, the header does not."""
    extra = len(header.first_row) == len(header.labels) + 1 and not header.first_row[-1]
    return len(header.labels) + extra


def _is_tempo(header: Header) -> bool:
    return len(header.labels) == 2 and "tempo" in fold(header.labels[1])
