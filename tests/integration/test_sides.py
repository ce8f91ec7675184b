"""The sides that pages in Streamlit may stand on answer alike, and as a count of the published rows does."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests import servers
from tests.integration.sides import (
    BEFORE,
    BRETAGNE,
    CODES,
    EST,
    FRANCE,
    LAST,
    LIVE,
    NEW_YEAR,
    OLD,
    RHONE,
    SETTLED,
    SOURCES,
    SPRING,
    Truth,
    home_of_exports,
    settings_of,
)
from tests.support import watthouse
from watthouse.serve.sides import Side
from watthouse.serve.sides.base import MEASURES
from watthouse.serve.sides.opening import Sides
from watthouse.settings import Settings, StreamlitSide

pytestmark = [pytest.mark.slow]

NAMES = ("consommation", "production", *SOURCES, "pompage")
PERIODS = ((OLD, LAST), (NEW_YEAR, BEFORE), (SPRING, SPRING), (LIVE, LAST))


@dataclass(frozen=True)
class Held:
    """A side, and the days that it holds."""

    side: Side
    days: tuple[date, ...]

    def truth(self, region: str, since: date, until: date) -> Truth:
        return Truth.of(region, since, until, self.days)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of_exports(tmp_path_factory.mktemp("sides"))


@pytest.fixture(scope="module")
def warehouse(home: Path, warehouse_server: str) -> Iterator[Mapping[str, str]]:
    """The variables of a database built from that home's lake."""
    with servers.database(warehouse_server) as url:
        variables = {"WATTHOUSE_WAREHOUSE": url}
        done = watthouse(home, "build", env=variables)
        assert done.returncode == 0, done.stderr
        yield variables


@pytest.fixture(scope="module")
def datamart(home: Path, datamart_server: str) -> Iterator[Mapping[str, str]]:
    """The variables of a datamart on the second server, shipped from that home."""
    with servers.database(datamart_server) as url:
        variables = {"WATTHOUSE_DATAMART": url}
        done = watthouse(home, "datamart", "ship", env=variables)
        assert done.returncode == 0, done.stderr
        yield variables


