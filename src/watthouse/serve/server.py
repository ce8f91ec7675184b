"""The server itself: Granian, one worker; its threads wait while the engine counts."""

import errno
import multiprocessing
import socket
from functools import partial

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from watthouse.errors import WatthouseError
from watthouse.serve.app import create
from watthouse.serve.middleware import configure_logs
from watthouse.settings import Settings


def serve(settings: Settings, *, afresh: bool = False) -> None:
    """Serve a home at ``settings.host`` and ``settings.port`` until a signal ends it.

    ``afresh`` is for a process that has computed before: a worker forked from it would lack the threads that Polars
    computes with, and wait for them for ever. To fork is faster, and safe where nothing but imports was done.
    Raises :class:`~watthouse.errors.WatthouseError` where the address is taken or not one of this machine's.
    """
    # `run --serve` once waited for ever: a forked worker lacked the threads that the refresh had computed with
    multiprocessing.set_start_method("spawn" if afresh else "fork", force=True)
    Granian(
        "watthouse",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        # snapshots and cached answers are those of one process
        workers=1,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
    ).serve(target_loader=partial(_load, settings))


def _load(settings: Settings, _target: str) -> FastAPI:
    configure_logs()
    return create(settings)


def refuse_taken(host: str, port: int) -> None:
    """Fail early, in one line, where the address cannot be bound."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            # otherwise a port that was just released counts as taken
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be bound ({error.strerror or error})"
        raise WatthouseError(f"{host}:{port} {reason}: choose another --host or --port") from error
