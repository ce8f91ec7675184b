"""What was known then: series as of an instant against the core's rules over what had been observed by it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.transform.lab import Lab, best_series, half_hours, mwh, power, regional
from watthouse.catalog import CONSOLIDATED, REAL_TIME
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.mix import mix_of
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.regions import mix_of_region
from watthouse.serve.queries.units import Interval
from watthouse.serve.service import Service
from watthouse.settings import Settings
from watthouse.transform import steps_as_text

TR, DEF = "eco2mix_national_tr", "eco2mix_national_cons_def"
SPRING, NEXT = date(2025, 3, 30), date(2025, 3, 31)


@pytest.fixture(scope="module")
def observed(blank: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two days seen four times: real time, half of it revised, consolidated, and one consolidated day withdrawn."""
    lab = blank.copy(tmp_path_factory.mktemp("known"))
    first = power(SPRING, REAL_TIME, 50_000, nucleaire=40_000)
    lab.observe(TR, first + power(NEXT, REAL_TIME, 60_000, nucleaire=41_000))
    lab.observe(TR, [{**row, "consommation": row["consommation"] + 500} for row in first[: len(first) // 2]])
    lab.observe(DEF, half_hours(SPRING, 51_000, CONSOLIDATED, nucleaire=39_000))
    lab.observe(DEF, half_hours(SPRING, None, CONSOLIDATED))
    lab.observe("eco2mix_regional_tr", regional("53", power(SPRING, REAL_TIME, 2_000)))
    lab.build_what_changed()
    with duckdb.connect(lab.path) as connection:
        steps = steps_as_text(lab.steps)
        connection.execute("insert into raw.builds values ('lab', $1, $2)", [steps, datetime.now(UTC)])
        connection.execute(
            "insert into raw.loads (dataset, ledger, lake_version, observed_until, loaded_at)"
            " values ('lab', 'lab', 0, now(), now())"
        )
    return lab


@pytest.fixture(scope="module")
def service(observed: Lab) -> Iterator[Service]:
    service = Service(Settings(home=Path(observed.folder)))
    yield service
    service.close()


def known(service: Service, moment: datetime | None, interval: Interval = Interval.DAY) -> list[dict[str, Any]]:
    asked = EnergyAsOf(since=SPRING, until=NEXT, interval=interval, as_of=moment)
    with service.snapshots.lease() as snapshot:
        question = mix_of(snapshot, asked)
        rows = question.rows if moment else snapshot.rows(question.rows)  # type: ignore[arg-type]
        return rows.to_pylist()


def moments(lab: Lab) -> list[datetime]:
    return sorted({row["observed_at"] for rows in lab.seen.values() for row in rows})


def test_each_moment_knows_what_had_been_observed_by_it(observed: Lab, service: Service) -> None:
    answers = []
    for moment in moments(observed):
        seen = [row for table in (TR, DEF) for row in observed.seen[table] if row["observed_at"] <= moment]
        found = known(service, moment)
        expected = {day: [row for row in best_series(seen) if row["date"] == day] for day in (SPRING, NEXT)}
        assert [row["starts"] for row in found] == [SPRING, NEXT]
        for row in found:
            series = expected[row["starts"]]
            assert row["consommation_mwh"] == mwh(series, "consommation")
            assert row["nucleaire_mwh"] == mwh(series, "nucleaire")
            assert row["measured_hours"] == sum(one["minutes"] for one in series) / 60
        answers.append(found[0]["consommation_mwh"])
    assert len(set(answers[:3])) == 3, "the made-up revisions are seen"


def test_a_spring_day_had_23_hours_then_too(observed: Lab, service: Service) -> None:
    found = known(service, moments(observed)[0], Interval.HOUR)
    assert len([row for row in found if row["starts"] < datetime(2025, 3, 30, 22, tzinfo=UTC)]) == 23
    assert all(row["complete"] for row in found)


def test_the_instant_of_an_observation_knows_it_and_the_one_before_does_not(observed: Lab, service: Service) -> None:
    first, second = moments(observed)[:2]
    before = known(service, second - timedelta(microseconds=1))
    assert before == known(service, first)
    assert known(service, second) != before
    assert known(service, first - timedelta(microseconds=1)) == []


def test_what_is_known_at_the_end_of_time_is_what_the_marts_say(service: Service) -> None:
    assert known(service, datetime(9999, 12, 31, tzinfo=UTC)) == known(service, None)
    assert known(service, datetime(9999, 12, 31, tzinfo=UTC), Interval.MONTH) == known(service, None, Interval.MONTH)


def test_a_region_is_known_then_too(observed: Lab, service: Service) -> None:
    last = moments(observed)[-1]
    with service.snapshots.lease() as snapshot:
        for moment, count in ((last, 1), (last - timedelta(seconds=1), 0)):
            asked = EnergyAsOf(since=SPRING, until=SPRING, interval=Interval.DAY, as_of=moment)
            rows = mix_of_region(snapshot, asked, "53").rows.to_pylist()  # type: ignore[union-attr]
            assert len(rows) == count
            if rows:
                expected = mwh(best_series(observed.seen["eco2mix_regional_tr"]), "consommation")
                assert rows[0]["consommation_mwh"] == expected
                assert isinstance(expected, Decimal)


def test_a_year_and_a_day_is_too_much_of_the_ledger(service: Service) -> None:
    year = {"since": date(2024, 3, 1), "interval": Interval.MONTH, "as_of": datetime(2026, 1, 1, tzinfo=UTC)}
    with service.snapshots.lease() as snapshot:
        assert mix_of(snapshot, EnergyAsOf(until=date(2025, 3, 1), **year)).rows is not None
        with pytest.raises(ProblemError, match="366 days at most"):
            mix_of(snapshot, EnergyAsOf(until=date(2025, 3, 2), **year))
