"""Streamlit itself, in place of this process, with the pages of :mod:`watthouse.serve.streamlit_app`."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from watthouse.errors import WatthouseError
from watthouse.serve.server import refuse_taken
from watthouse.serve.sides import datamart
from watthouse.settings import Settings, StreamlitSide

PAGES: Final = Path(__file__).with_name("streamlit_app.py")
_OPTIONS: Final = {
    "server.headless": "true",
    # Streamlit reports its use to its makers unless told not to
    "browser.gatherUsageStats": "false",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    # no traceback of this machine on a public page
    "client.showErrorDetails": "none",
    "runner.magicEnabled": "false",
}


def run(settings: Settings) -> None:
    """Become Streamlit, serving a home at ``settings.host`` and ``settings.port`` until a signal ends it.

    Raises :class:`~watthouse.errors.WatthouseError` where it is not installed, the address is taken, or no datamart is
    named that the pages are to stand on.
    """
    if find_spec("streamlit") is None:
        raise WatthouseError("streamlit is not installed: pip install 'watthouse[streamlit]'")
    if settings.streamlit_on is StreamlitSide.DATAMART:
        datamart.connections(settings)  # refuses here what the pages would refuse at every visit
    refuse_taken(settings.host, settings.port)
    # exec drops what Python still buffers
    sys.stdout.flush()
    # in place of this process, so that signals reach Streamlit itself
    os.execve(sys.executable, command(settings), os.environ | _given(settings))


def _given(settings: Settings) -> dict[str, str]:
    """What this call was given and the script reads from its environment."""
    return {"WATTHOUSE_HOME": str(settings.home.absolute()), "WATTHOUSE_STREAMLIT_ON": settings.streamlit_on.value}


def command(settings: Settings) -> list[str]:
    """How Streamlit is started: on this address only, without a browser, without telemetry."""
    settings_given = _OPTIONS | {"server.address": settings.host, "server.port": str(settings.port)}
    options = [f"--{name}={value}" for name, value in settings_given.items()]
    return [sys.executable, "-m", "watthouse.serve.streamlit_quiet", "run", str(PAGES), *options]
