"""Write the scripts that pages need of elsewhere: ``python -m tools.browser_scripts`` (needs npm).

- The part of plotly.js that the charts need, in the version that the installed Plotly speaks to. A browser takes
  several times as long to read the whole.
- What Dash's own scripts need of the polyfill they come with: the rest is for browsers older than ten years, and takes
  every other a quarter of a second.

The licences of all that is in them stand beside them.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from plotly.offline import get_plotlyjs_version

from watthouse.serve.dashboard.app import ASSETS, PLOTLY

TRACES: Final = ("bar", "choropleth", "heatmap", "pie", "scattergeo")
"""The kinds of trace beside plain scatter, which is always there."""

_REGENERATOR: Final = "regenerator-runtime@0.14.1"
_ESBUILD: Final = "esbuild@0.28.2"
_BUILT: Final = ("--bundle", "--minify", "--target=es2016", "--legal-comments=none", "--log-level=error")
_AS_ITS_OWN_BUILD: Final = (
    "--format=iife",
    "--global-name=Plotly",
    "--define:global=window",
    "--define:define.amd=false",
    "--loader:.css=empty",  # of tiled maps, which are left out
)


def write() -> None:
    """Both scripts and their NOTICE, into the package."""
    version = get_plotlyjs_version()
    with tempfile.TemporaryDirectory() as scratch:
        room = Path(scratch)
        (room / "package.json").write_text('{"private": true}')
        _run(room, "npm", "install", "--silent", f"plotly.js@{version}", _REGENERATOR, _ESBUILD)
        (room / "charts.js").write_text(_charts())
        banner = f"/* plotly.js {version} (MIT): {', '.join(('scatter', *TRACES))}. See NOTICE. */"
        within = _built(room, "charts.js", PLOTLY, f"--banner:js={banner}", *_AS_ITS_OWN_BUILD)
        (room / "runtime.js").write_text("globalThis.regeneratorRuntime = require('regenerator-runtime');\n")
        within |= _built(room, "runtime.js", ASSETS / "regenerator.js")
        said = "\n\n".join(_licence(room / package) for package in sorted(within))
        (PLOTLY.parent / "NOTICE").write_text(said + "\n")


def _built(room: Path, entry: str, into: Path, *options: str) -> set[str]:
    """The folders of the packages that are in the bundle, once it is written."""
    _run(room, "npx", "esbuild", entry, *_BUILT, *options, f"--outfile={into}", "--metafile=meta.json")
    (output,) = json.loads((room / "meta.json").read_text())["outputs"].values()
    return _packages(path for path, part in output["inputs"].items() if part["bytesInOutput"])


def _run(room: Path, *command: str) -> None:
    subprocess.run(command, cwd=room, check=True, stdout=subprocess.DEVNULL)


def _charts() -> str:
    traces = ", ".join(f"require('plotly.js/lib/{trace}')" for trace in TRACES)
    return f"const Plotly = require('plotly.js/lib/core');\nPlotly.register([{traces}]);\nmodule.exports = Plotly;\n"


def _packages(paths: Iterable[str]) -> set[str]:
    found = set()
    for parts in (PurePosixPath(path).parts for path in paths if "node_modules" in path and not path.endswith(".css")):
        name = max(index for index, part in enumerate(parts) if part == "node_modules") + 1
        found.add("/".join(parts[: name + 2 if parts[name].startswith("@") else name + 1]))
    return found


def _licence(package: Path) -> str:
    said = json.loads((package / "package.json").read_text())
    texts = [path.read_text().strip() for path in sorted(package.iterdir()) if path.name.lower().startswith("licen")]
    return "\n\n".join([f"{said['name']} {said['version']} ({said['license']})", *texts])


if __name__ == "__main__":
    write()
