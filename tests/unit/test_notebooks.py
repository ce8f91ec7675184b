"""Notebooks are kept without what they printed: a run leaves no trace in git, and no figure that was true once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_its_outputs(path: Path) -> None:
    code = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
    stripped = subprocess.run([Path(sys.executable).with_name("nbstripout"), "--verify", path], check=False)
    assert stripped.returncode == 0, "run `make format`"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_figure_is_explained_below_it(path: Path) -> None:
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text())["cells"]]
    drawn = [number for number, (kind, source) in enumerate(cells) if kind == "code" and "notebook.show(" in source]
    assert drawn
    for number in drawn:
        after = next(source for kind, source in cells[number:] if kind == "markdown")
        assert after.count(". ") + after.count("? ") >= 1, after
