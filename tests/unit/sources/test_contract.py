from datetime import UTC, date, datetime

import polars as pl
import pytest

from watthouse.catalog import CONSOLIDATED, DEFINITIVE, REAL_TIME, REGIONS, find
from watthouse.errors import ContractError
from watthouse.sources.contract import CLOCK, HALF_HOURS, OFF_GRID, PHANTOM, apply

TR = find("eco2mix-regional-tr")
CONS_DEF = find("eco2mix-regional-cons-def")
NATIONAL = find("eco2mix-national-tr")
GAS = find("stock-quotidien-stockages-gaz")
TEMPERATURE = find("temperature-quotidienne-regionale")


def regional(**columns: list[object]) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    usual: dict[str, list[object]] = {
        "code_insee_region": ["93"] * rows,
        "nature": ["Données temps réel"] * rows,
        "consommation": ["5000"] * rows,
    }
    return pl.DataFrame({**usual, **columns})


def test_rows_come_in_exactly_the_catalogs_shape() -> None:
    piece = apply(TR, regional(date_heure=["2024-01-01T00:00:00+01:00"], junk=["?"]), "a.csv")
    assert piece.rows.schema.equals(TR.schema)
    assert piece.rows.to_pylist()[0] | {"consommation": 5000} == piece.rows.to_pylist()[0]
    assert piece.present == {
        "code_insee_region", "libelle_region", "nature", "date", "heure", "date_heure", "consommation",
    }  # fmt: skip
    assert (piece.read, piece.dropped, piece.notes) == (1, {}, ())


def test_the_civil_clock_is_derived_from_the_instant() -> None:
    row = apply(TR, regional(date_heure=["2024-06-30T22:15:00Z"]), "a.csv").rows.to_pylist()[0]
    assert (row["date"], row["heure"]) == (date(2024, 7, 1), "00:15")


def test_the_instant_is_derived_from_the_civil_clock() -> None:
    batch = regional(date=["01/07/2024", "2024-01-01"], heure=["0:15", "00:30:00"])
    instants = apply(TR, batch, "a.csv").rows.column("date_heure").to_pylist()
    assert instants == [datetime(2024, 6, 30, 22, 15, tzinfo=UTC), datetime(2023, 12, 31, 23, 30, tzinfo=UTC)]


def test_an_instant_without_an_offset_is_derived_from_the_civil_clock() -> None:
    batch = regional(date=["2024-07-01"], heure=["00:15"], date_heure=["2024-07-01T00:15:00"])
    piece = apply(TR, batch, "a.csv")
    assert piece.rows.column("date_heure").to_pylist() == [datetime(2024, 6, 30, 22, 15, tzinfo=UTC)]


def test_an_instant_without_an_offset_or_a_civil_clock_is_refused() -> None:
    with pytest.raises(ContractError, match=r"^a\.csv: column date_heure of eco2mix-regional-tr has no offset"):
        apply(TR, regional(date_heure=["2024-07-01T00:15:00"]), "a.csv")


def test_the_phantom_spring_hour_is_dropped_and_counted() -> None:
    batch = regional(
        date=["2024-03-31"] * 4,
        heure=["01:45", "02:00", "02:45", "03:00"],
        date_heure=[
            f"2024-03-31T{clock}" for clock in ("01:45:00+01:00", "03:00:00+02:00", "03:45:00+02:00", "03:00:00+02:00")
        ],
    )
    piece = apply(TR, batch, "a.csv")
    assert piece.dropped == {PHANTOM: 2}
    assert piece.rows.column("heure").to_pylist() == ["01:45", "03:00"]
    assert piece.read == 4


def test_the_phantom_spring_hour_is_dropped_where_the_instant_is_derived() -> None:
    piece = apply(TR, regional(date=["2024-03-31"] * 3, heure=["01:45", "02:15", "03:15"]), "a.csv")
    assert (piece.dropped, piece.rows.num_rows) == ({PHANTOM: 1}, 2)


def test_the_repeated_autumn_hour_is_its_second_pass() -> None:
    piece = apply(TR, regional(date=["2024-10-27"], heure=["02:30"]), "a.csv")
    assert piece.rows.column("date_heure").to_pylist() == [datetime(2024, 10, 27, 1, 30, tzinfo=UTC)]


