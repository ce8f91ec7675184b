"""What a setting or an option is given as, and what it must not be: each check raises ValueError with the reason."""

import json
import re
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from watthouse.inert import SIGNS

MOST: Final = 2**31 - 1
"""The most rows, files or requests that are counted anywhere: libraries keep such numbers in 32 bits."""
BYTES: Final = 2**50
DAY: Final = 86_400
YEAR: Final = 366 * DAY
FIRST_DAY: Final = date(1800, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)

_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^\s/?#@,]+")
# Delta takes paths for URLs and the warehouse takes them for patterns: with these characters they mean another folder,
# or none.
_MISREAD: Final = frozenset("%#?*[]|^\\")


def text(value: object) -> object:
    """A value as it is; no control character in it, nor half of a letter."""
    if isinstance(value, str) and not _is_seen(value):
        raise ValueError("it has a control character or one that cannot be seen")
    return value


def _is_seen(value: str) -> bool:
    return value.isprintable() or not (SIGNS.search(value) or "\n" in value or "\t" in value)


def folder(value: object) -> object:
    """A path as it is, but not an empty one, which would be the folder in which watthouse was started."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("it is empty: name a folder or file, or do not set it")
    return value


def usable(path: Path) -> Path:
    """A folder whose whole path means the same to every library that stores something there."""
    try:
        whole = str(path.absolute())
    except OSError:
        raise ValueError("the folder in which watthouse was started is gone") from None
    if odd := sorted(_MISREAD & set(whole)):
        raise ValueError(f"its path contains {' '.join(odd)}, which storage libraries misread: rename it")
    if not _is_seen(whole):
        raise ValueError("its path has a control character or one that cannot be seen: rename it")
    return path


def lake(value: str) -> str:
    """A bucket, which has rules of its own, or a folder, of which those of the home hold."""
    if "://" not in value:
        usable(Path(value))
    return value


def listed(value: object) -> object:
    """A tuple as it is, or as a JSON list of texts."""
    if not isinstance(value, str):
        return value
    try:
        texts = json.loads(value)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise ValueError('it is no JSON list of texts, as ["https://example.org"]')
    return tuple(text(each) for each in texts)


def names(value: object) -> object:
    """A tuple as it is, or as a JSON list of texts, or as texts with commas between them."""
    if not isinstance(value, str) or value.lstrip().startswith("["):
        return listed(value)
    return tuple(text(word) for each in value.split(",") if (word := each.strip()))


def networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks of IPv4 or IPv6."""
    for network in value:
        # a host's bits beyond its network's are more likely a slip than meant
        ip_network(network)
    return value


def origins(value: tuple[str, ...]) -> tuple[str, ...]:
    """Origins as browsers send them, or ``*``."""
    for origin in value:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError("an origin is a scheme and a host, as https://example.org, or *")
    return value


def zone(name: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise ValueError("no time zone has this name; use one as Europe/Paris") from None
    return name
