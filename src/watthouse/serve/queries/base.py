"""What the calls on a period share: the period requested, and its rows of energy or of slots."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa

from watthouse.catalog import REGIONS
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.problems import wrong
from watthouse.serve.queries import slots
from watthouse.serve.queries.as_of import Tables, natures, rows_as_of
from watthouse.serve.queries.attribution import used_of
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.params import Moments, Period, instant, period_or_newest
from watthouse.serve.queries.series import COMPLETE, MEASURED, MIXED, STARTS, Mean, Span, energies, energy, shown
from watthouse.serve.queries.slots import (
    BEGINS,
    CLOCK,
    COMMERCIAL_MINUTES,
    MIX_KNOWN,
    NATURE,
    PHYSICAL_MINUTES,
    SLOT_MINUTES,
    SlotKind,
)
from watthouse.serve.queries.units import Interval, Unit, finest, points
from watthouse.transform.dictionary import Mart
from watthouse.warehouse.snapshots import Snapshot


def span_of(
    most: int | None,
    snapshot: Snapshot,
    mart: str,
    params: Period | Moments,
    interval: Interval,
    offered: tuple[Interval, ...],
    auto: tuple[Interval, ...] | None = None,
) -> Span:
    """The period and interval requested, ``auto`` among those; raises a problem where that is more points than a
    series may have (any number, where ``most`` is None), or instants are no ends of the interval."""
    # each mart has its own newest day: gas and temperature lag behind power
    since, until = period_or_newest(snapshot.extent(mart), params)
    if interval is not Interval.AUTO and interval not in offered:
        names = ", ".join(each.value for each in offered)
        raise wrong("interval", f"not available by {interval.value}: choose one of {names}, or auto")
    first, end = (each if isinstance(each, datetime) else None for each in (params.since, params.until))
    chosen = interval
    if interval is Interval.AUTO:
        # an instant lies within a day: a daily series could not be cut there
        chosen = Interval.HOUR if first or end else finest(since, until, auto or offered)
    _refuse_uneven(chosen, since=first, until=end)
    if most is not None and (asked_for := points(since, until, chosen)) > most:
        instead = ", or csv, parquet or arrow as format, which have no such limit" if chosen.length else ""
        raise wrong(
            "interval",
            f"{asked_for:,} points of one {chosen.value} from {since} to {until}, and a series has"
            f" {most:,} at most: choose a longer interval or a shorter period{instead}",
        )
    return Span(since, until, chosen, first, end)


def _refuse_uneven(interval: Interval, **bounds: datetime | None) -> None:
    """Raises a problem for an instant that lies within an interval: part of one would be taken for the whole."""
    for name, moment in bounds.items():
        if moment is None:
            continue
        if interval.length is None:
            raise wrong(name, f"instants are for intervals of an hour or less: give a civil day for {interval.value}")
        if interval is not Interval.SLOT and (moment - _EPOCH) % interval.length:
            within = f"{instant(moment)} is inside an interval of {interval.value}"
            raise wrong(name, f"{within}: give an instant at which one starts")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def region_of(code: str | None) -> str | None:
    """The region's code; raises a problem for one that there is not."""
    # the echo of what a caller sent is cut short
    if code is not None and code not in REGIONS:
        raise wrong("region", f"'{code[:20]}' is not a region: the codes are {', '.join(sorted(REGIONS))}")
    return code


def refuse_share(unit: Unit, what: str) -> None:
    """Raises a problem for shares of production of something that is not part of it (``what``, with its verb)."""
    if unit is Unit.SHARE:
        raise wrong("unit", f"{what} not part of production: choose MW, MWh or GWh")


def energies_of(
    mart: Mart,
    rows: ir.Table,
    span: Span,
    unit: Unit,
    title: str,
    means: Sequence[Mean] = (),
    described: Sequence[AnswerColumn] = (),
    region: str | None = None,
    regional: bool = False,
) -> RowSet:
    """Every energy of a mart, by interval; ``described`` documents ``means``; ``regional`` gives one row per region."""
    names = energies(mart, unit)
    mixed = (MIXED,) if "mix_slots" in mart.names else ()
    columns = (
        STARTS,
        *(A_REGION if regional else ()),
        *shown(mart, names, unit),
        *described,
        MEASURED,
        *mixed,
        COMPLETE,
    )
    more = meant(span, unit=unit.value)
    return RowSet(
        title,
        energy(rows, span, names, unit, means, region, regional),
        columns,
        more,
        (mart.name,),
        ((span.since, span.until),),
    )


