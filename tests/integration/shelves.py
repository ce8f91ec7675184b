"""Places for exports, and exports to put there, for the tests of grab and dump."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.sql import SQL, Identifier

from tests.servers import Bucket

Rows = list[tuple[object, ...]]

GAS = "stock-quotidien-stockages-gaz"


@dataclass(frozen=True)
class Store:
    """A folder or a bucket, as it is named on the command line, and looked into without watthouse."""

    url: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    bucket: Bucket | None = None

    def contents(self) -> dict[str, bytes]:
        """What lies below ``exports``, by name; no locks and leases."""
        if self.folder:
            below = self.folder / "exports"
            found = {
                path.relative_to(below).as_posix(): path.read_bytes() for path in below.rglob("*") if path.is_file()
            }
        else:
            assert self.bucket
            head = self.url.removeprefix(f"{self.bucket.url}/") + "/exports/"
            found = {name.removeprefix(head): content for name, content in self.bucket.contents().items()}
        return {name: content for name, content in found.items() if not name.startswith(".")}

    def files(self) -> dict[str, bytes]:
        """The exports alone."""
        return {name: content for name, content in self.contents().items() if name.endswith(".parquet")}

    def manifest(self, dataset: str) -> dict[str, dict[str, object]]:
        """Month → what the manifest says."""
        found: dict[str, dict[str, object]] = json.loads(self.contents()[f"{dataset}/manifest.json"])["months"]
        return found


def folder(path: Path) -> Store:
    return Store(str(path), folder=path)


def of_bucket(bucket: Bucket) -> Store:
    return Store(f"{bucket.url}/some/where", bucket.variables, bucket=bucket)


def put(store: Path, dataset: str, month: str, rows: pa.Table) -> Path:
    """An export of a month, as if it had been fetched by hand: no manifest knows it."""
    path = store / "exports" / dataset / f"{month}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    return path


def gas(month: str, stock: float = 1.0, days: int = 28, **more: pa.Array) -> pa.Table:
    """Rows of ``stock-quotidien-stockages-gaz``: a day each, of one storage point."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
    dates = [first + timedelta(days=day) for day in range(days)]
    columns = {
        "date": pa.array(dates, pa.date32()),
        "stock_fin_de_journee": pa.array([stock + day for day in range(days)], pa.float64()),
        "source": pa.array(["Storengy"] * days),
        "pits": pa.array(["Saline"] * days),
    }
    return pa.table({**columns, **more})


def note(store: Path, dataset: str, month: str, **changed: object) -> None:
    """An entry in the manifest for a file that was put there, true but for what is ``changed``."""
    path = store / "exports" / dataset / f"{month}.parquet"
    content = path.read_bytes()
    entry = {
        "fetched_at": "2025-01-01T00:00:00Z",
        "url": "http://127.0.0.1/",
        "rows": pq.read_metadata(path).num_rows,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "fingerprint": "f",
        **changed,
    }
    manifest = path.with_name("manifest.json")
    months = json.loads(manifest.read_text())["months"] if manifest.exists() else {}
    manifest.write_text(json.dumps({"dataset": dataset, "data": "published", "months": {**months, month: entry}}))


def published(store: Path) -> Path:
    """A copy of a sample's exports without a word about whose they are."""
    copy = store.with_name(f"{store.name}-published")
    shutil.copytree(store, copy, ignore=shutil.ignore_patterns("manifest.json", ".*", "_*"))
    return copy


def rows_of(files: Iterable[bytes | Path]) -> Rows:
    """All rows of Parquet files, in order, as PostgreSQL's driver would give them."""
    rows: Rows = []
    for file in files:
        table = pq.read_table(pa.BufferReader(file) if isinstance(file, bytes) else file)
        columns = [_plain(column).to_pylist() for column in table.columns]
        rows += zip(*columns, strict=True)
    return sorted(rows, key=repr)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(column.type) else column


def table(url: str, dataset: str) -> Rows:
    """All rows of a table in schema ``raw_exports``, in order."""
    with psycopg.connect(url) as connection:
        connection.execute("set timezone = 'UTC'")
        name = Identifier("raw_exports", dataset.replace("-", "_"))
        found = connection.execute(SQL("select * from {}").format(name)).fetchall()
    return sorted((tuple(map(_utc, row)) for row in found), key=repr)


def tables(url: str) -> dict[str, Rows]:
    """Every table there that holds exports."""
    with psycopg.connect(url) as connection:
        found = connection.execute("select table_name from information_schema.tables where table_schema='raw_exports'")
        names = [str(name) for (name,) in found if name != "files"]
    return {name: table(url, name) for name in names}


def _utc(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo else value


def tracked(url: str) -> Rows:
    """What the table ``files`` says, without when."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select dataset, month, data, sha256, rows from raw_exports.files order by 1, 2"
        ).fetchall()


def upload(store: Store, bucket: Bucket) -> None:
    """Everything of a folder into a bucket, where :func:`of_bucket` has it."""
    place = of_bucket(bucket).url.removeprefix(f"{bucket.url}/")
    for name, content in store.contents().items():
        bucket.put(f"{place}/exports/{name}", content)
