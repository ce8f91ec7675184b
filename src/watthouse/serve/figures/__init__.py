"""Figures as pure functions ``frame -> Figure``: the pages, Streamlit and notebooks share them."""
