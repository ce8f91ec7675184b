"""What `watthouse grab` leaves beside the files that it fetched: no export, and it says of which kind these are."""

import json
from pathlib import Path
from typing import Final

from watthouse.errors import UsageError, shown

MANIFEST: Final = "manifest.json"
PUBLISHED: Final = "published"


def refuse_sample(origin: str, manifest: bytes) -> None:
    """Raise :class:`~watthouse.errors.UsageError` where a manifest says that the files beside it are a sample's.

    Made-up figures must not come into a lake of published ones by way of files.
    """
    try:
        kind = dict(json.loads(manifest)).get("data", PUBLISHED)
    except (ValueError, TypeError):
        return
    if kind != PUBLISHED:
        raise UsageError(
            f"{origin} says that its files are watthouse's synthetic sample ({shown(kind)}), and --from reads published"
            " data: use --sample instead"
        )


def refuse_sample_at(manifest: Path) -> None:
    """The same for a manifest on the disk; files that nobody grabbed have none."""
    try:
        content = manifest.read_bytes()
    except OSError:
        return
    refuse_sample(str(manifest), content)
