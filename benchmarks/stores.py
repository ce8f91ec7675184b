"""The lake in a bucket beside one on the disk; published files into PostgreSQL: `watthouse dump` beside others' ways.

Every way ends with the same rows in a table of the same columns, in one server over its socket. The limit is
`COPY … TO` and `COPY … FROM` of a binary file inside the server: no client, no Parquet, no network.
"""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import generate, lakes
from benchmarks.database import postgres
from benchmarks.measure import Run, run, timed, watthouse
from benchmarks.results import put

HEADING: Final = "## Buckets and servers"
DATASET: Final = "eco2mix-regional-cons-def"
TABLE: Final = "raw_exports.eco2mix_regional_cons_def"
LAST: Final = date(2025, 12, 31)
ROUNDS: Final = 3
FEW: Final = {"to_sql": 400_000, "to_sql_multi": 50_000, "sqlalchemy": 200_000}
"""Rows for the ways that would take minutes over all of them: enough that their start-up does not count."""
_CHUNK: Final = 1_000


@dataclass(frozen=True)
class Way:
    """How one way did: rows a second of each round, and the peak memory of its processes where that was watched."""

    name: str
    rows: int
    seconds: Sequence[float]
    peak_mb: float | None = None

    @property
    def took(self) -> float:
        return median(self.seconds)

    @property
    def rate(self) -> float:
        return self.rows / self.took


def section(exports: Path | None = None) -> str:
    """What was measured, as a section of RESULTS.md; ``exports`` are the files of 13 years, made if not given."""
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        exports = exports or generate.exports(scratch / "exports", generate.FIRST, (LAST - generate.FIRST).days + 1)
        shared = lakes.table(exports, scratch)
    again = "`python -m benchmarks.stores` alone measures this again: whole commands, start-up included."
    return "\n".join([HEADING, "", *shared, "", *dump(), "", again, ""])


def dump() -> list[str]:
    """The table's lines: each way, in turn."""
    with TemporaryDirectory(dir="/tmp") as folder, postgres() as socket:
        store = Path(folder)
        Path(folder).chmod(0o755)
        rows = months(store)
        url = f"postgresql:///postgres?host={socket}&user=postgres"
        loads, copies = [], []
        for _ in range(ROUNDS):  # in turn, as others may be at work on this machine
            loads.append(_dumped(store, url))
            copies.append(_copied(url, socket))
        own = Way("`watthouse dump`", rows, [one.seconds for one in loads], max(one.peak_mb for one in loads))
        limit = Way("the server's own binary COPY, out and in again", rows, [sum(pair) for pair in copies])
        inward = Way("… in again alone", rows, [pair[1] for pair in copies])
        others = [_other(name, store, url) for name in WAYS]
        ratios = [load.seconds / sum(pair) for load, pair in zip(loads, copies, strict=True)]
    return _lines(own, limit, inward, others, median(ratios))


def months(store: Path) -> int:
    """Thirteen years of regional half hours as exports of a month each, rows in any order; returns how many rows."""
    first = generate.FIRST
    rows = generate.regional(first, (LAST - first).days + 1)
    month = pl.col("date_heure").dt.convert_time_zone("UTC").dt.strftime("%Y-%m").alias("month")
    folder = store / "exports" / DATASET
    folder.mkdir(parents=True)
    for (name,), part in rows.with_columns(month).partition_by("month", as_dict=True).items():
        table = (
            part.drop("month").sample(fraction=1, shuffle=True, seed=1).to_arrow(compat_level=pl.CompatLevel.oldest())
        )
        plain = [one.with_type(pa.string()) if pa.types.is_large_string(one.type) else one for one in table.schema]
        pq.write_table(table.cast(pa.schema(plain)), folder / f"{name}.parquet", compression="lz4")
    return rows.height


def _dumped(store: Path, url: str) -> Run:
    """The whole command, start-up included, into an empty database."""
    _execute(url, "drop schema if exists raw_exports cascade", "checkpoint")
    words = ("dump", "--from-store", str(store))
    return watthouse(*words, home=store / "home", environment={"WATTHOUSE_DUMP_URL": url})


def _copied(url: str, folder: str) -> tuple[float, float]:
    """The same table out to a file of the server, and in again to a second one."""
    file = f"{folder}/t.bin"
    _execute(url, f"create table raw_exports.again (like {TABLE})", "checkpoint")
    with timed() as out:
        _execute(url, f"copy {TABLE} to '{file}' binary")
    with timed() as back:
        _execute(url, f"copy raw_exports.again from '{file}' binary")
    _execute(url, "drop table raw_exports.again")
    return out[0], back[0]


