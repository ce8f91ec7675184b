"""Figures as pure functions ``frame -> plotly Figure``: the pages, Streamlit and notebooks share them."""
