"""Small files that were made to hurt whoever reads them, each by a few lines of code.

``python -m tests.hostile exports FOLDER`` (or ``meters``) reads every file of a folder, and prints for each a line of
JSON: what became of it, its rows, and how much memory that took at most.
"""

import gzip
import io
import json
import lzma
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

GAS: Final = {"date": "2026-09-01", "stock_fin_de_journee": 101.25, "source": "Storengy", "pits": "SEDIANE B"}
_POWER: Final = "code_insee_region;nature;date;heure;date_heure;thermique;consommation"
LIMIT: Final = 4 * 2**30
"""Bytes after which a process that reads one of these ends, and not the machine."""
MOST_MIB: Final = 700
"""What reading any of them may take of the process that reads, the one that decodes aside."""
_MIB: Final = 2**20


# --- JSON ---


def rows(**changed: str) -> bytes:
    """A row of gas as JSON, in which some values are replaced by text that is taken over as it is."""
    texts = {name: json.dumps(value) for name, value in GAS.items()} | changed
    return ("{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}").encode()


def _list(*items: bytes) -> bytes:
    return b"[" + b",".join(items) + b"]"


JSON: Final[Mapping[str, Callable[[], bytes]]] = {
    "half a character in lines": lambda: rows() + b"\n" + rows(pits=r'"\ud800"') + b"\n",
    "half a character in a list": lambda: _list(rows(), rows(pits=r'"\udfff\ud83d"')),
    "half a character in a name": lambda: rows()[:-1] + rb', "\ud800": 1}' + b"\n",
    "4,301 digits in a list": lambda: _list(rows(stock_fin_de_journee="1" * 4301)),
    "4,301 digits in lines": lambda: rows(stock_fin_de_journee="1" * 4301) + b"\n",
    "4,301 digits beside the list": lambda: b'{"total_count": ' + b"9" * 4301 + b', "results": [' + rows() + b"]}",
    "an exponent of nine digits": lambda: _list(rows(stock_fin_de_journee="1e999999999")),
    "brackets for results": lambda: b'{"results":' + b"[" * 80_000,
    "brackets and braces": lambda: b'[{"a":' + b'[{"a":' * 40_000,
    "5,000 levels in a list": lambda: _list(rows(pits="[" * 5000 + "]" * 5000)),
    "5,000 levels in lines": lambda: rows(pits="[" * 5000 + "]" * 5000) + b"\n",
    "60 levels in a row": lambda: _list(rows(pits="[" * 60 + "]" * 60)),
    "a text of 9 MB": lambda: _list(rows(pits='"' + "x" * 9 * _MIB + '"')),
    "a line of 9 MB": lambda: rows() + b"\n" + rows(pits='"' + "x" * 9 * _MIB + '"') + b"\n",
    "a member of 9 MB before the list": lambda: b'{"about": "' + b"x" * 9 * _MIB + b'", "results": []}',
    "100,000 columns": lambda: _list(b"{" + b",".join(b'"c%d": 1' % number for number in range(100_000)) + b"}"),
    "another column in each of 100,000 rows": lambda: b"\n".join(
        rows()[:-1] + b', "c%d": 1}' % number for number in range(100_000)
    ),
}


# --- Parquet ---


def parquet(columns: "Mapping[str, pa.Array[Any]]", times: int = 1, **options: Any) -> bytes:
    """A Parquet file of these columns, ``times`` over."""
    table, written = pa.table(columns), io.BytesIO()
    with pq.ParquetWriter(written, table.schema, **{"compression": "zstd", **options}) as writer:
        for _ in range(times):
            writer.write_table(table)
    return written.getvalue()


def _gas(count: int = 1, **changed: "pa.Array[Any]") -> "dict[str, pa.Array[Any]]":
    columns: dict[str, pa.Array[Any]] = {
        "date": pa.array([20_000] * count, pa.int32()).cast(pa.date32()),
        "stock_fin_de_journee": pa.array([101.25] * count),
        "source": pa.array(["Storengy"] * count),
        "pits": pa.array(["SEDIANE B"] * count),
    }
    return columns | changed


def _power(**changed: "pa.Array[Any]") -> "dict[str, pa.Array[Any]]":
    columns: dict[str, pa.Array[Any]] = {
        "code_insee_region": pa.array(["93"]),
        "nature": pa.array(["Données temps réel"]),
        "date": pa.array([20_000], pa.int32()).cast(pa.date32()),
        "heure": pa.array(["00:00"]),
        "date_heure": pa.array([1_728_000_000_000_000], pa.timestamp("us", tz="UTC")),
        "thermique": pa.array([1]),
        "consommation": pa.array([1]),
    }
    return columns | changed


def _alike(text: str, count: int) -> "pa.Array[Any]":
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text]))


