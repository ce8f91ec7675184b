"""The first visitors of a server come at once, and each gets its page."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

_AT_ONCE = dedent("""
    import sys
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from watthouse.serve.service import Service
    from watthouse.serve.pages import Pages
    from watthouse.settings import Settings

    service = Service(Settings(home=Path(sys.argv[1])))
    pages = Pages(service)

    def visit(path):
        pages.load()
        from watthouse.serve.dashboard.app import rendered

        return str(rendered(service, {"path": path}))

    with ThreadPoolExecutor(6) as visitors:
        for shown in visitors.map(visit, ["/", "/", "/", "/mix", "/regions", "/gas"]):
            assert "tile-value" in shown and "This page failed" not in shown, shown[-2000:]
""")


def test_pages_that_are_asked_at_once_of_a_fresh_server_are_whole(sampled: Path, on_engine: Mapping[str, str]) -> None:
    command = [sys.executable, "-c", _AT_ONCE, sampled / "sample"]
    variables = {**os.environ, **on_engine}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=variables)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
