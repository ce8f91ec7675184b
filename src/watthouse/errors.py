"""One tree of errors: each message is one line that says what happened, to what, and what to do."""


class WatthouseError(Exception):
    """Anything watthouse refuses or cannot do. ``exit_code`` is what the command line leaves with."""

    exit_code = 1
    report: object = None
    """What was done before, where some of it was."""


class UsageError(WatthouseError):
    """The call itself is off: an unknown dataset, mart, column or path."""

    exit_code = 2


class SourceError(WatthouseError):
    """A file or a window that cannot be read whole: empty, cut, corrupt, over a cap."""


class UnrecognisedError(SourceError):
    """A file that is no export of any dataset in the catalog: it is left where it is."""


class ContractError(SourceError):
    """An export that breaks its dataset's contract: a key column gone, text where a number belongs."""


class ServiceError(WatthouseError):
    """The service cannot go on serving this refresh at all: what was fetched stays, the rest waits."""


class UnreachableError(ServiceError):
    """The service cannot be reached: no network, no such host, TLS refused, no answer in time."""


class QuotaError(ServiceError):
    """The service's quota is spent, or nearly."""


class ClockError(ServiceError):
    """This machine's clock and the service's disagree: stamps would lie."""


class LakeError(WatthouseError):
    """The lake cannot be read or written: a newer version, a full disk, a lost race."""


class TableError(LakeError):
    """One table of the lake cannot be used, or lacks what it held: it is left as it is, and the others go on."""


class WarehouseError(WatthouseError):
    """The warehouse cannot be loaded, built or read."""


class QueryLimitError(WarehouseError):
    """An answer that takes longer, or more memory, than one may."""


class BusyError(WatthouseError):
    """Another refresh holds this WATTHOUSE_HOME."""
