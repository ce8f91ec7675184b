"""The contract: rows with technical names → rows in exactly the catalog's shape, or one line that says why not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl
import pyarrow as pa

from watthouse.catalog import REGIONS, Dataset, Kind
from watthouse.clock import civil_date_of, heure_of, instant_of
from watthouse.errors import ContractError, SourceError, shown
from watthouse.sources.base import Piece
from watthouse.sources.casts import NAIVE, cast_frame
from watthouse.sources.cells import Writing, fold
from watthouse.sources.headers import EXTRA, Layout, refuse_missing_keys
from watthouse.sources.limits import CELL_BYTES
from watthouse.sources.routing import CODES, by_dataset

PHANTOM: Final = "phantom spring hour"
CLOCK: Final = "date and heure disagree with date_heure"
HALF_HOURS: Final = "empty slot between two half hours"
OFF_GRID: Final = "off the quarter hour"

_DISCLAIMER: Final = r"^\W*(RTE ne pourra|L\Wensemble des informations disponibles)\b"
_REASON = "_reason"
_CLOCKWORK: Final = {"date_heure": pl.Datetime("us", "UTC"), "date": pl.Date(), "heure": pl.String()}
_MEASURES: Final = frozenset({Kind.WHOLE, Kind.RATE, Kind.TEMPERATURE, Kind.STOCK})
_CORRECT: Final = ": correct the file or export it again"


def pieces(layout: Layout, batch: pl.DataFrame, origin: str, position: int) -> list[Piece]:
    """The rows of a document's ``batch`` (technical names) under contract: one piece a dataset that it has rows of.

    RTE's closing sentence, which re-saves keep as a row, is left out.
    """
    batch = _with_short_extras(batch)
    _refuse_long_texts(batch, origin)
    batch = _without_disclaimer(batch, min(layout.positions, key=lambda name: layout.positions[name]))
    return [
        apply(dataset, rows, origin, notes=layout.notes, position=position, writing=layout.writing)
        for dataset, rows in by_dataset(layout.family, batch, origin)
    ]


def apply(
    dataset: Dataset,
    batch: pl.DataFrame,
    origin: str,
    *,
    notes: Sequence[str] = (),
    position: int = 0,
    writing: Writing | None = None,
) -> Piece:
    """Cast a batch to ``dataset.schema``, derive what the document lacks, and drop the rows that are not slots.

    The columns of ``batch`` are technical names; their values may be text or typed; columns the catalog does not
    declare are ignored. Dropped and counted: the phantom spring hour, rows whose key is null, and wholly empty rows
    off the dataset's grid. ``writing`` is what is known of how the document writes its numbers.

    Raises :class:`~watthouse.errors.ContractError` that names dataset, column and ``origin`` for a key column that is
    missing, a value its column cannot hold as it is written, an unknown region or nature.
    """
    refuse_missing_keys(dataset, batch.columns, origin)
    frame = cast_frame(dataset, batch, origin, writing or Writing())
    frame = _with_instants(dataset, _with_regions(dataset, frame, origin), origin)
    slots, dropped = _slots(dataset, frame)
    present = frozenset(slots.columns)
    return Piece(dataset, _shaped(dataset, slots), present, batch.height, dropped, tuple(notes), position)


def _with_short_extras(batch: pl.DataFrame) -> pl.DataFrame:
    """Texts of columns that are only looked at for names of places cut to what no name is longer than."""
    # an outline of each region (geo_shape) that somebody joined has hundreds of kilobytes, and is left out all the same
    extras = [name for name, kind in batch.schema.items() if name.startswith(EXTRA) and kind == pl.String]
    return batch.with_columns(pl.col(extras).str.head(CELL_BYTES // 4)) if extras else batch


def _refuse_long_texts(batch: pl.DataFrame, origin: str) -> None:
    """Raise for a text that is longer than any value: every cast that follows would hold it several times."""
    longest = batch.select(pl.col(pl.String).str.len_bytes().max())
    for name, length in zip(longest.columns, longest.row(0), strict=True) if longest.width else ():
        if (length or 0) > CELL_BYTES:
            raise SourceError(
                f"{origin}: column '{shown(name)}' has a text of {length:,} bytes, as no export has: correct the file"
            )


def _without_disclaimer(batch: pl.DataFrame, first: str) -> pl.DataFrame:
    if batch.schema[first] != pl.String:
        return batch
    closing = pl.col(first).str.contains(_DISCLAIMER).fill_null(value=False)
    return batch.filter(~closing) if batch.select(closing.any()).item() else batch


def _with_regions(dataset: Dataset, frame: pl.DataFrame, origin: str) -> pl.DataFrame:
    """INSEE code and official name, whichever of the two was there; the code wins over a spelling."""
    # Names change between vintages (Grand-Est, Grand Est; Ile-de-France, Île-de-France); only the code is stable.
    if Kind.REGION not in {column.kind for column in dataset.columns}:
        return frame
    code, name = (next(c.name for c in dataset.columns if c.kind is kind) for kind in (Kind.REGION, Kind.REGION_NAME))
    for lacking in {code, name} - set(frame.columns):
        frame = frame.with_columns(pl.lit(None, pl.String).alias(lacking))
    pairs = frame.select(code, name).unique()
    codes = pl.Series(
        [_code_of(dataset, its_code, its_name, origin) for its_code, its_name in pairs.iter_rows()], dtype=pl.String
    )
    frame = frame.join(
        pairs.with_columns(codes.alias("_code")), on=[code, name], how="left", nulls_equal=True, maintain_order="left"
    )
    official = pl.col("_code").replace_strict(REGIONS, default=None, return_dtype=pl.String)
    return frame.with_columns(pl.col("_code").alias(code), official.alias(name)).drop("_code")


def _code_of(dataset: Dataset, code: str | None, name: str | None, origin: str) -> str | None:
    by_name = CODES.get(fold(name)) if name else None
    if code and code not in REGIONS:
        raise ContractError(f"{origin}: {dataset.id}: '{code}' is not the INSEE code of a region of France{_CORRECT}")
    if name and not code and not by_name:
        raise ContractError(f"{origin}: {dataset.id}: '{shown(name)}' is not the name of a region of France{_CORRECT}")
    if code and by_name and code != by_name:
        raise ContractError(
            f"{origin}: {dataset.id}: region '{shown(name)}' has the INSEE code {code} beside it, which is another's"
            f"{_CORRECT}"
        )
    return code or by_name


def _with_instants(dataset: Dataset, frame: pl.DataFrame, origin: str) -> pl.DataFrame:
    """``date_heure`` from the civil clock where it is missing or lacks its offset, and the civil clock from it."""
    if "date_heure" not in dataset.names:
        return frame
    for name in _CLOCKWORK:
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, _CLOCKWORK[name]).alias(name))
    # Regions share their clock: what it says is found once for all of them.
    told = frame.select(*_CLOCKWORK).unique()
    told = told.with_columns(instant_of(pl.col("date"), pl.col("heure")).alias("_slot"))
    told = told.with_columns(_second_pass(pl.coalesce("date_heure", "_slot")).alias("_instant"))
    _refuse_ambiguous(dataset, frame, origin)
    instant = pl.col("_instant")
    told = told.with_columns(
        _reason_of_clock(instant),
        pl.coalesce("date", civil_date_of(instant)).alias("_date"),
        pl.coalesce("heure", heure_of(instant)).alias("_heure"),
    )
    frame = frame.join(told, on=list(_CLOCKWORK), how="left", nulls_equal=True, maintain_order="left")
    found = {"date_heure": "_instant", "date": "_date", "heure": "_heure"}
    return frame.with_columns(pl.col(new).alias(name) for name, new in found.items()).drop(found.values())


def _second_pass(instant: pl.Expr) -> pl.Expr:
    """The repeated autumn hour is published once: stamped with its first pass, it is the second all the same."""
    # ODRÉ never has the instants 00:00 to 00:45 UTC of that night. An export that does would give the ledger a second
    # key for the same measurement, and the marts an hour that counts twice.
    return (
        pl.when(heure_of(instant) == heure_of(instant.dt.offset_by("1h")))
        .then(instant.dt.offset_by("1h"))
        .otherwise(instant)
    )


def _refuse_ambiguous(dataset: Dataset, frame: pl.DataFrame, origin: str) -> None:
    """Raise for an instant without an offset and no civil clock beside it: it could be an hour or two off."""
    if NAIVE not in frame.columns:
        return
    ambiguous = pl.col(NAIVE) & (pl.col("date").is_null() | pl.col("heure").is_null())
    if frame.select(ambiguous.any()).item():
        raise ContractError(
            f"{origin}: column date_heure of {dataset.id} has no offset from UTC, and no date and heure beside it:"
            " export it again with its offset"
        )


def _reason_of_clock(instant: pl.Expr) -> pl.Expr:
    """Why a row of this ``instant`` is not a slot of the civil clock; null where it is one."""
    # RTE publishes 96 slots on the spring day too, and fills 02:00 to 02:45 with copies of 01:xx under the instants of
    # 03:xx. Of the two rows of an instant, the one whose clock Paris showed is the measurement.
    date, heure = pl.col("date"), pl.col("heure")
    has_clock = date.is_not_null() & heure.is_not_null()
    differs = (date != civil_date_of(instant)) | (heure != heure_of(instant))
    return (
        pl.when(has_clock & pl.col("_slot").is_null())
        .then(pl.lit(PHANTOM))
        .when(differs)
        .then(pl.lit(CLOCK))
        .otherwise(pl.lit(None, pl.String))
        .alias(_REASON)
    )


def _slots(dataset: Dataset, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    reasons = [pl.col(_REASON)] if _REASON in frame.columns else []
    reasons += [pl.when(pl.col(name).is_null()).then(pl.lit(f"no {name}")) for name in dataset.identity]
    if dataset.grid < timedelta(days=1):
        reasons.append(_reason_of_grid(dataset, frame))
    frame = frame.with_columns(pl.coalesce(reasons).alias(_REASON))
    left_out = frame.get_column(_REASON).drop_nulls()
    slots = frame.filter(pl.col(_REASON).is_null()) if len(left_out) else frame
    dropped = dict(left_out.value_counts(sort=True).iter_rows())
    return slots.drop(_REASON, NAIVE, "_slot", strict=False), dropped


def _reason_of_grid(dataset: Dataset, frame: pl.DataFrame) -> pl.Expr:
    """No slot begins off the quarter hour; one between two half hours is dropped unless it carries a value.

    RTE's half-hourly files have all four quarters.
    """
    # The rows at :15 and :45 of consolidated data are not all empty: they carry forecasts, and since 27 June 2024
    # commercial exchanges.
    measures = [column.name for column in dataset.columns if column.kind in _MEASURES and column.name in frame.columns]
    empty = pl.all_horizontal(pl.col(name).is_null() for name in measures) if measures else pl.lit(value=True)
    return (
        pl.when(_off(timedelta(minutes=15)))
        .then(pl.lit(OFF_GRID))
        .when(_off(dataset.grid) & empty)
        .then(pl.lit(HALF_HOURS))
    )


def _off(grid: timedelta) -> pl.Expr:
    return pl.col("date_heure").dt.truncate(grid) != pl.col("date_heure")


def _shaped(dataset: Dataset, frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in dataset.schema
    ]
    return pa.table(columns, schema=dataset.schema)