@pytest.fixture(scope="module", params=["marts", "warehouse", "warehouse on PostgreSQL", "datamart"])
def held(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    on, _, engine = request.param.partition(" on ")
    given = {"home": home, "streamlit_on": StreamlitSide(on)}
    if on == "datamart":  # which needs nothing of the home
        given |= {"home": tmp_path_factory.mktemp("no home")} | settings_of(request.getfixturevalue("datamart"))
    elif engine:
        given |= settings_of(request.getfixturevalue("warehouse"))
    with ExitStack() as stack:
        sides = Sides(Settings.model_validate(given))
        stack.callback(sides.close)
        yield Held(stack.enter_context(sides.lease()), SETTLED if on == "warehouse" else (*SETTLED, LIVE, LAST))


def test_the_days_to_choose_from_are_those_with_a_load(held: Held) -> None:
    assert held.side.extent == (held.days[0], held.days[-1])


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("measure", MEASURES)
def test_mean_power_is_over_the_time_in_which_its_own_column_is_known(
    held: Held, measure: str, period: tuple[date, date]
) -> None:
    frame = held.side.means(measure, *period).frame
    truths = {code: held.truth(code, *period) for code in CODES}
    known = [code for code in CODES if truths[code].slots]
    assert frame["code_insee_region"].to_list() == known
    assert frame[f"{measure}_mw"].to_list() == [_about(truths[code].mean(measure)) for code in known]
    assert frame["measured_hours"].to_list() == [truths[code].hours("consommation") for code in known]


@pytest.mark.parametrize("period", PERIODS)
def test_shares_are_of_the_production_of_slots_whose_whole_mix_is_known(held: Held, period: tuple[date, date]) -> None:
    frame = held.side.shares(*period).frame
    truths = [truth for code in CODES if (truth := held.truth(code, *period)).slots]
    assert frame["mix_hours"].to_list() == [truth.hours("production") for truth in truths]
    for source in SOURCES:
        # the marts keep shares of a day as floats, and energy to a hundredth of a MWh
        assert frame[f"{source}_share"].to_list() == [_about(truth.share(source), 1e-6) for truth in truths], source


@pytest.mark.parametrize("region", [BRETAGNE, RHONE, EST])
def test_a_years_energy_is_power_times_the_time_it_lasts(held: Held, region: str) -> None:
    frame = held.side.years(region).frame
    assert frame["starts"].to_list() == [date(year, 1, 1) for year in range(2023, 2027)], "2024 is a hole"
    assert frame["complete"].to_list() == [False] * 4
    for name in NAMES:
        years = [held.truth(region, date(year, 1, 1), date(year, 12, 31)).gwh(name) for year in range(2023, 2027)]
        assert frame[f"{name}_gwh"].to_list() == [_about(energy) for energy in years], name


@pytest.mark.parametrize("region", [BRETAGNE, RHONE, EST])
def test_a_day_is_complete_where_load_and_mix_are_known_and_a_day_without_data_is_a_hole(
    held: Held, region: str
) -> None:
    since, until = BEFORE, held.days[-1]
    frame = held.side.through(region, since, until).frame
    days = pl.date_range(since, until, eager=True)
    assert frame["starts"].to_list() == days.to_list()
    for day, row in zip(days, frame.iter_rows(named=True), strict=True):
        truth = held.truth(region, day, day)
        expected = 23 if day == SPRING else 24
        assert [row[f"{name}_mw"] for name in NAMES] == [_about(truth.mean(name)) for name in NAMES], day
        assert row["complete"] == (truth.hours("consommation") == truth.hours("production") == expected), day


@pytest.mark.parametrize("source", ["eolien", "nucleaire", "gaz"])
def test_sources_of_france_are_summed_by_day_and_month_and_over_a_period(held: Held, source: str) -> None:
    france = held.side.france
    if france is None:
        pytest.skip("the schema has regions alone")
    # longer than eight days, for which the marts have hours
    since, until = date(2026, 3, 1), LAST
    days, months = france.through(source, since, until).frame, france.months(source).frame
    for interval, frame in (("1d", days), ("1mo", months)):
        for row in frame.iter_rows(named=True):
            last = (pl.Series([row["starts"]]).dt.offset_by(interval) - timedelta(days=1)).item()
            truth = held.truth(FRANCE, row["starts"], last)
            assert row[f"{source}_mw"] == _about(truth.mean(source)), row
    assert days["starts"].to_list() == pl.date_range(since, until, eager=True).to_list()
    assert days.filter("complete")["starts"].to_list() == [SPRING, LIVE]
    measured = [date(2023, 12, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 3, 1)]
    assert months.drop_nulls()["starts"].to_list() == measured
    assert months.height == 28, "from the first month to the last"
    total, truth = france.total(source, OLD, LAST), held.truth(FRANCE, OLD, LAST)
    assert total.frame[f"{source}_gwh"].item() == _about(truth.gwh(source))
    assert total.frame[f"{source}_share"].item() == _about(truth.share(source), 1e-6)
    assert {one.dataset.id for one in total.used} == {"eco2mix-national-cons-def", "eco2mix-national-tr"}


def test_long_periods_are_cut_into_weeks_that_begin_on_monday(held: Held) -> None:
    since, until = date(2023, 6, 1), held.days[-1]
    frame = held.side.through(RHONE, since, until).frame
    known = frame.drop_nulls("consommation_mw")
    assert {day.weekday() for day in known["starts"]} == {0}
    mondays = {date.fromordinal(day.toordinal() - day.weekday()): None for day in held.days}
    assert known["starts"].to_list() == [*mondays]


def test_a_period_without_data_has_no_rows(held: Held) -> None:
    empty = date(2024, 5, 1), date(2024, 5, 3)
    answers = (held.side.means("consommation", *empty), held.side.shares(*empty), held.side.through(RHONE, *empty))
    assert [(answer.frame.height, answer.used) for answer in answers] == [(0, ())] * 3


def test_the_datasets_behind_an_answer_are_named_with_their_days(held: Held) -> None:
    used = held.side.means("consommation", OLD, LAST).used
    settled = ("eco2mix-regional-cons-def", OLD, SPRING)
    live = ("eco2mix-regional-tr", LIVE, LAST)
    assert {(one.dataset.id, one.since, one.until) for one in used} == (
        {settled} if held.days == SETTLED else {settled, live}
    )


def _about(value: float | None, relative: float = 1e-9) -> object:
    return None if value is None else pytest.approx(value, rel=relative)
