"""Which builds a folder holds, and which of them is read.

A build is a folder with a number: Delta tables by schema (``7/marts/daily_merged``), and ``build.json``, which says
what it was made of. ``current.json`` names the one that is read. It is replaced at once, after all that it names is
there, so that a reader finds a whole build or the one before.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from watthouse.catalog import CATALOG
from watthouse.errors import WarehouseError
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded

_CURRENT: Final = "current.json"
_BUILD: Final = "build.json"
_KEPT: Final = "kept"


@dataclass(frozen=True)
class Published:
    """A whole build: where it is, the models that made it, their steps as text, and how far it follows the lake."""

    folder: Path
    fingerprint: str
    steps: str
    about: Mapping[str, str]
    loads: Mapping[str, Loaded] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return int(self.folder.name)

    def write(self) -> None:
        """Write down what it is, for :func:`published`."""
        loads = {name: _as_note(load) for name, load in self.loads.items()}
        note = {"fingerprint": self.fingerprint, "steps": self.steps, "about": dict(self.about), "loads": loads}
        (self.folder / _BUILD).write_text(json.dumps(note), encoding="utf-8")


def published(folder: Path) -> Published | None:
    """The build that is read; None where nothing was built. Raises :class:`WarehouseError` where it is spoilt."""
    try:
        current = folder / str(json.loads((folder / _CURRENT).read_text())["build"])
        note = json.loads((current / _BUILD).read_text(encoding="utf-8"))
        loads = {name: _of_note(load) for name, load in note["loads"].items() if name in CATALOG}
        return Published(current, note["fingerprint"], note["steps"], note["about"], loads)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WarehouseError(f"{folder} cannot be read ({error}): `watthouse build --full` builds it again") from error


def reserve(folder: Path) -> Path:
    """The folder of a build to come."""
    numbers = [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]
    made = folder / str(max(numbers, default=0) + 1)
    made.mkdir()
    return made


def publish(build: Path) -> None:
    """Have readers read this build from now on."""
    pointer = build.parent / _CURRENT
    fresh = pointer.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(json.dumps({"build": int(build.name)}))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(pointer)


def keep(build: Path) -> None:
    """Never remove this build."""
    (build / _KEPT).touch()


def sweep(folder: Path) -> None:
    """Remove what interrupted builds left behind, and all builds but the current one and the one before it."""
    # whoever began to read the one before may still be at it
    current = published(folder)
    whole = sorted((int(path.parent.name) for path in folder.glob(f"*/{_BUILD}")), reverse=True)
    before = [number for number in whole if current and number < current.number][:1]
    for path in folder.iterdir():
        is_build = path.name.isdecimal() and path.is_dir() and not path.is_symlink()
        if is_build and int(path.name) not in {*before, current and current.number} and not (path / _KEPT).exists():
            shutil.rmtree(path, ignore_errors=True)


def _as_note(load: Loaded) -> dict[str, Any]:
    head = {**asdict(load.head), "observed_until": load.head.observed_until.isoformat()}
    return {**head, "loaded_at": load.loaded_at.isoformat()}


def _of_note(note: Mapping[str, Any]) -> Loaded:
    until = datetime.fromisoformat(note["observed_until"]).astimezone(UTC)
    head = Head(note["ledger"], note["version"], until, note["rows"])
    return Loaded(head, datetime.fromisoformat(note["loaded_at"]))
