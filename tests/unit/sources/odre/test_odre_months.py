import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.sources.odre.odre_server import GAS, NATIONAL, Asked, answer, facts, knobs, serving
from watthouse.catalog import Kind
from watthouse.errors import SourceError
from watthouse.sources.odre import Month, Odre, census
from watthouse.sources.odre.facts import Facts

pytestmark = pytest.mark.usefixtures("quick")

_KINDS = {Kind.INSTANT: "datetime", Kind.WHOLE: "int"}
FIELDS = {column.name: _KINDS.get(column.kind, "text") for column in NATIONAL.columns} | {"eolien_offshore": "text"}
LONGEST = 6_000


def group(year: int, month: int, n: int = 30, total: float = 3000.5, **more: object) -> dict[str, object]:
    return {"year": year, "month": month, "n": n, "s0": total, "c0": n, **more}


def months(home: Path, route: Callable[[Asked], bytes], of: Facts | None = None) -> list[Month] | None:
    with serving(route) as service, Odre(knobs(service, home, attempts=2)) as odre:
        return odre.months(of or facts())


def given(home: Path, *groups: object) -> list[Month]:
    found = months(home, lambda _: answer({"total_count": len(groups), "results": list(groups)}))
    assert found is not None
    return found


def test_months_are_counted_and_summed_oldest_first(tmp_path: Path) -> None:
    asked: list[Asked] = []

    def route(request: Asked) -> bytes:
        asked.append(request)
        return answer({"results": [group(2026, 9), group(2025, 12, n=31)]})

    found = months(tmp_path, route)
    assert found is not None
    assert [(month.month, month.rows) for month in found] == [("2025-12", 31), ("2026-09", 30)]
    assert asked[0].path.endswith(f"/catalog/datasets/{GAS.id}/records")
    assert asked[0].params == {
        "select": "count(*) as n, sum(stock_fin_de_journee) as s0,"
        " count(stock_fin_de_journee) as c0, count(source) as c1, count(pits) as c2",
        "group_by": "year(date) as year, month(date) as month",
        "order_by": "year, month",
        "limit": "100",
        "offset": "0",
        "timezone": "UTC",
    }


@pytest.mark.parametrize("moved", [{"n": 31}, {"total": 3000.75}, {"c0": 29}, {"total": None}, {"c2": 29}])
def test_a_month_whose_counts_or_sums_moved_has_another_fingerprint(tmp_path: Path, moved: dict[str, object]) -> None:
    before, after = given(tmp_path, group(2026, 9)), given(tmp_path, group(2026, 9, **moved))  # type: ignore[arg-type]
    assert before[0].fingerprint != after[0].fingerprint


@pytest.mark.parametrize("total", [0.1 + 0.2 + 3000.2, 3000.5, 3000.5000000004])
def test_the_order_of_summation_does_not_move_a_fingerprint(tmp_path: Path, total: float) -> None:
    assert given(tmp_path, group(2026, 9, total=total)) == given(tmp_path, group(2026, 9))


def test_a_sum_of_many_rates_is_stable_in_any_order_and_moves_with_one_hundredth(tmp_path: Path) -> None:
    chance = random.Random(7)
    rates = [round(chance.uniform(0, 120), 2) for _ in range(20_000)]
    shuffled = random.Random(8).sample(rates, len(rates))
    exact, other = sum(rates), sum(shuffled)
    assert exact != other
    assert given(tmp_path, group(2026, 9, total=exact)) == given(tmp_path, group(2026, 9, total=other))
    assert given(tmp_path, group(2026, 9, total=exact)) != given(tmp_path, group(2026, 9, total=exact + 0.01))


def test_a_whole_sum_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    assert given(tmp_path, group(2026, 9, total=150_000_001.0)) == given(tmp_path, group(2026, 9, total=150_000_001))
    assert given(tmp_path, group(2026, 9, total=150_000_001)) != given(tmp_path, group(2026, 9, total=150_000_002))


def test_a_month_that_becomes_definitive_moves_though_no_value_does(tmp_path: Path) -> None:
    def route(nature: str) -> Callable[[Asked], bytes]:
        def by_version(asked: Asked) -> bytes:
            said = {"version": nature} if asked.params["group_by"].endswith(", nature as version") else {}
            return answer({"results": [group(2026, 9, **said)]})

        return by_version

    of = facts(NATIONAL, FIELDS)
    one, other = months(tmp_path, route("Données consolidées"), of), months(tmp_path, route("Données définitives"), of)
    assert one is not None
    assert other is not None
    assert one[0].rows == other[0].rows == 30
    assert one[0].fingerprint != other[0].fingerprint


