"""What is installed, reachable and writable, and what to do about the rest."""

import difflib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement

from watthouse.catalog import CATALOG
from watthouse.clock import ZONE
from watthouse.errors import BusyError, WatthouseError
from watthouse.home import Home, described
from watthouse.operate.consistency import Standing, stand
from watthouse.operate.status import damage_of
from watthouse.settings import Settings
from watthouse.sources.odre import Odre

_ROOM: Final = 2 * 10**9


class State(Enum):
    """How a finding is."""

    WELL = "ok"
    ODD = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and what to do about it."""

    name: str
    state: State
    said: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """The same, as text."""
        return {"name": self.name, "state": self.state.value, "said": self.said, "advice": self.advice}


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything a refresh needs, the nearest first; the service last, within ``settings.reach_seconds``."""
    yield _python()
    yield _packages()
    yield _zone()
    yield from _variables()
    home = Home(settings)
    yield _home(home)
    yield _room(settings)
    yield from _stations(home)
    yield _service(settings)


def _python() -> Finding:
    return Finding(
        "watthouse", State.WELL, f"{version('watthouse')} on Python {platform.python_version()}, {sys.prefix}"
    )


def _packages() -> Finding:
    wanted = [Requirement(line) for line in requires("watthouse") or ()]
    base = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [said for one in base if (said := _misfit(one))]
    if wrong:
        return Finding("packages", State.BAD, "; ".join(wrong), "install again: `make run` or `pip install watthouse`")
    return Finding("packages", State.WELL, f"all {len(base)} that watthouse needs are installed")


def _misfit(wanted: Requirement) -> str:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is not installed"
    return (
        "" if wanted.specifier.contains(found, prereleases=True) else f"{wanted.name} {found} is not {wanted.specifier}"
    )


def _zone() -> Finding:
    try:
        return Finding("time zone", State.WELL, f"{ZoneInfo(ZONE)} is known")
    except ZoneInfoNotFoundError:
        return Finding("time zone", State.BAD, f"{ZONE} is not known", "install the package tzdata")


def _variables() -> Iterator[Finding]:
    """Variables that nothing reads: a slip of the pen goes unnoticed for ever."""
    known = {f"WATTHOUSE_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(name for name in os.environ if name.startswith("WATTHOUSE_") and name not in known):
        near = difflib.get_close_matches(name, known, 1)
        meant = f"did you mean {near[0]}?" if near else "see docs/cli.md for those there are"
        yield Finding("settings", State.ODD, f"nothing reads {name}", meant)


def _home(home: Home) -> Finding:
    name, folder = "home", home.settings.home.absolute()
    try:
        with home.only_one(), tempfile.TemporaryFile(dir=folder):
            kind = home.kind
    except BusyError as error:
        return Finding(name, State.ODD, str(error))
    except (WatthouseError, OSError) as error:
        return Finding(name, State.BAD, str(error), "set WATTHOUSE_HOME to a folder of yours")
    return Finding(name, State.WELL, f"{folder} is writable, {f'holds {described(kind)}' if kind else 'empty so far'}")


def _room(settings: Settings) -> Finding:
    there = next(path for path in (settings.home.absolute(), *settings.home.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / 1e9:,.1f} GB free"
    return (
        Finding("disk", State.WELL, said)
        if free >= _ROOM
        else Finding(
            "disk", State.BAD, said, f"free some: a full history takes about {_ROOM / 1e9:.0f} GB while it is built"
        )
    )


def _stations(home: Home) -> Iterator[Finding]:
    """The lake, every file of it read, and the warehouse that is made from it."""
    try:
        standing = stand(home)
        damage = damage_of(home, standing)
    except WatthouseError as error:
        yield Finding("lake", State.BAD, str(error))
        yield Finding("warehouse", State.ODD, "not looked at", "see the lake")
        return
    yield from _lake(standing, damage)
    yield _warehouse(home, standing)


def _lake(standing: Standing, damage: Mapping[str, str]) -> Iterator[Finding]:
    if standing.is_lost:
        yield Finding("lake", State.BAD, standing.said_of_behind())
        return
    for name, said in damage.items():
        yield Finding("lake", State.BAD, f"{name}: {said}")
    held = sum(head is not None for head in standing.heads.values())
    if not held and not damage:
        yield Finding("lake", State.ODD, "empty", "run `watthouse refresh`")
    elif not damage:
        whole = "every entry of their logs and every file as written"
        yield Finding("lake", State.WELL, f"{standing.root} holds {held} of {len(CATALOG)} datasets, {whole}")


def _warehouse(home: Home, standing: Standing) -> Finding:
    warehouse, loaded = home.warehouse, standing.loaded
    current = warehouse.steps() is not None
    behind = [dataset.id for dataset in standing.moved if dataset not in standing.behind]
    if standing.is_empty and not loaded:
        return Finding("warehouse", State.ODD, "nothing to build from", "run `watthouse refresh`")
    if not loaded and not warehouse.is_readable():
        return Finding("warehouse", State.BAD, f"{warehouse.place} cannot be read", "run `watthouse build --full`")
    if standing.behind or (standing.broken and loaded):
        return Finding("warehouse", State.ODD, "it serves what the lake has lost", "see the lake")
    if not loaded:
        return Finding("warehouse", State.ODD, "not built", "run `watthouse refresh`")
    if behind or not current:
        why = f"behind the lake: {', '.join(behind)}" if behind else "built by other models than these"
        return Finding("warehouse", State.ODD, why, "run `watthouse build`")
    return Finding("warehouse", State.WELL, f"{warehouse.place} is up to date with the lake")


def _service(settings: Settings) -> Finding:
    try:
        with Odre(settings) as odre:
            reached = odre.reach()
    except WatthouseError as error:
        return Finding("service", State.BAD, str(error))
    return Finding("service", State.WELL, reached)
