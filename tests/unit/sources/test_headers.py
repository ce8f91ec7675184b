import re
from collections.abc import Callable

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


def in_r(label: str) -> str:
    """What R's make.names does to a header: whatever is no letter, digit, dot or underscore is a dot."""
    return re.sub(r"[^\w.]", ".", label)


def in_janitor(label: str) -> str:
    """What R's janitor::clean_names and many a script do to it."""
    return re.sub(r"_+", "_", re.sub(r"\W", "_", label.lower().replace("%", "_percent"))).strip("_")


UNITS = {"MW": "MW", "%": "%", "g/kWh": "g/kWh", "°C": "°C", "GWh PCS 0 °C": "GWh PCS 0°C", "": ""}


@pytest.mark.parametrize("spelt", [in_r, in_janitor], ids=["R", "janitor"])
@pytest.mark.parametrize("dataset", CATALOG.values(), ids=lambda dataset: dataset.id)
def test_headers_that_went_through_other_tools(dataset: Dataset, spelt: Callable[[str], str]) -> None:
    labels = [column.labels[0] if column.labels else column.name for column in dataset.columns]
    units = [f" ({UNITS[column.unit]})" if column.unit not in ("", "UTC") else "" for column in dataset.columns]
    written = [spelt(f"{label}{unit}") for label, unit in zip(labels, units, strict=True)]
    assert list(recognise(written, "a.csv").positions) == list(dataset.names)


@pytest.mark.parametrize("mark", ["\ufeff", "ï..", "X.U.FEFF.", "ï»¿"])
def test_a_mark_at_the_start_of_a_header_is_no_letter(mark: str) -> None:
    assert list(recognise([mark + REGIONAL[0], *REGIONAL[1:]], "a.csv").positions) == REGIONAL


@pytest.mark.parametrize("names", [[f"{name}_mw" for name in ("consommation", "nucleaire", "prevision_j1")]])
def test_technical_names_with_their_unit(names: list[str]) -> None:
    layout = recognise(["perimetre", "nature", "date", "heure", *names], "a.csv")
    assert list(layout.positions)[4:] == ["consommation", "nucleaire", "prevision_j1"]


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("Consommation (MWh)", "MWh"),
        ("consommation_gwh", "GWh"),
        ("Consommation..kW.", "kW"),
        ("Consommation [GW]", "GW"),
    ],
)
def test_another_unit_is_another_quantity(label: str, unit: str) -> None:
    with pytest.raises(UnrecognisedError, match=f"its consommation is in {unit}, where eco2mix-regional-tr has MW"):
        recognise([label if name == "consommation" else name for name in REGIONAL], "a.csv")


@pytest.mark.parametrize("coarse", ["Mois", "Année", "week"])
def test_totals_of_longer_periods_are_no_slots(coarse: str) -> None:
    with pytest.raises(UnrecognisedError, match=f"totals by {coarse}"):
        recognise(["Périmètre", coarse, "Nature", "Consommation", "Nucléaire", "Eolien"], "a.csv")
    # beside instants it is a column that somebody added
    assert recognise([*REGIONAL, coarse], "a.csv").family[0].id == "eco2mix-regional-tr"


NATIONAL = ["nature", "date", "heure", "date_heure", "consommation", "nucleaire", "eolien"]


@pytest.mark.parametrize(
    "foreign",
    ["Zone", "Territoire", "Code INSEE département", "libelle_metropole", "Département", "Code INSEE EPCI", "Commune"],
)
def test_a_column_that_names_another_place_makes_no_figures_of_france(foreign: str) -> None:
    with pytest.raises(UnrecognisedError, match=r"name another place|which is not a dataset") as refused:
        recognise([foreign, *NATIONAL], "a.csv")
    assert foreign in str(refused.value) or "eco2mix-metropoles-tr" in str(refused.value)


