"""Excel workbooks: the portal's, RTE's with true dates and times, and what a workbook may do to a reader."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlwt

from tests.unit.sources.reading import HEADER, ROWS, export, read_text, rows_of
from tests.unit.sources.test_files import zipped
from tests.unit.sources.test_rte import DISCLAIMER, QUARTERS, REGIONAL, regional
from watthouse.errors import SourceError, UnrecognisedError
from watthouse.sources import workbook
from watthouse.sources.contract import HALF_HOURS

Row = Sequence[object]


def book(*sheets: Sequence[Row], titles: Sequence[str] = ()) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(titles[number] if titles else f"Sheet{number}")
        for row in rows:
            sheet.append(list(row))
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def portal() -> list[list[object]]:
    """The portal's rows: text but for the numbers."""

    def cell(text: str) -> object:
        return int(text) if text.isdigit() and len(text) > 2 else text or None

    return [HEADER.split(";"), *([cell(text) for text in row.split(";")] for row in ROWS)]


def rte(typed: bool) -> list[list[object]]:
    """RTE's rows as Excel takes them over: dates, times and numbers as such, the closing sentence a row."""
    header, *rows = csv.reader(io.StringIO(REGIONAL + QUARTERS), delimiter="\t")

    def cell(place: int, text: str) -> object:
        if typed and place == 2:
            return date.fromisoformat(text)
        if typed and place == 3:
            return time.fromisoformat(text)
        return int(text) if text.isdigit() else text or None

    return [header, *([cell(place, text) for place, text in enumerate(row)] for row in rows), [DISCLAIMER.strip()]]


def test_the_workbook_of_the_portals_button(tmp_path: Path) -> None:
    pieces = read_text(tmp_path, book(portal()), "a.xlsx")
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, export())))
    assert "column_68" in pieces[0].notes[0]


@pytest.mark.parametrize("typed", [True, False], ids=["dates and times", "text"])
@pytest.mark.parametrize("above", [[], [["Extraction du 12/01/2025"], [None]]], ids=["", "a title"])
def test_rtes_file_saved_as_a_workbook(typed: bool, above: list[Row], tmp_path: Path) -> None:
    pieces = read_text(tmp_path, book([*above, *rte(typed)]), "a.xlsx")
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, regional())))
    assert pieces[0].dropped == {HALF_HOURS: 1}


def test_rtes_file_saved_as_a_workbook_of_old(tmp_path: Path) -> None:
    made = xlwt.Workbook()
    sheet = made.add_sheet("eCO2mix")
    styles = {date: xlwt.easyxf(num_format_str="DD/MM/YYYY"), time: xlwt.easyxf(num_format_str="HH:MM")}
    for row, cells in enumerate(rte(typed=True)):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell, styles.get(type(cell), xlwt.Style.default_style))
    written = io.BytesIO()
    made.save(written)
    assert rows_of(read_text(tmp_path, written.getvalue(), "a.xls")).equals(rows_of(read_text(tmp_path, regional())))


def test_instants_without_an_offset_come_from_the_civil_clock(tmp_path: Path) -> None:
    header, *rows = portal()
    for row in rows:
        row[5] = datetime.fromisoformat(str(row[5])).replace(tzinfo=None)
        row[3], row[4] = datetime.fromisoformat(f"{row[3]}"), time.fromisoformat(f"{row[4]}")
    assert rows_of(read_text(tmp_path, book([header, *rows]))).equals(rows_of(read_text(tmp_path, export())))


def test_days_and_times_that_lost_their_format_are_numbers(tmp_path: Path) -> None:
    header, *rows = portal()
    for row in rows:
        row[3], row[4], row[5] = 45292, int(str(row[4])[3:]) / 1440, None
    assert rows_of(read_text(tmp_path, book([header, *rows]))).equals(rows_of(read_text(tmp_path, export())))


