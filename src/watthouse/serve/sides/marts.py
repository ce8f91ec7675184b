"""The marts: everything that the API answers, real time included."""

from datetime import date

import polars as pl

from watthouse.serve.dashboard.reading import Answer, PageReader
from watthouse.serve.locale import Text
from watthouse.serve.queries.compare import COMPARE, Compared
from watthouse.serve.queries.mix import MIX
from watthouse.serve.queries.mixes import MIXES, MixesParams
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.regions import MAP, REGION_MIX, MapParams
from watthouse.serve.queries.units import Interval, Unit
from watthouse.serve.sides.base import Rows
from watthouse.serve.sides.periods import whole_years


class Marts:
    """One build of the warehouse, through the calls of the API."""

    title = Text(en="the marts", fr="les marts")
    left_out = None

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader
        self.france = MartsOfFrance(reader)

    @property
    def sample(self) -> str | None:
        return self._reader.snapshot.sample

    @property
    def extent(self) -> tuple[date, date]:
        return self._reader.extent

    def means(self, measure: str, since: date, until: date) -> Rows:
        params = MapParams.model_validate({"since": since, "until": until, "measure": measure})
        return _rows(self._reader.ask(MAP, params))

    def shares(self, since: date, until: date) -> Rows:
        return _rows(self._reader.ask(MIXES, MixesParams(since=since, until=until, unit=Unit.SHARE)))

    def years(self, region: str) -> Rows:
        first, last = whole_years(*self._reader.snapshot.extent("daily_regional"))
        params = EnergyAsOf(since=first, until=last, interval=Interval.YEAR, unit=Unit.GWH)
        return _rows(self._reader.ask(REGION_MIX, params, region))

    def through(self, region: str, since: date, until: date) -> Rows:
        return _rows(self._reader.ask(REGION_MIX, EnergyAsOf(since=since, until=until, unit=Unit.MW), region))


class MartsOfFrance:
    """The sources of France, through the calls of the API."""

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader

    def months(self, source: str) -> Rows:
        first, last = self._reader.extent
        params = EnergyAsOf(since=first, until=last, interval=Interval.MONTH, unit=Unit.MW)
        return self._of(source, self._reader.ask(MIX, params))

    def through(self, source: str, since: date, until: date) -> Rows:
        return self._of(source, self._reader.ask(MIX, EnergyAsOf(since=since, until=until, unit=Unit.MW)))

    def total(self, source: str, since: date, until: date) -> Rows:
        energy, share = (
            self._reader.ask(COMPARE, Compared(since=since, until=until, unit=unit)) for unit in (Unit.GWH, Unit.SHARE)
        )
        values = {f"{source}_gwh": _value(energy, source), f"{source}_share": _value(share, source)}
        return Rows(pl.DataFrame([values], schema=dict.fromkeys(values, pl.Float64)), energy.used)

    def _of(self, source: str, answer: Answer) -> Rows:
        return Rows(answer.rows.select("starts", f"{source}_mw", "complete"), answer.used)


def _rows(answer: Answer) -> Rows:
    return Rows(answer.rows, answer.used)


def _value(answer: Answer, source: str) -> float | None:
    values: dict[str, float | None] = dict(answer.rows.select("name", "value").iter_rows())
    return values[source]
