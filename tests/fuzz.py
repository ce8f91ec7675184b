"""Every reader against spoilt and hostile bytes, for some minutes: ``make fuzz MINUTES=10``.

Whatever a document says, reading it ends in rows or in one line, within the memory that docs/limits.md states. The
bytes under trial are in a file until they were read, so that what ends the process is there to be looked at.
"""

import argparse
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests import hostile
from tests.unit.meters.reading import LP, REGISTERS, TOU, lp, text
from tests.unit.sources.test_files import FORMATS
from tests.unit.sources.test_rte import regional
from tests.unit.sources.test_spoilt_bytes import SPOILS, spoil, workbook
from watthouse.errors import SourceError, WatthouseError
from watthouse.meters.files import Refused, found
from watthouse.meters.reading import Reading
from watthouse.settings import Settings
from watthouse.sources.files import FileSource

MOST_MIB: Final = hostile.MOST_MIB
_EXAMPLES: Final = 300
_SMALL: Final = 2**18

_METERS: Final[Mapping[str, str]] = {
    "lp": text(LP, lp("31/08/2015 00:45:00"), lp("25/10/2015 02:15:00"), lp("25/10/2015 02:15:00")),
    "tou": text(TOU, "212621147,212621147,ED011300245,12/09/2018 5:00,A,B1,Import Wh Total,105.6,kwh"),
    "registers": text(
        REGISTERS,
        "212621145,212621145,ED011300245,11/09/2015 00:41:02,Export Wh Total,409646.7,1275.3,30/12/1899 00:00:00,kwh,"
        ".....R....,Total,False,26,01/09/2015 00:00:00,Unified",
    ),
    "enedis": text(
        "Identifiant PRM;Type de donnees;Grandeur physique;Unite;Pas en minutes",
        "01234567890123;Courbe de charge;Energie active;W;30",
        "Horodate;Valeur",
        "2024-07-01T00:30:00+02:00;334",
        "2024-07-01 01:00;335",
    ),
    "nem12": text(
        "100,NEM12,200506081149,A,B",
        "200,N,E1,1,E1,N1,M,kWh,30,20050610",
        f"300,20050301,{','.join(['1.5'] * 48)},A,,,20050310,",
        "400,1,10,F14,76,",
        "900",
    ),
}


@cache
def seeds() -> Mapping[str, bytes]:
    """Whole files of every kind, and small hostile ones: what is spoilt begins with these."""
    small = {name: made for name, make in hostile.FILES.items() if len(made := make()) < _SMALL}
    meters = {name: content.encode() for name, content in _METERS.items()}
    return {**FORMATS, "rte": regional(), "workbook": workbook(), **meters, **small}


def exports(path: Path) -> None:
    """Read a file as an export."""
    for document in FileSource([path], Settings()).documents():
        for piece in document.pieces():
            piece.rows.validate(full=True)


def meters(path: Path) -> None:
    """Read a file as one of meters."""
    for file in found([path], Settings()):
        if isinstance(file, Refused):
            raise file.error
        for _ in Reading(file, "Europe/Paris").batches():
            pass


def try_out(path: Path, content: bytes, read: Callable[[Path], None]) -> None:
    """Raise unless reading ends well, or in a line that names the file."""
    path.write_bytes(content)
    before = hostile.begin_to_count()
    try:
        read(path)
    except WatthouseError as error:
        assert isinstance(error, SourceError), repr(error)  # noqa: PT017
        assert path.name in str(error), error  # noqa: PT017
        assert "\n" not in str(error), error  # noqa: PT017
        str(error).encode()
    took = hostile.counted(before)
    assert took < MOST_MIB, f"{took} MiB"


def run(folder: Path, start: int, until: float) -> None:
    """Try out spoilt files until then."""
    resource.setrlimit(resource.RLIMIT_DATA, (hostile.LIMIT, hostile.LIMIT))
    path, tried = folder / "trial", 0

    @settings(
        max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    @given(st.sampled_from(sorted(seeds())), SPOILS | st.just([]), st.sampled_from([exports, meters]))
    def any_bytes(name: str, spoils: list[tuple[str, float, bytes]], read: Callable[[Path], None]) -> None:
        nonlocal tried
        content = seeds()[name]
        for how, where, extra in spoils:
            content = spoil(content, how, where, extra)
        try_out(path, content, read)
        tried += 1

    while time.time() < until:
        seed(start)(any_bytes)()
        start += 1
        print(f"{tried:,} files", flush=True)


def main() -> int:
    """Run in a process of its own, which is started again with other seeds until the time is over."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=random.randrange(10**6))
    options.add_argument("--folder", type=Path, default=Path(".fuzz"))
    options.add_argument("--until", type=float)
    given_ = options.parse_args()
    given_.folder.mkdir(exist_ok=True)
    if given_.until:
        run(given_.folder, given_.seed, given_.until)
        return 0
    until = time.time() + 60 * given_.minutes
    call = [
        sys.executable,
        "-m",
        "tests.fuzz",
        f"--folder={given_.folder}",
        f"--seed={given_.seed}",
        f"--until={until}",
    ]
    code = subprocess.run(call, check=False).returncode
    if code:
        print(f"seed {given_.seed}, exit code {code}: the bytes are in {given_.folder / 'trial'}", file=sys.stderr)
    return int(bool(code))


if __name__ == "__main__":
    sys.exit(main())
