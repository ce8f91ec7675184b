"""``python -m watthouse.serve.streamlit_quiet`` is ``streamlit``, which looks up no address of this machine.

At a start on all addresses, and for every visitor from another origin than its own, Streamlit asks a service on the
internet what the address of this machine is, in case the visitor came from there.
"""

from streamlit import net_util
from streamlit.web.cli import main

from watthouse import streams


def _unknown() -> None:
    """Nothing to be told: a page of the server's own origin needs no address to be let in."""


if __name__ == "__main__":
    streams.install()
    # there is no option for it (1.67): both are asked by name wherever they are wanted
    net_util.get_external_ip = _unknown
    net_util.get_internal_ip = _unknown
    try:
        main(prog_name="streamlit")
    except streams.OutputError as error:
        raise SystemExit(streams.leave(error)) from None
