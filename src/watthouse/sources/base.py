"""The seam between sources and the lake: a source yields documents, a document yields pieces."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa

from watthouse.catalog import Dataset


@dataclass(frozen=True)
class Piece:
    """Some rows of one dataset, cast to the catalog's shape.

    ``present`` names the columns the document carried: the others are null in ``rows`` and mean nothing. ``read``
    counts the rows before the contract, ``dropped`` those it left out by reason, ``notes`` what the user should
    know (columns left out, a doubtful last line). ``position`` is how far into the document this piece reaches, in
    bytes of it.
    """

    dataset: Dataset
    rows: pa.Table
    present: frozenset[str]
    read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    position: int = 0


class Document(Protocol):
    """What counts whole or not at all: a file, a member of an archive, a window of an API.

    ``pieces`` raises :class:`~watthouse.errors.UnrecognisedError` where it is not an export (it is skipped, with a
    line), and :class:`~watthouse.errors.SourceError` where it is one that cannot be read whole.
    """

    @property
    def origin(self) -> str:
        """What messages call it: a path, a member of an archive, a window."""

    @property
    def size(self) -> int:
        """Bytes as it is stored."""

    def pieces(self) -> Iterator[Piece]: ...


@runtime_checkable
class Digested(Protocol):
    """A document whose bytes stay as they are, so that they can be known again."""

    def digest(self) -> str | None:
        """SHA-256 of its bytes as they are stored; None where they cannot be read, which reading it will tell."""


class DocumentSource(Protocol):
    """Anything that has documents, in the order in which a later one outranks an earlier one."""

    def documents(self) -> Iterator[Document]: ...
