"""Servers that Go's module registry has: built once, kept by version."""

import shutil
from pathlib import Path

from tools.services.base import ServiceFailedError, run


def installed(cache: Path, module: str, version: str) -> Path:
    """The binary of a module, built where it is not there; raises :class:`ServiceFailedError` without Go."""
    name = module.rpartition("/")[2]
    binary = cache / f"{name}-{version}" / name
    if not binary.exists():
        _need_go(name)
        variables = {"GOBIN": str(binary.parent), "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
        run(["go", "install", f"{module}@{version}"], f"{name} cannot be built", **variables)
    return binary


def built(cache: Path, source: Path, version: str) -> Path:
    """The binary of a module whose source lies in ``source``."""
    binary = cache / f"{source.name}-{version}" / source.name
    if not binary.exists():
        _need_go(source.name)
        binary.parent.mkdir(parents=True, exist_ok=True)
        work = shutil.copytree(source, cache / f"{source.name}-{version}-source", dirs_exist_ok=True)
        variables = {"GOFLAGS": "-trimpath -mod=mod", "CGO_ENABLED": "0"}
        run(["go", "build", "-C", work, "-o", binary, "."], f"{source.name} cannot be built", **variables)
    return binary


def _need_go(name: str) -> None:
    if shutil.which("go") is None:
        raise ServiceFailedError(f"{name} is built with Go, which is not installed: apt-get install golang")
