"""RTE's own downloads: text with tabs that is named ``.xls``, with one field more than headers and a disclaimer below.

Most carry no instant and no INSEE code; both are derived by the contract, from the civil clock and the perimeter.
People also keep re-saved copies: with another delimiter, the closing sentence among the rows.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from watthouse.errors import UnrecognisedError
from watthouse.sources import delimited
from watthouse.sources.archive import Packing
from watthouse.sources.base import Piece
from watthouse.sources.cells import fold, is_null_token
from watthouse.sources.delimited import Fields, Header, OddRow, RowShape
from watthouse.sources.headers import recognise
from watthouse.sources.texts import Survey

_OPEN_ENDED: Final = "RTE's closing disclaimer is missing: rows may be missing at the end"
_PROSE_WORDS: Final = 6
_DIGITS: Final = re.compile(r"\d")


def is_rte(header: Header) -> bool:
    """Whether a header is one of RTE's, whatever the file was saved with since."""
    folded = {fold(label) for label in header.labels}
    return {"perimetre", "heures"} <= folded or _is_tempo(header) or _is_day(header)


def pieces(packing: Packing, survey: Survey, header: Header) -> Iterator[Piece]:
    """The rows of an éCO2mix download, national or regional, definitive, consolidated or real time, or a calendar.

    Raises :class:`~watthouse.errors.UnrecognisedError` for the day files of old, and
    :class:`~watthouse.errors.SourceError` for a file with a row in its middle that is not whole.
    """
    if _is_day(header):
        raise UnrecognisedError(
            f"{packing.origin}: an RTE day file ('{header.labels[0]}'), which is not a dataset of the catalog"
        )
    shape = RowShape(_width(header), lambda row: _mend(row, header))
    layout = recognise(header.labels, packing.origin)
    # only RTE's original ends in the disclaimer for sure; of a re-saved copy its absence says nothing
    if header.delimiter == "\t" and survey.ends_line and not _is_prose(header.last):
        layout = replace(layout, notes=(*layout.notes, _OPEN_ENDED))
    return delimited.read(packing, survey, header, layout, shape)


def _mend(row: OddRow, header: Header) -> Fields | None:
    """() for the closing sentence; of a row that is wider than its header, the fields below the labels.

    A region's definitive 2019 has rows two fields wider than their header, the surplus ``ND`` or empty; re-saves cut
    off trailing delimiters with nothing between them.
    """
    if _is_prose(row.fields):
        return ()
    if row.fields[: len(header.labels)] == header.labels or len(row.fields) < header.needed:
        return None
    surplus = row.fields[len(header.labels) :]
    return row.fields[: len(header.labels)] if all(is_null_token(field) for field in surplus) else None


def _is_prose(fields: Fields) -> bool:
    """Whether a row is a sentence, in one field or cut at its commas: no row of figures has so many words.

    The name of a region, which a cut row could begin with, has fewer.
    """
    text = " ".join(fields)
    filled = [field for field in fields if field.strip()]
    # the sentence below a Tempo calendar has a date in it, after its first comma
    is_text = len(filled) == 1 or not _DIGITS.search(text) or len(filled[0].split()) >= _PROSE_WORDS
    return (
        bool(filled) and is_text and len(text.split()) >= _PROSE_WORDS and len(filled[0].split()) >= _PROSE_WORDS // 2
    )


def _width(header: Header) -> int:
    """Fields of a row, which ends in a tab where the header does not: as most of the first rows have them."""
    # by majority: the first row may be one of the odd ones, two fields wider than the others
    widths = Counter(len(row) for row in header.rows if not _is_prose(row))
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    return max(usual, len(header.labels))


def _is_tempo(header: Header) -> bool:
    return len(header.labels) == 2 and "tempo" in fold(header.labels[1])


def _is_day(header: Header) -> bool:
    return fold(header.labels[0]).startswith("journeedu")
