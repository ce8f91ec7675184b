"""Columns that the national dataset does not know, whose values say that its rows are of other places."""

from pathlib import Path

import pytest

from tests.unit.sources.reading import read_text, rows_of
from watthouse.errors import SourceError, UnrecognisedError

HEADER = "{};nature;date;heure;consommation;nucleaire\n"
ROW = "{};Données temps réel;2025-01-10;{};{};50000\n"


def national(label: str, *rows: tuple[str, str, int]) -> str:
    return HEADER.format(label) + "".join(ROW.format(*row) for row in rows)


@pytest.mark.parametrize("place", ["Bretagne", "BRETAGNE", "PACA", "Métropole de Lyon", "Ville de Paris"])
def test_a_value_that_names_a_place_is_none_of_frances(place: str, tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedError, match=rf"column 'Nom' names another place \('{place}'\)"):
        read_text(tmp_path, national("Nom", ("x", "00:00", 70_000), (place, "00:15", 3_000)))


def test_a_column_that_tells_several_series_apart_makes_none_of_them_frances(tmp_path: Path) -> None:
    rows = [(name, clock, load) for name, load in (("Ain", 900), ("Aisne", 800)) for clock in ("00:00", "00:15")]
    with pytest.raises(UnrecognisedError, match="column 'Nom' distinguishes several series"):
        read_text(tmp_path, national("Nom", *rows))


def test_files_that_were_joined_with_their_names_are_one_series(tmp_path: Path) -> None:
    rows = [(name, clock, 70_000) for name in ("a.csv", "b.csv") for clock in ("00:00", "00:15")]
    assert rows_of(read_text(tmp_path, national("fichier", *rows))).column("consommation").to_pylist() == [70_000] * 4


def test_a_long_outline_joined_to_each_row_is_left_out_as_any_column_is(tmp_path: Path) -> None:
    outline = "POLYGON (" + "4.83 45.76, " * 6_000 + ")"
    (piece,) = read_text(tmp_path, national("geo_shape", (outline, "00:00", 70_000), (outline, "00:15", 69_000)))
    assert piece.rows.column("consommation").to_pylist() == [70_000, 69_000]
    assert piece.notes == ("columns left out, as the catalog does not have them: geo_shape",)
    with pytest.raises(SourceError, match="column 'nature' has a text of 70,000 bytes"):
        read_text(tmp_path, national("x", ("", "00:00", 70_000)).replace("Données temps réel", "x" * 70_000))


def test_a_column_of_remarks_is_left_out_and_noted(tmp_path: Path) -> None:
    (piece,) = read_text(tmp_path, national("Remarque", ("ras", "00:00", 70_000), ("", "00:15", 69_000)))
    assert piece.rows.num_rows == 2
    assert piece.notes == ("columns left out, as the catalog does not have them: Remarque",)
