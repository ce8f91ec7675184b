"""Servers that Go's module registry has: built once, kept in the cache."""

import hashlib
import shutil
from pathlib import Path

from tools.services.base import CACHE, ServiceFailedError, run


def installed(module: str, version: str) -> Path:
    """The binary of a module, built where it is not there; raises :class:`ServiceFailedError` without Go."""
    name = module.rpartition("/")[2]
    binary = CACHE / f"{name}-{version}" / name
    if not binary.exists():
        _go(name, "install", f"{module}@{version}", GOBIN=str(binary.parent), GOFLAGS="-trimpath")
    return binary


def built(source: Path) -> Path:
    """The binary of the module whose source lies in that folder: another one where the source is another."""
    name, digest = source.name, hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.iterdir())))
    binary = CACHE / f"{name}-{digest.hexdigest()[:12]}" / name
    if not binary.exists():
        work = shutil.copytree(source, binary.parent / "source", dirs_exist_ok=True)
        _go(name, "build", "-C", str(work), "-o", str(binary), ".", GOFLAGS="-trimpath -mod=mod")
    return binary


def _go(name: str, *words: str, **variables: str) -> None:
    if shutil.which("go") is None:
        raise ServiceFailedError(f"{name} is built with Go, which is not installed: apt-get install golang")
    run(["go", *words], f"{name} cannot be built", CGO_ENABLED="0", **variables)
