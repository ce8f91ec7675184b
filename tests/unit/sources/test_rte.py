import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.unit.sources.reading import dropped, read_text, rows_of
from watthouse.errors import ContractError, SourceError, UnrecognisedError
from watthouse.sources.contract import HALF_HOURS, PHANTOM

DISCLAIMER = "RTE ne pourra être tenu responsable de l'usage qui pourrait être fait des données mises à disposition.\n"
REGIONAL = "Périmètre\tNature\tDate\tHeures\tConsommation\tThermique\tNucléaire\tEolien\n"
NATIONAL = "Périmètre\tNature\tDate\tHeures\tConsommation\tPrévision J-1\tFioul\tGaz\tNucléaire\t Stockage batterie\n"
QUARTERS = (
    "PACA\tDonnées définitives\t2014-01-01\t00:00\t6515\t499\t-\t2\t\n"
    "PACA\tDonnées définitives\t2014-01-01\t00:15\t\t\t\t\t\n"
    "PACA\tDonnées définitives\t2014-01-01\t00:30\t6248\t438\t-\t4\t\n"
)


def regional(rows: str = QUARTERS, end: str = DISCLAIMER, header: str = REGIONAL) -> bytes:
    return f"{header}{rows}{end}".encode("cp1252")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
@pytest.mark.parametrize("end", [DISCLAIMER, DISCLAIMER + "\n", DISCLAIMER.rstrip(), DISCLAIMER[:60], "\n"])
def test_an_annual_file_of_a_region(encoding: str, end: str, tmp_path: Path) -> None:
    pieces = read_text(tmp_path, f"{REGIONAL}{QUARTERS}{end}".encode(encoding), "eCO2mix_RTE_PACA.xls")
    table = rows_of(pieces)
    assert pieces[0].dataset.id == "eco2mix-regional-cons-def"
    assert dropped(pieces) == {HALF_HOURS: 1}
    assert table.column("date_heure").to_pylist() == [
        datetime(2013, 12, 31, 23, 0, tzinfo=UTC),
        datetime(2013, 12, 31, 23, 30, tzinfo=UTC),
    ]
    assert set(table.column("code_insee_region").to_pylist()) == {"93"}
    assert set(table.column("libelle_region").to_pylist()) == {"Provence-Alpes-Côte d'Azur"}
    assert table.column("nucleaire").null_count == 2
    assert table.column("consommation").to_pylist() == [6515, 6248]


def test_a_real_time_file_of_france_whose_header_has_a_space(tmp_path: Path) -> None:
    row = "France\tDonnées temps réel\t01/02/2026\t00:15\t58568\t60400\t35\t4525\t47799\t-52\t\n"
    pieces = read_text(tmp_path, regional(row, header=NATIONAL))
    (got,) = rows_of(pieces).to_pylist()
    assert pieces[0].dataset.id == "eco2mix-national-tr"
    assert (got["date_heure"], got["stockage_batterie"], got["perimetre"]) == (
        datetime(2026, 1, 31, 23, 15, tzinfo=UTC), -52, "France",
    )  # fmt: skip
    assert "eolien" not in pieces[0].present


def test_consolidated_rows_of_france_keep_their_forecasts_at_the_quarters(tmp_path: Path) -> None:
    rows = "".join(
        f"France\tDonnées consolidées\t2024-01-01\t{clock}\t\t52000\t\t\t\t\t\n" for clock in ("00:00", "00:15")
    )
    pieces = read_text(tmp_path, regional(rows, header=NATIONAL))
    assert (pieces[0].dataset.id, pieces[0].rows.num_rows) == ("eco2mix-national-cons-def", 2)


@pytest.mark.parametrize(
    ("name", "code"),
    [("Auvergne-RhÃ´ne-Alpes", "84"), ("Grand-Est", "44"), ("Ile-de-France", "11"), ("ÃŽle-de-France", "11")],
)
def test_a_region_spelt_by_rte_or_encoded_twice(name: str, code: str, tmp_path: Path) -> None:
    pieces = read_text(tmp_path, f"{REGIONAL}{QUARTERS.replace('PACA', name)}{DISCLAIMER}")
    assert set(rows_of(pieces).column("code_insee_region").to_pylist()) == {code}


def test_the_spring_hour_that_rte_fills_with_copies_is_dropped(tmp_path: Path) -> None:
    rows = "".join(
        f"PACA\tDonnées définitives\t2014-03-30\t{clock}\t4517\t1\t-\t2\t\n"
        for clock in ("01:30", "02:00", "02:30", "03:00")
    )
    pieces = read_text(tmp_path, regional(rows))
    assert dropped(pieces) == {PHANTOM: 2}
    assert rows_of(pieces).column("heure").to_pylist() == ["01:30", "03:00"]


