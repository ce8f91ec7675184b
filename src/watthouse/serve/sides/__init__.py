"""Where the pages in Streamlit read: the marts, schema ``energy_consumption`` of the warehouse, or the datamart.

The pages are the same on each; what they ask is answered by one module a side.
"""

from watthouse.serve.sides.base import France, Rows, Side

__all__ = ["France", "Rows", "Side"]
