"""A process that kills itself, or a server, at a named point: ``TEST_KILL_AT=after:watthouse.lake.table:Table.append``.

As a power cut would: by SIGKILL, nothing is flushed, closed or cleared up.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from functools import wraps
from importlib import import_module
from typing import Any, Final

VARIABLE: Final = "TEST_KILL_AT"
VICTIM: Final = "TEST_KILL_PID"


def at(when: str, point: str, victim: int | None = None) -> Mapping[str, str]:
    """The variables that have a call of watthouse end ``before`` or ``after`` a function (``module:Class.name``).

    With a ``victim``, that process ends instead, the first time that the function is called, and the call goes on.
    """
    return {VARIABLE: f"{when}:{point}", VICTIM: str(victim or 0)}


def arm() -> None:
    """Wrap the function that the environment names, if it names one; raises where there is no such function."""
    order = os.environ.pop(VARIABLE, "")
    if not order:
        return
    victim = int(os.environ.pop(VICTIM, "0"))
    when, module, path = order.split(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    function = getattr(owner, name)

    @wraps(function)
    def fatal(*args: Any, **named: Any) -> Any:
        if when == "before":
            _kill(victim)
        answer = function(*args, **named)
        if when == "after":
            _kill(victim)
        return answer

    setattr(owner, name, fatal)


def _kill(victim: int) -> None:
    if not victim:
        os.kill(os.getpid(), signal.SIGKILL)
    import psutil  # Spark's environment has none, and kills only itself

    with suppress(psutil.NoSuchProcess):  # it was killed before
        server = psutil.Process(victim)
        serving = server.children()
        server.kill()
        # those who serve a connection end as they notice, but one may take another statement first, a commit even
        psutil.wait_procs(serving, timeout=5)