PARQUET: Final[Mapping[str, Callable[[], bytes]]] = {
    "a day in the year 5,881,580": lambda: parquet(
        _gas(date=pa.array([2**31 - 1], pa.int32()).cast(pa.date32())),
    ),
    "a day before all days": lambda: parquet(_gas(date=pa.array([-(2**31)], pa.int32()).cast(pa.date32()))),
    "an instant at the end of time": lambda: parquet(
        _power(date_heure=pa.array([2**63 - 1], pa.timestamp("us", tz="UTC")))
    ),
    "an instant of milliseconds at the end of time": lambda: parquet(
        _power(date_heure=pa.array([2**63 - 1], pa.timestamp("ms", tz="UTC")))
    ),
    "an instant of no zone before all days": lambda: parquet(
        _power(date_heure=pa.array([-(2**63) + 1], pa.timestamp("us")))
    ),
    "a clock of 1,000 hours": lambda: parquet(_power(heure=pa.array([3_600_000_000_000], pa.time64("us")))),
    "days in a list": lambda: parquet(
        _gas(source=pa.array([[2**31 - 1]], pa.list_(pa.int32())).cast(pa.list_(pa.date32())))
    ),
    # the dictionary has one text of a megabyte, and 6,200 rows name it
    "6 GB of one text": lambda: parquet(_gas(6200, pits=_alike("x" * 1_000_000, 6200)), use_dictionary=["pits"]),
    "6 GB of one text that Arrow never saw": lambda: parquet(
        _gas(6200, pits=_alike("x" * 1_000_000, 6200)), use_dictionary=["pits"], store_schema=False
    ),
    "texts of 64 MB": lambda: parquet(
        _gas(3, pits=pa.array(["x" * 64 * _MIB] * 3, pa.large_string())),
        use_dictionary=False,
        write_statistics=False,
    ),
    "12 million equal rows": lambda: parquet(_gas(1_000_000), 12),
    "a footer of 2 GB": lambda: parquet(_gas())[:-8] + b"\xff\xff\xff\x7fPAR1",
}


# --- zips ---


def zip_of(name: str, content: bytes, times: int = 1, *, apart: bool = True, packed: bool = True) -> bytes:
    """A zip with the same member ``times`` over, each with bytes of its own or all of them with the same."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = pack.compress(content) + pack.flush() if packed else content
    about = struct.pack("<HHHHLLL", 0, 8 if packed else 0, 0, 33, zlib.crc32(content), len(raw), len(content))
    local, central = [], []
    at = 0
    for number in range(times):
        own = f"{number if apart else 0:06}-{name}".encode()
        if apart or not number:
            local.append(b"PK\x03\x04" + struct.pack("<H", 20) + about + struct.pack("<HH", len(own), 0) + own + raw)
        rest = struct.pack("<HHHHHLL", len(own), 0, 0, 0, 0, 0, at)
        at += len(local[-1]) if apart else 0
        central.append(b"PK\x01\x02" + struct.pack("<HH", 20, 20) + about + rest + own)
    before, directory = b"".join(local), b"".join(central)
    count = min(times, 0xFFFF)
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(before), 0)
    return before + directory + end


def stored(**members: bytes) -> bytes:
    """A zip that packs nothing."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return written.getvalue()


