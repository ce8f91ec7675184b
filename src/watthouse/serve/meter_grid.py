"""Meters against the grid, as rows: CO₂, the grid's peak, windows and colours, and bills."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from watthouse.meters import bills, emissions, peaks
from watthouse.meters.intervals import MINUTES_OF
from watthouse.meters.resampling import civil_days
from watthouse.meters.stamps import bounds_of
from watthouse.meters.tariffs import Tariff, Tariffs
from watthouse.meters.windows import by_window, windows_of
from watthouse.serve import meter_columns as columns
from watthouse.serve.meter_rows import Consumption, framed
from watthouse.serve.problems import wrong
from watthouse.serve.queries import attribution, grid_slots
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.meter_params import BillParams, Co2Params, ConsumptionParams, PeakParams, WindowsParams
from watthouse.warehouse.snapshots import Snapshot


class Curves(Protocol):
    """Where curves of consumption come from."""

    @property
    def version(self) -> str: ...

    @property
    def zone(self) -> str: ...

    def consumption(self, meter_code: str, params: ConsumptionParams, /) -> Consumption: ...


class MeterGrid:
    """The answers from one state of the meters' database and one build of the warehouse.

    ``grid`` is None where there is no warehouse yet: what needs none is answered all the same.
    """

    def __init__(self, rows: Curves, grid: Snapshot | None, tariffs: Tariffs | None = None) -> None:
        self._rows, self._grid, self._tariffs = rows, grid, tariffs

    @property
    def version(self) -> str:
        """Changes with every file of readings, every build of the warehouse, and every edit of the tariffs."""
        parts = (self._rows.version, self._grid.version if self._grid else "none")
        return ".".join((*parts, self._tariffs.version) if self._tariffs else parts)

    def co2(self, meter_code: str, params: Co2Params) -> RowSet:
        """A row an interval that has readings: its energy times the CO₂ intensity of the same slots."""
        curve, grid, zone = self._rows.consumption(meter_code, params), self._known_grid, self._rows.zone
        rates, interval = grid_slots.rates(grid, curve.since, curve.until), params.interval.value
        sums = [emissions.emissions(part, rates, interval, zone) for part in curve.parts]
        rows = emissions.added(pl.concat(sums))
        begin, end = bounds_of(curve.since, curve.until, ZoneInfo(zone))
        starts = pl.col("starts").fill_null(pl.lit(begin).dt.convert_time_zone(zone))
        ends = starts.dt.offset_by(emissions.EVERY[interval]) if interval in emissions.EVERY else pl.lit(end)
        length = pl.min_horizontal(ends, pl.lit(end)) - pl.max_horizontal(starts, pl.lit(begin))
        shown = rows.with_columns(
            starts=starts,
            local_time=starts.dt.strftime("%Y-%m-%dT%H:%M:%S%:z"),
            coverage=pl.col("minutes") / (length.dt.total_seconds() / 60),
        )
        return self._framed("CO₂", meter_code, curve, shown, columns.CO2, grid_slots.POWER, interval=interval)

    def peak(self, meter_code: str, params: PeakParams) -> RowSet:
        """A row a civil day that has readings: what of its energy falls into the grid's peak."""
        curve, grid, zone = self._rows.consumption(meter_code, params), self._known_grid, self._rows.zone
        length = params.length.value
        highest = peaks.peaks(grid_slots.loads(grid, curve.since, curve.until), params.slots, length, zone)
        rows = pl.concat([peaks.at_peak(part, highest, length, zone) for part in curve.parts])
        shown = rows.join(civil_days(rows["civil_date"], zone), on="civil_date", maintain_order="left").with_columns(
            peak_share=pl.when(pl.col("energy_kwh") > 0).then(pl.col("peak_kwh") / pl.col("energy_kwh")),
            peak_slots=pl.col("slots").list.eval(pl.element().dt.strftime("%H:%M")).list.join("; "),
            coverage=pl.col("minutes") / pl.col("lasts"),
            peak_coverage=pl.col("peak_minutes") / (params.slots * MINUTES_OF[length]),
        )
        return self._framed("Consumption at the grid's peak", meter_code, curve, shown, columns.PEAK, grid_slots.POWER)

    def windows(self, meter_code: str, params: WindowsParams) -> RowSet:
        """A row a civil day, window and colour."""
        curve, windows = self._rows.consumption(meter_code, params), windows_of(params.off_peak.split(","))
        colours = self._colours(curve)
        rows = pl.concat([by_window(part, windows, colours, self._rows.zone) for part in curve.parts])
        shown = rows.rename({"kwh": "energy_kwh"})
        return self._framed("Consumption by window", meter_code, curve, shown, columns.WINDOWS, grid_slots.COLOURS)

    def bill(self, meter_code: str, params: BillParams) -> RowSet:
        """The lines of a bill a tariff, side by side."""
        curve, zone = self._rows.consumption(meter_code, params), self._rows.zone
        chosen, colours = self._chosen(params.tariff), self._colours(curve)
        parts = [[bills.consumed(part, versions, colours, zone) for versions in chosen] for part in curve.parts]
        used = [bills.added(pl.concat(frames)) for frames in zip(*parts, strict=True)]
        lines = [
            asdict(line)
            for versions, of in zip(chosen, used, strict=True)
            for line in bills.bill(versions, of, curve.since, curve.until, params.shift)
        ]
        schema = {column.name: kind for column, kind in columns.BILL}
        shown = pl.DataFrame(lines, schema)
        return self._framed("Bills", meter_code, curve, shown, columns.BILL, grid_slots.COLOURS)

    @property
    def _known_grid(self) -> Snapshot:
        assert self._grid is not None, "asked with a lease of the warehouse"
        return self._grid

    def _colours(self, curve: Consumption) -> dict[date, str]:
        return grid_slots.colours(self._grid, curve.since, curve.until) if self._grid else {}

    def _chosen(self, name: str | None) -> list[Sequence[Tariff]]:
        declared = self._tariffs.by_name if self._tariffs else {}
        if name is not None and name not in declared:
            raise wrong("tariff", f"there is no tariff '{name[:60]}': the file has {', '.join(declared)}")
        return [versions for named, versions in declared.items() if name in {None, named}]

    def _framed(
        self,
        what: str,
        meter_code: str,
        curve: Consumption,
        rows: pl.DataFrame,
        declared: columns.Columns,
        table: str,
        **more: Any,
    ) -> RowSet:
        """The rows with the days and versions behind them, and whose they are."""
        about = {
            "since": curve.since.isoformat(),
            "until": curve.until.isoformat(),
            "meter_version": self._rows.version,
            "grid_version": self._grid.version if self._grid else None,
            "channels": [one.id for one in curve.channels],
            "data_type": curve.channels[0].data_type,
        }
        row_set = framed(f"{what} of meter {meter_code}", rows, declared, about | more)
        # the night of the first day has the colour of the day before
        earlier = table == grid_slots.COLOURS and curve.since > date.min
        since = curve.since - timedelta(days=earlier)
        used = attribution.used(self._grid, [table], [(since, curve.until)]) if self._grid else ()
        return replace(row_set, used=used)