def test_a_zip_holds_the_same_text(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eCO2mix_RTE_PACA.xls", regional())
    assert rows_of(read_text(tmp_path, packed.getvalue(), "a.zip")).equals(
        rows_of(read_text(tmp_path, regional(), "a.xls"))
    )


def test_a_header_that_ends_in_a_tab_too(tmp_path: Path) -> None:
    content = regional(header=REGIONAL.replace("\n", "\t\n"))
    assert rows_of(read_text(tmp_path, content)).equals(rows_of(read_text(tmp_path, regional())))


def test_a_file_without_its_disclaimer_is_read_with_a_note(tmp_path: Path) -> None:
    assert any("disclaimer is missing" in note for note in read_text(tmp_path, regional(end=""))[0].notes)
    assert read_text(tmp_path, regional())[0].notes == ()


@pytest.mark.parametrize("cut", range(1, 50))
def test_a_file_cut_in_its_last_row_loses_that_row_alone(cut: int, tmp_path: Path) -> None:
    pieces = read_text(tmp_path, regional(end="")[:-cut])
    (note,) = pieces[0].notes
    if cut == 1:  # the line's end alone
        assert rows_of(pieces).num_rows == 2
        assert "it is kept" in note
    else:
        assert rows_of(pieces).column("consommation").to_pylist() == [6515]
        assert "it is left out" in note


WIDE = "Île-de-France\tDonnées définitives\t2019-01-01\t{}\t{}\t400\t-\t1\t{}\n"


@pytest.mark.parametrize(
    ("rows", "loads"),
    [
        ([("00:00", "9000", "ND\tND\t"), ("00:30", "8800", "ND\tND\t")], [9000, 8800]),
        ([("00:00", "9000", "\t\t"), ("00:30", "8800", "\tND\t")], [9000, 8800]),
        ([("00:00", "9000", ""), ("00:30", "8800", "ND\tND\t"), ("01:00", "8700", "")], [9000, 8800, 8700]),
        ([("00:00", "9000", "ND\tND\t"), ("00:30", "8800", ""), ("01:00", "8700", "-")], [9000, 8800, 8700]),
    ],
)
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_rows_wider_than_their_header_whose_surplus_says_nothing(
    rows: list[tuple[str, str, str]], loads: list[int], delimiter: str, tmp_path: Path
) -> None:
    content = REGIONAL + "".join(WIDE.format(*row) for row in rows)
    pieces = read_text(tmp_path, content.replace("\t", delimiter) + "\n" + DISCLAIMER)
    table = rows_of(pieces).sort_by("date_heure")
    assert table.column("consommation").to_pylist() == loads
    assert table.column("thermique").to_pylist() == [400] * len(loads)
    one_by_one = read_text(tmp_path, content.replace("\t", delimiter) + "\n" + DISCLAIMER, batch_rows=1)
    assert rows_of(one_by_one).sort_by("date_heure").equals(table)


@pytest.mark.parametrize("surplus", [("ND\tND\t", "ND\t7\t"), ("", "7\t"), ("7\t", "7\t")])
def test_rows_wider_than_their_header_that_say_something_there_are_refused(
    surplus: tuple[str, str], tmp_path: Path
) -> None:
    rows = "".join(WIDE.format(f"00:{30 * n:02}", 9000, more) for n, more in enumerate(surplus))
    with pytest.raises(SourceError, match="where the header has 8: the file was truncated or edited"):
        read_text(tmp_path, regional(rows))


CLOSING = "RTE ne pourra être tenu responsable de l'usage des données, ni en cas de prévisions qui seraient imprécises."


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("padding", [0, 1, 6, 7, 8, 9, 20])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
@pytest.mark.parametrize("quoted", [False, True])
def test_the_closing_sentence_is_no_row_however_it_was_saved(
    delimiter: str, padding: int, end: str, quoted: bool, tmp_path: Path
) -> None:
    rows = (REGIONAL + QUARTERS).replace("\t\n", "\n").replace("\t", delimiter)
    sentence = f'"{CLOSING}"' if quoted else CLOSING
    pieces = read_text(tmp_path, rows + sentence + delimiter * padding + end)
    assert rows_of(pieces).column("consommation").to_pylist() == [6515, 6248]
    assert sum(piece.read for piece in pieces) == 3
    assert pieces[0].notes == ()


def test_rows_that_excel_cut_short_of_empty_fields_below_no_label_are_whole(tmp_path: Path) -> None:
    header = REGIONAL.replace("\n", "\t\t\n")
    rows = QUARTERS.replace("\t\n", "\t\t\n", 1)
    got = rows_of(read_text(tmp_path, regional(rows, header=header)))
    assert got.equals(rows_of(read_text(tmp_path, regional())))


def test_frances_own_files_short_of_every_column_of_a_region_are_told_by_their_perimeter(tmp_path: Path) -> None:
    header = "Périmètre\tNature\tDate\tHeures\tConsommation\tNucléaire\tEolien\n"
    row = "{}\tDonnées définitives\t2019-01-01\t{}\t{}\t-\t1\t\n"
    rows = row.format("France", "00:00", 70_000) + row.format("Bretagne", "00:00", 3_000)
    pieces = read_text(tmp_path, regional(rows + row.format("Grand-Est", "00:00", 5_000), header=header))
    got = {piece.dataset.id: piece.rows for piece in pieces}
    assert got["eco2mix-national-cons-def"].column("consommation").to_pylist() == [70_000]
    assert got["eco2mix-regional-cons-def"].column("consommation").to_pylist() == [3_000, 5_000]
    assert got["eco2mix-regional-cons-def"].column("code_insee_region").to_pylist() == ["53", "44"]


@pytest.mark.parametrize("place", ["Métropole de Lyon", "Allemagne", "Loire-Atlantique", "Europe", "Nantes"])
@pytest.mark.parametrize("beside", ["", "France\tDonnées définitives\t2019-01-01\t00:30\t7\t1\t1\t5\t1\t-2\t\n"])
def test_a_perimeter_of_no_dataset_is_left_by_its_name(place: str, beside: str, tmp_path: Path) -> None:
    row = f"{place}\tDonnées définitives\t2019-01-01\t00:00\t700\t1\t1\t5\t1\t-2\t\n"
    with pytest.raises(UnrecognisedError, match=f"its perimetre is '{place}'"):
        read_text(tmp_path, regional(beside + row, header=NATIONAL))


def test_a_region_with_columns_of_france_is_left_by_its_name(tmp_path: Path) -> None:
    row = "Bretagne\tDonnées définitives\t2019-01-01\t00:00\t700\t690\t1\t5\t1\t-2\t\n"
    with pytest.raises(
        UnrecognisedError, match=r"rows of 'Bretagne' with columns of eco2mix-national-tr \(prevision_j1"
    ):
        read_text(tmp_path, regional(row, header=NATIONAL))


@pytest.mark.parametrize("first", ["Journée du 01/02/2009", "Journée du 2009-02-01\t\t"])
def test_a_day_file_of_old_is_told_by_its_name(first: str, tmp_path: Path) -> None:
    content = f"{first}\nHeures\tPrévisionJ-1\tPrévisionJ\tConsommation\n00:00\t1\t2\t3\n"
    with pytest.raises(UnrecognisedError, match="an RTE day file"):
        read_text(tmp_path, content.encode("cp1252"))


@pytest.mark.parametrize("row", ["PACA\n", "Provence-Alpes-Côte d'Azur\n", "PACA\tDonnées définitives\n"])
def test_a_short_row_is_no_disclaimer(row: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 5 has"):
        read_text(tmp_path, regional(QUARTERS + row))


def test_two_files_in_one_are_refused_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 6 has 8 fields"):
        read_text(tmp_path, regional() + regional())


def test_a_disclaimer_without_rows_is_empty(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="empty"):
        read_text(tmp_path, regional(rows=""))


TEMPO_CLOSING = (
    "L'ensemble des informations disponibles sur éCO2mix sont fournies à titre purement informatif par RTE."
    " Conformément à la délibération de la Commission de Régulation de l'Energie du 30 octobre 2014,"
    " relative aux tarifs, la seule information de référence sur la couleur des jours est sur le site client de RTE.\n"
)
COLOURS = [(date(2014, 9, 1), "BLEU"), (date(2014, 12, 9), "BLANC"), (date(2015, 1, 20), "ROUGE")]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d/%m/%Y"])
@pytest.mark.parametrize("tail", ["", "\t"])
@pytest.mark.parametrize("end", [TEMPO_CLOSING, TEMPO_CLOSING.rstrip(), ""])
def test_a_tempo_calendar_has_a_colour_a_day(encoding: str, written: str, tail: str, end: str, tmp_path: Path) -> None:
    lines = "".join(f"{day:{written}}\t{colour}{tail}\n" for day, colour in COLOURS)
    pieces = read_text(tmp_path, f"Date\tType de jour TEMPO\n{lines}{end}".encode(encoding), "tempo.xls")
    assert {piece.dataset.id for piece in pieces} == {"eco2mix-tempo"}
    assert [tuple(row.values()) for row in rows_of(pieces).to_pylist()] == COLOURS


@pytest.mark.parametrize("mark", [";", ","])
def test_a_tempo_calendar_that_was_saved_again_may_have_its_closing_sentence_cut_at_commas(
    mark: str, tmp_path: Path
) -> None:
    lines = "".join(f"{day:%d/%m/%Y}{mark}{colour.lower()}\n" for day, colour in COLOURS)
    pieces = read_text(tmp_path, f"Date{mark}Type de jour TEMPO\n{lines}{TEMPO_CLOSING}")
    assert [tuple(row.values()) for row in rows_of(pieces).to_pylist()] == COLOURS


def test_a_day_that_has_no_colour_yet_is_no_blue_day(tmp_path: Path) -> None:
    pieces = read_text(tmp_path, "Date\tType de jour TEMPO\n2026-06-13\tBLEU\n2026-06-14\tND\n" + TEMPO_CLOSING)
    assert rows_of(pieces).column("type_de_jour_tempo").to_pylist() == ["BLEU", None]


def test_a_colour_that_tempo_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"column type_de_jour_tempo .*'VERT' is not one of BLEU, BLANC, ROUGE"):
        read_text(tmp_path, "Date\tType de jour TEMPO\n2025-09-01\tVERT\n" + TEMPO_CLOSING)