@pytest.mark.parametrize("place", ["code_insee_region", "Région", "Code INSEE", "Libellé région", "Code région"])
def test_a_column_that_names_a_region_makes_it_the_regional_dataset(place: str) -> None:
    assert recognise([place, *NATIONAL], "a.csv").family[0].id == "eco2mix-regional-tr"


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (
            "Code INSEE EPCI;Libellé métropole;Nature;Date;Heures;Date - Heure;Consommation (MW);Production (MW)",
            "eco2mix-metropoles-tr",
        ),
        ("code_insee_epci;libelle_metropole;nature;date;heures;date_heure;consommation", "eco2mix-metropoles-tr"),
        (
            "Date;Code INSEE département;Département;TMin (°C);TMax (°C);TMoy (°C)",
            "temperature-quotidienne-departementale",
        ),
        ("date_obs;code_insee_departement;departement;tmin;tmax;tmoy", "temperature-quotidienne-departementale"),
        ("Date - Heure;Date;Heure;Consommation brute électricité (MW) - RTE", "consommation-quotidienne-brute "),
        (
            "Date - Heure;Code INSEE région;Région;Consommation brute électricité (MW) - RTE",
            "consommation-quotidienne-brute-regionale",
        ),
        ("Mois;Qualité;Territoire;Production totale;Production nucléaire;Consommation totale", "eCO2mix_RTE_energie_M"),
    ],
)
def test_siblings_of_the_datasets_are_known_by_name(labels: str, name: str) -> None:
    with pytest.raises(UnrecognisedError, match=rf"^a.csv: {name}.*which is not a dataset of the catalog"):
        recognise(labels.split(";"), "a.csv")


def test_a_perimeter_stands_for_a_region() -> None:
    labels = ["Périmètre", "Nature", "Date", "Heures", "Consommation", "Thermique"]
    assert recognise(labels, "a.xls").positions["libelle_region"] == 0


def test_columns_the_catalog_does_not_declare_are_left_out_and_said_in_one_note() -> None:
    flows = [f"{way} {region}" for way in ("Import", "Export") for region in "ABCDEFGHIJKLMNOPQRS"]
    layout = recognise([*REGIONAL, *flows, "Column 64", ""], "a.csv")
    assert list(layout.positions) == REGIONAL
    (note,) = layout.notes
    assert note.endswith("Import A, Import B, Import C, Import D, Import E, Import F and 33 more")


@pytest.mark.parametrize(
    ("gone", "renamed"),
    [
        ("consommation", ""),
        ("consommation", "Zorglub"),
        ("thermique", "Zorglub"),
        ("nature", ""),
        ("nature", "Zorglub"),
    ],
)
def test_a_column_that_is_gone_or_renamed_is_named_with_what_matched_nothing(gone: str, renamed: str) -> None:
    labels = [renamed if name == gone else name for name in REGIONAL if renamed or name != gone]
    with pytest.raises(ContractError, match=gone) as refused:
        recognise(labels, "a.csv")
    said = str(refused.value)
    assert said.startswith("a.csv: ")
    assert "eco2mix-regional-tr" in said
    assert renamed in said


@pytest.mark.parametrize("junk", [[], ["column_68"], ["Unnamed: 0"], [""], ["X"]])
def test_a_column_short_and_nothing_that_could_be_it_is_the_dataset_all_the_same(junk: list[str]) -> None:
    layout = recognise([*junk, *(name for name in REGIONAL if name != "thermique")], "a.csv")
    assert layout.family[0].id == "eco2mix-regional-tr"
    assert "thermique" not in layout.positions


def test_load_alone_is_of_no_place() -> None:
    with pytest.raises(ContractError, match="lacks column nucleaire"):
        recognise(["nature", "date", "heure", "date_heure", "consommation"], "a.csv")


def test_a_missing_pits_is_named() -> None:
    with pytest.raises(ContractError, match="stock-quotidien-stockages-gaz needs column pits"):
        recognise(["date", "stock_fin_de_journee", "source"], "a.csv")


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(ContractError, match="column consommation of eco2mix-regional-tr appears twice"):
        recognise([*REGIONAL, "Consommation (MW)"], "a.csv")


@pytest.mark.parametrize(
    "labels",
    [
        ["MeterPoint Code", "Serial Number", "Plant Code", "Date/Time", "Data Type", "Data Value", "Units", "Status"],
        ["MeterCode", "Serial", "PlantCode", "DateTime", "Quality", "Stream", "DataType", "Energy", "Units"],
        ["Date", "Heure"],
        ["a", "b"],
        ["date", "heure", "nature", "x", "y", "z", "t"],
        ["column_1", "column_2"],
        [""],
        [],
    ],
)
def test_other_tables_are_no_dataset_and_their_first_columns_are_named(labels: list[str]) -> None:
    with pytest.raises(UnrecognisedError, match="match no dataset in the catalog") as refused:
        recognise(labels, "a.csv")
    assert all(label in str(refused.value) for label in labels[:4])


def test_a_date_alone_makes_no_tempo_calendar() -> None:
    with pytest.raises(ContractError, match="looks like temperature-quotidienne-regionale but lacks column tmax"):
        recognise(["Date", "TMin (°C)", "TMoy (°C)"], "a.csv")
