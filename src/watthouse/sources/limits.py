"""What one document may take, whoever wrote it: every limit of the readers that is no setting stands here.

Settings cap what a file unpacks to (``max_file_bytes``, ``max_ratio``, ``max_members``); these cap what is held of it
at a time. They are far above any export: the widest has 70 columns, and the longest row 3 kB.
"""

from typing import Final

MIB: Final = 2**20

COLUMNS: Final = 1_000
"""Columns of a document."""

ROW_BYTES: Final = MIB
"""A line of JSON, or one value in it, in letters; a row of CSV that is longer than a block is refused too."""

CELL_BYTES: Final = 2**16
"""One text, whatever it is written in."""

NESTED: Final = 32
"""Levels of lists and objects in one row of JSON."""

BATCH_BYTES: Final = 32 * MIB
"""Text, or decoded values, that are held as rows at a time."""

ROWS: Final = 200_000
"""Rows of Parquet that are decoded at a time, whatever setting asks for more."""

CELLS: Final = 10_000_000
"""Cells of a sheet, and of a batch of JSON: calamine holds a whole sheet, and 3.9 M cells took 280 MB. RTE's year of
France has 1.4 M."""

DIRECTORY_BYTES: Final = 512
"""What the directory of a zip may have for each of the ``max_members`` that it may hold: its entries are all held."""

XZ_BYTES: Final = 128 * MIB
"""Memory to unpack a file that is packed with xz: what `xz -9` packs takes 65 MiB."""

FOOTER_BYTES: Final = 16 * MIB
"""The footer of a Parquet file, which is held as objects: 100 row groups of 70 columns have 1 MB."""

JSON_ANSWER_BYTES: Final = 8 * MIB
"""An answer of the service that is no export: 100 groups of 140 sums are 300 kB."""

MOST_ROWS: Final = 10**12
"""Rows that a service may say it has."""

READER_BYTES: Final = 1_536 * MIB
"""Memory of the process that decodes Parquet and workbooks."""

READER_CPU_SECONDS: Final = 180
"""Processor time that it may spend on one document: 10 M cells of a workbook took it 14 s."""

READER_SILENT_SECONDS: Final = 600
"""Time without a word of it after which it is ended."""