@pytest.mark.parametrize("offset", ["+02:00", "+01:00"])
def test_the_repeated_hour_is_its_second_pass_whichever_it_is_stamped_with(offset: str) -> None:
    batch = regional(date=["2024-10-27"], heure=["02:30"], date_heure=[f"2024-10-27T02:30:00{offset}"])
    piece = apply(TR, batch, "a.csv")
    assert piece.dropped == {}
    assert piece.rows.column("date_heure").to_pylist() == [datetime(2024, 10, 27, 1, 30, tzinfo=UTC)]


@pytest.mark.parametrize("load", ["5000", None])
def test_a_row_off_the_quarter_hour_is_no_slot(load: str | None) -> None:
    batch = regional(date=["2024-06-01"] * 2, heure=["10:07", "10:15"], consommation=[load, "1"])
    piece = apply(TR, batch, "a.csv")
    assert piece.dropped == {OFF_GRID: 1}
    assert piece.rows.num_rows == 1


@pytest.mark.parametrize("load", ["2147483647", "-10000000", 10_000_000, 1e12])
def test_more_power_than_there_can_be_is_refused(load: object) -> None:
    with pytest.raises(ContractError, match="out of range"):
        apply(TR, regional(date=["2024-06-01"], heure=["10:00"], consommation=[load]), "a.csv")


@pytest.mark.parametrize("instant", ["2024-06-01T10:00:00+00:00", "2024-06-02T10:00:00+02:00"])
def test_a_clock_that_disagrees_on_another_day_is_told_apart_from_the_phantom_hour(instant: str) -> None:
    batch = regional(date=["2024-06-01"], heure=["10:00"], date_heure=[instant])
    assert apply(TR, batch, "a.csv").dropped == {CLOCK: 1}


def test_empty_slots_between_two_half_hours_are_dropped_and_counted() -> None:
    batch = regional(
        date=["2024-06-01"] * 4,
        heure=["00:00", "00:15", "00:30", "00:45"],
        nature=[CONSOLIDATED] * 4,
        consommation=["1", "", None, "ND"],
    )
    piece = apply(CONS_DEF, batch, "a.csv")
    assert piece.dropped == {HALF_HOURS: 2}
    assert piece.rows.column("heure").to_pylist() == ["00:00", "00:30"]


def test_a_slot_between_two_half_hours_that_carries_a_value_is_kept() -> None:
    batch = regional(date=["2024-06-01"], heure=["00:15"], nature=[DEFINITIVE], consommation=[None], eolien=["0"])
    assert apply(CONS_DEF, batch, "a.csv").rows.num_rows == 1


def test_quarter_hours_without_values_are_slots_in_real_time() -> None:
    batch = regional(date=["2024-06-01"], heure=["00:15"], consommation=[None])
    assert apply(TR, batch, "a.csv").rows.num_rows == 1


@pytest.mark.parametrize(
    ("column", "reason"),
    [("code_insee_region", "no code_insee_region"), ("nature", "no nature"), ("date_heure", "no date_heure")],
)
def test_a_row_whose_key_is_null_is_dropped_and_counted(column: str, reason: str) -> None:
    columns: dict[str, list[object]] = {"date_heure": ["2024-01-01T00:00:00+01:00"] * 2}
    batch = regional(**columns).with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.col(column)).otherwise(pl.lit("ND")).alias(column)
    )
    piece = apply(TR, batch, "a.csv")
    assert (piece.dropped, piece.rows.num_rows) == ({reason: 1}, 1)


@pytest.mark.parametrize("column", ["nature", "code_insee_region"])
def test_a_missing_key_column_is_refused_with_dataset_column_and_file(column: str) -> None:
    batch = regional(date_heure=["2024-01-01T00:00:00+01:00"]).drop(column)
    with pytest.raises(ContractError, match=f"^a.csv: eco2mix-regional-tr needs column {column}, which is missing"):
        apply(TR, batch, "a.csv")


def test_a_missing_instant_that_cannot_be_derived_is_refused() -> None:
    with pytest.raises(ContractError, match="needs column date_heure"):
        apply(TR, regional(date=["2024-01-01"]), "a.csv")


def test_text_in_a_number_names_dataset_column_value_and_file() -> None:
    batch = regional(date_heure=["2024-01-01T00:00:00+01:00"], consommation=["many"])
    with pytest.raises(
        ContractError, match=r"^a\.csv: column consommation of eco2mix-regional-tr: 'many' is not a number"
    ):
        apply(TR, batch, "a.csv")


