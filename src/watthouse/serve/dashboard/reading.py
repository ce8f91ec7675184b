"""What pages read: the API's own answers, without HTTP, and the addresses where the same rows can be downloaded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import starmap
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import polars as pl
import pyarrow as pa
from dateutil.relativedelta import relativedelta

from watthouse.catalog import LICENCE
from watthouse.serve import deadline
from watthouse.serve.dashboard.slots import with_gaps
from watthouse.serve.dashboard.view import View
from watthouse.serve.formats import Format
from watthouse.serve.queries.attribution import Used, by_publisher
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.coverage import Main, extent_of
from watthouse.serve.queries.fields import DEFAULT_DAYS
from watthouse.serve.queries.params import FormatParams, Params
from watthouse.serve.queries.units import Interval, Unit, points
from watthouse.serve.service import Service
from watthouse.warehouse.snapshots import Snapshot

API: Final = "/api/v1"
A_MONTH: Final = relativedelta(days=DEFAULT_DAYS)


@dataclass(frozen=True)
class Slots:
    """A call of the API for power slot by slot, that a page offers and does not read; ``title`` says of what."""

    path: str
    title: str
    styles: tuple[Format, ...]

    def href(self, style: Format) -> str:
        """Where the rows can be fetched."""
        return f"{self.path}&format={style.value}"

    def are(self, answer: "Answer") -> bool:
        """Whether an answer has these slots."""
        same = self.path.partition("?")[0] == answer.path.partition("?")[0]
        return same and answer.more.get("interval") == Interval.SLOT.value


@dataclass(frozen=True)
class Answer:
    """The rows of a call with their title and sources; ``path`` is the call's address without a format."""

    rows: pl.DataFrame
    path: str
    title: str
    more: Mapping[str, Any]
    used: tuple[Used, ...] = ()

    def href(self, style: Format) -> str:
        """Where the same rows can be fetched."""
        return f"{self.path}{'&' if '?' in self.path else '?'}format={style.value}"

    @property
    def interval(self) -> Interval:
        """How much time a row stands for."""
        return Interval(self.more["interval"])


class Reader(Protocol):
    """What a card has to know: for whom it is, and whose rows it shows."""

    @property
    def view(self) -> View: ...

    def provenance(self, used: Iterable[Used], fresh: str = "", /) -> str: ...


