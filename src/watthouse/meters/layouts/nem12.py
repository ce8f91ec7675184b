"""NEM12, the interval files of Australia's market: a line a meter and day, with as many values as it has intervals.

Records (AEMO, Meter Data File Format): 100 opens the file, 200 names meter and channel, 300 has a day of it, 400 gives
parts of that day a quality of their own, 500 is about field work, 900 ends the file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from watthouse.meters.layouts.base import INTERVAL
from watthouse.meters.layouts.cells import WRITTEN, readings
from watthouse.meters.lines import Block, cells_of
from watthouse.meters.readings import REJECT, Batch
from watthouse.meters.stamps import MeterClock

_MINUTES_A_DAY: Final = 24 * 60
_STEPS: Final = ("5", "15", "30")
_PASSED_OVER: Final = ("100", "500", "900")
_TEXTS: Final = ("meter_code", "serial_code", "data_type", "stream", "units", "minutes", "energy", "quality", "status")
_SCHEMA: Final = {
    "line": pl.Int64(),
    WRITTEN: pl.String(),
    "date_time": pl.Datetime("us"),
    **dict.fromkeys((*_TEXTS, "note"), pl.String()),
}


class Nem12:
    """The layout. Its values are energy in the unit that record 200 names."""

    name = "nem12"
    # a day of commas, 300 bytes of text, is 288 readings of 300 bytes each until they are found to be none
    block_bytes = 2**18

    def opens(self, folded: str) -> bool:
        return folded.startswith("100,nem12,")

    def reader(self, head: Sequence[str], clock: MeterClock, name: str) -> "_Nem12Reader":  # noqa: ARG002
        return _Nem12Reader(clock)


LAYOUT: Final = Nem12()


class _BadRecordError(Exception):
    """A record that cannot be used; its text is the reason."""


@dataclass
class _Day:
    """A 300 record, each value with its quality: those that a 400 record names have another one than the day's."""

    line: int
    text: str
    channel: tuple[str, ...]
    day: datetime
    minutes: int
    values: list[str]
    qualities: list[tuple[str, str]]
    note: str

    def rows(self) -> Iterator[tuple[object, ...]]:
        for at, (value, quality) in enumerate(zip(self.values, self.qualities, strict=True)):
            moment = self.day + timedelta(minutes=self.minutes * at)
            written = f"{moment:%Y%m%d %H:%M}"
            yield (self.line, written, moment, *self.channel, str(self.minutes), value, *quality, self.note)


@dataclass
class _Nem12Reader:
    clock: MeterClock
    _channel: tuple[str, ...] = ()
    _minutes: int = 0
    _about: str = ""
    _day: _Day | None = None
    _ended: bool = False

    def read(self, block: Block) -> Batch:
        rows: list[tuple[object, ...]] = []
        rejects: list[tuple[int, str, str]] = []
        texts: dict[int, str] = {}
        for number, line in enumerate(block.lines, block.first):
            try:
                # a day is complete when no 400 record can follow, perhaps only in the next block
                day = self._take([text.strip() for text in cells_of(line, ",")], number, block)
            except _BadRecordError as error:
                rejects.append((number, str(error), block.text(number)))
                continue
            if day:
                rows += day.rows()
                texts[day.line] = day.text
        cells = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(kind=pl.lit(INTERVAL))
        batch = readings(cells, self.clock, texts.__getitem__)
        return Batch(
            batch.readings, pl.concat([pl.DataFrame(rejects, REJECT, orient="row"), batch.rejects]).sort("line")
        )

    def end(self) -> str:
        return "" if self._ended else "record 900, which ends a NEM12 file"

    def _take(self, record: list[str], number: int, block: Block) -> _Day | None:
        """Take up a record; returns the day before it, where that is complete now."""
        kind = record[0]
        if kind == "400":
            self._requalify(record)
            return None
        if kind not in {"200", "300", *_PASSED_OVER, ""}:
            raise _BadRecordError(f"'{kind[:20]}' is no record of NEM12")
        complete, self._day = self._day, None
        try:
            if kind == "200":
                self._name(record)
            elif kind == "300":
                self._day = self._day_of(record, number, block)
        except _BadRecordError:
            if complete:  # it is no fault of the day before
                self._day = complete
            raise
        self._ended = kind == "900" or (self._ended and not kind)
        return complete

    def _name(self, record: list[str]) -> None:
        self._channel = ()
        if len(record) < 9:
            raise _BadRecordError(f"cut off: {len(record)} of 9 fields")
        _, meter, configuration, register, suffix, stream, serial, unit, minutes, *_ = record
        if minutes not in _STEPS:
            raise _BadRecordError(f"'{minutes[:20]}' is not an interval of NEM12: 5, 15 or 30 minutes")
        self._channel = (meter, serial, suffix, stream, unit)
        self._minutes = int(minutes)
        self._about = f"configuration {configuration}, register {register}"

    def _day_of(self, record: list[str], number: int, block: Block) -> _Day:
        if not self._channel:
            raise _BadRecordError("there is no readable record 200 before this day")
        count = _MINUTES_A_DAY // self._minutes
        if len(record) < count + 3:
            raise _BadRecordError(f"cut off: {len(record)} of {count + 3} fields")
        try:
            day = datetime.strptime(record[1], "%Y%m%d")  # noqa: DTZ007 - the meter's clock, which names no zone
        except ValueError:
            raise _BadRecordError(f"'{record[1][:20]}' is not a date: use yyyymmdd") from None
        quality, *why = record[count + 2 : count + 5]
        dates = " ".join(text for text in record[count + 5 : count + 7] if text)
        note = self._about + (f", updated {dates}" if dates else "")
        qualities = [(quality, " ".join(why).strip())] * count
        values = record[2 : count + 2]
        return _Day(number, block.text(number), self._channel, day, self._minutes, values, qualities, note)

    def _requalify(self, record: list[str]) -> None:
        if self._day is None:
            raise _BadRecordError("there is no readable day before this record 400")
        if len(record) < 4 or not all(re.fullmatch(r"\d{1,4}", number) for number in record[1:3]):
            raise _BadRecordError("does not name the intervals that it is about")
        first, last = int(record[1]), min(int(record[2]), len(self._day.qualities))
        for at in range(max(first, 1) - 1, last):
            self._day.qualities[at] = (record[3], " ".join(record[4:6]).strip())
