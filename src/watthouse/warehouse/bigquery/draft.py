"""A build being made: rows go to dataset ``staging``, models to a dataset that nobody reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.errors import UsageError, WarehouseError
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.transform import Node, Step, steps_as_text
from watthouse.warehouse.base import Loaded
from watthouse.warehouse.bigquery import builds, raw
from watthouse.warehouse.bigquery.project import Project


class BigQueryDraft:
    """A build; ``anew`` says that whatever the raw tables hold is loaded again from the lake."""

    def __init__(self, project: Project, fingerprint: str, folder: Path, *, anew: bool) -> None:
        self._project = project
        self._fingerprint = fingerprint
        self._folder = folder
        self._anew = anew
        self._loads: dict[str, Loaded] = {}

    def begin(self) -> None:
        """Make the datasets."""
        raw.prepare(self._project)
        builds.begin(self._project)
        self._loads = raw.loads(self._project, raw.STAGING)

    def load(self, lake: Lake, dataset: Dataset, head: Head, *, anew: bool = False) -> int:
        known = None if anew or self._anew else self._loads.get(dataset.id)
        if known and known.head == head:
            return 0
        return self._append(lake, dataset, head, known.head if known else None)

    def _append(self, lake: Lake, dataset: Dataset, head: Head, loaded: Head | None) -> int:
        """Raises TableError where the ledger has lost rows, whatever was appended to it since."""
        since, file = loaded.observed_until if loaded else None, self.release() / f"{dataset.table}.parquet"
        try:
            count = raw.arrive(self._project, lake, dataset, head.observed_until, since, file)
        finally:
            file.unlink(missing_ok=True)
        before = head.rows - count  # the ledger's observations up to the last load
        if loaded and before < loaded.rows:
            raise lake.loss(dataset, loaded, before)
        if loaded and before > loaded.rows:  # a repair gave it older observations: what comes after the stamp is short
            return self._append(lake, dataset, head, None)
        raw.settle(self._project, dataset, head, anew=loaded is None)
        return count

    def bring(self, table: str, pieces: Iterable[pa.Table]) -> None:  # noqa: ARG002
        raise UsageError("marts are brought to the file of a home or to PostgreSQL, not to BigQuery: build them there")

    def carry_over(self, dataset: Dataset) -> bool:
        """Raw tables are not of a build: what the lake lacks is still there."""
        return dataset.id in self._loads

    def replay(
        self,
        steps: Sequence[Step],  # noqa: ARG002
        datasets: Iterable[Dataset],  # noqa: ARG002
        on_node: Callable[[Node], None],  # noqa: ARG002
    ) -> list[Node]:
        """Raises: this engine builds everything, with dbt."""
        raise WarehouseError(f"{self._project.place} takes full builds alone: run `watthouse build --full`")

    def describe(self, about: Mapping[str, str]) -> None:
        builds.note(self._project, builds.ABOUT, [{"name": name, "value": value} for name, value in about.items()])

    def release(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def remember(self, steps: Sequence[Step]) -> None:
        text = builds.as_shown(steps_as_text(steps), self._project.place.target)
        built = {"fingerprint": self._fingerprint, "steps": text, "built_at": datetime.now(UTC).isoformat()}
        builds.note(self._project, builds.BUILD, [built])
