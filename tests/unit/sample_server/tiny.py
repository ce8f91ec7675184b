"""A publisher small enough to know every row of: a week around a month's end, of every dataset."""

from collections.abc import Hashable
from datetime import UTC, date, datetime, timedelta
from functools import cache

import polars as pl

from watthouse.catalog import CATALOG

NOW = datetime(2026, 9, 3, 12, 30, tzinfo=UTC)
FIRST = datetime(2026, 8, 28, tzinfo=UTC)
LAST = datetime(2026, 9, 4, tzinfo=UTC)
TEXTS = {"eolien_terrestre", "eolien_offshore", "stockage_batterie", "destockage_batterie"}

ODD_TEXTS = {("eco2mix-regional-tr", "pompage"), ("eco2mix-regional-cons-def", "eolien")}


class Tiny:
    """Every hour (or day) from FIRST to LAST, two regions (or storage points); what it is asked for is counted."""

    seed = 7
    since = date(2026, 8, 28)

    def __init__(self) -> None:
        self.asked = 0
        self.revised = 0

    def table(
        self, dataset_id: str, now: datetime, since: datetime | None = None, until: datetime | None = None
    ) -> pl.DataFrame:
        self.asked += 1
        frame = everything(dataset_id, self.revised)
        time = pl.col(CATALOG[dataset_id].time).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
        return frame.filter(time >= (since or FIRST), time < (until or LAST))

    def rows(self, dataset_id: str, now: datetime) -> int:
        return everything(dataset_id, self.revised).height

    def processed(self, dataset_id: str, now: datetime) -> datetime:
        return now.replace(minute=17, second=self.revised % 60, microsecond=0)

    def months(self, dataset_id: str, now: datetime) -> list[str]:
        return ["2026-08", "2026-09"]

    def stamp(self, dataset_id: str, month: str, now: datetime) -> Hashable:
        return self.revised


@cache
def everything(dataset_id: str, revised: int) -> pl.DataFrame:
    step = timedelta(hours=1) if dataset_id.startswith("eco2mix") else timedelta(days=1)
    places = ("",) if dataset_id.startswith("eco2mix-national") else ("11", "84")
    slots = ((FIRST + step * n, place) for n in range((LAST - FIRST) // step) for place in places)
    rows = [row(dataset_id, moment, place, number + revised) for number, (moment, place) in enumerate(slots)]
    return pl.DataFrame(rows, schema=schema(dataset_id), orient="row")


def schema(dataset_id: str) -> dict[str, pl.DataType]:
    dataset = CATALOG[dataset_id]
    junk = {"eco2mix-regional-tr": ["column_68"], "eco2mix-regional-cons-def": ["column_30"]}.get(dataset_id, [])
    return {name: kind(dataset_id, name) for name in (*dataset.names, *junk)}


def kind(dataset_id: str, name: str) -> pl.DataType:
    if name == "date_heure":
        return pl.Datetime("ms", "UTC")
    if name == "date" and not dataset_id.startswith("eco2mix"):
        return pl.Date()
    if name not in CATALOG[dataset_id]:
        return pl.String()
    unit = CATALOG[dataset_id].by_name[name].unit
    if name in TEXTS or (dataset_id, name) in ODD_TEXTS:
        return pl.String()
    return {"": pl.String(), "UTC": pl.String(), "MW": pl.Int64(), "g/kWh": pl.Int64()}.get(unit, pl.Float64())


def row(dataset_id: str, moment: datetime, place: str, number: int) -> list[object]:
    known: dict[str, object] = {
        "date_heure": moment,
        "date": f"{moment:%Y-%m-%d}" if dataset_id.startswith("eco2mix") else moment.date(),
        "heure": f"{moment:%H:%M}",
        "nature": "Données temps réel",
        "perimetre": "France",
        "code_insee_region": place,
        "libelle_region": "Île-de-France" if place == "11" else "Auvergne-Rhône-Alpes",
        "source": "Storengy" if place == "11" else "Teréga",
        "pits": "Saline;sel" if place == "11" else "Sud",
        "column_30": None,
        "column_68": None,
        "solaire": None if number % 5 == 0 else number * 2,
    }
    defaults = {pl.Int64: number, pl.Float64: number / 8, pl.String: str(number)}
    return [known.get(name, defaults.get(type(form))) for name, form in schema(dataset_id).items()]
