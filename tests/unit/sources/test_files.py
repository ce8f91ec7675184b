import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import zipfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.sources.reading import HEADER, ROWS, dropped, export, put, read, read_text, rows_of
from watthouse.errors import ContractError, SourceError, UnrecognisedError, UsageError, WatthouseError
from watthouse.settings import Settings
from watthouse.sources import files
from watthouse.sources.archive import Packing
from watthouse.sources.files import FileSource
from watthouse.sources.zips import archive_in, in_zip

RECORDS = [dict(zip(HEADER.split(";"), row.split(";"), strict=True)) for row in ROWS]
BROKEN_OFF = "Streaming interrupted due to the following error: 83714 was found (error_code: InvalidRESTParameterError)"


def parquet(rows: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    rows.write_parquet(written)
    return written.getvalue()


def zipped(**members: str | bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def stored(**members: str | bytes) -> bytes:
    """A zip that packs nothing: what is around it does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


FORMATS = {
    "commas": export(*(row.replace(";", ",") for row in ROWS), header=HEADER.replace(";", ",")).encode(),
    "tabs": export(*(row.replace(";", "\t") for row in ROWS), header=HEADER.replace(";", "\t")).encode(),
    "quoted": export(*(f'"{row.replace(";", chr(34) + ";" + chr(34))}"' for row in ROWS)).encode(),
    "bom": b"\xef\xbb\xbf" + export().encode(),
    "unix line ends": export(end="\n").encode(),
    "blank lines": b"\n" + export(end="\n\n").encode() + b"\n",
    "cp1252": export().encode("cp1252"),
    "encoded twice": export().encode().decode("cp1252").encode(),
    "gzip": gzip.compress(export().encode()),
    "zip": zipped(a__csv=export()),
    "bzip2": bz2.compress(export().encode()),
    "xz": lzma.compress(export().encode()),
    "xz in a zip": zipped(a__xz=lzma.compress(export().encode())),
    "a zip in a zip": zipped(a__zip=zipped(b__csv=export())),
    "utf-16": export().encode("utf-16"),
    "utf-16, big end first": b"\xfe\xff" + export().encode("utf-16-be"),
    "utf-16 without its mark": export().encode("utf-16-le"),
    "utf-16 of Excel": export(*(row.replace(";", "\t") for row in ROWS), header=HEADER.replace(";", "\t")).encode(
        "utf-16"
    ),
    "utf-16 in gzip": gzip.compress(export().encode("utf-16")),
    "json in utf-16": json.dumps(RECORDS).encode("utf-16-be"),
    "sep=": ("sep=;\r\n" + export()).encode(),
    "pandas": ("".join(f"{n};{line}\n" for n, line in zip(("", 0, 1), (HEADER, *ROWS), strict=True))).encode(),
    "gzip in a zip": zipped(a__gz=gzip.compress(export().encode())),
    "export json": json.dumps(RECORDS).encode(),
    "pretty json": json.dumps(RECORDS, indent=2, ensure_ascii=False).encode(),
    "json with a bom": b"\xef\xbb\xbf" + json.dumps(RECORDS).encode(),
    "v2.1 records": json.dumps({"total_count": 2, "results": RECORDS}).encode(),
    "v2.0 records": json.dumps(
        {
            "total_count": 2,
            "links": [],
            "records": [{"links": [], "record": {"id": "a", "fields": row}} for row in RECORDS],
        }
    ).encode(),
    "v1 records": json.dumps(
        {"nhits": 2, "parameters": {"rows": 2}, "records": [{"datasetid": "x", "fields": row} for row in RECORDS]}
    ).encode(),
    "v1 export": json.dumps([{"datasetid": "x", "recordid": "a", "fields": row} for row in RECORDS]).encode(),
    "json lines": "\n".join(json.dumps(row) for row in RECORDS).encode(),
    "json lines, ended": "".join(json.dumps(row) + "\r\n" for row in RECORDS).encode(),
    "parquet": parquet(pl.DataFrame(RECORDS)),
    "gzipped parquet": gzip.compress(parquet(pl.DataFrame(RECORDS))),
    "zipped parquet": zipped(a__bin=parquet(pl.DataFrame(RECORDS))),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_in_any_format_give_the_same_table(name: str, tmp_path: Path) -> None:
    # the name says nothing: what a file is shows in its bytes
    pieces = read_text(tmp_path, FORMATS[name], name="download")
    expected = rows_of(read_text(tmp_path, export()))
    assert expected.num_rows == 2
    assert rows_of(pieces).equals(expected)


@pytest.mark.parametrize("name", ["commas", "gzip", "export json", "json lines", "parquet", "zipped parquet"])
def test_batches_change_nothing_but_the_number_of_pieces(name: str, tmp_path: Path) -> None:
    whole, parts = (read_text(tmp_path, FORMATS[name], batch_rows=rows) for rows in (1000, 1))
    assert (len(whole), len(parts)) == (1, 2)
    assert rows_of(parts).equals(rows_of(whole))
    assert parts[0].position <= parts[1].position


@pytest.mark.parametrize("behind", [b"signed by somebody", b"\0\0\0\0-", b"\xfd7zip"])
def test_what_stands_behind_xz_and_is_none_is_read_over_as_xz_itself_does(behind: bytes, tmp_path: Path) -> None:
    halves = [lzma.compress(half.encode()) for half in (export()[:200], export()[200:])]
    assert rows_of(read_text(tmp_path, b"\0\0\0\0".join(halves) + behind, "a.xz")).equals(
        rows_of(read_text(tmp_path, export()))
    )


def test_json_that_leaves_nulls_out_reads_like_json_that_has_them(tmp_path: Path) -> None:
    sparse = [{name: value for name, value in row.items() if value} for row in reversed(RECORDS)]
    pieces = read_text(tmp_path, json.dumps(sparse))
    assert rows_of(pieces).column("eolien").to_pylist() == [None, 12]
    one_by_one = read_text(tmp_path, json.dumps([*sparse, sparse[0]]), batch_rows=1)
    assert ["eolien" in piece.present for piece in one_by_one] == [False, True, True]


def test_parquet_instants_in_a_zone_that_is_an_offset(tmp_path: Path) -> None:
    rows = pa.Table.from_pylist(RECORDS)
    moments = pa.array([1_704_063_600_000, 1_704_064_500_000], pa.timestamp("ms", tz="+05:30"))
    written = io.BytesIO()
    pq.write_table(rows.set_column(rows.schema.get_field_index("date_heure"), "date_heure", moments), written)
    expected = rows_of(read_text(tmp_path, export()))
    assert rows_of(read_text(tmp_path, written.getvalue())).equals(expected)


def test_one_document_may_hold_rows_of_two_datasets(tmp_path: Path) -> None:
    settled = ROWS[0].replace("temps réel", "définitives")
    pieces = read_text(tmp_path, export(*ROWS, settled))
    assert {piece.dataset.id: piece.rows.num_rows for piece in pieces} == {
        "eco2mix-regional-tr": 2,
        "eco2mix-regional-cons-def": 1,
    }
    assert sum(piece.read for piece in pieces) == 3


def test_a_row_without_a_nature_is_counted_once(tmp_path: Path) -> None:
    pieces = read_text(tmp_path, export(*ROWS, ROWS[0].replace("Données temps réel", "")))
    assert dropped(pieces) == {"no nature": 1}
    assert sum(piece.read for piece in pieces) == 3


def test_an_export_of_an_unknown_nature_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="'Données rêvées' is not one of"):
        read_text(tmp_path, export(ROWS[0].replace("temps réel", "rêvées")))


# --- folders and archives ---


def test_a_folder_is_read_in_the_order_of_its_paths_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a/z.csv", "a/b/c.csv", ".hidden.csv", ".git/x.csv", "__MACOSX/x.csv", "c.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        put(tmp_path, export(), name)
    documents = FileSource([tmp_path], Settings()).documents()
    names = [str(Path(document.origin).relative_to(tmp_path)) for document in documents]
    assert names == ["a/b/c.csv", "a/z.csv", "b.csv", "c.csv"]


def test_paths_are_read_in_the_order_given(tmp_path: Path) -> None:
    paths = [put(tmp_path, export(), name) for name in ("b.csv", "a.csv")]
    assert [document.origin for document in FileSource(paths, Settings()).documents()] == [str(path) for path in paths]


def test_a_missing_path_is_a_mistake_in_the_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        FileSource([put(tmp_path, export()), tmp_path / "nowhere"], Settings()).documents()


def test_every_member_of_a_zip_is_a_document_named_after_it(tmp_path: Path) -> None:
    path = put(tmp_path, zipped(b__csv=export(), a__csv=export(), __MACOSX="x"), "all.zip")
    origins = [document.origin for document in FileSource([path], Settings()).documents()]
    assert origins == [f"{path} › a.csv", f"{path} › b.csv"]


def test_a_name_that_is_no_utf8_is_shown_in_one_line(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.csv"))
    path.write_bytes(b"")
    with pytest.raises(SourceError) as refused:
        read(path)
    assert "\n" not in str(refused.value)
    str(refused.value).encode()


# --- refusals ---

REFUSED: dict[str, tuple[bytes, type[WatthouseError], str]] = {
    "no bytes": (b"", SourceError, r"empty \(0 bytes\)"),
    "blank": (b"\n \n", SourceError, "empty"),
    "a header alone": (export().encode().splitlines(keepends=True)[0], SourceError, "empty: a header and no rows"),
    "a parquet without rows": (parquet(pl.DataFrame(RECORDS).clear()), SourceError, "empty"),
    "a row with too few fields": (
        export(*ROWS, "93;x").encode(),
        SourceError,
        "line 4 has 2 fields where the header has 10",
    ),
    "a row with too many fields": (export(ROWS[0] + ";", ROWS[1]).encode(), SourceError, "line 2 has 11 fields"),
    "broken off in a csv": (
        export(ROWS[0], BROKEN_OFF).encode(),
        SourceError,
        "the publisher interrupted the export .*83714",
    ),
    "broken off at once": (BROKEN_OFF.encode(), SourceError, "the publisher interrupted the export .*83714"),
    "broken off in json": (
        json.dumps(RECORDS).encode()[:-1] + BROKEN_OFF.encode(),
        SourceError,
        "the publisher interrupted the export",
    ),
    "broken off after json": (
        json.dumps(RECORDS).encode() + b"\n" + BROKEN_OFF.encode(),
        SourceError,
        "the publisher interrupted the export",
    ),
    "broken off in json lines": (
        FORMATS["json lines, ended"] + BROKEN_OFF.encode(),
        SourceError,
        "the publisher interrupted the export",
    ),
    "broken off in records": (
        b'{"total_count": 9, "results": [' + BROKEN_OFF.encode(),
        SourceError,
        "the publisher interrupted the export",
    ),
    "cut json": (FORMATS["export json"][:-40], SourceError, "JSON truncated"),
    "cut records": (FORMATS["v2.1 records"][:12], SourceError, "JSON truncated"),
    "cut json lines": (FORMATS["json lines"][:-10], SourceError, "JSON truncated or damaged: line 2"),
    "cut gzip": (FORMATS["gzip"][:-12], SourceError, "truncated or damaged"),
    "damaged gzip": (FORMATS["gzip"][:40] + b"xx" + FORMATS["gzip"][42:], SourceError, "truncated or damaged"),
    "cut zip": (FORMATS["zip"][:-30], SourceError, "truncated or damaged"),
    "cut parquet": (FORMATS["parquet"][:-30], SourceError, "Parquet truncated or damaged"),
    "binary bytes": (bytes(range(256)) * 20, UnrecognisedError, "a binary file, not an export"),
    "binary bytes in an export": (export().encode()[:-2] + b"\0\r\n", SourceError, "contains binary bytes"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), UnrecognisedError, r"an image \(PNG\), not an export"),
    "a pickle": (pickle.dumps(RECORDS, 5), UnrecognisedError, "a Python pickle"),
    "a database": (b"SQLite format 3\0" + bytes(84), UnrecognisedError, r"a database \(SQLite\), not an export"),
    "a notebook": (json.dumps({"cells": [{"source": ["date_heure"]}]}).encode(), UnrecognisedError, "no dataset"),
    "settings": (b"[tool.ruff]\nline-length = 120\n", UnrecognisedError, "no dataset"),
    "json of its own kind": (b'{"a": NaN}', UnrecognisedError, "no dataset"),
    "a text document": (
        zipped(**{"[Content_Types]__xml": "x", "word/document__xml": "y"}),
        UnrecognisedError,
        "office",
    ),
    "a tar": (bytes(257) + b"ustar" + bytes(300), SourceError, "packed with tar: unpack it first"),
    "undecodable": (
        export().encode("cp1252").replace(b"Bretagne", b"Bret\x81gne"),
        SourceError,
        "cannot be read as CSV",
    ),
    "json that is no utf-8": (json.dumps(RECORDS, ensure_ascii=False).encode("cp1252"), SourceError, "not UTF-8"),
    "a zip in a zip in a zip": (
        zipped(a__zip=zipped(b__zip=zipped(c__csv=export()))),
        SourceError,
        r"› a\.zip › b\.zip: a zip inside a zip inside an archive: unpack it first",
    ),
    "gzip twice": (gzip.compress(FORMATS["gzip"]), SourceError, "compressed twice"),
    "a zip without files": (zipped(), SourceError, "an archive without files"),
    "a workbook of old": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
        SourceError,
        r"Excel workbook \(\.xls\): save it as CSV",
    ),
    "a workbook": (
        zipped(**{"xl/workbook__xml": "<x/>"}),
        SourceError,
        "an Excel workbook that is truncated or damaged",
    ),
    "a spreadsheet of another office": (
        zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        SourceError,
        r"\.ods\): save it as \.xlsx or CSV",
    ),
    "packed otherwise": (b"7z\xbc\xaf\x27\x1c", SourceError, "packed with 7-Zip: unpack it first"),
    "cut bzip2": (bz2.compress(export().encode())[:-12], SourceError, "truncated or damaged"),
    "cut xz": (lzma.compress(export().encode())[:-12], SourceError, "truncated or damaged"),
    "damaged bzip2": (b"BZh91AY" + bytes(40), SourceError, "cannot be read|damaged"),
    "a pointer of git lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345678\n",
        UnrecognisedError,
        "a Git LFS pointer, not the file itself: run `git lfs pull`",
    ),
    "a pointer of git-annex": (b"/annex/objects/MD5E-s9--0.csv\n", UnrecognisedError, "run `git annex get`"),
    "a pdf": (b"%PDF-1.7", UnrecognisedError, "PDF"),
    "a web page": (b"<!DOCTYPE html><p>", UnrecognisedError, "web page"),
    "another table": (b"a,b\n1,2\n", UnrecognisedError, r"its columns \(a, b\) match no dataset"),
    "prose": (b"Dear reader,\nhello\n", UnrecognisedError, "no dataset"),
    "a line without end": (b"x" * 100_000, UnrecognisedError, "its first line is over"),
    "an error of the api": (
        b'{"error_code": "ODSQLError", "message": "ODSQL query is malformed: x"}',
        UnrecognisedError,
        "ODSQL",
    ),
    "a quota error": (b'{"errorcode": 10002,\n "error": "Too many requests"}', UnrecognisedError, "Too many requests"),
    "a forbidden error": (b'{"error_code": "ForbiddenAccess"}', UnrecognisedError, "ForbiddenAccess"),
    "no results": (b'{"total_count": 0, "results": []}', UnrecognisedError, "without rows"),
    "an empty list": (b"[]", UnrecognisedError, "without rows"),
    "an empty object": (b"{}", UnrecognisedError, "without rows"),
    "a list of numbers": (b"[1, 2]", UnrecognisedError, "items are not rows"),
    "metadata": (b'{"dataset_id": "eco2mix-national-tr", "fields": []}', UnrecognisedError, "no dataset"),
    "no key column": (export().replace("nature", "natura").encode(), ContractError, r"nature.*match nothing: natura"),
    "text in a number": (
        export().replace("5497", "many").encode(),
        ContractError,
        "consommation of eco2mix-regional-tr: 'many'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_whole_is_refused_in_one_line_that_names_the_file(name: str, tmp_path: Path) -> None:
    content, kind, says = REFUSED[name]
    path = put(tmp_path, content, "spoilt.csv")
    with pytest.raises(WatthouseError, match=says) as refused:
        read(path)
    assert type(refused.value) is kind
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_refused_document_does_not_stop_the_others(tmp_path: Path) -> None:
    put(tmp_path, FORMATS["zip"][:-30], "a.zip")
    put(tmp_path, export(), "b.csv")
    first, second = FileSource([tmp_path], Settings()).documents()
    with pytest.raises(SourceError):
        list(first.pieces())
    assert [piece.rows.num_rows for piece in second.pieces()] == [2]


def test_an_error_of_watthouses_own_is_none_of_the_files() -> None:
    def packing(error: Exception, **knobs: bool) -> Packing:
        def raw() -> AbstractContextManager[IO[bytes]]:
            raise error

        return Packing("a.csv", 9, 9, raw, Settings(**knobs))  # type: ignore[arg-type]

    with pytest.raises(SourceError) as refused:
        list(files.read(packing(KeyError("x"))))
    assert str(refused.value) == (
        "a.csv: cannot be read (KeyError: 'x'): please report it (WATTHOUSE_TRACEBACK=1 shows where)"
    )
    with pytest.raises(KeyError, match="x"):
        list(files.read(packing(KeyError("x"), traceback=True)))
    for traceback in (False, True):
        with pytest.raises(SourceError, match=r"cannot be read \(ValueError: x\): download it again"):
            list(files.read(packing(ValueError("x"), traceback=traceback)))


@pytest.mark.parametrize("cut", range(1, 120))
def test_an_export_cut_anywhere_in_its_last_row_loses_that_row_alone(cut: int, tmp_path: Path) -> None:
    header, *rows = (line.rpartition(";")[0] for line in (HEADER, *ROWS))
    whole = export(*rows, header=header, end="\n").encode()
    *_, last = whole.decode().splitlines()
    left = last.encode()[: len(last.encode()) - cut % (len(last.encode()) - 1)]
    pieces = read_text(tmp_path, whole[: -len(last.encode()) - 1] + left)
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, export(rows[0], header=header))))
    (note,) = pieces[0].notes
    assert "its last line has no line end" in note
    assert "it is left out" in note
    assert left.decode(errors="ignore").strip()[:60] in note


@pytest.mark.parametrize("rows", [ROWS[:1], ("93;x",)])
def test_an_export_of_one_row_without_its_end_is_refused(rows: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="truncated: its last line has no line end"):
        read_text(tmp_path, export(*rows).rstrip())


def test_a_last_line_may_be_cut_off_in_any_batch(tmp_path: Path) -> None:
    content = export(*ROWS * 50)[:-5]
    pieces = read_text(tmp_path, content, batch_rows=7)
    assert rows_of(pieces).num_rows == 99
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, content)))
    assert all(len(piece.notes) == 2 for piece in pieces)


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    locked = bytearray(FORMATS["zip"])
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SourceError, match="protected with a password"):
        read_text(tmp_path, bytes(locked))


def test_a_pipe_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="not a regular file"):
        read(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_file_or_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0)
    put(tmp_path, export()).chmod(0)
    for document in FileSource([tmp_path], Settings()).documents():
        with pytest.raises(SourceError, match="Permission denied"):
            list(document.pieces())


# --- caps ---


def bomb() -> bytes:
    return HEADER.encode() + b"\n" + b"93;;;;;;;;;\n" * 2_000_000


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda content: zipped(a__csv=content),
        lambda content: zipped(a__zip=zipped(b__csv=content)),
        lambda content: zipped(a__zip=stored(b__csv=content)),
    ],
    ids=["gzip", "bzip2", "xz", "zip", "a zip in a zip", "a zip that packs nothing in a zip"],
)
def test_a_bomb_is_refused_before_it_is_unpacked(pack: object, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"unpacks to over 200 times its size.*WATTHOUSE_MAX_RATIO"):
        read_text(tmp_path, pack(bomb()))  # type: ignore[operator]


def test_a_small_file_may_pack_as_well_as_it_likes(tmp_path: Path) -> None:
    assert rows_of(read_text(tmp_path, gzip.compress(export(*ROWS * 5000).encode()), max_ratio=2)).num_rows == 10_000


@pytest.mark.parametrize("name", ["commas", "gzip", "zip", "export json", "parquet"])
def test_a_file_over_the_cap_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"over 100 bytes once unpacked.*WATTHOUSE_MAX_FILE_BYTES"):
        read_text(tmp_path, FORMATS[name], max_file_bytes=100)


def test_a_zip_of_too_many_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds 2 files, over 1:.*WATTHOUSE_MAX_MEMBERS"):
        read_text(tmp_path, zipped(a__csv=export(), b__csv=export()), max_members=1)


def test_files_of_a_zip_in_a_zip_count_together(tmp_path: Path) -> None:
    inner = zipped(a__csv=export(), b__csv=export())
    with pytest.raises(SourceError, match=r"holds \d files, over 3:.*WATTHOUSE_MAX_MEMBERS"):
        read_text(tmp_path, zipped(a__zip=inner, b__zip=inner), max_members=3)


class Counted(io.BytesIO):
    """Bytes that count how many of them were read."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


def test_a_zip_in_a_zip_is_unpacked_once_however_its_files_are_read() -> None:
    members = {f"{name}__bin": os.urandom(200_000) for name in "abcd"}
    content = zipped(inner__zip=zipped(**members))
    stream = Counted(content)
    outer = Packing("outer.zip", len(content), len(content), lambda: nullcontext(stream), Settings())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = in_zip(outer, archive.infolist()[0])
    with archive_in(inner) as archive:
        for name in sorted(archive.namelist(), reverse=True):
            assert archive.read(name) == members[name.replace(".", "__")]
    assert len(content) < stream.count < 1.5 * len(content)


def test_a_damaged_zip_in_a_zip_does_not_stop_the_others(tmp_path: Path) -> None:
    path = put(tmp_path, zipped(a__zip=FORMATS["zip"][:-30], b__zip=zipped(c__csv=export())), "all.zip")
    first, second = FileSource([path], Settings()).documents()
    with pytest.raises(SourceError, match=r"all\.zip › a\.zip: truncated or damaged"):
        list(first.pieces())
    assert second.origin == f"{path} › b.zip › c.csv"
    assert [piece.rows.num_rows for piece in second.pieces()] == [2]


POINTS = "date;stock_fin_de_journee;source;pits"


@pytest.mark.parametrize(
    ("rows", "whole"),
    [
        (["2022-01-01;1.5;Storengy;Saline", "2022-01-02;1.5;Storengy;Saline"], True),
        (["2022-01-01;1.5;Storengy;Saline", "2022-01-02;1.5;Storengy;Sal"], False),
        (["2022-01-01;1.5;Storengy;Saline", "2022-01-02;1.5;Storengy;"], False),
        (["2022-01-01;1.5;Storengy;Saline", "2022-01-02;1.5;Storengy"], False),
        (["2022-01-01;1.5;Storengy;Saline", "2022-01-02"], False),
    ],
)
def test_a_last_row_without_its_line_end_counts_where_the_others_end_alike(
    rows: list[str], whole: bool, tmp_path: Path
) -> None:
    pieces = read_text(tmp_path, "\n".join([POINTS, *rows]))
    assert rows_of(pieces).num_rows == len(rows) - (not whole)
    (note,) = pieces[0].notes
    assert rows[-1] in note
    assert ("it is kept" in note, "it is left out" in note) == (whole, not whole)


@pytest.mark.parametrize(
    ("loads", "whole"), [(["5123", "4987", "5001"], True), (["5123", "987", "5001"], False), (["5123", "501"], False)]
)
def test_a_last_number_without_its_line_end_counts_where_all_are_of_one_length(
    loads: list[str], whole: bool, tmp_path: Path
) -> None:
    head = "code_insee_region;nature;date;heure;thermique;consommation"
    rows = [f"93;Données temps réel;2024-06-01;1{n}:00;7;{load}" for n, load in enumerate(loads)]
    pieces = read_text(tmp_path, "\n".join([head, *rows]))
    assert rows_of(pieces).num_rows == len(loads) - (not whole)
    assert rows[-1] in pieces[0].notes[0]
