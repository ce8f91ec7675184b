"""The last runs that brought a home up to date, whoever started them: a note beside the lake, for every machine."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from watthouse.storage import Notes

KEPT: Final = 200
"""Runs that are noted: a day of hourly ones, where each dataset is a run of its own."""

NAME: Final = "runs.json"


@dataclass(frozen=True)
class Run:
    """One run: its call (``fetch eco2mix-national-tr``), who started it, where, and from when to when (UTC).

    ``outcome`` is ``done``, ``incomplete`` (something was refused or is not up to date), ``busy`` (another machine was
    at work on the lake), ``failed``, ``stopped``, or None where no end was noted: it still runs, or was killed.
    ``new`` and ``revised`` are rows of the lake; ``line`` says what went wrong, ``where`` is a machine and a process.
    """

    call: str
    started_by: str
    where: str
    began: datetime
    ended: datetime | None = None
    outcome: str | None = None
    new: int = 0
    revised: int = 0
    line: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same, with ISO 8601 text for times."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }


def last(notes: Notes) -> list[Run]:
    """The runs that are noted, the newest first; what is spoilt is left out."""
    noted = notes.read(NAME).get("runs")
    entries = noted.values() if isinstance(noted, dict) else ()
    runs = [run for entry in entries if (run := _read(entry)) is not None]
    return sorted(runs, key=lambda run: run.began, reverse=True)


def _read(entry: Any) -> Run | None:
    try:
        ended = datetime.fromisoformat(entry["ended"]) if entry.get("ended") else None
        return Run(**{**entry, "began": datetime.fromisoformat(entry["began"]), "ended": ended})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
