"""Where a Spark warehouse is, by its URL: who computes, and the folder that holds what was built."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from watthouse.errors import UsageError

SCHEME: Final = "spark://"


@dataclass(frozen=True)
class SparkPlace:
    """``master`` is the address of a standalone cluster, ``spark://host:7077``; None for this machine's own threads."""

    master: str | None
    folder: Path

    def __str__(self) -> str:
        return f"{self.master or 'spark://'}{self.folder}"


def place_of(url: str) -> SparkPlace:
    """The place that a URL names; raises :class:`~watthouse.errors.UsageError` where it names none."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or len(parts.path) < 2:
        raise UsageError(
            "a warehouse on Spark is spark:///folder (computed on this machine) or spark://host:7077/folder (by that"
            " cluster, whose machines all see the folder)"
        )
    return SparkPlace(f"spark://{parts.netloc}" if parts.netloc else None, Path(parts.path))
