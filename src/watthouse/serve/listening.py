"""Granian, one worker, at an address: whatever application it serves."""

import errno
import multiprocessing
import os
import resource
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from starlette.types import ASGIApp

from watthouse.errors import WatthouseError
from watthouse.parent import end_with_parent
from watthouse.serve.clients import BehindProxies, Proxies
from watthouse.serve.connections import Connections
from watthouse.settings import Settings
from watthouse.starting import keep, share_freed_memory

ENDING: Final = signal.SIGUSR1
"""What a worker is sent when the server is about to end: it waits for its connections, and some of them stay open."""
_CONNECTIONS: Final = 4_096
"""Connections at a time: the next one waits in the kernel. More than several clients' shares."""
_HEAD: Final = 64 * 2**10
"""Bytes of the head of a request at most, and what is read ahead or kept to be written of a body."""


class _Server(Granian):  # type: ignore[misc,valid-type]
    def signal_handler_interrupt(self, *given: Any, **named: Any) -> None:
        for worker in multiprocessing.active_children():
            if worker.pid is not None:
                os.kill(worker.pid, ENDING)
        super().signal_handler_interrupt(*given, **named)


def listen(settings: Settings, made_by: Callable[[Settings], ASGIApp], *, afresh: bool) -> None:
    """Serve an application at ``settings.host`` and ``settings.port`` until a signal ends it.

    ``afresh`` is for a process that has computed before: a worker forked from it would lack the threads that Polars
    computes with, and wait for them for ever. To fork is faster, and safe where nothing but imports was done.
    Raises :class:`~watthouse.errors.WatthouseError` where the address is taken or not one of this machine's.
    """
    # `run --serve` once waited for ever: a forked worker lacked the threads that the refresh had computed with
    multiprocessing.set_start_method("spawn" if afresh else "fork", force=True)
    _Server(
        "watthouse",
        address=_numeric(settings.host, settings.port),
        port=settings.port,
        interface=Interfaces.ASGI,
        # snapshots and cached answers are those of one process
        workers=1,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        # HTTP/2 without TLS is what no browser speaks, and what speaks either is never closed before its first byte
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.client_seconds * 1_000), max_buffer_size=_HEAD),
        backpressure=_room(),
    ).serve(target_loader=partial(_load, settings, made_by))


def _numeric(host: str, port: int) -> str:
    """The address that a name stands for, which is all that Granian takes."""
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])


def _room() -> int:
    """How many connections there may be: each is a file of this process, and half of those are kept for other uses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _CONNECTIONS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(_CONNECTIONS, soft // 2)


def _load(settings: Settings, made_by: Callable[[Settings], ASGIApp], _target: str) -> ASGIApp:
    end_with_parent()
    # before there is a second thread: an arena that exists stays
    share_freed_memory()
    # by default it would kill a worker whose application does not listen for it
    signal.signal(ENDING, signal.SIG_IGN)
    Connections(settings).watch()
    app = made_by(settings)
    keep()
    return BehindProxies(app, Proxies(settings.trusted_proxies))


def refuse_taken(host: str, port: int) -> None:
    """Fail early, in one line, where the address cannot be bound."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            # otherwise a port that was just released counts as taken
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except (OSError, UnicodeError) as error:  # a label of over 63 letters is the latter
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        why = getattr(error, "strerror", None) or error
        reason = "is taken by another program" if taken else f"cannot be bound ({why})"
        raise WatthouseError(f"{host}:{port} {reason}: choose another --host or --port") from error
