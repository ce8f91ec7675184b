import pytest

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import ContractError, UnrecognisedError
from watthouse.sources.headers import recognise

REGIONAL = ["code_insee_region", "libelle_region", "nature", "date", "heure", "date_heure"]
REGIONAL += ["consommation", "thermique", "eolien"]


@pytest.mark.parametrize("dataset", CATALOG.values(), ids=lambda dataset: dataset.id)
def test_a_dataset_is_known_by_its_technical_names(dataset: Dataset) -> None:
    layout = recognise(dataset.names, "a.csv")
    assert dataset in layout.family
    assert (
        [dataset.names[place] for place in layout.positions.values()] == list(layout.positions) == list(dataset.names)
    )
    assert layout.notes == ()


@pytest.mark.parametrize("dataset", CATALOG.values(), ids=lambda dataset: dataset.id)
@pytest.mark.parametrize("vintage", [0, -1])
def test_a_dataset_is_known_by_its_labels_of_any_vintage(dataset: Dataset, vintage: int) -> None:
    labels = [column.labels[vintage] if column.labels else column.name for column in dataset.columns]
    for spelt in (labels, [f"{label} (MW)" for label in labels], [label.upper() for label in labels]):
        assert list(recognise(spelt, "a.csv").positions) == list(dataset.names)


@pytest.mark.parametrize("label", ["Date - Heure", "Date et Heure", "date_heure", "Date Heure", "DATE-HEURE"])
def test_the_instants_label_changes_between_vintages(label: str) -> None:
    layout = recognise([label if name == "date_heure" else name for name in REGIONAL], "a.csv")
    assert layout.positions["date_heure"] == 5


def test_a_perimeter_stands_for_a_region() -> None:
    labels = ["Périmètre", "Nature", "Date", "Heures", "Consommation", "Thermique"]
    assert recognise(labels, "a.xls").positions["libelle_region"] == 0


def test_columns_the_catalog_does_not_declare_are_left_out_and_said_in_one_note() -> None:
    flows = [f"{way} {region}" for way in ("Import", "Export") for region in "ABCDEFGHIJKLMNOPQRS"]
    layout = recognise([*REGIONAL, *flows, "Column 64", ""], "a.csv")
    assert list(layout.positions) == REGIONAL
    (note,) = layout.notes
    assert note.endswith("Import A, Import B, Import C, Import D, Import E, Import F and 33 more")


@pytest.mark.parametrize("gone", ["consommation", "thermique", "nature"])
@pytest.mark.parametrize("renamed", ["", "Zorglub"])
def test_a_column_that_is_gone_or_renamed_is_named_with_what_matched_nothing(gone: str, renamed: str) -> None:
    labels = [renamed if name == gone else name for name in REGIONAL if renamed or name != gone]
    with pytest.raises(ContractError, match=gone) as refused:
        recognise(labels, "a.csv")
    said = str(refused.value)
    assert said.startswith("a.csv: ")
    assert "eco2mix-regional-tr" in said
    assert renamed in said


def test_a_missing_pits_is_named() -> None:
    with pytest.raises(ContractError, match="stock-quotidien-stockages-gaz needs column pits"):
        recognise(["date", "stock_fin_de_journee", "source"], "a.csv")


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(ContractError, match="column consommation of eco2mix-regional-tr stands there twice"):
        recognise([*REGIONAL, "Consommation (MW)"], "a.csv")


@pytest.mark.parametrize(
    "labels",
    [
        ["MeterPoint Code", "Serial Number", "Plant Code", "Date/Time", "Data Type", "Data Value", "Units", "Status"],
        ["MeterCode", "Serial", "PlantCode", "DateTime", "Quality", "Stream", "DataType", "Energy", "Units"],
        ["Date", "Type de jour TEMPO"],
        ["a", "b"],
        ["date", "heure", "nature", "x", "y", "z", "t"],
        ["column_1", "column_2"],
        [""],
        [],
    ],
)
def test_other_tables_are_no_dataset_and_their_first_columns_are_named(labels: list[str]) -> None:
    with pytest.raises(UnrecognisedError, match="are those of no dataset in the catalog") as refused:
        recognise(labels, "a.csv")
    assert all(label in str(refused.value) for label in labels[:4])
