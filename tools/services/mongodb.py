"""A server that speaks MongoDB's protocol: mongo-java-server on a file of H2, from Maven Central.

No registry carries ``mongod``; the variable names a genuine one. This one has no users, so no password enters, and no
sessions, transactions, change streams or updates by pipeline.
"""

import hashlib
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.services.base import CACHE, Launch, Running, ServiceFailedError, run
from tools.services.maven import jars

_MAIN: Final = Path(__file__).with_name("mongodb_server") / "Main.java"
_VERSION: Final = "1.47.0"
_JARS: Final = tuple(f"de.bwaldvogel:mongo-java-server{part}:{_VERSION}" for part in ("", "-h2-backend"))


class MongoDb:
    """One with an empty store: in a file, or ``in_memory``, to measure what the file costs."""

    variable = "WATTHOUSE_TEST_MONGODB_URL"

    def __init__(self, name: str = "mongodb", *, in_memory: bool = False) -> None:
        self.name = name
        self._in_memory = in_memory

    def obtain(self) -> None:
        _classes(jars(*_JARS))

    def launch(self, place: Path, port: int, password: str) -> Launch:
        libraries = jars(*_JARS)
        # kept in memory, a document takes some 4 kB
        heap = "-Xmx2g" if self._in_memory else "-Xmx512m"
        java = ["java", heap, "-XX:+UseSerialGC", "-cp", f"{_classes(libraries)}:{libraries}/*"]
        return Launch([*java, "Main", str(port), *([] if self._in_memory else [place / "store.h2"])])

    def answers(self, running: Running) -> bool:
        try:
            socket.create_connection(("127.0.0.1", running.port), timeout=2).close()
        except OSError:
            return False
        return True

    def url(self, running: Running) -> str:
        return f"mongodb://127.0.0.1:{running.port}/"

    def environment(self, running: Running) -> Mapping[str, str]:
        return {"WATTHOUSE_STREAM_STORE": self.url(running)}


def _classes(libraries: Path) -> Path:
    """The folder of the compiled server: another one where the source is another."""
    digest = hashlib.sha256(_MAIN.read_bytes()).hexdigest()
    folder = CACHE / f"{_MAIN.parent.name}-{digest[:12]}"
    if not folder.exists():
        if shutil.which("javac") is None:
            raise ServiceFailedError("mongodb is compiled by javac, which is not installed: run `make java`")
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            made = Path(work, "classes")
            run(["javac", "-cp", f"{libraries}/*", "-d", made, _MAIN], "mongodb cannot be compiled")
            made.rename(folder)
    return folder
