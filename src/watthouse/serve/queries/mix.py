"""Load and generation mix of France."""

from dataclasses import replace
from typing import Final

from watthouse.serve.queries.as_of import NATIONAL, Tables
from watthouse.serve.queries.base import CARBON, as_known, by_slot, energies_of, named, span_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.months import are_whole, energy_of_months
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.series import Mean, Span, energies
from watthouse.serve.queries.slots import SlotKind
from watthouse.serve.queries.units import BY_HOUR, BY_SLOT, Interval, Unit
from watthouse.warehouse.snapshots import Snapshot


def mix_of(snapshot: Snapshot, params: EnergyAsOf, *, any_number: bool = False) -> RowSet:
    """Load, sources, storage and CO₂ intensity of France by interval: of any number of points, or a bounded one."""
    most = None if any_number else snapshot.settings.max_points
    span = span_of(most, snapshot, "daily_mix", params, params.interval, BY_SLOT, BY_HOUR)
    unit = params.counted_in
    if span.interval in BY_HOUR:
        row_set = as_known(snapshot, params.as_of, span, NATIONAL, lambda table: _mix(snapshot, table, span, unit))
        if params.as_of is None and are_whole(span, snapshot.extent("daily_mix")):
            months, names = snapshot.table("monthly_national"), energies(snapshot.marts["daily_mix"], unit)
            return replace(row_set, rows=energy_of_months(months, span, names, unit, [MEAN_CARBON]))
        return row_set
    columns = named(snapshot.marts["daily_mix"], unit)
    return by_slot(snapshot, params.as_of, span, _MIX, POWER, unit, _TITLE, columns)


_TITLE: Final = "Load and generation mix of France"
POWER: Final = "core_national_power"
_MIX: Final = SlotKind(("consommation",), rated=True)


def _mix(snapshot: Snapshot, table: Tables, span: Span, unit: Unit) -> RowSet:
    rows = table("daily_mix")
    if span.interval is Interval.HOUR:
        hours = table("hourly_national")
        rows = hours.filter((hours.measured_slots > 0) | (hours.mix_slots > 0))  # not those of scheduled exchanges only
    return energies_of(snapshot.marts["daily_mix"], rows, span, unit, _TITLE, [MEAN_CARBON], [CARBON])


MEAN_CARBON: Final = Mean("taux_co2_g_kwh", "production_mwh")


MIX: Final = Call(
    "/mix",
    EnergyAsOf,
    mix_of,
    summary="Load and generation mix of France",
    detail="Energy of each source, of load and of storage, by interval; mean power or shares on request.",
    row="One row per interval: load, each source, production, storage, CO₂ intensity",
    series=True,
)