class PageReader:
    """What one page reads: one version of the data, through the API's own queries."""

    def __init__(
        self,
        service: Service,
        snapshot: Snapshot,
        view: View,
        span: relativedelta | None = A_MONTH,
        marts: Sequence[str] = ("daily_mix",),
        main: Main | None = None,
    ) -> None:
        self.service = service
        self.snapshot = snapshot
        self.view = view
        self._span = span
        self._marts = tuple(marts)
        self.main = main
        self.used: list[Used] = []
        """Of all answers that were read, for the foot of the page."""
        self._provenance: dict[tuple[tuple[str, date, date], ...], str] = {}

    @cached_property
    def period(self) -> tuple[date, date]:
        """The civil days shown, both included, cut to what is available (unless nothing is). By default the last
        ``span`` that has what the page is about, or everything."""
        first, last = self.extent
        # kept as they are, so that the page can say for which days there is nothing
        if self.outside:
            return self.view.since or self.view.until or first, self.view.until or self.view.since or last
        until = max(min(self.view.until or self._newest, last), first)
        if self.view.since:
            return min(max(self.view.since, first), last), until
        return max(until - self._span + timedelta(days=1), first) if self._span else first, until

    @property
    def _newest(self) -> date:
        """The last day of what the page is about; of all its marts, where that ends before the first day asked for."""
        # exchanges are scheduled ahead of the load: the last day with rows may have nothing measured
        last = self.extent[1]
        known = extent_of(self.snapshot, self.main) if self.main else None
        return known[1] if known and known[1] >= (self.view.since or known[1]) else last

    @cached_property
    def extent(self) -> tuple[date, date]:
        """The first and the last civil day that can be chosen: those of the page's marts."""
        return self.snapshot.extent(*self._marts)

    @property
    def now(self) -> datetime:
        """The time of this home."""
        return self.service.home.now

    @cached_property
    def outside(self) -> bool:
        """Whether none of the days in the address are available."""
        first, last = self.extent
        return (self.view.since or first) > last or (self.view.until or last) < first

    @property
    def year_before(self) -> tuple[date, date]:
        """The same days of the year before."""
        since, until = self.period
        return since - relativedelta(years=1), until - relativedelta(years=1)

    @property
    def sample(self) -> str:
        """The warning on every page where the figures are made up; empty where they are published."""
        return made_up(self.view, name) if (name := self.snapshot.sample) else ""

    def slots(self, call: Call, *place: str, period: tuple[date, date] | None = None, of: str = "") -> Slots:
        """The slots behind a chart of the page's period, or of another; ``of`` names them where there are several.

        JSON is read whole and has an end; the other formats come in pieces, whatever their length.
        """
        since, until = period or self.period
        query = urlencode({"since": since, "until": until, "interval": Interval.SLOT.value})
        bounded = points(since, until, Interval.SLOT) <= self.service.settings.max_points
        styles = (Format.CSV, *([Format.JSON] if bounded else []), Format.PARQUET)
        title = self.view.say(en="By slot (15/30 min)", fr="Par pas de 15/30 min") + (f", {of}" if of else "")
        return Slots(f"{API}{call.at(*place)}?{query}", title, styles)

    def provenance(self, used: Iterable[Used], fresh: str = "") -> str:
        """Who measured the rows that were used, on which days, under which licence; ``fresh`` is added to the line."""
        used = tuple(used)
        cards = tuple((rows.dataset.id, rows.since, rows.until) for rows in used)  # most cards of a page use the same
        if cards not in self._provenance:
            self._provenance[cards] = measured_by(self.view, used, self.snapshot.sample)
        return " · ".join(part for part in (self._provenance[cards], fresh, LICENCE) if part)

    def ask(self, call: Call, params: FormatParams, *place: str) -> Answer:
        """What the API answers to a call."""
        return self.answer(call.at(*place), params, call.build(self.snapshot, params, *place))

    def ask_of_all_years(self, call: Call, params: FormatParams) -> Answer:
        """The same of a period that depends on the version alone, such as all that is held: read once a version."""
        return self.answer(call.at(), params, self.snapshot.once(_read, call, params))

    def answer(self, call: str, params: Params | None, row_set: RowSet) -> Answer:
        """The rows of a question, and the address of the ``call`` that gives them."""
        deadline.check()
        rows = row_set.rows
        if not isinstance(rows, pa.Table):
            rows = self.snapshot.rows(rows)
        query = params.model_dump(mode="json", exclude_none=True, exclude_defaults=True) if params else {}
        path = f"{API}{call}" + (f"?{urlencode(query)}" if query else "")
        # every answer counts for the foot of the page, drawn or not
        used = row_set.attributed(self.snapshot).used or ()
        self.used += used
        ends = (row_set.more.get("since"), row_set.more.get("until"))
        filled = without_holes(_plain(pl.DataFrame(rows)), row_set.more.get("interval"), *ends)
        return Answer(filled, path, row_set.title, row_set.more, used)


def _read(snapshot: Snapshot, call: Call, params: FormatParams) -> RowSet:
    row_set = call.build(snapshot, params).attributed(snapshot)
    return row_set if isinstance(row_set.rows, pa.Table) else row_set.with_rows(snapshot.rows(row_set.rows))


def made_up(view: View, name: str) -> str:
    """The warning that figures are those of a synthetic sample."""
    return view.say(
        en=f"Synthetic sample ({name}): watthouse made these figures up; nobody measured them.",
        fr=f"Échantillon synthétique ({name}) : ces chiffres sont inventés par watthouse, personne ne les a mesurés.",
    )


