"""A warehouse being written: the folder of a build that nobody reads yet."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.errors import UsageError, WarehouseError
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import Head
from watthouse.transform import Node, Step, steps_as_text
from watthouse.warehouse.base import Loaded
from watthouse.warehouse.spark.builds import Published

ORDER: Final = "raw.json"
"""What the process that builds finds in its folder: where raw tables lie, and up to which observation they count."""


class SparkDraft:
    """A build in ``folder``. ``before`` is the one that is read meanwhile, None where there is none.

    Nothing is copied: a raw table is a view of the lake's own, as of one version. An ``empty`` draft does not mind what
    the lake has lost since the build before.
    """

    def __init__(self, folder: Path, before: Published | None, fingerprint: str, *, empty: bool) -> None:
        self.folder = folder
        self._before = before
        self._fingerprint = fingerprint
        self._empty = empty
        self._loads: dict[str, Loaded] = {}
        self._places: dict[str, str] = {}
        self._about: Mapping[str, str] = {}
        self._steps: Sequence[Step] = ()

    def load(self, lake: Lake, dataset: Dataset, head: Head, *, anew: bool = False) -> int:
        """Have the raw table be the lake's, up to ``head``."""
        if lake.place.is_shared:
            raise UsageError(
                f"Spark reads the lake where it lies, and {lake.place} is a bucket: keep the lake in a folder that all"
                " of its machines see, or build elsewhere"
            )
        lake.local_files(dataset)  # refuses a damaged one, which Spark would take for what it is
        loaded = None if self._empty or anew else self._loaded_before(dataset)
        if loaded:
            _refuse_loss(lake, dataset, loaded)
        self._loads[dataset.id] = Loaded(head, datetime.now(UTC))
        self._places[dataset.id] = str(Path(lake.uri(dataset)).absolute())
        return head.rows - (loaded.rows if loaded else 0)

    def bring(self, table: str, pieces: Iterable[pa.Table]) -> None:  # noqa: ARG002 - of none
        raise UsageError("marts are brought to the file of a home or to PostgreSQL, not to Spark: build them there")

    def carry_over(self, dataset: Dataset) -> bool:
        """Raises where the table is published: nothing was copied that could be taken from there."""
        if self._loaded_before(dataset):
            raise WarehouseError(
                f"Spark reads {dataset.id} where it lies in the lake, and cannot: see `watthouse repair`; the warehouse"
                " stays as it was"
            )
        return False

    def replay(
        self,
        steps: Sequence[Step],  # noqa: ARG002
        datasets: Iterable[Dataset],  # noqa: ARG002
        on_node: Callable[[Node], None],  # noqa: ARG002
    ) -> list[Node]:
        """Raises: this engine builds everything, with dbt."""
        raise WarehouseError(f"{self.folder.parent} takes full builds alone: run `watthouse build --full`")

    def describe(self, about: Mapping[str, str]) -> None:
        self._about = about

    def release(self) -> Path:
        tables = {
            name: {
                "uri": self._places[name],
                "version": load.head.version,
                "until": load.head.observed_until.isoformat(),
            }
            for name, load in self._loads.items()
        }
        (self.folder / ORDER).write_text(json.dumps(tables), encoding="utf-8")
        return self.folder

    def remember(self, steps: Sequence[Step]) -> None:
        self._steps = steps

    def finish(self) -> Published:
        """The whole build."""
        text = steps_as_text(self._steps)
        build = Published(self.folder, self._fingerprint, text, dict(self._about), dict(self._loads))
        build.write()
        return build

    def _loaded_before(self, dataset: Dataset) -> Head | None:
        load = self._before.loads.get(dataset.id) if self._before else None
        return load.head if load else None


def _refuse_loss(lake: Lake, dataset: Dataset, loaded: Head) -> None:
    """Raise :class:`~watthouse.errors.TableError` where the ledger lacks observations that were built from before."""
    known = lake.scan(dataset).filter(pl.col(OBSERVED_AT) <= loaded.observed_until)
    held = int(known.select(pl.len()).collect().item())
    if held < loaded.rows:
        raise lake.loss(dataset, loaded, held)
