"""What a client has too many of: which of its connections end, and which do not."""

from watthouse.serve.connections import Connections, _Connection, _Flow
from watthouse.settings import Settings


def test_of_too_many_connections_those_end_last_that_wait_for_an_answer() -> None:
    flows = {
        "in line for 100 s": _Flow(0, 0, True, sent_ms=100_500, received_ms=100_000),
        "kept open for a second": _Flow(0, 0, True, sent_ms=1_000, received_ms=1_010),
        "kept open for a minute": _Flow(0, 0, True, sent_ms=60_000, received_ms=60_010),
        "silent ever since": _Flow(0, 0, False, sent_ms=10, received_ms=10),
        "being answered": _Flow(0, 0, True, sent_ms=5, received_ms=30_000),
    }
    theirs = [(_Connection(number, number, "127.0.0.2", False), flow) for number, flow in enumerate(flows.values())]
    ended = Connections(Settings(client_connections=1))._excess(theirs)
    assert [[*flows][one.number] for one in ended] == [
        "silent ever since",
        "kept open for a minute",
        "kept open for a second",
        "being answered",
    ]