@pytest.mark.parametrize("values", [["1.5", "2"], [0.25, 0.75], ["12,5", "3"]])
def test_a_fraction_of_a_megawatt_is_refused_and_not_rounded(values: list[object]) -> None:
    batch = regional(date_heure=["2024-01-01T00:00:00+01:00"] * 2, eolien=values)
    with pytest.raises(
        ContractError, match=rf"eolien of eco2mix-regional-tr: '{values[0]}' is not a whole number of MW"
    ):
        apply(TR, batch, "a.csv")


def test_notes_go_with_the_piece() -> None:
    assert apply(TR, regional(date_heure=["2024-01-01T00:00:00+01:00"]), "a.csv", notes=["before"]).notes == ("before",)


@pytest.mark.parametrize(("code", "name"), REGIONS.items())
def test_code_and_name_of_a_region_are_derived_from_each_other(code: str, name: str) -> None:
    spoilt = name.encode().decode("cp1252", "replace")
    spellings = [name, name.upper(), name.replace("-", " "), name.replace("Î", "I").replace("é", "e")]
    spellings += [spoilt] if "\ufffd" not in spoilt else []
    for batch in (
        pl.DataFrame({"date": ["2024-01-01"] * len(spellings), "region": spellings}),
        pl.DataFrame({"date": ["2024-01-01"], "code_insee_region": [int(code)]}),
    ):
        for row in apply(TEMPERATURE, batch, "a.csv").rows.to_pylist():
            assert (row["code_insee_region"], row["region"]) == (code, name)


def test_rtes_own_name_of_a_region_is_known() -> None:
    batch = pl.DataFrame({"date": ["2024-01-01"], "region": ["PACA"]})
    assert apply(TEMPERATURE, batch, "a.csv").rows.to_pylist()[0]["code_insee_region"] == "93"


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        ("95", None, "'95' is not the INSEE code of a region"),
        (None, "Atlantis", "'Atlantis' is not the name of a region"),
        ("93", "Bretagne", "region 'Bretagne' has the INSEE code 93 beside it"),
    ],
)
def test_an_unknown_or_contradictory_region_is_refused(code: str | None, name: str | None, says: str) -> None:
    batch = pl.DataFrame({"date": ["2024-01-01"], "code_insee_region": [code], "region": [name]})
    with pytest.raises(ContractError, match=says):
        apply(TEMPERATURE, batch, "a.csv")


def test_the_code_wins_over_a_name_of_old() -> None:
    batch = pl.DataFrame({"date": ["2024-01-01"], "code_insee_region": ["24"], "region": ["Centre"]})
    assert apply(TEMPERATURE, batch, "a.csv").rows.to_pylist()[0]["region"] == "Centre-Val de Loire"


@pytest.mark.parametrize("spelling", ["donnees temps reel", "DONNÉES TEMPS RÉEL", "DonnÃ©es temps rÃ©el"])
def test_a_nature_has_one_spelling(spelling: str) -> None:
    batch = regional(date_heure=["2024-01-01T00:00:00+01:00"], nature=[spelling])
    assert apply(TR, batch, "a.csv").rows.column("nature").to_pylist() == [REAL_TIME]


def test_an_unknown_nature_is_refused() -> None:
    batch = regional(date_heure=["2024-01-01T00:00:00+01:00"], nature=["Données rêvées"])
    with pytest.raises(ContractError, match="'Données rêvées' is not one of"):
        apply(TR, batch, "a.csv")


def test_an_unknown_gas_operator_is_kept() -> None:
    batch = pl.DataFrame({"date": ["2024-01-01"] * 2, "source": [" TIGF ", "TEREGA"], "pits": ["TerÃ©ga", " b"]})
    piece = apply(GAS, batch, "a.csv")
    assert piece.rows.column("source").to_pylist() == ["TIGF", "Teréga"]
    assert piece.rows.column("pits").to_pylist() == ["Teréga", "b"]
    assert piece.present == {"date", "source", "pits"}
    assert piece.rows.column("stock_fin_de_journee").null_count == 2


def test_a_batch_without_rows_is_a_piece_without_rows() -> None:
    piece = apply(TR, regional(date_heure=["2024-01-01T00:00:00+01:00"]).clear(), "a.csv")
    assert (piece.read, piece.rows.num_rows) == (0, 0)
    assert piece.rows.schema.equals(TR.schema)