def measured_by(view: View, used: Iterable[Used], sample: str | None) -> str:
    """Who measured the rows that were used, and on which days."""
    say, spans = view.say, by_publisher(used)
    lines = [f"{name}, {', '.join(starmap(view.language.days, days))}" for name, days in spans.items()]
    if sample:
        words = say(
            en=f"watthouse's synthetic sample ({sample})", fr=f"échantillon synthétique de watthouse ({sample})"
        )
        lines = [words + (say(en=" in place of ", fr=" à la place de ") + lines[0] if lines else ""), *lines[1:]]
    elif lines:
        # the portal once, behind the last publisher, not behind each
        lines[-1] += say(en=", through ODRÉ", fr=", via ODRÉ")
    return " · ".join(lines)


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """With floats for decimals, as figures take them, and instants by the clock of Paris."""
    return rows.with_columns(
        pl.col(pl.Decimal).cast(pl.Float64), pl.col(pl.Datetime("us", "UTC")).dt.convert_time_zone("Europe/Paris")
    )


def percent(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Part of a whole in %, null where the whole is 0."""
    # division by 0 is infinite in Polars, not null
    return part * 100 / pl.when(whole != 0).then(whole)


@dataclass(frozen=True)
class Balance:
    """Load and production in a unit, from rows with the time in which each is known (``measured_hours``,
    ``mix_hours``): compared by mean power, as one may be known for longer than the other."""

    unit: Unit

    @property
    def load(self) -> pl.Expr:
        """Mean load; of any unit, the same as :attr:`production`."""
        return self._mean("consommation", "measured_hours")

    @property
    def production(self) -> pl.Expr:
        """Mean production."""
        return self._mean("production", "mix_hours")

    @property
    def difference(self) -> pl.Expr:
        """Production less load in the unit: energy is that of the time in which both are known."""
        power = self.production - self.load
        # over unequal hours a difference of energies would be a difference of coverage
        return power if self.unit is Unit.MW else power * pl.min_horizontal("measured_hours", "mix_hours")

    def _mean(self, name: str, hours: str) -> pl.Expr:
        value = pl.col(f"{name}{self.unit.suffix}")
        return value if self.unit is Unit.MW else value / pl.when(pl.col(hours) > 0).then(pl.col(hours))


def without_holes(
    rows: pl.DataFrame, interval: str | None, since: str | None = None, until: str | None = None
) -> pl.DataFrame:
    """With a row of nulls for each missing interval of the period: a line drawn across it would be a guess.

    Hours and slots are only filled in between two known ones: a day has 23 to 25 hours.
    """
    # slots say how long they last, so their gaps can be told exactly
    if interval == Interval.SLOT.value:
        return with_gaps(rows)
    # slots and hours of a day vary with the clock, so only calendar steps are filled to the ends
    every = _STEPS.get(interval or "")
    if every is None or "starts" not in rows.columns or not rows.height or rows["starts"].has_nulls():
        return rows
    starts = rows["starts"]
    if since and until and starts.dtype == pl.Date:
        ends = pl.Series([since, until]).str.to_date().dt.truncate(every)
        starts = pl.concat([starts, ends])
    steps = pl.datetime_range if isinstance(starts.dtype, pl.Datetime) else pl.date_range
    whole = pl.select(starts=steps(starts.min(), starts.max(), every))["starts"]  # type: ignore[arg-type]
    # several things per interval, such as regions: no single line to break
    if rows["starts"].n_unique() < rows.height or whole.len() == rows.height or not starts.is_in(whole).all():
        return rows
    filled = whole.cast(starts.dtype).to_frame().join(rows, on="starts", how="left")
    return filled.with_columns(pl.col("complete").fill_null(False)) if "complete" in rows.columns else filled


_STEPS: Final = {"hour": "1h", "day": "1d", "week": "1w", "month": "1mo", "year": "1y"}
