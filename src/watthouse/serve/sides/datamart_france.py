"""The sources of France in the datamart."""

from datetime import date
from typing import Final

import polars as pl

from watthouse.serve.queries.units import BY_DAY, Interval, finest
from watthouse.serve.sides.base import Rows
from watthouse.serve.sides.connection import Connections
from watthouse.serve.sides.natures import NATIONAL_BY_NATURE, used_by
from watthouse.serve.sides.periods import hours_by

_MIX: Final = """
select
    date_trunc($4, civil_date)::date as starts,
    mix.nature,
    min(civil_date) as since,
    max(civil_date) as until,
    sum(mix.energy_mwh)::float8 as energy_mwh,
    (sum(mix.known_slots * slots.hours))::float8 as known_hours,
    (sum(balance.measured_slots * slots.hours))::float8 as measured_hours,
    (sum(balance.mix_slots * slots.hours))::float8 as mix_hours,
    sum(mix.production_share * balance.production_mwh::float8) as share_mwh,
    sum(balance.production_mwh)::float8 as production_mwh
from datamart.v_daily_mix as mix
inner join datamart.v_daily_balance as balance using (civil_date)
cross join lateral (select case when balance.expected_slots <= 48 then 0.5 else 0.25 end as hours) as slots
where civil_date between $1 and $2 and mix.source = $3
group by 1, 2
"""
"""A day whose every value is on half hours has 46 or 48 slots."""


class DatamartOfFrance:
    """The sources of France, as the shipment ``version`` left them; ``extent`` are all days that there are."""

    def __init__(self, of: Connections, version: str, extent: tuple[date, date]) -> None:
        self._of = of
        self._version = version
        self._extent = extent

    def months(self, source: str) -> Rows:
        return self._means(source, Interval.MONTH, *self._extent)

    def through(self, source: str, since: date, until: date) -> Rows:
        return self._means(source, finest(since, until, BY_DAY), since, until)

    def total(self, source: str, since: date, until: date) -> Rows:
        found = self._found(source, Interval.YEAR, since, until)
        energy, share, production = (_sum(found[name]) for name in ("energy_mwh", "share_mwh", "production_mwh"))
        values = {
            f"{source}_gwh": None if energy is None else energy / 1000,
            f"{source}_share": share / production if share is not None and production else None,
        }
        frame = pl.DataFrame([values], schema=dict.fromkeys(values, pl.Float64))
        return Rows(frame, used_by(found, NATIONAL_BY_NATURE))

    def _means(self, source: str, interval: Interval, since: date, until: date) -> Rows:
        found = self._found(source, interval, since, until)
        hours = pl.col("known_hours", "measured_hours", "mix_hours").sum()
        by_interval = found.group_by("starts").agg(pl.col("energy_mwh").sum(), hours)
        mean = pl.col("energy_mwh") / pl.when(pl.col("known_hours") > 0).then(pl.col("known_hours"))
        whole = pl.min_horizontal("measured_hours", "mix_hours") == pl.col("expected_hours")
        rows = hours_by(interval, since, until).join(by_interval, on="starts", how="left", maintain_order="left")
        shown = rows.select("starts", mean.alias(f"{source}_mw"), complete=whole.fill_null(False))
        return Rows(shown if found.height else shown.clear(), used_by(found, NATIONAL_BY_NATURE))

    def _found(self, source: str, interval: Interval, since: date, until: date) -> pl.DataFrame:
        return self._of.rows_of(self._version, _MIX, since, until, source, interval.value)


def _sum(values: pl.Series) -> float | None:
    """The sum of what is known; None where nothing is, which is not 0."""
    return float(values.sum()) if values.count() else None
