"""The fields of a document are those of the slots marts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml

from tests.support import ROOT
from watthouse.stream.documents import CO2, FRANCE, LAYOUTS, NATIONAL, REGIONAL, dataset_of, key_of, rev_of

MARTS = ROOT / "src" / "watthouse" / "transform" / "models" / "marts" / "slots.yml"


@pytest.mark.parametrize(("dataset", "mart"), [(NATIONAL, "national_slots"), (REGIONAL, "regional_slots")])
def test_a_document_has_the_quantities_of_its_slots_mart_under_their_names(dataset: str, mart: str) -> None:
    layout = LAYOUTS[dataset]
    models = {model["name"]: model for model in yaml.safe_load(MARTS.read_text())["models"]}
    quantities = {
        column["name"] for column in models[mart]["columns"] if column["name"].endswith(("_mw", "_pct", "_g_kwh"))
    }
    own = set(layout.published.values()) | {"production_mw", "balance_residual_mw"}

    assert own == quantities


def test_only_france_has_a_co2_rate_and_only_regions_have_load_factors() -> None:
    assert CO2 in LAYOUTS[NATIONAL].fields
    assert CO2 not in LAYOUTS[REGIONAL].fields
    assert LAYOUTS[NATIONAL].rates == frozenset()
    assert "tch_nucleaire" in LAYOUTS[REGIONAL].rates


def test_no_field_is_named_twice() -> None:
    for layout in LAYOUTS.values():
        assert len(layout.fields) == len(set(layout.fields))


def test_a_key_is_in_utc_whatever_the_zone_of_the_instant() -> None:
    paris = datetime(2026, 11, 30, 12, 15, tzinfo=timezone(timedelta(hours=1)))

    assert key_of(REGIONAL, "11", paris) == "eco2mix-regional-tr|11|2026-11-30T11:15:00Z"


def test_two_observations_of_one_millisecond_have_different_revs() -> None:
    first = datetime(2026, 11, 30, 11, 20, 1, 123456, tzinfo=UTC)

    assert rev_of(first) == int(first.timestamp()) * 10**6 + 123456
    assert rev_of(first + timedelta(microseconds=1)) == rev_of(first) + 1


def test_the_region_says_the_dataset() -> None:
    assert [dataset_of(region) for region in (FRANCE, "11")] == [NATIONAL, REGIONAL]