def test_two_versions_in_one_month_are_one_month(tmp_path: Path) -> None:
    halves = [group(2026, 9, n=10, version="a"), group(2026, 9, n=20, version="b")]
    found = months(tmp_path, lambda _: answer({"results": halves}), facts(NATIONAL, FIELDS))
    assert found is not None
    assert [(month.month, month.rows) for month in found] == [("2026-09", 30)]


def test_the_order_of_groups_does_not_move_a_fingerprint(tmp_path: Path) -> None:
    halves = [group(2026, 9, n=10, version="a"), group(2026, 9, n=20, version="b")]
    of = facts(NATIONAL, FIELDS)
    one = months(tmp_path, lambda _: answer({"results": halves}), of)
    assert one == months(tmp_path, lambda _: answer({"results": halves[::-1]}), of)


def test_a_column_that_is_gone_moves_every_month(tmp_path: Path) -> None:
    def route(_: Asked) -> bytes:
        return answer({"results": [group(2026, 9, version="a")]})

    fewer = {name: kind for name, kind in FIELDS.items() if name != "solaire"}
    assert months(tmp_path, route, facts(NATIONAL, FIELDS)) != months(tmp_path, route, facts(NATIONAL, fewer))


def test_text_is_counted_and_not_summed_and_the_question_is_one_short_address(tmp_path: Path) -> None:
    asked: list[str] = []

    def route(request: Asked) -> bytes:
        asked.append(request.params["select"])
        assert len(request.target) < LONGEST
        return answer({"results": []})

    assert months(tmp_path, route, facts(NATIONAL, FIELDS)) == []
    assert len(asked) == 1
    assert "sum(consommation)" in asked[0]
    assert "sum(eolien_offshore)" not in asked[0]
    assert "count(eolien_offshore)" in asked[0]
    assert "date_heure" not in asked[0]


def test_columns_that_no_address_holds_are_asked_for_in_several(tmp_path: Path) -> None:
    pages = [group(2026, 9, n=30, **{f"s{place}": place for place in range(40)})]
    asked: list[str] = []

    def ask(question: object, proof: str) -> dict[str, object]:
        asked.append(question.params["select"])  # type: ignore[attr-defined]
        return {proof: pages}

    whole = census.months(facts(NATIONAL, FIELDS), ask)  # type: ignore[arg-type]
    assert len(asked) == 1
    asked.clear()
    parts = census.months(facts(NATIONAL, FIELDS), ask, cap=1_500)  # type: ignore[arg-type]
    assert len(asked) > 2
    summed = [name for select in asked for name in select.split("sum(")[1:]]
    assert sorted(name.split(")")[0] for name in summed) == sorted(k for k, v in FIELDS.items() if v == "int")
    assert [month.rows for month in parts] == [month.rows for month in whole] == [30]


def test_more_months_than_a_page_holds_are_all_read(tmp_path: Path) -> None:
    every = [group(1990 + number // 12, number % 12 + 1, n=number + 1) for number in range(250)]

    def route(request: Asked) -> bytes:
        offset, limit = int(request.params["offset"]), int(request.params["limit"])
        assert limit <= 100
        return answer({"results": every[offset : offset + limit]})

    found = months(tmp_path, route)
    assert found is not None
    assert [month.rows for month in found] == list(range(1, 251))


def test_a_month_on_two_pages_is_not_believed(tmp_path: Path) -> None:
    page = [group(1990 + number // 12, number % 12 + 1) for number in range(100)]
    with pytest.raises(SourceError, match="1990-01 appears twice"):
        months(tmp_path, lambda _: answer({"results": page}))


def test_rows_without_a_time_belong_to_no_month(tmp_path: Path) -> None:
    lost = {"year": None, "month": None, "n": 5}
    assert [month.month for month in given(tmp_path, lost, group(2026, 9))] == ["2026-09"]


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_service_that_will_not_group_is_taken_at_its_word(tmp_path: Path, status: int) -> None:
    assert months(tmp_path, lambda _: answer({"message": "no", "error_code": "ODSQLError"}, status)) is None


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_service_that_cannot_answer_is_not_taken_to_refuse(tmp_path: Path, status: int) -> None:
    with pytest.raises(SourceError, match=f"{GAS.id}, its months: .*answered {status}"):
        months(tmp_path, lambda _: answer("", status))


@pytest.mark.parametrize("groups", [[{"n": 3}], [None], [{"year": "x", "month": 1, "n": 1}], [group(2026, 9, n=None)]])  # type: ignore[arg-type]
def test_groups_of_another_kind_are_refused(tmp_path: Path, groups: list[object]) -> None:
    with pytest.raises(SourceError, match="groups in an unknown form"):
        months(tmp_path, lambda _: answer({"results": groups}))