def csv(size: int) -> bytes:
    """An export of about so many bytes that packs to nearly none."""
    row = b"93;Donn\xc3\xa9es temps r\xc3\xa9el;2024-01-01;00:00;2024-01-01T00:00:00+01:00;1;1\n"
    return _POWER.encode() + b"\n" + row * (size // len(row))


ZIPS: Final[Mapping[str, Callable[[], bytes]]] = {
    "500 files of 7 MB": lambda: zip_of("a.csv", csv(7 * _MIB), 500),
    "3,000 files that are the same bytes": lambda: zip_of("a.csv", csv(2**16), 3000, apart=False),
    "gzips of 7 MB in a zip": lambda: zip_of("a.csv.gz", gzip.compress(csv(7 * _MIB)), 60, packed=False),
    "zips of 7 MB in a zip": lambda: zip_of("a.zip", zip_of("b.csv", csv(7 * _MIB)), 60, packed=False),
    "a list of 300,000 files": lambda: zip_of("a.csv", b"x", 300_000, apart=False),
    "a type of 256 MB": lambda: _office(b"\0" * 2**28),
}


def _office(kind: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind)
    return written.getvalue()


# --- workbooks ---


def workbook(sheet: str, texts: str = "", prolog: str = "") -> bytes:
    """A workbook with one sheet of these rows, as XML, and these shared texts."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    parts = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    members = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{parts}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{kind}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{kind}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1"'
        f' Type="{kind}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{kind}/sharedStrings"'
        ' Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<?xml version="1.0"?>{prolog}<sst {main}>{texts}</sst>',
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def _header() -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in GAS) + "</row>"


def _laughs() -> str:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE sst [<!ENTITY l0 "ha">{lines}]>'


WORKBOOKS: Final[Mapping[str, Callable[[], bytes]]] = {
    "a text of a megabyte in 20,000 cells": lambda: workbook(
        _header() + '<row><c t="s"><v>0</v></c></row>' * 20_000, f"<si><t>{'x' * 1_000_000}</t></si>"
    ),
    "a billion laughs": lambda: workbook('<row><c t="s"><v>0</v></c></row>', "<si><t>&l9;</t></si>", _laughs()),
    "a text that is not there": lambda: workbook('<row><c t="s"><v>4000000000</v></c></row>'),
    "rows without end": lambda: workbook("<row><c/></row>" * 200_000),
}


# --- text ---

TEXTS: Final[Mapping[str, Callable[[], bytes]]] = {
    "a header of 30,000 columns": lambda: (
        (_POWER + ";x" * 28_000).encode() + b"\n" + csv(2**10).split(b"\n")[1] + b"\n"
    ),
    "a cell of 9 MB": lambda: csv(2**10) + b'93;"' + b"x" * 9 * _MIB + b'";;;;;\n',
    "numbers of 5,000 digits": lambda: (
        csv(2**10) + csv(2**7).split(b"\n")[1].replace(b";1;1", b";1;" + b"9" * 5000) + b"\n"
    ),
    "quotes without end": lambda: csv(2**10) + b'"' * 5_000_001,
    "RTE's text as a bomb in a zip": lambda: zip_of("a.xls", b"P\xe9rim\xe8tre\tHeures\n" + b"\t\n" * 2**24),
    "xz that asks for a gigabyte": lambda: _greedy(csv(2**20)),
    "LZMA in a zip": lambda: _in_lzma(csv(2**10)),
    "UTF-16 of half characters": lambda: b"\xff\xfe" + b"\x00\xd8" * 50_000,
}


def _greedy(content: bytes) -> bytes:
    """Packed with xz; whoever unpacks it is told to have a gigabyte ready."""
    packed = bytearray(lzma.compress(content, preset=0))
    begin, end = 12, 12 + (packed[12] + 1) * 4  # the header of the first block, which ends in its CRC
    packed[begin + 4] = 36  # the dictionary's size: 2 << 29
    packed[end - 4 : end] = struct.pack("<L", zlib.crc32(packed[begin : end - 4]))
    return bytes(packed)


def _in_lzma(content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", content)
    return written.getvalue()


METERS: Final[Mapping[str, Callable[[], bytes]]] = {
    "days of commas": lambda: (
        b"100,NEM12,200506081149,A,B\n200,N,E1,1,E1,N1,M,kWh,5,20050610\n"
        + (b"300,20050301" + b"," * 300 + b"\n") * 3_000
        + b"900\n"
    ),
    "a line of 9 MB in a meter file": lambda: b"100,NEM12,200506081149,A,B\n" + b"x" * 9 * _MIB + b"\n",
    "600,000 meters in the hour that comes twice": lambda: _twice(600_000),
    "a meter file of one letter, 3,000 times": lambda: zip_of("LP_1.csv", b"x" * 2**20, 3000, apart=False),
}


def _twice(count: int) -> bytes:
    """As many meters, each with one reading in the hour that comes twice."""
    head = b"MeterPoint Code,Serial Number,Plant Code,Date/Time,Data Type,Data Value,Units,Status\n"
    return head + b"".join(b"%d,1,1,25/10/2015 02:15:00,I,1,kwh,\n" % number for number in range(count))


FILES: Final = {**JSON, **PARQUET, **ZIPS, **WORKBOOKS, **TEXTS}


def exports(path: Path) -> Iterator[Iterator[int]]:
    """The rows of each piece of each document of a file."""
    from watthouse.settings import Settings
    from watthouse.sources.files import FileSource

    def pieces(document: Any) -> Iterator[int]:
        yield from (piece.rows.num_rows for piece in document.pieces())

    yield from map(pieces, FileSource([path], Settings()).documents())


def meters(path: Path) -> Iterator[Iterator[int]]:
    """The readings of each batch of each meter file in a file."""
    from watthouse.meters.files import Refused, found
    from watthouse.meters.reading import Reading
    from watthouse.settings import Settings

    def batches(file: Any) -> Iterator[int]:
        if isinstance(file, Refused):
            raise file.error
        yield from (batch.readings.height for batch in Reading(file, "Europe/Paris").batches())

    yield from map(batches, found([path], Settings()))


def main(folder: Path, read: Callable[[Path], Iterator[Iterator[int]]]) -> None:
    """Read every file of a folder; what takes too much memory ends this process, not the machine."""
    from watthouse.errors import WatthouseError

    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    for path in sorted(folder.iterdir()):
        print(json.dumps({"name": path.name}), flush=True)
        before, count, said = begin_to_count(), 0, []
        for pieces in read(path):
            try:
                count += sum(pieces)
            except WatthouseError as error:
                said.append(f"{type(error).__name__}: {error}")
            except BaseException as error:  # what must not come
                said.append(f"! {type(error).__name__}: {str(error)[:200]}")
        about = {"name": path.name, "rows": count, "said": said[:3], "mib": counted(before)}
        print(json.dumps(about), flush=True)


def begin_to_count() -> int:
    """The memory of this process [KiB], whose highest so far is forgotten."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def counted(before: int) -> int:
    """How much more it had since, at most [MiB]."""
    return (_memory("VmHWM") - before) // 1024


def _memory(which: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(which))


if __name__ == "__main__":
    main(Path(sys.argv[2]), {"exports": exports, "meters": meters}[sys.argv[1]])