def test_every_sheet_that_is_an_export_counts_and_the_others_are_named(tmp_path: Path) -> None:
    header, first, second = portal()
    sheets = ([["a", "b"], [1, 2]], [header, first], [], [header, second])
    pieces = read_text(tmp_path, book(*sheets, titles=["Notes", "One", "Empty", "Two"]))
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, export())))
    assert any("sheets left out: 'Notes' has columns (a, b)" in note for note in pieces[0].notes)


def test_blank_rows_and_cells_are_no_rows(tmp_path: Path) -> None:
    header, *rows = portal()
    blank: Row = [" ", None, ""]
    pieces = read_text(tmp_path, book([blank, header, blank, *rows, blank, blank]))
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, export())))
    assert sum(piece.read for piece in pieces) == 2


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_batches_of_a_workbook(rows: int, tmp_path: Path) -> None:
    pieces = read_text(tmp_path, book(portal()), batch_rows=rows)
    assert rows_of(pieces).equals(rows_of(read_text(tmp_path, export())))


@pytest.mark.parametrize(
    "pack",
    [lambda it: zipped(a__xlsx=it), lambda it: zipped(a__zip=zipped(b__xlsx=it))],
    ids=["in a zip", "in a zip in a zip"],
)
def test_a_workbook_in_an_archive(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    assert rows_of(read_text(tmp_path, pack(book(portal())))).equals(rows_of(read_text(tmp_path, export())))


def test_numbers_as_text_with_marks_for_thousands(tmp_path: Path) -> None:
    header, *rows = portal()
    for row in rows:
        row[6] = f"{int(str(row[6])):,}".replace(",", "\u202f")
    assert rows_of(read_text(tmp_path, book([header, *rows]))).equals(rows_of(read_text(tmp_path, export())))


def test_a_fraction_in_a_cell_is_refused(tmp_path: Path) -> None:
    header, *rows = portal()
    rows[0][6] = 70.123
    with pytest.raises(
        SourceError, match=r"consommation of eco2mix-regional-tr: '70\.123' is not a whole number of MW"
    ):
        read_text(tmp_path, book([header, *rows]))


def test_a_workbook_without_an_export_is_left(tmp_path: Path) -> None:
    with pytest.raises(
        UnrecognisedError, match=r"a workbook without a sheet of any dataset \('Sheet0' has columns \(a"
    ):
        read_text(tmp_path, book([["a", "b"], [1, 2]], []))


def test_a_workbook_of_a_sibling_is_left_by_its_name(tmp_path: Path) -> None:
    header = ["Code INSEE EPCI", "Libellé métropole", "Nature", "Date", "Heures", "Consommation (MW)"]
    with pytest.raises(UnrecognisedError, match="eco2mix-metropoles-tr"):
        read_text(tmp_path, book([header, [200054781, "Métropole du Grand Paris", "x", "2025-01-01", "00:00", 4000]]))


def test_a_cell_far_out_is_refused_before_anything_is_held(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active["A1"], made.active["XFD1048576"] = "a", 1
    written = io.BytesIO()
    made.save(written)
    with pytest.raises(SourceError, match="spans over 10,000,000 cells"):
        read_text(tmp_path, written.getvalue())


def test_a_workbook_that_unpacks_like_a_bomb_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO(book(portal()))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/picture.bin", bytes(32 * 2**20))
    with pytest.raises(SourceError, match="WATTHOUSE_MAX_RATIO"):
        read_text(tmp_path, packed.getvalue())


def test_a_locked_workbook_says_what_to_do(tmp_path: Path) -> None:
    content = workbook.OLD + bytes(2000) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(SourceError, match="protected with a password: save it without one"):
        read_text(tmp_path, content)


def test_an_old_document_that_is_no_workbook_is_left(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedError, match="not a workbook"):
        read_text(tmp_path, workbook.OLD + bytes(4000))


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 0.99])
def test_a_workbook_that_was_cut_is_refused(cut: float, tmp_path: Path) -> None:
    content = book(portal())
    with pytest.raises(SourceError, match="damaged"):
        read_text(tmp_path, content[: int(cut * len(content))])
