"""What the tests of reading share: documents of made-up bytes, and a short regional export."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from watthouse.settings import Settings
from watthouse.sources.base import Piece
from watthouse.sources.files import FileSource

HEADER = "code_insee_region;libelle_region;nature;date;heure;date_heure;consommation;thermique;eolien;column_68"
ROWS = (
    "93;Provence-Alpes-Côte d'Azur;Données temps réel;2024-01-01;00:00;2024-01-01T00:00:00+01:00;5497;398;12;",
    "53;Bretagne;Données temps réel;2024-01-01;00:15;2024-01-01T00:15:00+01:00;2497;98;;",
)


def export(*rows: str, header: str = HEADER, end: str = "\r\n") -> str:
    """A CSV export of these rows (default: two of regional real time)."""
    return "".join(line + end for line in (header, *(rows or ROWS)))


def put(folder: Path, content: str | bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(*paths: Path, **knobs: int) -> list[Piece]:
    """Every piece of every document."""
    return [piece for document in FileSource(paths, Settings(**knobs)).documents() for piece in document.pieces()]  # type: ignore[arg-type]


def read_text(folder: Path, content: str | bytes, name: str = "export.csv", **knobs: int) -> list[Piece]:
    return read(put(folder, content, name), **knobs)


def rows_of(pieces: Sequence[Piece]) -> pa.Table:
    """The rows of pieces of one dataset, in the order they stand in the document."""
    assert len({piece.dataset.id for piece in pieces}) == 1
    return pa.concat_tables(piece.rows for piece in pieces).combine_chunks()


def dropped(pieces: Sequence[Piece]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for piece in pieces:
        counted.update(piece.dropped)
    return dict(counted)
