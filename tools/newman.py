"""Newman, which runs Postman's collections: installed into the cache once, in one version (wants Node and npm)."""

import shutil
from pathlib import Path
from typing import Final

from filelock import FileLock

from tools.services.base import CACHE, ServiceFailedError, run

VERSION: Final = "6.2.2"


def installed() -> Path:
    """Its command; raises :class:`~tools.services.base.ServiceFailedError` where it cannot be had."""
    folder = CACHE.parent / f"newman-{VERSION}"
    command = folder / "node_modules" / ".bin" / "newman"
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        raise ServiceFailedError(f"newman needs {' and '.join(missing)}, not installed: apt-get install nodejs npm")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):  # workers of one run ask at once
        if not command.exists():
            (folder / "package.json").write_text('{"private": true}')
            run(["npm", "install", "--silent", "--prefix", folder, f"newman@{VERSION}"], "newman cannot be installed")
    return command
