"""Enedis' load curve: a stamp and the mean power of the step that ends there, with or without lines about the meter.

```
Identifiant PRM;Type de donnees;…;Grandeur physique;Grandeur metier;Etape metier;Unite;Pas en minutes
01234567890123;Courbe de charge;…;Energie active;Consommation;Comptage Brut;W;30
Horodate;Valeur
2024-07-01T00:30:00+02:00;334
```
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

import polars as pl

from watthouse.errors import SourceError
from watthouse.meters.layouts.base import INTERVAL, fold
from watthouse.meters.layouts.cells import readings
from watthouse.meters.lines import BLOCK_BYTES, Block
from watthouse.meters.readings import Batch
from watthouse.meters.stamps import MeterClock

_ABOUT: Final = "identifiantprm;"
_VALUES: Final = "horodate;valeur"
_PRM: Final = re.compile(r"(?<!\d)\d{14}(?!\d)")
_STEP: Final = re.compile(r"PT(\d+)M", re.ASCII)
_USUAL_MINUTES: Final = 30
"""The step at which a Linky meter records its load curve unless told otherwise (Enedis, data of a Linky meter)."""
_LONGEST_STEP: Final = 24 * 60
_EXTRA: Final = {"nature": "quality", "indicedevraisemblance": "status", "pas": "step"}
"""Columns that newer exports have after the value."""
_OFFSET: Final = r"(?:Z|[+-]\d{2}:?\d{2})$"


class EnedisLoadCurve:
    """The layout: ``Horodate;Valeur``, where the stamp is the end of the step [W, mean of the step]."""

    name = "enedis-load-curve"
    block_bytes = BLOCK_BYTES

    def opens(self, folded: str) -> bool:
        return folded.startswith((_ABOUT, _VALUES))

    def reader(self, head: Sequence[str], clock: MeterClock, name: str) -> "_EnedisReader":
        at = next((at for at, line in enumerate(head) if fold(line).startswith(_VALUES)), None)
        if at is None:
            raise SourceError(f"{name}: has no line Horodate;Valeur: export the load curve again")
        about: dict[str, str] = {}
        if at >= 2:
            about = dict(zip(fold(head[at - 2]).split(";"), head[at - 1].split(";"), strict=False))
        meter = about.get("identifiantprm", "").strip() or next(iter(_PRM.findall(name)), "")
        if not meter:
            raise SourceError(f"{name}: does not say of which meter it is: put the 14 digits of its PRM into its name")
        columns = ("written", "energy", *_more_columns(fold(head[at]).split(";")[2:]))
        return _EnedisReader(clock, name, at + 1, columns, meter, about, _step(head[at + 1 :], about))


LAYOUT: Final = EnedisLoadCurve()


@dataclass(frozen=True)
class _EnedisReader:
    clock: MeterClock
    origin: str
    header_line: int
    columns: tuple[str, ...]
    meter: str
    about: dict[str, str]
    minutes: int

    def read(self, block: Block) -> Batch:
        cells, rejects = block.cells(self.columns, ";")
        known = pl.col("line") > self.header_line
        named = pl.col("step").str.extract(_STEP.pattern) if "step" in self.columns else pl.lit(None, pl.String)
        minutes = named.cast(pl.Int32, strict=False)
        what = " ".join(self.about.get(name, "") for name in ("grandeurphysique", "grandeurmetier")).strip()
        cells = cells.filter(known).with_columns(
            kind=pl.lit(INTERVAL),
            meter_code=pl.lit(self.meter),
            data_type=pl.lit(what or "Courbe de charge"),
            units=pl.lit(self.about.get("unite", "").strip() or "W"),
            minutes=pl.when(minutes.is_between(1, _LONGEST_STEP)).then(minutes).otherwise(self.minutes),
            note=pl.lit(self.about.get("etapemetier") or None, pl.String),
        )
        batch = readings(self._dated(cells), self.clock, block.text)
        rejected = pl.concat([rejects.filter(known), batch.rejects]).sort("line")
        self._refuse_another(rejected)
        return Batch(batch.readings, rejected)

    def end(self) -> str:
        return ""

    def _refuse_another(self, rejected: pl.DataFrame) -> None:
        # what follows may be another meter's: no line of values says whose it is
        for line, text in rejected.select("line", "text").iter_rows():
            if fold(text).startswith((_ABOUT, _VALUES)):
                raise SourceError(f"{self.origin}: holds two exports, the second one from line {line}: split it")

    def _dated(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Instants and local times of the start of each step, from stamps with an offset or without one."""
        written = pl.col("written").str.strip_chars()
        offset, step = written.str.contains(_OFFSET), pl.duration(minutes="minutes")
        local = written.str.replace(_OFFSET, "").str.replace("T", " ")
        shown = pl.coalesce([local.str.to_datetime(style, strict=False, time_unit="us") for style in _STYLES])
        dated = cells.with_columns(date_time=shown)
        named = (
            pl.when(offset)
            .then(written)
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_unit="us", time_zone="UTC")
        )
        lacking = [pl.lit("").alias(name) for name in _CHANNEL if name not in cells.columns]
        by_clock = self.clock.instants(dated.with_columns(lacking))
        ends = dated.with_columns(ended=pl.when(offset).then(named).otherwise(by_clock))
        start = pl.col("ended") - step
        civil = start.dt.convert_time_zone(self.clock.name).dt.replace_time_zone(None)
        return ends.with_columns(instant=start, date_time=pl.coalesce(civil, "date_time")).drop("ended")


_STYLES: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")
_CHANNEL: Final = ("serial_code", "plant_code", "unit", "stream", "period", "rate")


def _more_columns(names: Sequence[str]) -> list[str]:
    """Names for the columns after the value: those that are known once each, whatever else a file may call them."""
    known = [_EXTRA.get(name, "") for name in names]
    return [name if name and name not in known[:at] else f"more_{at}" for at, name in enumerate(known)]


def _step(lines: Sequence[str], about: dict[str, str]) -> int:
    """The step [min]: as the file says, else the most usual one between its first stamps."""
    named = about.get("pasenminutes", "").strip()
    if re.fullmatch(r"\d{1,4}", named) and 1 <= int(named) <= _LONGEST_STEP:
        return int(named)
    stamps = [stamp for line in lines if (stamp := _moment(line.partition(";")[0]))]
    # a stamp with an offset and one without have no distance
    near = [pair for pair in pairwise(stamps) if (pair[0].tzinfo is None) is (pair[1].tzinfo is None)]
    gaps = Counter(abs(later - earlier).total_seconds() / 60 for earlier, later in near)
    usual = [minutes for minutes, _ in gaps.most_common(1) if 0 < minutes <= 60]
    return int(usual[0]) if usual else _USUAL_MINUTES


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
