"""The notebook is executed against a datamart on the second server."""

import re
from collections.abc import Mapping

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.browser.conftest import Site
from tests.support import ROOT

EXPLORATION = ROOT / "notebooks" / "01-exploration.ipynb"


@pytest.fixture(scope="module")
def executed(on_datamart: Mapping[str, str]) -> NotebookNode:
    return run(nbformat.read(EXPLORATION, as_version=4), on_datamart)


def run(notebook: NotebookNode, variables: Mapping[str, str]) -> NotebookNode:
    """The notebook as it is once every cell was run; an error in one fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv("WATTHOUSE_DATAMART", raising=False)
        # no ports that others on this machine could listen to
        manager = AsyncKernelManager(transport="ipc")
        NotebookClient(notebook, km=manager, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook


def outputs(notebook: NotebookNode, kind: str) -> list[str]:
    """What cells gave of this kind of content, in order."""
    given = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][kind] for output in given if kind in output.get("data", {})]


def test_every_cell_runs_and_every_figure_is_drawn_with_something_in_it(executed: NotebookNode) -> None:
    source = "".join(cell.source for cell in executed.cells if cell.cell_type == "code")
    _, *figures = outputs(executed, "text/html")
    assert len(figures) == source.count("notebook.show(") == 7
    for figure in figures:
        assert "Plotly.newPlot" in figure
        assert re.search(r'"(bdata|values|y|z)":\s*("\w|\[[^\]])', figure), "a figure without values"


def test_nothing_is_warned_of_and_no_other_site_is_asked(executed: NotebookNode) -> None:
    printed = [
        output for cell in executed.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    ]
    assert printed == []
    _, *figures = outputs(executed, "text/html")
    assert [one for one in figures if re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", one)] == []


def test_the_sentences_have_the_figures_of_the_warehouse_and_say_whose_they_are(
    executed: NotebookNode, site: Site
) -> None:
    said = " ".join(outputs(executed, "text/markdown"))
    assert "watthouse's synthetic sample (seed=0): nobody measured these figures" in said
    mix = "sum(nucleaire_mwh)::double / sum(production_mwh)::double, sum(production_mwh)::double / 1000"
    ((nuclear, made),) = site.query(f"select {mix} from marts.daily_mix")
    assert f"Nuclear sources made {nuclear:.1%} of these {made:,.0f} GWh" in said
    borders = ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
    net = " + ".join(f"coalesce(ech_comm_{border}_mwh, 0)" for border in borders)
    ((imported,),) = site.query(f"select sum({net})::double / 1000 from marts.exchanges_daily")
    way = "exporter" if imported < 0 else "importer"  # type: ignore[operator]
    assert f"France was a net {way} of {abs(imported):,.0f} GWh" in said  # type: ignore[arg-type]


def test_the_chart_of_the_documents_is_drawn(on_datamart: Mapping[str, str]) -> None:
    page = (ROOT / "docs" / "notebooks.md").read_text()
    cell = nbformat.v4.new_code_cell(page.partition("```python\n")[2].partition("```")[0])
    drawn = run(nbformat.v4.new_notebook(cells=[cell]), on_datamart)
    assert "Wind" in outputs(drawn, "text/html")[-1]