def _slots(
    kind: SlotKind, table: ir.Table, core: str, span: Span, unit: Unit, title: str, names: Sequence[AnswerColumn]
) -> RowSet:
    """Power or energy by slot, quarter hour, half hour or hour; ``names`` are without a unit."""
    values = (AnswerColumn(f"{column.name}{unit.suffix}", unit.label, column.description) for column in names)
    rated = (CARBON,) if kind.rated else ()
    regional = A_REGION if kind.regional else ()
    if span.interval is Interval.SLOT:
        minutes = (SLOT_MINUTES,) if kind.mixed else (COMMERCIAL_MINUTES, PHYSICAL_MINUTES)
        known = (MIX_KNOWN,) if kind.mixed else ()
        columns = (BEGINS, CLOCK, *regional, *minutes, NATURE, *values, *rated, *known)
    else:
        mixed = (MIXED,) if kind.mixed else ()
        columns = (STARTS, *regional, *values, *rated, MEASURED, *mixed, COMPLETE)
    rows = slots.cut(span, table, kind, [column.name for column in names], unit)
    return RowSet(title, rows, columns, meant(span, unit=unit.value), (core,), ((span.since, span.until),))


def by_slot(
    snapshot: Snapshot,
    moment: datetime | None,
    span: Span,
    kind: SlotKind,
    core: str,
    unit: Unit,
    title: str,
    names: Sequence[AnswerColumn],
) -> RowSet:
    """The same as it is known, or as it was known at ``moment``; raises a problem where quarter hours are asked for and
    a value of the period lasts longer."""

    # half-hourly values are never split: two quarters would be a guess
    if span.interval is Interval.QUARTER_HOUR:
        table = snapshot.table_as_of if moment else snapshot.table
        query = slots.longest(span, table(core, "core"), kind, [column.name for column in names])
        refuse_longer(rows_as_of(snapshot, moment, span, (core,), query)[0] if moment else snapshot.rows(query))
    return as_known(
        snapshot,
        moment,
        span,
        (core,),
        lambda table: _slots(kind, table(core, "core"), core, span, unit, title, names),
    )


CARBON: Final = AnswerColumn("taux_co2_g_kwh", "g/kWh", "CO₂ intensity of production: mean weighted by production")


def named(mart: Mart, unit: Unit) -> list[AnswerColumn]:
    """The energies of a mart that can be shown in this unit, without it."""
    part = ": share of production" if unit is Unit.SHARE else ""
    return [AnswerColumn(name, "", mart.by_name[f"{name}_mwh"].meaning + part) for name in energies(mart, unit)]


def refuse_longer(longest_row: pa.Table) -> None:
    """Raises a problem where the one of :func:`~watthouse.serve.queries.slots.longest` lasts longer than 15 minutes."""
    (longest,) = longest_row.to_pylist()
    if (longest["quarter_hours"] or 0) > 1:
        day = longest["civil_date"]
        raise wrong("interval", f"values of {day} last half an hour: choose slot or 30min, or other days")


def as_known(
    snapshot: Snapshot,
    moment: datetime | None,
    span: Span,
    models: tuple[str, ...],
    ask: Callable[[Tables], RowSet],
) -> RowSet:
    """What ``ask`` asks of the marts as they are, or of ``models`` as they would have been at ``moment``."""
    if moment is None:
        return ask(snapshot.table)
    row_set = ask(snapshot.table_as_of)
    core = models[0]
    # in one session: both have to see the ledger at the same instant
    rows, dated_natures = rows_as_of(snapshot, moment, span, models, row_set.rows, natures(snapshot, core))
    # from the rows as they were known then: another nature may have held those days
    used = used_of(dated_natures, snapshot.datasets_of(core), (span.since, span.until))
    return replace(row_set.with_rows(rows, as_of=instant(moment)), used=used)


A_REGION: Final = (
    AnswerColumn("code_insee_region", "", "INSEE code of the region"),
    AnswerColumn("libelle_region", "", "Official name of the region"),
)


DAYS: Final = AnswerColumn("days", "days", "Days of the period with any measured slot")


def days(since: date, until: date) -> dict[str, str]:
    """The days of an answer, as it states them."""
    return {"since": since.isoformat(), "until": until.isoformat()}


def meant(span: Span, **more: str) -> dict[str, str]:
    """The period of an answer, as it states it."""
    about = days(span.since, span.until)
    about |= {name: instant(moment) for name, moment in {"since": span.first, "until": span.end}.items() if moment}
    return {**about, "interval": span.interval.value, **more}
