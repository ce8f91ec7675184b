"""What a dataset declares of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

import pyarrow as pa

from watthouse.catalog.columns import Column

LICENCE: Final = "Licence Ouverte / Open Licence 2.0 (Etalab)"
LICENCE_URL: Final = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
PORTAL: Final = "ODRÉ (Open Data Réseaux Énergies)"
PORTAL_URL: Final = "https://odre.opendatasoft.com"


@dataclass(frozen=True)
class Dataset:
    """A published dataset.

    ``key`` names one published slot; ``version`` (where there is one) the column that tells settled from provisional
    rows of that slot, so ``identity`` = key + version is one line of the ledger. ``time`` is the column the lake is
    partitioned by. ``measured`` is the column whose value makes a row a measurement. ``signature`` are the columns by
    which a file is known to be of this dataset; ``versions`` the values of ``version`` it holds. ``step`` is the
    duration of a measurement; ``grid`` the distance of published rows. Fresh rows arrive every ``cadence``, ``lag``
    after the slot they measure. What is younger than ``revision_window`` may be revised any time; a dataset with a
    ``sweep`` is small and restless enough to be fetched whole that often, whatever its fingerprints say. A file of a
    ``dated`` one shows it as it stood at the newest slot that is measured in the file. One that is not ``live`` is
    never asked of the service: it comes by files alone, from ``page``. Every dataset has a column ``date``, the civil
    day.
    """

    id: str
    title: str
    grain: str
    key: tuple[str, ...]
    time: str
    measured: str
    columns: tuple[Column, ...]
    signature: frozenset[str]
    cadence: timedelta
    lag: timedelta
    revision_window: timedelta
    publisher: str
    since: str
    version: str | None = None
    versions: tuple[str, ...] = ()
    step: timedelta = timedelta(days=1)
    grid: timedelta = timedelta(days=1)
    licence: str = LICENCE
    source: str = PORTAL
    notes: str = ""
    sweep: timedelta | None = None
    dated: bool = False
    live: bool = True
    page: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    @property
    def poll_interval(self) -> timedelta:
        """How often it is worth asking whether it moved: at its cadence, and daily where that is not announced."""
        # settled data arrives by the quarter or the year without notice, so it is asked for daily
        return min(self.cadence, timedelta(days=1))

    @property
    def address(self) -> str:
        """Where its publisher shows it: a URL."""
        return self.page or f"{PORTAL_URL}/explore/dataset/{self.id}/"

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """The columns that name one line of the ledger: the key, and the version where there is one."""
        # a consolidated row does not replace the real-time one: both stay in the ledger
        return (*self.key, self.version) if self.version else self.key

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.by_name)

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """The columns that are compared: all but the identity."""
        return tuple(name for name in self.names if name not in self.identity)

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.kind.arrow) for column in self.columns])

    @cached_property
    def table(self) -> str:
        """The dataset's name in the warehouse's ``raw`` schema and in dbt."""
        return self.id.replace("-", "_")
