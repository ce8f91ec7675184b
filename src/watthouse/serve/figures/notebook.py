"""Figures in a notebook, without asking another site for the script that draws them.

Wants IPython, which every notebook has.
"""

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from watthouse.serve.figures.figure import Figure
from watthouse.serve.figures.style import Style, behaviour


def begin() -> None:
    """Bring plotly.js into the page: once, before the first figure."""
    from IPython.display import HTML, display

    # Plotly's own renderers load MathJax from a server on the net
    display(HTML(f"<script>{get_plotlyjs()}</script>"))


def show(figure: Figure, style: Style, name: str, *, height: int = 420) -> None:
    """Draw a figure below the cell; ``name`` is that of a downloaded picture."""
    from IPython.display import HTML, display

    figure.update_layout(height=height, paper_bgcolor=style.paper, plot_bgcolor=style.paper)
    config = behaviour(style, name)
    config.pop("showEditInChartStudio")  # off by itself, and plotly.py warns of a name that it does not know
    drawn = go.Figure(figure.to_plotly_json())
    display(HTML(drawn.to_html(config=config, include_plotlyjs=False, include_mathjax=False, full_html=False)))
