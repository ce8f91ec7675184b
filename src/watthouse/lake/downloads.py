"""Downloads of real time: an older one never replaces what a newer one has measured.

Such a file has no date of publication. But it reaches from the end of consolidated data to rows that wait for their
measurement, so the newest slot that is measured in it tells when it was taken: its moment. Of two files that have
measured a slot, the one with the later moment counts, whichever is read first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl

from watthouse.catalog import Dataset
from watthouse.lake.compare import OUTDATED, TURN
from watthouse.lake.spool import Spooled

_RUNS: Final = 100
"""Runs of a download that are told apart; one with more holes counts as if it had none."""
_REACH: Final = "_reach"
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Stretch:
    """Slots from ``since`` to ``until`` (both included, UTC) that were measured in a download of that ``moment``."""

    since: datetime
    until: datetime
    moment: datetime

    def hides(self, other: "Stretch") -> bool:
        """Whether nothing of the other one shows beside it."""
        return self.since <= other.since and other.until <= self.until and other.moment <= self.moment


@dataclass(frozen=True)
class Seen:
    """What the downloads of one dataset had measured, all that are in the lake."""

    stretches: Sequence[Stretch] = ()

    @property
    def moment(self) -> datetime:
        """That of the latest."""
        return max((one.moment for one in self.stretches), default=_EARLIEST)

    def with_these(self, others: Sequence[Stretch]) -> "Seen":
        """The same with those of further downloads; what later ones hide is left out."""
        fresh: list[Stretch] = []
        for one in sorted(others, key=lambda one: (one.moment, one.until), reverse=True):
            if not any(later.hides(one) for later in (*self.stretches, *fresh)):
                fresh.append(one)
        kept = [one for one in self.stretches if not any(later.hides(one) for later in fresh)]
        return Seen((*kept, *fresh))

    def later_than(self, moment: datetime) -> pl.DataFrame:
        """Those of later downloads by ``since``, each with the end of the last that began until then."""
        later = sorted((one.since, one.until) for one in self.stretches if one.moment > moment)
        kind = pl.Datetime("us", "UTC")
        stretches = pl.DataFrame(later, schema={"since": kind, _REACH: kind}, orient="row")
        return stretches.with_columns(pl.col(_REACH).cum_max())


NOTHING: Final = Seen()


@dataclass(frozen=True)
class Downloads:
    """Documents of a dataset in the order of their moments, and what was ``seen`` before them.

    Documents of other datasets, and those in which nothing is measured, have no moment: they come as they were given,
    and nothing of them is outdated.
    """

    dataset: Dataset
    documents: Sequence[Spooled]
    seen: Seen

    @classmethod
    def of(cls, dataset: Dataset, documents: Sequence[Spooled], seen: Seen) -> "Downloads":
        """The documents with their turns by moment; those of one moment keep their order."""
        if not any(one.moment for one in documents):
            return cls(dataset, documents, seen)
        by_moment = sorted(documents, key=lambda one: (one.moment or _EARLIEST, one.turn))
        turns = {turn: place for place, turn in enumerate(dict.fromkeys(one.turn for one in by_moment))}
        return cls(dataset, [one.at(turns[one.turn]) for one in by_moment], seen)

    def marked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of these documents (with their turn), in any order, with :data:`~watthouse.lake.compare.OUTDATED`."""
        moments = {one.turn: one.moment for one in self.documents if one.moment and one.moment < self.seen.moment}
        if not moments:
            return rows
        parts = [self._marked(part, moments.get(part.item(0, TURN))) for part in rows.partition_by(TURN)]
        return pl.concat(parts) if parts else self._marked(rows, None)

    def _marked(self, rows: pl.DataFrame, moment: datetime | None) -> pl.DataFrame:
        if moment is None:
            return rows.with_columns(pl.lit(value=False).alias(OUTDATED))
        time, names = self.dataset.time, rows.columns
        later = self.seen.later_than(moment)
        joined = rows.sort(time).join_asof(later, left_on=time, right_on="since", strategy="backward")
        hidden = (pl.col(time) <= pl.col(_REACH)).fill_null(value=False)
        # what nobody had measured yet is a forecast: that of the latest download counts
        unmeasured = pl.col(self.dataset.measured).is_null()
        return joined.select(*names, (unmeasured | hidden).alias(OUTDATED))

    def stretches(self) -> list[Stretch]:
        """What is measured in the downloads among these documents."""
        return [
            Stretch(since, until, one.moment)
            for one in self.documents
            if one.moment
            for since, until in _runs(self.dataset, one)
        ]


def _runs(dataset: Dataset, document: Spooled) -> list[tuple[datetime, datetime]]:
    """First and last slot of each run without a hole; of a slot that is measured in one region, all of it counts."""
    time = pl.col(dataset.time)
    rows = pl.scan_parquet(document.path, glob=False, hive_partitioning=False)
    slots = rows.filter(pl.col(dataset.measured).is_not_null()).select(time.unique().sort())
    run = (time.diff() > dataset.step).fill_null(value=True).cum_sum()
    runs = slots.group_by(run.alias("run")).agg(time.min().alias("since"), time.max().alias("until"))
    found = [(since, until) for since, until in runs.select("since", "until").collect().iter_rows()]
    return found if len(found) <= _RUNS else [(min(found)[0], max(found)[1])]
