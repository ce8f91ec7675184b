"""The datamart: small queries of its views, on a server of its own. Neither lake nor warehouse is needed."""

from datetime import UTC, date, datetime
from importlib.util import find_spec
from typing import Final

import polars as pl

from watthouse.clock import PARIS
from watthouse.datamart.place import SETTING, read_only
from watthouse.errors import NoWarehouseError, UsageError
from watthouse.home import REAL
from watthouse.serve.figures.palette import REGIONAL
from watthouse.serve.locale import Text
from watthouse.serve.queries.units import BY_DAY, Interval, finest
from watthouse.serve.sides import sums
from watthouse.serve.sides.base import Rows
from watthouse.serve.sides.connection import Connections
from watthouse.serve.sides.datamart_france import DatamartOfFrance
from watthouse.serve.sides.natures import REGIONAL_BY_NATURE, used_by
from watthouse.settings import Settings

_EXISTS: Final = "select to_regclass('datamart.v_power') is not null as found"
_ABOUT: Final = (
    "select name, value from datamart.about union all select 'shipment', max(shipment_id)::text from datamart.shipment"
)
_EXTENT: Final = """
with regions as (
    select civil_date from datamart.v_power where consommation_mw is not null
),
france as (
    select civil_date from datamart.v_daily_balance where measured_slots > 0
)
select
    least(
        (select civil_date from regions order by civil_date limit 1), (select min(civil_date) from france)
    ) as first,
    greatest(
        (select civil_date from regions order by civil_date desc limit 1), (select max(civil_date) from france)
    ) as last
"""
"""In order of days, which an index has: the least and the greatest of a view are looked for among all of its slots."""
_REGIONS: Final = ("code_insee_region", "libelle_region")


def _quarters(name: str) -> str:
    """SQL for how long the value of a column lasts in its slot, in quarter hours."""
    if name == "production":
        return "production_minutes / 15"
    return "coalesce(production_minutes, slot_minutes) / 15" if name in REGIONAL else "slot_minutes / 15"


def _summed() -> str:
    """SQL for the columns of :mod:`~watthouse.serve.sides.sums`, and for the nature and days that they are of."""
    columns = ["nature", "min(civil_date) as since", "max(civil_date) as until"]
    for name in sums.NAMES:
        columns.append(f"sum({name}_mw * ({_quarters(name)}))::float8 as {name}_sum")
        known = f"filter (where {name}_mw is not null)"
        columns.append(f"coalesce(sum({_quarters(name)}) {known}, 0)::float8 as {name}_quarters")
    for name in REGIONAL:
        whole = "filter (where production_mw is not null)"
        columns.append(f"sum({name}_mw * ({_quarters('production')})) {whole}::float8 as {name}_mixed")
    return ", ".join(columns)


_BY_REGION: Final = f"""
select code_insee_region, libelle_region, {_summed()}
from datamart.v_power
where civil_date between $1 and $2
group by code_insee_region, libelle_region, nature
"""
_OF_REGION: Final = f"""
select date_trunc($4, civil_date)::date as starts, {_summed()}
from datamart.v_power
where civil_date between $1 and $2 and code_insee_region = $3
group by 1, nature
"""


def connections(settings: Settings) -> Connections:
    """Of the datamart's reader, or of its owner where no reader is named; nothing is connected to yet.

    Raises :class:`~watthouse.errors.UsageError` where neither is, or the extra ``postgres`` is not installed.
    """
    url = settings.datamart_reader or settings.datamart
    if url is None:
        raise UsageError("no datamart is named: set WATTHOUSE_DATAMART_READER (or WATTHOUSE_DATAMART) to its URL")
    if missing := [name for name in ("psycopg", "adbc_driver_postgresql") if find_spec(name) is None]:
        raise UsageError(f"{missing[0]} is not installed: pip install 'watthouse[postgres]'")
    setting = f"{SETTING}_READER" if settings.datamart_reader else SETTING
    return Connections(read_only(url.get_secret_value(), setting), settings.query_seconds)


class Datamart:
    """What the last shipment left.

    Raises :class:`~watthouse.errors.NoWarehouseError` where nothing was shipped yet.
    """

    title = Text(en="the datamart", fr="le datamart")
    left_out = Text(
        en="Sources of France are kept by the day here: their hours are in the marts.",
        fr="Les filières de la France sont conservées par jour ici : leurs heures sont dans les marts.",
    )

    def __init__(self, of: Connections) -> None:
        about = dict(of.rows(_ABOUT).iter_rows()) if of.rows(_EXISTS)["found"].item() else {}
        if "kind" not in about:
            raise NoWarehouseError(f"there is no datamart at {of} yet: run `watthouse datamart ship`")
        self._of = of
        # a datamart that was dropped and made anew counts its shipments from 1 again
        self._version = f"{about['shipment']} {about.get('shipped_at')}"
        self.sample = None if about["kind"] == REAL else about["kind"]
        self.france = DatamartOfFrance(of, self._version, self.extent)

    @property
    def extent(self) -> tuple[date, date]:
        first, last = self._of.rows_of(self._version, _EXTENT).row(0)
        today = datetime.now(UTC).astimezone(PARIS).date()
        return (first, last) if first else (today, today)

    def means(self, measure: str, since: date, until: date) -> Rows:
        found = self._of.rows_of(self._version, _BY_REGION, since, until)
        return Rows(sums.means(sums.added(found, *_REGIONS), measure), used_by(found, REGIONAL_BY_NATURE))

    def shares(self, since: date, until: date) -> Rows:
        found = self._of.rows_of(self._version, _BY_REGION, since, until)
        return Rows(sums.shares(sums.added(found, *_REGIONS)), used_by(found, REGIONAL_BY_NATURE))

    def years(self, region: str) -> Rows:
        found = self._through(region, Interval.YEAR, *self.extent)
        return Rows(sums.years(sums.added(found, "starts")), used_by(found, REGIONAL_BY_NATURE))

    def through(self, region: str, since: date, until: date) -> Rows:
        interval = finest(since, until, BY_DAY)
        found = self._through(region, interval, since, until)
        return Rows(
            sums.powers(sums.added(found, "starts"), interval, since, until), used_by(found, REGIONAL_BY_NATURE)
        )

    def _through(self, region: str, interval: Interval, since: date, until: date) -> pl.DataFrame:
        return self._of.rows_of(self._version, _OF_REGION, since, until, region, interval.value)
