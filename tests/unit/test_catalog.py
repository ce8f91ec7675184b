"""What a declaration must not leave open."""

import pytest

from watthouse.catalog import CATALOG, OTHER_UNITS, SIBLINGS, Column, Kind

MEASURED = {Kind.WHOLE, Kind.RATE, Kind.TEMPERATURE, Kind.STOCK}
WITHOUT_RIVALS = {"%", "g/kWh"}
"""Units in which the same words name nothing else."""


@pytest.mark.parametrize(
    "column",
    [column for dataset in CATALOG.values() for column in dataset.columns if column.kind in MEASURED],
    ids=lambda column: column.name,
)
def test_every_unit_knows_its_rivals(column: Column) -> None:
    """Else a file in GWh is read as one in MWh: the unit in a header is left off where nothing speaks against it."""
    assert column.unit in OTHER_UNITS or column.unit in WITHOUT_RIVALS


def test_what_is_declared_is_no_sibling() -> None:
    """A sibling is recognised first, and left alone."""
    assert {sibling.id for sibling in SIBLINGS}.isdisjoint(CATALOG)


def test_every_dataset_has_its_civil_day() -> None:
    assert all("date" in dataset for dataset in CATALOG.values())
