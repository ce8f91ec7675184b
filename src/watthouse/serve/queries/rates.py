"""Coverage rate (TCO, taux de couverture) and load factor (TCH, taux de charge) of each region's sources."""

from typing import Any, Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from watthouse.catalog import REGIONAL_SOURCES
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.base import A_REGION, days, region_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.fields import Region
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.serve.queries.series import known_quarters, measured_hours, of_region, total, within
from watthouse.serve.queries.units import Unit
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


class RatesParams(Period):
    """Rates of every region, or of one."""

    region: Region = None


def rates_of(snapshot: Snapshot, params: RatesParams) -> RowSet:
    """Columns: ``code_insee_region``, ``libelle_region``, ``source``, ``energy_mwh``, ``share`` (0 to 1), ``tco_pct``,
    ``tch_pct``, ``measured_hours``; raises a problem for an unknown region."""
    code = region_of(params.region)
    since, until = period_or_newest(snapshot.extent("daily_regional"), params)
    form = Prepared(_sums, (snapshot.table("daily_regional").op(), code), since, until)
    regions = snapshot.rows(form).to_pylist()
    rows = pa.Table.from_pylist([_rates(region, name) for region in regions for name in REGIONAL_SOURCES], _TYPES)
    return RowSet(
        "Share, coverage rate (TCO) and load factor (TCH) of every source by region",
        rows,
        _RATES,
        days(since, until),
        ("daily_regional",),
    )


def _sums(table: ops.Relation, region: str | None) -> ir.Table:
    rows = within(of_region(table.to_expr(), region))
    sums = rows.group_by("code_insee_region").aggregate(
        libelle_region=rows.libelle_region.max(),
        **{
            f"{name}{unit.suffix}": total(rows, name, unit)
            for unit in (Unit.MWH, Unit.SHARE, Unit.MW)
            for name in REGIONAL_SOURCES
        },
        # TCO is no column of a mart: a mean of ratios is not the ratio of means
        consommation_mw=total(rows, "consommation", Unit.MW),
        **{f"{name}_tch": _load_factor(rows, name) for name in REGIONAL_SOURCES},
        measured_hours=measured_hours(rows),
    )
    return sums.order_by("code_insee_region")


def _load_factor(rows: ir.Table, source: str) -> ir.Value:
    """The mean of the daily means, weighted by the time in which the rate is known."""
    # RTE leaves TCH out of some vintages, as in the file of 2014
    quarters = known_quarters(rows, f"tch_{source}").cast("float64")
    return (rows[f"tch_{source}_pct"].cast("float64") * quarters).sum() / quarters.sum().nullif(0)


def _rates(region: dict[str, Any], source: str) -> dict[str, Any]:
    """One source of a region, from the region's sums."""
    power, load = region[f"{source}_mw"], region["consommation_mw"]
    return {
        **{name: region[name] for name in ("code_insee_region", "libelle_region", "measured_hours")},
        "source": source,
        "energy_mwh": region[f"{source}_mwh"],
        "share": region[f"{source}_share"],
        "tco_pct": 100 * power / load if power is not None and load else None,
        "tch_pct": region[f"{source}_tch"],
    }


_TYPES: Final = pa.schema(
    [(name, pa.string()) for name in ("code_insee_region", "libelle_region", "source")]
    + [("energy_mwh", pa.decimal128(18, 2))]
    + [(name, pa.float64()) for name in ("share", "tco_pct", "tch_pct", "measured_hours")]
)


_RATES: Final = (
    *A_REGION,
    AnswerColumn("source", "", "The publisher's name of the source"),
    AnswerColumn("energy_mwh", "MWh", "Energy of the source in the period"),
    AnswerColumn("share", "0-1", "Its share of the region's production"),
    AnswerColumn(
        "tco_pct",
        "%",
        "TCO (taux de couverture, coverage rate): share of the region's load covered by the source, from mean powers;"
        " above 100 where production exceeds load",
    ),
    AnswerColumn(
        "tch_pct",
        "%",
        "TCH (taux de charge, load factor): output over installed capacity as published, mean over the time in which it"
        " is known",
    ),
    AnswerColumn("measured_hours", "h", "Measured time of the period"),
)


RATES: Final = Call(
    "/regions/rates",
    RatesParams,
    rates_of,
    summary="Share, coverage rate (TCO) and load factor (TCH) of every source, by region",
    detail=(
        "TCO (taux de couverture) is the share of the region's load covered by a source, computed from mean powers."
        " TCH (taux de charge) is output over installed capacity, the mean of what RTE publishes. Both can exceed 100."
    ),
    row="One row per region and source: its energy, share of production, share of load covered (TCO), load factor"
    " (TCH)",
    tag="regions",
)
