"""The mix of one region or of each, and one quantity of all of them for a map."""

from typing import Annotated, Final, Self

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from fastapi import Path
from pydantic import Field, model_validator

from watthouse.catalog import MAINLAND, REGIONAL_SOURCES, REGIONS
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.as_of import REGIONAL, Tables
from watthouse.serve.queries.base import (
    A_REGION,
    DAYS,
    as_known,
    by_slot,
    days,
    energies_of,
    named,
    refuse_share,
    span_of,
)
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import Energy, EnergyAsOf, Period, period_or_newest
from watthouse.serve.queries.series import MEASURED, Span, known_hours, measured_hours, total, within
from watthouse.serve.queries.slots import SlotKind
from watthouse.serve.queries.units import BY_DAY, BY_SLOT, Interval, Unit
from watthouse.serve.queries.words import OneOf
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


class RegionsParams(Energy):
    """The regions, or their mixes by interval."""

    interval: Annotated[
        Interval | None,
        Field(
            description="Gives the load and mix of every region by this interval, one row per region and interval;"
            " without it, the regions are listed",
            examples=["day"],
        ),
    ] = None  # type: ignore[assignment]

    @model_validator(mode="after")
    def _cut(self) -> Self:
        # the list of regions takes no period: ignoring one would answer another question
        others = sorted(self.model_fields_set - {"interval"})
        if self.interval is None and others:
            raise ValueError(f"interval must be given with {', '.join(others)}: without it, the regions are listed")
        return self


def every_mix_of(snapshot: Snapshot, params: Energy, *, any_number: bool = False) -> RowSet:
    """Load, sources, storage and exchanges of every region by interval, one row per region."""
    most = None if any_number else snapshot.settings.max_points
    span = span_of(most, snapshot, "daily_regional", params, params.interval, BY_SLOT, BY_DAY)
    mart, title, unit = snapshot.marts["daily_regional"], "Load and generation mix of the regions", params.counted_in
    names = named(mart, unit)
    if span.interval.length is None:
        rows = snapshot.table(mart.name)
        return energies_of(mart, rows, span, unit, title, regional=True)
    return by_slot(snapshot, None, span, SlotKind(("consommation",), regional=True), _POWER, unit, title, names)


_POWER: Final = "core_regional_power"


def mix_of_region(snapshot: Snapshot, params: EnergyAsOf, insee: str, *, any_number: bool = False) -> RowSet:
    """Load, sources, storage and exchanges of a region by interval; raises a problem for one that éCO2mix lacks."""
    if insee not in MAINLAND:
        detail = f"éCO2mix has no region '{insee[:20]}': the codes are {', '.join(sorted(MAINLAND))}"
        raise ProblemError(404, detail, parameter="insee")
    most = None if any_number else snapshot.settings.max_points
    span = span_of(most, snapshot, "daily_regional", params, params.interval, BY_SLOT, BY_DAY)
    unit = params.counted_in
    if span.interval.length is None:
        return as_known(snapshot, params.as_of, span, REGIONAL, lambda table: _mix(snapshot, table, insee, span, unit))
    names = named(snapshot.marts["daily_regional"], unit)
    kind = SlotKind(("consommation",), region=insee)
    return by_slot(snapshot, params.as_of, span, kind, _POWER, unit, _title(insee), names)


def _mix(snapshot: Snapshot, table: Tables, insee: str, span: Span, unit: Unit) -> RowSet:
    mart = snapshot.marts["daily_regional"]
    return energies_of(mart, table(mart.name), span, unit, _title(insee), region=insee)


def _title(insee: str) -> str:
    return f"Load and generation mix of {REGIONS[insee]}"


MEASURES: Final = ("consommation", "production", "difference", *REGIONAL_SOURCES)


class MapParams(Period):
    """A quantity of every region over a period."""

    measure: Annotated[
        str,
        OneOf(MEASURES),
        Field(
            description="The quantity: load, production, production minus load, or a source", examples=["consommation"]
        ),
    ] = "consommation"
    unit: Annotated[
        Unit,
        Field(
            description="MW is mean power over the time measured; share is a source's part of the region's production",
            examples=["MW"],
        ),
    ] = Unit.MW


def map_of(snapshot: Snapshot, params: MapParams) -> RowSet:
    """One value a region over a period."""
    if params.measure in {"consommation", "production", "difference"}:
        refuse_share(params.unit, f"{params.measure} is")
    since, until = period_or_newest(snapshot.extent("daily_regional"), params)
    rows = Prepared(_mapped, (snapshot.table("daily_regional").op(), params.measure, params.unit), since, until)
    more = {**days(since, until), "unit": params.unit.value, "measure": params.measure}
    value = AnswerColumn(f"{params.measure}{params.unit.suffix}", params.unit.label, f"{params.measure} of the period")
    columns = (*A_REGION, value, MEASURED, DAYS)
    return RowSet("Regions of France", rows, columns, more, ("daily_regional",))


def _difference(rows: ir.Table, unit: Unit) -> ir.Value:
    """Production less load, of mean powers: energies of unlike hours, where a source has a hole, have no difference, so
    that of energy is over the time in which both are known."""
    power = total(rows, "production", Unit.MW) - total(rows, "consommation", Unit.MW)
    if unit is Unit.MW:
        return power
    # energies of unequal hours, where one source has a hole, have no difference
    hours = ibis.least(*(known_hours(rows, name, Unit.MW) for name in ("production", "consommation")))
    return power * hours / (1000 if unit is Unit.GWH else 1)


def _mapped(table: ops.Relation, measure: str, unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    value = _difference(rows, unit) if measure == "difference" else total(rows, measure, unit)
    sums = rows.group_by("code_insee_region").aggregate(
        libelle_region=rows.libelle_region.max(),
        value=value.cast("float64"),
        measured_hours=measured_hours(rows),
        days=rows.count(),
    )
    return sums.order_by("code_insee_region").rename({f"{measure}{unit.suffix}": "value"})


REGION_MIX: Final = Call(
    "/regions/{insee}/mix",
    EnergyAsOf,
    mix_of_region,
    summary="Load and generation mix of a region",
    detail="Energy of each source, of load, of storage and of exchanges, by interval.",
    row="One row per interval: load, each source, production, storage, exchanges",
    tag="regions",
    file="mix-{insee}",
    series=True,
    place=Annotated[str, Path(alias="insee", description="INSEE code of the region", examples=["53"])],
)


MAP: Final = Call(
    "/regions/map",
    MapParams,
    map_of,
    summary="A quantity of every region over a period",
    detail="One value per region, for a map or a ranking.",
    row="One row per region",
    tag="regions",
    file="regions",
)


REGIONS_MIX: Final = Call(
    "/regions",
    RegionsParams,
    every_mix_of,
    summary="The regions; by interval, the load and generation mix of each",
    detail="",
    row="The regions, or one row per region and interval: load, each source, production, exchanges",
    series=True,
)
