import pytest

from watthouse.catalog import REGIONS
from watthouse.errors import listed, shown
from watthouse.sources.cells import fold, undouble


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Date - Heure", "date_heure"),
        ("Nucléaire (MW)", "NUCLEAIRE"),
        ("Stock fin de journée (GWh PCS 0°C)", "stock_fin_de_journee"),
        ("Hydraulique - Fil de l?eau + éclusée", "Hydraulique - Fil de l’eau + éclusée (MW)"),
        (" Stockage batterie", "stockage_batterie"),
        ("TCO Thermique (%)", "tco_thermique"),
        ("Ile-de-France", "Île de France"),
        ("Auvergne-RhÃ´ne-Alpes", "Auvergne-Rhône-Alpes"),
    ],
)
def test_accents_case_punctuation_and_units_do_not_matter(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_bracket_that_is_no_unit_at_the_end_matters() -> None:
    assert fold("Gaz (CCG) brut") != fold("Gaz brut")


@pytest.mark.parametrize("name", [*REGIONS.values(), "Données définitives", "Teréga", "à côté", "cœur d’îlot", "Ça"])
@pytest.mark.parametrize("times", [1, 2])
def test_text_that_was_encoded_twice_is_undone(name: str, times: int) -> None:
    spoilt = name
    for _ in range(times):
        spoilt = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in spoilt.encode())
    assert undouble(spoilt) == name


@pytest.mark.parametrize("text", ["Rhône", "Âge", "Ã", "Teréga", "â la carte"])
def test_text_that_was_not_is_left_alone(text: str) -> None:
    assert undouble(text) == text


def test_what_is_shown_is_one_short_line() -> None:
    assert shown("a\nb\x1b[31m\tc") == "a b [31m c"
    assert len(shown("x" * 1000)) == 60
    assert listed("abcdefgh") == "a, b, c, d, e, f and 2 more"
