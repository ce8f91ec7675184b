"""What tells whether a build can be compared with another by the stamps of its days."""

import hashlib
from collections.abc import Mapping

from watthouse.warehouse.base import Loaded


def identity(fingerprint: str, loaded: Mapping[str, Loaded]) -> str:
    """The same for two builds that the same models made from the same ledgers."""
    ledgers = sorted((dataset, load.head.ledger) for dataset, load in loaded.items())
    return hashlib.sha256(repr((fingerprint, ledgers)).encode()).hexdigest()[:16]
