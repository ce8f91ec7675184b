"""A connection to a store that speaks MongoDB's protocol, and what its errors mean: one line, never a password."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeAlias

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from watthouse.errors import StreamStoreError, shown
from watthouse.stream.documents import Document

DATABASE: Final = "electricity_prod"
"""Where documents are, unless the URL names another database."""

Documents: TypeAlias = Collection[Document]
_REACH_MS: Final = 3_000
PATIENCE: Final = 30.0
"""Seconds without an answer after which a connection counts as lost: a bulk of a batch takes less than one."""
_AUTHENTICATION: Final = frozenset({11, 18})
_FORBIDDEN: Final = 13


class Connection:
    """An open connection; ``host`` is what messages call it by.

    Raises :class:`~watthouse.errors.StreamStoreError` where the URL is none, or the store is away or refuses the login.
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._client, self.host, name = _opened(url, patience)
        with self.translated():
            hello = self._hello()
            # a replica set confirms what its majority has: nothing confirmed is lost when another member takes over;
            # a single server has neither that nor the sessions that retried writes want
            several = "setName" in hello or hello.get("msg") == "isdbgrid"
            concern = WriteConcern("majority") if several else WriteConcern(1)
            self._database: Database[Document] = self._client.get_database(name, write_concern=concern)

    def collection(self, name: str) -> Documents:
        return self._database[name]

    def now(self) -> datetime:
        """The store's clock (UTC), which all who use it share."""
        moment: datetime = self._hello()["localTime"]
        return moment

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What the driver raises in the block becomes a :class:`~watthouse.errors.StreamStoreError` of one line."""
        try:
            yield
        except ConnectionFailure as error:
            raise StreamStoreError(
                f"the stream's store at {self.host} cannot be reached ({shown(_first(error), 100)}):"
                " start it, or correct WATTHOUSE_STREAM_STORE"
            ) from error
        except OperationFailure as error:
            raise StreamStoreError(f"the stream's store at {self.host} {_refusal(error)}") from error
        except PyMongoError as error:
            raise StreamStoreError(f"the stream's store at {self.host}: {shown(_first(error), 160)}") from error

    def _hello(self) -> dict[str, Any]:
        # by its old name, which servers of every version know
        return self._client.admin.command("ismaster")


def _opened(url: str, patience: float) -> tuple[MongoClient[Document], str, str]:
    """A client, its hosts as messages name them, and the name of the database."""
    try:
        client: MongoClient[Document] = MongoClient(
            url,
            tz_aware=True,
            serverSelectionTimeoutMS=_REACH_MS,
            connectTimeoutMS=_REACH_MS,
            socketTimeoutMS=round(patience * 1000),
            appname="watthouse",
        )
        # a host behind mongodb+srv:// was resolved just now
        hosts = ", ".join(f"{host}:{port}" for host, port in parse_uri(url)["nodelist"])
        return client, hosts, client.get_default_database(DATABASE).name
    except (InvalidURI, ConfigurationError, ValueError) as error:
        # what the driver says of it may quote a part of the password
        raise StreamStoreError(
            "WATTHOUSE_STREAM_STORE cannot be used: it is mongodb://user:password@host:27017/, in which a user or a"
            f" password writes @ : / and % as %40 %3A %2F and %25 ({type(error).__name__})"
        ) from None


def _refusal(error: OperationFailure) -> str:
    said = shown(_first(error), 160)
    if error.code in _AUTHENTICATION or "saslStart" in said:
        return "refuses the user or the password: correct WATTHOUSE_STREAM_STORE"
    if error.code == _FORBIDDEN:
        return f"does not let this user do it ({said}): grant it the role readWrite"
    return f"refused: {said}"


def _first(error: PyMongoError) -> str:
    """What it says, without the description of the topology and the answer behind it."""
    return str(error).partition(" (configured timeouts")[0].partition(", full error")[0].partition(", Timeout:")[0]
