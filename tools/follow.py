"""Follow what runs through the modules: ``python -m tools.follow`` says how far one row and one page travel.

A change of module is a call into another module of watthouse than the call before it. They are counted twice: as they
come, and with each loop followed once, as a reader would: a stretch that repeats the one before it is left out.
"""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Final

from typer.testing import CliRunner

import watthouse

_SOURCE: Final = str(Path(watthouse.__file__).parent) + os.sep
_LONGEST_LOOP: Final = 40
_LABELS: Final = "Périmètre;Nature;Date;Heures;Consommation (MW);Nucléaire (MW);Eolien (MW);Ech. physiques (MW)"
_ROW: Final = "France;Données définitives;2024-01-15;12:00;61234;42000;8000;-3000"


@contextmanager
def followed() -> Iterator[list[str]]:
    """The module of every call in the block, in order, once it has ended."""
    way: list[str] = []

    def look(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(_SOURCE):
            way.append(file.removeprefix(_SOURCE).removesuffix(".py"))

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        yield way
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def changes(way: Sequence[str]) -> list[str]:
    """The way without calls that stay in their module."""
    return [module for module, _ in groupby(way)]


def once(way: Sequence[str]) -> list[str]:
    """The way without what repeats: ``a b a b a`` is ``a b a``."""
    walked: list[str] = []
    for module in way:
        walked.append(module)
        while length := next((n for n in range(1, _LONGEST_LOOP) if _repeats(walked, n)), 0):
            del walked[-length:]
    return walked


def _repeats(walked: list[str], length: int) -> bool:
    return len(walked) >= 2 * length and walked[-length:] == walked[-2 * length : -length]


def row(home: Path) -> list[str]:
    """One row of a CSV, from the command to the marts, into a home where a build was made before."""
    from watthouse.cli.main import app

    os.environ["WATTHOUSE_HOME"] = str(home)
    (export := home / "export.csv").write_text(f"{_LABELS}\n{_ROW}\n")
    refresh = ["refresh", "--from", str(export)]
    assert CliRunner().invoke(app, refresh).exit_code == 0
    export.write_text(f"{_LABELS}\n{_ROW.replace('61234', '61235')}\n")
    with followed() as way:
        done = CliRunner().invoke(app, refresh)
    assert done.exit_code == 0, done.output
    return way


def page(home: Path) -> list[str]:
    """The page Mix of that home, asked for once before."""
    from watthouse.serve.dashboard.app import rendered
    from watthouse.serve.service import Service
    from watthouse.settings import Settings

    address = {"path": "/mix", "query": "?since=2024-01-15&until=2024-01-15"}
    with closing(Service(Settings(home=home))) as service:
        rendered(service, address)
        with followed() as way:
            rendered(service, address)
    return way


def main() -> None:
    """Print both ways, and their lengths."""
    with TemporaryDirectory() as folder:
        for name, walk in {"one row of a CSV, to the marts": row, "the page Mix": page}.items():
            way = changes(walk(Path(folder)))
            read = once(way)
            print(f"{name}: {len(set(way))} modules, {len(way):,} changes of module, {len(read):,} with loops once")
            if "-v" in sys.argv:
                print("  " + " > ".join(read))


if __name__ == "__main__":
    main()
