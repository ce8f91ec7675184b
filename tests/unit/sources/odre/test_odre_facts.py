from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.sources.odre.odre_server import (
    GAS,
    GAS_FIELDS,
    NATIONAL,
    Service,
    answer,
    described,
    gas,
    knobs,
    serving,
)
from watthouse.catalog import Dataset, Kind, live
from watthouse.errors import ContractError, SourceError, UnreachableError
from watthouse.sources.odre import Facts, Odre

pytestmark = pytest.mark.usefixtures("quick")


def asked(service: Service, home: Path, dataset: Dataset = GAS) -> Facts | SourceError:
    with Odre(knobs(service, home)) as odre:
        return odre.facts([dataset])[dataset]


def told(home: Path, body: object, dataset: Dataset = GAS) -> Facts | SourceError:
    with serving(lambda _: answer(body)) as service:
        return asked(service, home, dataset)


def test_facts_are_what_the_service_says(tmp_path: Path) -> None:
    with serving() as service:
        facts = asked(service, tmp_path)
        assert service.asked[0].path == "/api/explore/v2.1/catalog/datasets/stock-quotidien-stockages-gaz"
    assert facts == Facts(GAS, datetime(2026, 10, 2, 10, tzinfo=UTC), 30, GAS_FIELDS)


def test_no_dataset_at_all_is_no_question(tmp_path: Path) -> None:
    with serving() as service, Odre(knobs(service, tmp_path)) as odre:
        assert odre.facts([]) == {}
        assert not service.asked


@pytest.mark.parametrize("said", ["2026-10-02T12:00:00+02:00", "2026-10-02T10:00:00Z", "2026-10-02 10:00:00"])
def test_the_moment_of_processing_is_read_in_any_spelling(tmp_path: Path, said: str) -> None:
    facts = told(tmp_path, described(data_processed=said))
    assert isinstance(facts, Facts)
    assert facts.processed == datetime(2026, 10, 2, 10, tzinfo=UTC)
    assert facts.processed.utcoffset() == timedelta()


@pytest.mark.parametrize("said", [None, "", "yesterday", [], {"at": 1}])
def test_a_dataset_that_does_not_say_when_is_never_taken_to_be_still(tmp_path: Path, said: object) -> None:
    facts = told(tmp_path, described(data_processed=said))
    assert isinstance(facts, Facts)
    assert datetime.now(UTC) - facts.processed < timedelta(seconds=5)
    assert facts.notes == (
        "the service does not say when it was last processed: it is asked for its months every time",
    )


@pytest.mark.parametrize("said", [None, "many", -1, 2.5])
def test_rows_that_are_not_counted_are_none(tmp_path: Path, said: object) -> None:
    facts = told(tmp_path, described(records_count=said))
    assert isinstance(facts, Facts)
    assert facts.rows == 0


def test_metadata_without_metas_still_have_fields(tmp_path: Path) -> None:
    facts = told(tmp_path, {"fields": described()["fields"]})
    assert isinstance(facts, Facts)
    assert dict(facts.fields) == GAS_FIELDS


@pytest.mark.parametrize("gone", [*GAS.key, GAS.measured])
def test_a_column_that_rows_mean_nothing_without_breaks_the_contract(tmp_path: Path, gone: str) -> None:
    kept = {name: kind for name, kind in GAS_FIELDS.items() if name != gone} | {"nouveau": "text"}
    error = told(tmp_path, described(fields=kept))
    assert isinstance(error, ContractError)
    assert f"{GAS.id}: the service no longer carries column {gone}" in str(error)
    assert "nouveau" in str(error)


def test_any_other_column_that_is_gone_is_a_note(tmp_path: Path) -> None:
    kinds = {Kind.INSTANT: "datetime", Kind.WHOLE: "int"}
    fields = {column.name: kinds.get(column.kind, "text") for column in NATIONAL.columns if column.name != "solaire"}
    facts = told(tmp_path, described(NATIONAL, fields | {"column_68": "text"}), NATIONAL)
    assert isinstance(facts, Facts)
    assert facts.notes == ("the service no longer carries column solaire",)


def test_a_dataset_that_is_gone_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    def route(request: object) -> bytes:
        gone = NATIONAL.id in request.path  # type: ignore[attr-defined]
        return answer({"error_code": "NotFound", "message": "x"}, 404) if gone else gas(request)  # type: ignore[arg-type]

    with serving(route) as service, Odre(knobs(service, tmp_path)) as odre:
        facts = odre.facts([NATIONAL, GAS])
        assert len(service.asked) == 2
    assert str(facts[NATIONAL]).startswith(f"{NATIONAL.id}: the service has no dataset '{NATIONAL.id}' (404): it was")
    assert isinstance(facts[GAS], Facts)


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_refused_is_told_about_the_key(tmp_path: Path, status: int) -> None:
    with serving(lambda _: answer({"error_code": "ForbiddenAccess"}, status)) as service:
        error = asked(service, tmp_path)
        assert len(service.asked) == 1
    assert isinstance(error, SourceError)
    assert f"answered {status} (ForbiddenAccess)" in str(error)
    assert "WATTHOUSE_API_KEY" in str(error)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (b"<!DOCTYPE html><title>Login\n page</title>", "a web page 'Login page' under a 200"),
        (b'{"error_code": "Oops", "message": "no"}', "an error under a 200 (Oops: no)"),
        (b"", "nothing under a 200"),
        (b"[1, 2]", "something else under a 200 ('[1, 2]')"),
        (b"[" * 100_000, "something else under a 200"),
    ],
)
def test_an_answer_that_lies_is_asked_for_again_and_then_told(tmp_path: Path, lie: bytes, said: str) -> None:
    with serving(metadata=[answer(lie)] * 3) as service:
        assert isinstance(asked(service, tmp_path), Facts)
        assert len(service.asked) == 4
    with serving(lambda _: answer(lie)) as service:
        error = asked(service, tmp_path)
        assert len(service.asked) == 4
    assert isinstance(error, SourceError)
    assert said in str(error)
    assert "a proxy or a login page may stand in between" in str(error)


def test_three_datasets_in_a_row_without_an_answer_mean_that_the_service_is_gone(tmp_path: Path) -> None:
    with (
        serving(lambda _: answer("", 500)) as service,
        Odre(knobs(service, tmp_path, attempts=2, fetch_threads=1)) as odre,
        pytest.raises(UnreachableError, match=r"3 requests in a row.*answered 500"),
    ):
        odre.facts(list(live().values()))
    assert len(service.asked) == 6
