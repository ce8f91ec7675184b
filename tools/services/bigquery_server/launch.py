"""Starts bqemulator without DuckDB's extension `spatial`, which it downloads at every start; watthouse has no geometry."""

from bqemulator.cli import main
from bqemulator.storage.engine import DuckDBEngine

DuckDBEngine._load_spatial = lambda engine: None
main()
