"""The default warehouse: one DuckDB file."""
