"""Values of the ledger, which keeps them as text, as readers write them."""

import pytest

from watthouse.catalog import CATALOG
from watthouse.serve.dashboard.pages.data import value
from watthouse.serve.dashboard.view import View
from watthouse.serve.locale import Language

NATIONAL, GAS, WEATHER = (
    CATALOG[name]
    for name in (
        "eco2mix-national-tr",
        "stock-quotidien-stockages-gaz",
        "temperature-quotidienne-regionale",
    )
)


@pytest.mark.parametrize(
    ("column", "said", "english", "french"),
    [
        ("consommation", "60608", "60,608\N{NO-BREAK SPACE}MW", "60\N{NARROW NO-BREAK SPACE}608\N{NO-BREAK SPACE}MW"),
        ("ech_physiques", "-5617", "−5,617\N{NO-BREAK SPACE}MW", "−5\N{NARROW NO-BREAK SPACE}617\N{NO-BREAK SPACE}MW"),
        ("consommation", None, "withdrawn", "retirée"),
        ("nature", "Données temps réel", "Données temps réel", "Données temps réel"),
    ],
)
def test_a_revised_value_is_written_with_its_unit(column: str, said: str | None, english: str, french: str) -> None:
    assert value(View(), NATIONAL, column, said) == english
    assert value(View(language=Language.FRENCH), NATIONAL, column, said) == french


def test_a_revised_value_keeps_the_digits_that_were_published() -> None:
    assert value(View(), WEATHER, "tmoy", "-3.250") == "−3.25\N{NO-BREAK SPACE}°C"
    assert value(View(), GAS, "stock_fin_de_journee", "100.000000").startswith("100\N{NO-BREAK SPACE}GWh")