def _other(name: str, store: Path, url: str) -> Way:
    """A way that people write, in a process of its own."""
    _execute(url, "drop table if exists other", f"create table other (like {TABLE})", "checkpoint")
    rows = FEW.get(name) or _count(url, TABLE)
    done = run([sys.executable, "-m", "benchmarks.stores", name, str(store), url])
    if (held := _count(url, "other")) != rows:
        raise SystemExit(f"{name} left {held} of {rows} rows")
    return Way(WAYS[name][0], rows, [done.seconds], done.peak_mb)


def _frames(store: Path) -> Iterator[Any]:
    """Months as pandas has them."""
    for path in sorted((store / "exports" / DATASET).glob("*.parquet")):
        yield pq.read_table(path).to_pandas()


def _few(store: Path, left: int) -> Iterator[Any]:
    for frame in _frames(store):
        yield frame.head(left)
        left -= min(left, len(frame))
        if not left:
            return


def _engine(url: str) -> Any:
    from sqlalchemy import create_engine

    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))


def to_sql(store: Path, url: str) -> None:
    """What pandas does without being told how."""
    engine = _engine(url)
    for frame in _few(store, FEW["to_sql"]):
        frame.to_sql("other", engine, if_exists="append", index=False)


def to_sql_multi(store: Path, url: str) -> None:
    """Many rows a statement, as many as its 65,535 parameters allow."""
    engine = _engine(url)
    for frame in _few(store, FEW["to_sql_multi"]):
        frame.to_sql("other", engine, if_exists="append", index=False, method="multi", chunksize=_CHUNK)


def sqlalchemy(store: Path, url: str) -> None:
    """Core's insert of many rows."""
    from sqlalchemy import MetaData, Table, insert

    engine = _engine(url)
    table = Table("other", MetaData(), autoload_with=engine)
    for frame in _few(store, FEW["sqlalchemy"]):
        with engine.begin() as connection:
            connection.execute(insert(table), frame.astype(object).where(frame.notna(), None).to_dict("records"))


def copy_csv(store: Path, url: str) -> None:
    """COPY of the CSV that pandas writes, a month at a time."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for frame in _frames(store):
            text = io.StringIO()
            frame.to_csv(text, index=False, header=False)
            with cursor.copy("copy other from stdin with (format csv)") as copy:
                copy.write(text.getvalue())


WAYS: Final[dict[str, tuple[str, Callable[[Path, str], None]]]] = {
    "to_sql": ("`pandas.to_sql`", to_sql),
    "to_sql_multi": ('`pandas.to_sql(method="multi")`', to_sql_multi),
    "sqlalchemy": ("SQLAlchemy, `insert` of many rows", sqlalchemy),
    "copy_csv": ("`COPY … (format csv)` of pandas' CSV", copy_csv),
}


def _lines(own: Way, limit: Way, inward: Way, others: Sequence[Way], ratio: float) -> list[str]:
    usual = others[0]
    against = f"{ratio:.2f} × the limit, target ≤ 1.2; {own.rate / usual.rate:.1f} × `to_sql`, target ≥ 15"
    return [
        "| 13 years of regional half hours, a Parquet file a month | rows | s | rows/s | peak memory, MB | against |",
        "|---|---:|---:|---:|---:|---|",
        _line(own, against),
        _line(limit, "the limit"),
        _line(inward, f"{own.took / inward.took:.2f} × for `watthouse dump`"),
        *(_line(way, f"{own.rate / way.rate:.1f} × slower a row") for way in others),
        "",
        f"`watthouse dump` and COPY in turn, medians of {ROUNDS}. The ways that would take minutes had fewer rows.",
    ]


def _line(way: Way, against: str) -> str:
    peak = "" if way.peak_mb is None else f"{way.peak_mb:,.0f}"
    return f"| {way.name} | {way.rows:,} | {way.took:.1f} | {way.rate:,.0f} | {peak} | {against} |"


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(f"select count(*) from {table}").fetchone()  # type: ignore[call-overload]
        return int(found[0]) if found else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        WAYS[sys.argv[1]][1](Path(sys.argv[2]), sys.argv[3])
    else:
        text = section()
        print(text)
        put(text)
