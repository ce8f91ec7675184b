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


class Health(Enum):
    """How serious a finding is."""

    WELL = "ok"
    ODD = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: its state, and what to do about it."""

    name: str
    state: Health
    message: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """The same, as text."""
        return {"name": self.name, "state": self.state.value, "message": self.message, "advice": self.advice}


def examine(settings: Settings) -> Iterator[Finding]:
    """Check everything that a refresh needs, the nearest first; the service last, within ``settings.reach_seconds``."""
    # in this order, as each step needs the ones before: a missing package explains all that follows
    yield _python()
    yield _packages()
    yield _zone()
    yield from _variables()
    home = Home(settings)
    yield _home(home)
    yield _room(settings)
    if settings.lake:
        yield _named_lake(home)
    yield from _stores(home)
    yield _service(settings)


def _python() -> Finding:
    return Finding(
        "watthouse", Health.WELL, f"{version('watthouse')} on Python {platform.python_version()}, {sys.prefix}"
    )


def _packages() -> Finding:
    requirements = [Requirement(line) for line in requires("watthouse") or ()]
    base = [need for need in requirements if need.marker is None or need.marker.evaluate({"extra": ""})]
    misfits = [misfit for need in base if (misfit := _misfit(need))]
    if misfits:
        return Finding(
            "packages", Health.BAD, "; ".join(misfits), "install again: `make run` or `pip install watthouse`"
        )
    return Finding("packages", Health.WELL, f"all {len(base)} that watthouse needs are installed")


def _misfit(need: Requirement) -> str:
    try:
        installed = version(need.name)
    except PackageNotFoundError:
        return f"{need.name} is not installed"
    fits = need.specifier.contains(installed, prereleases=True)
    return "" if fits else f"{need.name} {installed} is not {need.specifier}"


def _zone() -> Finding:
    try:
        return Finding("time zone", Health.WELL, f"{ZoneInfo(ZONE)} is known")
    except ZoneInfoNotFoundError:
        return Finding("time zone", Health.BAD, f"{ZONE} is not known", "install the package tzdata")


def _variables() -> Iterator[Finding]:
    """Variables that watthouse does not know."""
    # pydantic-settings ignores what it does not know, so that a typing error would never be noticed.
    known = {f"WATTHOUSE_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(name for name in os.environ if name.startswith("WATTHOUSE_") and name not in known):
        near = difflib.get_close_matches(name, known, 1)
        advice = f"did you mean {near[0]}?" if near else "docs/cli.md lists the settings"
        yield Finding("settings", Health.ODD, f"nothing reads {name}", advice)


def _home(home: Home) -> Finding:
    name, folder = "home", home.settings.home.absolute()
    # A file is written rather than permissions looked at: a read-only mount or a full quota has them all in order.
    try:
        with home.only_one(), tempfile.TemporaryFile(dir=folder):
            kind = None if home.settings.lake else home.kind
    except BusyError as error:
        return Finding(name, Health.ODD, str(error))
    except (WatthouseError, OSError) as error:
        return Finding(name, Health.BAD, str(error), "set WATTHOUSE_HOME to a folder of yours")
    if home.settings.lake:
        return Finding(name, Health.WELL, f"{folder} is writable, the lake lies elsewhere")
    return Finding(name, Health.WELL, f"{folder} is writable, {f'holds {described(kind)}' if kind else 'empty so far'}")


def _named_lake(home: Home) -> Finding:
    """Whether a lake that lies elsewhere can be reached and written, by taking it for a moment."""
    name = "place"
    try:
        with home.only_writer():
            kind = home.kind
    except BusyError as error:
        return Finding(name, Health.ODD, str(error))
    except WatthouseError as error:
        if _can_be_read(home):
            return Finding(name, Health.ODD, str(error), "to build and to serve, reading will do")
        return Finding(name, Health.BAD, str(error))
    holds = f"holds {described(kind)}" if kind else "empty so far"
    return Finding(name, Health.WELL, f"{home.place} is reached and writable, {holds}")


def _can_be_read(home: Home) -> bool:
    try:
        return home.kind is not None
    except WatthouseError:
        return False


def _room(settings: Settings) -> Finding:
    existing = next(path for path in (settings.home.absolute(), *settings.home.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    message = f"{free / 1e9:,.1f} GB free"
    if free >= _ROOM:
        return Finding("disk", Health.WELL, message)
    advice = f"free some space: a full history takes about {_ROOM / 1e9:.0f} GB while it is built"
    return Finding("disk", Health.BAD, message, advice)


def _stores(home: Home) -> Iterator[Finding]:
    """The lake, every file of it read, and the warehouse that is made from it."""
    try:
        standing = stand(home)
        damage = damage_of(home, standing)
    except WatthouseError as error:
        yield Finding("lake", Health.BAD, str(error))
        yield Finding("warehouse", Health.ODD, "not checked", "see the lake")
        return
    yield from _lake(standing, damage)
    yield _warehouse(home, standing)


def _lake(standing: Standing, damage: Mapping[str, str]) -> Iterator[Finding]:
    if standing.is_lost:
        yield Finding("lake", Health.BAD, standing.loss_reason())
        return
    for name, reason in damage.items():
        yield Finding("lake", Health.BAD, f"{name}: {reason}")
    count = sum(head is not None for head in standing.heads.values())
    if not count and not damage:
        yield Finding("lake", Health.ODD, "empty", "run `watthouse refresh`")
    elif not damage:
        whole = "every entry of their logs and every file as written"
        yield Finding("lake", Health.WELL, f"{standing.root} holds {count} of {len(CATALOG)} datasets, {whole}")


def _warehouse(home: Home, standing: Standing) -> Finding:
    warehouse, loaded = home.warehouse, standing.loaded
    current = warehouse.steps() is not None
    behind = [dataset.id for dataset in standing.moved if dataset not in standing.behind]
    if standing.is_empty and not loaded:
        return Finding("warehouse", Health.ODD, "nothing to build from", "run `watthouse refresh`")
    if not loaded and not warehouse.is_readable():
        return Finding("warehouse", Health.BAD, f"{warehouse.place} cannot be read", "run `watthouse build --full`")
    if standing.behind or (standing.broken and loaded):
        return Finding("warehouse", Health.ODD, "serves what the lake has lost", "see the lake")
    if not loaded:
        return Finding("warehouse", Health.ODD, "not built", "run `watthouse refresh`")
    if behind or not current:
        message = f"behind the lake: {', '.join(behind)}" if behind else "built by another version of the models"
        return Finding("warehouse", Health.ODD, message, "run `watthouse build`")
    return Finding("warehouse", Health.WELL, f"{warehouse.place} is up to date with the lake")


def _service(settings: Settings) -> Finding:
    try:
        with Odre(settings) as odre:
            reached = odre.reach()
    except WatthouseError as error:
        return Finding("service", Health.BAD, str(error))
    return Finding("service", Health.WELL, reached)
