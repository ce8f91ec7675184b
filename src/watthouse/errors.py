"""One tree of errors: each message is one line that says what happened, to what, and what to do."""

from collections.abc import Iterable
from typing import Final

_SHOWN: Final = 60


class WatthouseError(Exception):
    """Anything watthouse refuses or fails to do. ``exit_code`` is that of the command line."""

    # 1 where the world said no (a file, a disk, the service), 2 where the call was wrong
    exit_code = 1
    report: object = None
    """What was done before the error, if anything."""
    public: str | None = "something that this server needs has failed: its log says what"
    """What a server tells its callers instead: the message may name paths and servers, or quote a library. None where
    the message tells nothing but what the caller has sent."""


class UsageError(WatthouseError):
    """The call itself is wrong: an unknown dataset, mart, column or path."""

    exit_code = 2
    public: str | None = None


class SourceError(WatthouseError):
    """A file or a window that cannot be read whole: empty, truncated, corrupt, over a cap."""


class UnrecognisedError(SourceError):
    """A file that is not an export of any dataset in the catalog: it is skipped."""


class ContractError(SourceError):
    """An export that breaks its dataset's contract: a key column missing, text where a number belongs."""


class ServiceError(WatthouseError):
    """The service fails for the whole of this refresh: what was fetched stays, the rest waits."""


class UnreachableError(ServiceError):
    """The service cannot be reached: no network, no such host, TLS refused, no answer in time."""


class QuotaError(ServiceError):
    """The service's quota is spent, or nearly."""


class ClockError(ServiceError):
    """This machine's clock and the service's disagree: stamps would be wrong."""


class LakeError(WatthouseError):
    """The lake cannot be read or written: a newer version, a full disk, a lost race."""

    public: str | None = "the lake cannot be read: `watthouse status` and the server's log say why"


class StoreError(LakeError):
    """A bucket cannot be used at all: no such bucket, refused credentials, no right, no network."""


class TableError(LakeError):
    """One table of the lake cannot be used, or has lost rows: it is left as it is, and the others go on."""


class WarehouseError(WatthouseError):
    """The warehouse cannot be loaded, built or read."""

    public: str | None = "the warehouse cannot be read: run `watthouse refresh`, or else `watthouse build --full`"


class NoWarehouseError(WarehouseError):
    """Nothing was built yet."""

    public: str | None = "there is no warehouse yet: run `watthouse refresh`"


class DatabaseError(WarehouseError):
    """A database server cannot be reached or written, or went away in the middle."""

    public: str | None = "a database cannot be reached or read: the server's log says why"


class QueryLimitError(WarehouseError):
    """A query that takes more time or memory than is allowed."""

    public: str | None = None


def late(seconds: float) -> QueryLimitError:
    """What takes longer than ``seconds``."""
    return QueryLimitError(
        f"the answer takes longer than {seconds:g} s: ask for a shorter period, or for fewer columns"
    )


class StreamError(WatthouseError):
    """The stream's broker, store or processor cannot be reached, read, written or started."""

    public: str | None = "the stream's store cannot be reached or read: the server's log says why"


class StreamStoreError(StreamError):
    """The stream's store cannot be reached, read or written."""


class OrchestrationError(WatthouseError):
    """A scheduler's server cannot be reached, or refuses."""


class BusyError(WatthouseError):
    """Another refresh is running in this WATTHOUSE_HOME, or on the lake that several machines share."""

    public: str | None = "another refresh or load is under way: try again when it has ended"


def shown(text: object, limit: int = _SHOWN) -> str:
    """``text`` fit for one line of a message: no line breaks or control characters, and not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def listed(words: Iterable[str], limit: int = 6) -> str:
    """A few words for a message, and how many more there are."""
    words = [shown(word, 40) or "''" for word in words]
    more = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {more} more" if more > 0 else "")
