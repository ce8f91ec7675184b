"""The rows that each question's chart is drawn from, and what their columns are."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import pyarrow as pa

from watthouse.serve.analysis.links import Link, bins
from watthouse.serve.analysis.mixes import Mix, Seasons
from watthouse.serve.analysis.texts import named
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.locale import Language

SOURCE: Final = AnswerColumn("source", "", "The publisher's name of the source")
LABEL: Final = AnswerColumn("label", "", "Its name in the requested language")

MIX: Final = (
    SOURCE,
    LABEL,
    AnswerColumn("energy_gwh", "GWh", "Energy of the period, over the slots whose whole mix is known"),
    AnswerColumn("share", "0-1", "Its share of production"),
    AnswerColumn("low", "0-1", "The share if the unmeasured slots had none of this source"),
    AnswerColumn("high", "0-1", "The share if the unmeasured slots had nothing but this source"),
    AnswerColumn("day_low", "0-1", "10th percentile of the daily shares"),
    AnswerColumn("day_high", "0-1", "90th percentile of the daily shares"),
)
CLOUD: Final = (
    AnswerColumn("response", "", "The column on the vertical axis"),
    LABEL,
    AnswerColumn(
        "kind", "", "plain: daily values as they are; anomaly: their departures from normal for the date, on both axes"
    ),
    AnswerColumn("x", "", "Mean of the horizontal axis over a twentieth of the days [its unit is that of `x_unit`]"),
    AnswerColumn("y", "", "Mean of the vertical axis over the same days [GWh]"),
    AnswerColumn("y_low", "", "10th percentile of `y` over these days"),
    AnswerColumn("y_high", "", "90th percentile of `y` over these days"),
    AnswerColumn("x_unit", "", "Unit of `x`"),
    AnswerColumn("y_unit", "", "Unit of `y`, `y_low` and `y_high`"),
    AnswerColumn("days", "days", "How many days the row summarises"),
)
FOREST: Final = (
    SOURCE,
    LABEL,
    AnswerColumn("plain", "", "Correlation of the daily values as they are, season included; null where undefined"),
    AnswerColumn("correlation", "", "Correlation of the departures from normal for the date; null where undefined"),
    AnswerColumn("low", "", "Low end of its 95% interval"),
    AnswerColumn("high", "", "High end of its 95% interval"),
    AnswerColumn(
        "slope", "", "Change of mean power for each unit of the driver, of the departures [MW by `slope_per`]"
    ),
    AnswerColumn("slope_low", "", "Low end of its 95% interval"),
    AnswerColumn("slope_high", "", "High end of its 95% interval"),
    AnswerColumn("slope_per", "", "The unit of the driver: °C, or TWh in storage"),
    AnswerColumn("days", "days", "Days of the period on which both are known"),
    AnswerColumn("block_days", "days", "Length of the bootstrap's blocks"),
    AnswerColumn("lack", "", "Why there is no correlation: few days, constant, no season; null where there is one"),
)
SEASONS: Final = (
    SOURCE,
    LABEL,
    AnswerColumn("season", "", "winter (December to February), spring, summer, autumn"),
    AnswerColumn("season_label", "", "The season in the requested language"),
    AnswerColumn("share", "0-1", "Mean share of production of the season's days"),
    AnswerColumn("low", "0-1", "Low end of its 95% interval"),
    AnswerColumn("high", "0-1", "High end of its 95% interval"),
    AnswerColumn("days", "days", "Fully measured days of the season"),
)

_TEXTS: Final = frozenset(
    {"source", "label", "response", "kind", "x_unit", "y_unit", "slope_per", "lack", "season", "season_label"}
)
_COUNTS: Final = frozenset({"days", "block_days"})


def _table(columns: Sequence[AnswerColumn], rows: Sequence[dict[str, Any]]) -> pa.Table:
    kinds: dict[str, pa.DataType] = {**dict.fromkeys(_TEXTS, pa.string()), **dict.fromkeys(_COUNTS, pa.int64())}
    schema = pa.schema([(column.name, kinds.get(column.name, pa.float64())) for column in columns])
    return pa.Table.from_pylist(list(rows), schema)


def of_mix(period_mix: Mix, language: Language) -> pa.Table:
    """One row per source, the largest first."""
    rows = [asdict(part) | {"label": named(part.source, language), "energy_gwh": part.gwh} for part in period_mix.parts]
    return _table(MIX, rows)


def of_clouds(links: Sequence[Link], x_unit: str, language: Language) -> pa.Table:
    """One row per bin of days: each response as its days stand, then as anomalies."""
    rows = []
    for link in links:
        response = {"response": link.relation.response, "label": named(link.relation.response, language)}
        # no cloud where nothing could be computed: it would invite a reader to see a link
        clouds = {"plain": link.plain, "anomaly": link.steady} if link.relation.plain is not None else {}
        for kind, pair in clouds.items():
            units = {"x_unit": x_unit, "y_unit": "GWh"}
            rows += (
                [{**response, **units, "kind": kind, **asdict(days_alike)} for days_alike in bins(pair)] if pair else []
            )
    return _table(CLOUD, rows)


def of_forest(links: Sequence[Link], factor: float, per: str, language: Language) -> pa.Table:
    """One row per source; slopes are those of the relation times ``factor``, by ``per``."""
    rows = []
    for relation in (link.relation for link in links):
        source = relation.response.removesuffix("_mw")
        row: dict[str, Any] = {
            "source": source,
            "label": named(source, language),
            "plain": relation.plain,
            "slope_per": per,
            "days": relation.days,
            "lack": relation.lack.value if relation.lack else None,
        }
        if relation.steady and relation.slope:
            steady, slope = relation.steady, relation.slope
            row |= {"correlation": steady.value, "low": steady.low, "high": steady.high, "block_days": steady.block}
            row |= {"slope": factor * slope.value, "slope_low": factor * slope.low, "slope_high": factor * slope.high}
        rows.append(row)
    return _table(FOREST, rows)


def of_seasons(by_season: Seasons, language: Language) -> pa.Table:
    """One row per source and season, of the seasons with enough days."""
    rows = [
        {
            "source": swing.source,
            "label": named(swing.source, language),
            "season": season,
            "season_label": named(season, language),
            "share": mean.value,
            "low": mean.low,
            "high": mean.high,
            "days": by_season.days[season],
        }
        for swing in by_season.swings
        for season, mean in swing.means.items()
    ]
    return _table(SEASONS, rows)
