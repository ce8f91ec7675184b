"""Jars that Maven Central has: fetched once with what they depend on, kept in the cache."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from filelock import FileLock

from tools.services.base import CACHE, ServiceFailedError

_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def jars(*coordinates: str, alone: bool = False) -> Path:
    """The folder of these artifacts (``group:name:version``), and, unless ``alone``, of all they want to run.

    Raises :class:`ServiceFailedError` without Maven, or where they cannot be had.
    """
    name = coordinates[0].split(":")[1]
    digest = hashlib.sha256("\n".join((*coordinates, *(["alone"] if alone else []))).encode()).hexdigest()
    folder = CACHE / f"{name}-{digest[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{folder.name}.lock"):
        if not folder.exists():
            _fetch(name, coordinates, folder, alone)
    return folder


def _fetch(name: str, coordinates: tuple[str, ...], folder: Path, alone: bool) -> None:
    if shutil.which("mvn") is None:
        raise ServiceFailedError(f"{name} is fetched by Maven, which is not installed: run `make java`")
    # beside its place and renamed at the end: half of the jars must not pass for all of them
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        pom, fresh = Path(work, "pom.xml"), Path(work, "jars")
        pom.write_text(_pom(coordinates))
        words = ["mvn", "--batch-mode", "-f", str(pom), _PLUGIN, "-DincludeScope=runtime", f"-DoutputDirectory={fresh}"]
        words += ["-DexcludeTransitive=true"] if alone else []
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            # its first error says what is wrong, the others how to ask for more of its log
            why = re.search(r"\[ERROR\] (.*)", done.stdout)
            raise ServiceFailedError(f"{name} cannot be fetched by Maven: {why[1] if why else done.returncode}")
        fresh.rename(folder)


def _pom(coordinates: tuple[str, ...]) -> str:
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, artifact, version in (each.split(":") for each in coordinates)
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>watthouse</groupId><artifactId>jars</artifactId>"
        f"<version>1</version><dependencies>{wanted}</dependencies></project>\n"
    )
