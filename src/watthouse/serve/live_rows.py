"""Rows of the stream's documents, as every call of the API gives rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import polars as pl
import pyarrow as pa

from watthouse.catalog import CATALOG
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.attribution import Used
from watthouse.serve.queries.call import RowSet
from watthouse.stream.documents import (
    CO2,
    DIFFERENCE,
    FRANCE,
    LAYOUTS,
    LOAD,
    MIXED,
    NATIONAL,
    PRODUCTION,
    REGIONAL,
    Document,
    Layout,
    dataset_of,
)

_UTC: Final = pl.Datetime("us", "UTC")
_HEADS: Final[Mapping[str, tuple[str, Any, str]]] = {
    "region": ("", pl.String, "INSEE code of the region, FR for France"),
    "name": ("", pl.String, "Its name"),
    "instant": ("UTC", _UTC, "Instant at which the slot begins"),
    "date": ("", pl.String, "Civil date of the slot (Europe/Paris)"),
    "heure": ("", pl.String, "Clock time of the slot (Europe/Paris)"),
    "nature": ("", pl.String, "How settled the slot is"),
    "observed_at": ("UTC", _UTC, "When it was observed at its publisher's"),
}
_MIXES: Final[Mapping[str, tuple[str, Any, str]]] = {
    "mix_instant": ("UTC", _UTC, "Instant at which the newest slot begins of which every source is known"),
    f"mix_{PRODUCTION}": ("MW", pl.Int64, "Production in that slot: all sources"),
    f"mix_{DIFFERENCE}": ("MW", pl.Int64, "Production less consumption in that slot"),
}
_DERIVED: Final[Mapping[str, str]] = {
    PRODUCTION: "Production: all sources; null where one that the day publishes is not known",
    DIFFERENCE: "Production less consumption",
    "balance_residual_mw": "What production, pumping and physical exchanges leave of the load",
}
_UNITS: Final[Mapping[str, str]] = {"_mw": "MW", "_g_kwh": "g/kWh", "_pct": "%"}


def latest(documents: Mapping[str, Document]) -> RowSet:
    """The newest measured slot of France, then of each region."""
    rows = [documents[region] for region in sorted(documents, key=lambda code: (code != FRANCE, code))]
    national, regional = (list(_fields(LAYOUTS[dataset])) for dataset in (NATIONAL, REGIONAL))
    fields = [name for name in dict.fromkeys([*regional, *national]) if name in _SHORT]
    row_set = _row_set("The newest measured slot of France and of each region", rows, fields)
    columns = (*row_set.columns, *(AnswerColumn(name, unit, what) for name, (unit, _, what) in _MIXES.items()))
    return replace(row_set, columns=columns, rows=_with_mixes(row_set.rows, rows))


def _with_mixes(rows: Any, documents: Sequence[Document]) -> pa.Table:
    """With what each place makes in the newest slot of which every source is known, which may be an earlier one."""
    mixes = [each.get(MIXED) or {} for each in documents]
    table: pa.Table = rows
    for name, (_, kind, _) in _MIXES.items():
        values = pl.Series(name, [mix.get(name.removeprefix("mix_")) for mix in mixes], kind)
        table = table.append_column(name, values.to_arrow())
    return table


def of_day(region: str, documents: Sequence[Document]) -> RowSet:
    """The slots of a region's day, in their order; those without any value are not published yet."""
    fields = [*_fields(LAYOUTS[dataset_of(region)])]
    return _row_set("The slots of the newest day", documents, fields)


def frame(documents: Iterable[Document], fields: Iterable[str]) -> pl.DataFrame:
    """The documents as a frame: what each says of its slot, and these fields."""
    schema = {name: kind for name, (_, kind, _) in _HEADS.items()} | {name: _kind(name) for name in fields}
    return pl.DataFrame([{name: each.get(name) for name in schema} for each in documents], schema)


def _row_set(title: str, documents: Sequence[Document], fields: Sequence[str]) -> RowSet:
    columns = [AnswerColumn(name, unit, what) for name, (unit, _, what) in _HEADS.items()]
    columns += [AnswerColumn(name, _unit(name), _MEANINGS[name]) for name in fields]
    return RowSet(title, frame(documents, fields).to_arrow(), tuple(columns), used=used(documents))


def used(documents: Iterable[Document]) -> tuple[Used, ...]:
    """The datasets that documents are of, and their days."""
    days: dict[str, list[date]] = {}
    for each in documents:
        days.setdefault(each["dataset"], []).append(date.fromisoformat(each["date"]))
    return tuple(Used(CATALOG[name], min(of), max(of)) for name, of in sorted(days.items()))


def _fields(layout: Layout) -> Iterable[str]:
    return (*layout.published.values(), *layout.forecasts.values(), *layout.derived)


def _meanings() -> dict[str, str]:
    meanings = dict(_DERIVED)
    for layout in LAYOUTS.values():
        published = {column.name: column.meaning for column in CATALOG[layout.dataset].columns}
        fields = {**layout.published, **layout.forecasts}
        # of a source that regions and France both have, the first meaning will do
        meanings = {field: published[name].capitalize() for name, field in fields.items()} | meanings
        meanings |= {share: f"Share of production: {published[name]}" for name, share in layout.shares.items()}
    return meanings


def _unit(field: str) -> str:
    return "%" if field.startswith("pct_") else next(unit for end, unit in _UNITS.items() if field.endswith(end))


def _kind(field: str) -> Any:
    return pl.Float64 if _unit(field) == "%" else pl.Int64


_MEANINGS: Final = _meanings()
_SHORT: Final = {
    *(LOAD, PRODUCTION, DIFFERENCE, "balance_residual_mw", CO2, "pompage_mw", "ech_physiques_mw"),
    *(f"{source}_mw" for layout in LAYOUTS.values() for source in layout.sources),
    *(share for layout in LAYOUTS.values() for share in layout.shares.values()),
}
"""What there is of a slot without the parts of its sources, batteries, borders, forecasts and load factors."""
