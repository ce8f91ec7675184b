"""The six questions on made series whose answers are known."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from watthouse.errors import QueryLimitError
from watthouse.serve import deadline
from watthouse.serve.analysis import links, mixes
from watthouse.serve.analysis.answers import QuestionAnswer, of_days
from watthouse.serve.analysis.daily import SOURCES, STOCK, TEMPERATURE, DailySeries, KnownDays, around, on_calendar
from watthouse.serve.analysis.relation import Lack, Pair, Relation, relate
from watthouse.serve.analysis.resampling import block_days
from watthouse.serve.analysis.season import anomalies, calendar
from watthouse.serve.analysis.wording import typeset
from watthouse.serve.locale import Language

FIRST = date(2012, 1, 1)
THIRTEEN_YEARS = 4749


def wandering(seed: int, days: int, memory: float) -> np.ndarray:
    """An AR(1) of unit variance."""
    steps = np.random.default_rng(seed).normal(size=days + 500) * np.sqrt(1 - memory**2)
    found = np.zeros(len(steps))
    for day in range(1, len(steps)):
        found[day] = memory * found[day - 1] + steps[day]
    return found[500:]


def season(days: int) -> np.ndarray:
    return np.cos(2 * np.pi * (FIRST.toordinal() + np.arange(days)) / 365.2425)


def related(x: np.ndarray, y: np.ndarray, last: int | None = None) -> Relation:
    """The relation of the ``last`` days, the season learnt on all of them."""
    asked = np.arange(len(x)) >= len(x) - (last or len(x))
    return relate(Pair(calendar(FIRST.toordinal(), len(x)), asked, x, y), "x", "y")[0]


def correlated(seed: int, days: int, memory: float, r: float) -> tuple[np.ndarray, np.ndarray]:
    x, noise = wandering(seed, days, memory), wandering(seed + 10_000, days, memory)
    return x, r * x + np.sqrt(1 - r**2) * noise


def test_what_has_nothing_to_do_with_each_other_has_an_interval_around_0() -> None:
    relation = related(wandering(1, THIRTEEN_YEARS, 0), wandering(2, THIRTEEN_YEARS, 0))
    assert relation.steady is not None
    assert relation.steady.low < 0 < relation.steady.high
    # 1.96 / sqrt(n) either way, for days that are independent
    assert relation.steady.high - relation.steady.low == pytest.approx(2 * 1.96 / np.sqrt(THIRTEEN_YEARS), rel=0.25)


@pytest.mark.parametrize("number", range(1, 7))
def test_no_question_is_computed_past_its_time(number: int) -> None:
    days = made(400)
    with deadline.within(0), pytest.raises(QueryLimitError, match="takes longer than 0 s"):
        of_days(days, number, Language.ENGLISH)


@pytest.mark.parametrize("computed", [lambda days: links.sources_and(days, TEMPERATURE), mixes.seasons])
def test_each_source_is_computed_within_the_time_alone(computed: Callable[[DailySeries], object]) -> None:
    days = made(400)
    with deadline.within(0), pytest.raises(QueryLimitError):
        computed(days)


@pytest.mark.parametrize("swing", [-6, 6])
def test_a_season_in_both_misleads_until_it_is_taken_off(swing: float) -> None:
    x, y = correlated(3, THIRTEEN_YEARS, 0.7, 0.8)
    weekday = 2 * (np.arange(THIRTEEN_YEARS) % 7 < 2)
    trend = np.linspace(0, 5, THIRTEEN_YEARS)
    relation = related(x + 6 * season(len(x)), 3 * (y + swing * season(len(x)) + weekday + trend))
    assert relation.plain is not None
    assert relation.steady is not None
    assert relation.slope is not None
    assert np.sign(relation.plain) == np.sign(swing)
    assert relation.steady.low < 0.8 < relation.steady.high
    assert relation.steady.value == pytest.approx(0.8, abs=0.05)
    assert relation.slope.low < 3 * 0.8 < relation.slope.high


def test_nineteen_of_twenty_intervals_hold_what_is_true_or_nearly() -> None:
    pairs = [correlated(seed, 1096, 0.8, 0.3) for seed in range(0, 4000, 40)]
    intervals = [related(x + 5 * season(1096), y - 5 * season(1096)).steady for x, y in pairs]
    held = sum(one.low < 0.3 < one.high for one in intervals if one)
    # 0.93 in 300 repeats; three standard errors of a hundred are 0.08
    assert held >= 85


def test_what_is_left_is_what_statsmodels_leaves() -> None:
    days = 1461
    values = wandering(5, days, 0.5) + 4 * season(days)
    dates = [FIRST + timedelta(days=day) for day in range(days)]
    line = np.linspace(-1, 1, days)
    turns = [2 * np.pi * k * np.array([day.toordinal() for day in dates]) / 365.2425 for k in (1, 2, 3)]
    waves = [wave(turn) for turn in turns for wave in (np.cos, np.sin)]
    weekdays = [[float(day.weekday() == which) for day in dates] for which in range(1, 7)]
    design = np.column_stack([np.ones(days), *waves, *weekdays, line, *(line * wave for wave in waves[:4])])
    expected = sm.OLS(values, design).fit().resid
    found = anomalies(values, calendar(FIRST.toordinal(), days), np.ones(days, dtype=bool))
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_unknown_days_change_nothing_on_the_others_but_are_counted_out() -> None:
    x, y = correlated(6, THIRTEEN_YEARS, 0.7, 0.5)
    y[::10] = np.nan
    relation = related(x, y)
    assert (relation.period_days, relation.days) == (THIRTEEN_YEARS, THIRTEEN_YEARS - 475)
    assert relation.steady is not None
    assert relation.steady.low < 0.5 < relation.steady.high


def test_blocks_are_as_long_as_the_rule_has_it_for_an_ar1() -> None:
    # Patton, Politis & White 2009: (6 φ² / (1 − φ²)²)^⅓ n^⅓ for an AR(1), doubled here
    expected = 2 * (6 * 0.8**2 / (1 - 0.8**2) ** 2 * THIRTEEN_YEARS) ** (1 / 3)
    found = np.mean([block_days(wandering(seed, THIRTEEN_YEARS, 0.8)) for seed in range(30)])
    assert found == pytest.approx(expected, rel=0.2)


def test_the_same_days_give_the_same_figures() -> None:
    x, y = correlated(7, 1500, 0.7, 0.5)
    assert related(x, y) == related(x.copy(), y.copy())


@pytest.mark.parametrize(
    ("x", "y", "last", "lack"),
    [
        (wandering(1, 1500, 0.5), np.zeros(1500), None, Lack.CONSTANT),
        (wandering(1, 1500, 0.5), season(1500) * 3 + 7, None, Lack.CONSTANT),
        (wandering(1, 1500, 0.5), wandering(2, 1500, 0.5), 59, Lack.FEW_DAYS),
        (wandering(1, 1500, 0.5), np.full(1500, np.nan), None, Lack.FEW_DAYS),
        (wandering(1, 400, 0.5), wandering(2, 400, 0.5), None, Lack.NO_SEASON),
        (wandering(1, 3653, 0.99), wandering(2, 3653, 0.99), 90, Lack.SHORT),
        (wandering(1, 3653, 0.5), wandering(2, 3653, 0.99), 90, None),
    ],
    ids=["zeros", "season only", "59 days", "never known", "one year", "90 days of slow series", "90 days"],
)
def test_what_cannot_be_told_is_not_told(x: np.ndarray, y: np.ndarray, last: int | None, lack: Lack | None) -> None:
    relation = related(x, y, last)
    assert relation.lack is lack
    assert (relation.steady is None) == (relation.slope is None) == (lack is not None)


def test_a_short_period_borrows_the_season_of_ten_years_around_it() -> None:
    held = date(2012, 1, 1), date(2026, 11, 28)
    since, until = around(*held, date(2020, 3, 1), date(2020, 5, 31))
    assert (until - since).days + 1 == 3653
    assert since < date(2020, 3, 1) < date(2020, 5, 31) < until
    assert around(*held, date(2012, 1, 1), date(2012, 3, 1)) == (date(2012, 1, 1), date(2021, 12, 31))
    assert around(*held, date(2026, 9, 1), date(2026, 11, 28)) == (date(2016, 11, 28), date(2026, 11, 28))
    assert around(*held, *held) == held


def made(days: int, *, coal: float = 0.0, since: date = FIRST, missing: int | None = None) -> DailySeries:
    """Days with a degree worth −300 MW of gas and +50 GWh in storage, and nothing else that is linked."""
    ordinals = np.arange(days)
    cold = wandering(1, days, 0.7) * 3
    rows = {
        "civil_date": [since + timedelta(days=int(day)) for day in ordinals],
        "measured_slots": np.full(days, 96),
        "mix_slots": np.full(days, 96),
        "expected_slots": np.full(days, 96),
        "nature": ["Données définitives"] * days,
        TEMPERATURE: 12 - 8 * season(days) + cold,
        STOCK: 80_000 - 40_000 * season(days) + wandering(2, days, 0.95) * 5_000,
        "stock_gaz_change_gwh": -300 * season(days) + 50 * cold + wandering(3, days, 0.3) * 100,
        "net_export_mwh": 200_000 + wandering(4, days, 0.8) * 30_000,
        "exchanged_mwh": 300_000 + wandering(5, days, 0.8) * 30_000,
        **{f"{one}_mwh": 24 * (4_000 + 500 * wandering(20 + at, days, 0.6)) for at, one in enumerate(SOURCES)},
    }
    rows["nucleaire_mwh"] = rows["nucleaire_mwh"] + 24 * 36_000
    rows["gaz_mwh"] = 24 * (5_000 + 3_000 * season(days) - 300 * cold + 300 * wandering(9, days, 0.6))
    rows["charbon_mwh"] = np.full(days, coal)
    frame = pl.DataFrame(rows)
    if missing is not None:
        frame = frame.filter(pl.int_range(pl.len()) != missing)
    return on_calendar(frame, since, since + timedelta(days=days - 1))


def test_a_degree_is_worth_what_it_was_made_to_be_worth() -> None:
    by_source = {one.relation.response: one.relation for one in links.sources_and(made(3000), TEMPERATURE)}
    gas, coal = by_source["gaz_mw"], by_source["charbon_mw"]
    assert gas.slope is not None
    assert gas.slope.low < -300 < gas.slope.high
    assert coal.lack is Lack.CONSTANT
    _, flow = links.stock_and_temperature(made(3000))
    assert flow.relation.slope is not None
    assert flow.relation.slope.low < 50 < flow.relation.slope.high


def test_power_is_over_the_hours_of_the_day_and_of_whole_days_only() -> None:
    days = pl.DataFrame(
        {
            "civil_date": [date(2025, 3, 30), date(2025, 3, 31), date(2012, 1, 1), date(2025, 4, 2)],
            "measured_slots": [92, 96, 48, 95],
            "mix_slots": [92, 96, 48, 95],
            "expected_slots": [92, 96, 48, 96],
            "nature": [""] * 4,
            "net_export_mwh": [1_000.0] * 4,
            "exchanged_mwh": [1_000.0] * 4,
            **{f"{source}_mwh": [2_300.0, 2_400.0, 2_400.0, 2_400.0] for source in SOURCES},
        }
    )
    daily = on_calendar(days, date(2025, 3, 30), date(2025, 4, 2))
    assert daily.period["gaz_mw"].to_list() == [100.0, 100.0, None, None]
    assert daily.frame["gaz_mw"][0] == 100.0
    assert daily.period["measured"].to_list() == [92, 96, 0, 95]
    assert daily.period["expected"].to_list() == [92, 96, 96, 96]


def test_the_shares_of_a_mix_are_of_one_and_bounded_by_what_was_not_measured() -> None:
    found = mixes.mix(made(10, missing=4))
    assert sum(part.share for part in found.parts) == pytest.approx(1)
    assert (found.days, found.missing, found.measured) == (10, 1, pytest.approx(0.9))
    nuclear = found.parts[0]
    assert nuclear.source == "nucleaire"
    assert nuclear.low == pytest.approx(0.9 * nuclear.share)
    assert nuclear.high == pytest.approx(0.9 * nuclear.share + 0.1)


def test_a_share_that_swings_with_the_year_is_found_to_and_one_that_does_not_is_not() -> None:
    swings = {one.source: one.difference for one in mixes.seasons(made(3653)).swings}
    assert swings["gaz"] is not None
    assert swings["gaz"].high < 0
    days = made(3653).period
    total = sum(days[f"{source}_mwh"] for source in SOURCES)
    share = days.select("civil_date", share=days["gaz_mwh"] / total)
    summer, winter = (
        share.filter(pl.col("civil_date").dt.month().is_in(months))["share"].mean()
        for months in ((6, 7, 8), (12, 1, 2))
    )
    assert swings["gaz"].value == pytest.approx(summer - winter, rel=0.02)  # type: ignore[operator]
    assert swings["charbon"] is not None
    assert swings["charbon"].value == 0


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("days", [1, 30, 200, 500, 3000])
def test_every_answer_is_whole_in_both_languages(number: int, days: int, language: Language) -> None:
    told = of_days(made(days), number, language)
    for text in (told.question, told.sentence, told.method, told.caveat):
        assert text
        assert not re.search(r"[{}]|None|nan\b|inf\b", text), text
    assert {column.name for column in told.columns} == set(told.rows.schema.names)
    assert told.rows.num_rows <= 200
    if language is Language.FRENCH:
        assert not re.search(r"\d\.\d| [;:?%]|\d (GWh|MW)", told.sentence), told.sentence
    else:
        assert not re.search(r"\d,\d\d?\b|\d (GWh|MW)", told.sentence), told.sentence


def test_an_interval_around_0_is_said_to_be_chance() -> None:
    assert said(6).startswith("No link beyond what chance could explain")
    assert re.search(r"; for [^;]*\bwind\b[^;]* the link could be chance", said(3))
    assert said(2).startswith("Yes, day by day: one degree above normal for the date goes with +")


def said(number: int) -> str:
    told: QuestionAnswer = of_days(made(3000), number, Language.ENGLISH)
    return told.sentence


MEASURED = {"measured": KnownDays(date(2012, 1, 1), date(2026, 11, 28), 5446)}
HELD = MEASURED | {
    TEMPERATURE: KnownDays(date(2016, 1, 1), date(2026, 10, 8), 3934),
    STOCK: KnownDays(date(2010, 11, 1), date(2026, 11, 27), 5869),
}
NEVER_TOGETHER = MEASURED | {
    TEMPERATURE: HELD[TEMPERATURE],
    STOCK: KnownDays(date(2010, 11, 1), date(2015, 10, 31), 1826),
}


def without(name: str, days: int, spans: dict[str, KnownDays]) -> DailySeries:
    """Made days of which none knows ``name``."""
    daily = made(days)
    lacking = pl.lit(None, pl.Float64).alias(name)
    return replace(daily, frame=daily.frame.with_columns(lacking), spans=spans)


@pytest.mark.parametrize(
    ("daily", "number", "sentence"),
    [
        (
            without(TEMPERATURE, 400, HELD),
            2,
            "No answer: no day of the period has a figure for temperature (dataset temperature-quotidienne-regionale),"
            " and at least 60 are needed; choose other days between 1 Jan 2016 and 8 Oct 2026.",
        ),
        (
            without(STOCK, 30, MEASURED),
            4,
            "No answer: no day of the period has a figure for gas in storage (dataset stock-quotidien-stockages-gaz),"
            " and at least 60 are needed; no other period has any either: download them first.",
        ),
        (
            without("stock_gaz_change_gwh", 400, NEVER_TOGETHER),
            2,
            "No answer: no day of the period has a figure for the day-to-day change of gas in storage (dataset"
            " stock-quotidien-stockages-gaz), and at least 60 are needed; such days exist from 1 Nov 2010 to 31"
            " Oct 2015, but the other figures have none of them: download more first.",
        ),
        (
            without(TEMPERATURE, 400, HELD | {"measured": KnownDays(date(2027, 1, 1), date(2027, 3, 31), 90)}),
            2,
            "No answer: no day of the period has a figure for temperature (dataset temperature-quotidienne-regionale),"
            " and at least 60 are needed; choose other days between 1 Jan 2016 and 8 Oct 2026.",
        ),
        (
            replace(made(32), spans=HELD),
            6,
            "No answer: the period has 32 days, and at least 60 are needed; choose a longer one.",
        ),
        (
            replace(made(40), spans=HELD),
            5,
            "No answer: the period has 40 fully measured days of winter and 0 of summer (datasets eco2mix-national-tr"
            " and eco2mix-national-cons-def), and 45 of each are needed; choose other days between 1 Jan 2012 and 28"
            " Nov 2026.",
        ),
        (
            replace(made(1, missing=0), spans=HELD),
            1,
            "On 1 Jan 2012, nothing was measured (datasets eco2mix-national-tr and eco2mix-national-cons-def); choose"
            " other days between 1 Jan 2012 and 28 Nov 2026.",
        ),
    ],
    ids=["not in these days", "never", "never together", "together without power", "short", "no summer", "nothing"],
)
def test_what_is_missing_is_named_with_the_days_that_have_it(daily: DailySeries, number: int, sentence: str) -> None:
    told = of_days(daily, number, Language.ENGLISH)
    assert told.sentence.replace("\u00a0", " ") == sentence
    assert all(one.value is None for one in told.figures if one.name not in {"measured", "correlation_plain"})


def test_days_that_are_known_but_never_together_are_not_laid_to_either_series() -> None:
    daily = made(400)
    odd = pl.col("civil_date").dt.ordinal_day() % 4 == 0
    frame = daily.frame.with_columns(
        pl.when(odd).then(TEMPERATURE).alias(TEMPERATURE),
        pl.when(~odd).then("stock_gaz_change_gwh").alias("stock_gaz_change_gwh"),
    )
    told = of_days(replace(daily, frame=frame, spans=HELD), 2, Language.FRENCH).sentence
    assert "la variation du stock de gaz d’un jour à l’autre et la température à la fois" in told
    assert "jeu de données" not in told


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("days", [1, 30, 200])
def test_a_method_tells_nothing_of_what_was_not_computed(number: int, days: int, language: Language) -> None:
    method = of_days(made(days), number, language).method
    assert not re.search(r"\b0 (days|jours?|resamples|tirages)|day_(low|high)|  ", method.replace("\u00a0", " ")), (
        method
    )
    if number not in {1, 5}:
        assert not re.search(r"bootstrap|harmoni", method), method


def test_french_spaces_are_narrow_before_high_marks_and_whole_around_colons_and_guillemets() -> None:
    said = "le « plein » : 5 % ; vrai ?"
    expected = "le «\u00a0plein\u00a0»\u00a0: 5\u202f%\u202f; vrai\u202f?"
    assert typeset(said, Language.FRENCH) == expected
    assert typeset(said, Language.ENGLISH) == said
