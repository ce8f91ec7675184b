"""The synthetic ODRÉ for tests: served over HTTP from this process, its clock and its troubles at hand."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

from tests.support import watthouse
from watthouse.catalog import live
from watthouse.sample.publishing import Publisher
from watthouse.sample.server import Sample, serving

_CONTROL = httpx.Client()


@dataclass(frozen=True)
class Service:
    """A running sample: its address, and what may be done to it."""

    url: str
    publisher: Publisher
    sample: Sample

    @property
    def variables(self) -> dict[str, str]:
        return {"WATTHOUSE_ODRE_URL": self.url, "WATTHOUSE_RETRY_SECONDS": "0.02"}

    @property
    def requests(self) -> int:
        """How often it was asked so far."""
        return self.sample.requests.total()

    def at(self, now: datetime) -> None:
        """Move its clock."""
        self._control("clock", {"now": now.isoformat()})

    def trouble(self, troubles: str) -> None:
        """From now on, this goes wrong."""
        self._control("trouble", {"troubles": troubles})

    def exports(self, folder: Path, now: datetime, names: Iterable[str] = tuple(live())) -> Path:
        """The service's own tables at a moment, as Parquet files, past any HTTP."""
        folder.mkdir(parents=True)
        for name in names:
            self.publisher.table(name, now).write_parquet(folder / f"{name}.parquet")
        return folder

    def _control(self, what: str, said: dict[str, str]) -> None:
        _CONTROL.post(f"{self.url.removesuffix('/api/explore/v2.1')}/sample/{what}", json=said).raise_for_status()


@contextmanager
def service(since: date, now: datetime, seed: int = 0) -> Iterator[Service]:
    """A sample of its own, on a free port."""
    publisher = Publisher(seed, since)
    sample = Sample(publisher, now=now)
    with serving(sample) as url:
        yield Service(url, publisher, sample)


def built_from_tables(served: Service, folder: Path, now: datetime, names: Iterable[str] = tuple(live())) -> Path:
    """A home built from the service's own tables at a moment, read as files."""
    home = folder / "from-tables"
    done = watthouse(home, "refresh", "--from", served.exports(folder / "exports", now, names))
    assert done.returncode == 0, done.stderr
    return home


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
