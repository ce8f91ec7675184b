"""Figures held to Plotly's own schema."""

import plotly.graph_objects as go

from watthouse.serve.figures.figure import Figure


def checked(figure: Figure) -> go.Figure:
    """The same of Plotly's own objects, which raise for a property or a value that no chart knows."""
    return go.Figure({"data": figure.data, "layout": figure.layout})
