"""What a grab or a dump did."""

from dataclasses import dataclass, field

from watthouse.sync.report import Traffic


@dataclass
class Moved:
    """Months of one dataset: how many were taken, with their rows and bytes, and how many were there already."""

    taken: int = 0
    unchanged: int = 0
    rows: int = 0
    bytes: int = 0

    def take(self, rows: int, size: int) -> None:
        """Count a month."""
        self.taken += 1
        self.rows += rows
        self.bytes += size


@dataclass
class ExportReport:
    """What was done by dataset; ``failed`` and ``notes`` are lines by the file or the dataset that they are about.

    ``place`` is where the data went, ``kind`` of which kind they are; ``traffic`` is None where no service was asked.
    """

    place: str
    kind: str | None = None
    by_dataset: dict[str, Moved] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    traffic: Traffic | None = None

    def of(self, dataset_id: str) -> Moved:
        """The figures of a dataset."""
        return self.by_dataset.setdefault(dataset_id, Moved())

    @property
    def taken(self) -> int:
        return sum(moved.taken for moved in self.by_dataset.values())

    @property
    def unchanged(self) -> int:
        return sum(moved.unchanged for moved in self.by_dataset.values())
