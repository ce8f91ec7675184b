"""The database of meter files: its tables, and what is written into them."""
