"""A process that kills itself at a named point: ``TEST_KILL_AT=after:watthouse.lake.table:Table.append``.

As a power cut would: by SIGKILL, nothing is flushed, closed or cleared up.
"""

import os
import signal
from collections.abc import Mapping
from functools import wraps
from importlib import import_module
from typing import Any, Final

VARIABLE: Final = "TEST_KILL_AT"


def at(when: str, point: str) -> Mapping[str, str]:
    """The variable that has a call of watthouse end ``before`` or ``after`` a function (``module:Class.name``)."""
    return {VARIABLE: f"{when}:{point}"}


def arm() -> None:
    """Wrap the function that the environment names, if it names one; raises where there is no such function."""
    order = os.environ.pop(VARIABLE, "")
    if not order:
        return
    when, module, path = order.split(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    function = getattr(owner, name)

    @wraps(function)
    def fatal(*args: Any, **named: Any) -> Any:
        if when == "after":
            function(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, fatal)
