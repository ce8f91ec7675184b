"""Starts bqemulator 1.4.0, with three changes where it is not like BigQuery.

It downloads DuckDB's extension `spatial` at every start, and watthouse has no geometry. It reads the columns that
`create table … (columns) as select` declares, but not where the query stands in parentheses, as dbt writes it. And what
is cast to NUMERIC gets DuckDB's own default of three digits after the point, where BigQuery keeps nine.
"""

from bqemulator.cli import main
from bqemulator.sql.rewriter import create_table_schema_ctas
from bqemulator.sql.rules import TranslationRule, register
from bqemulator.storage.engine import DuckDBEngine
from sqlglot import exp

_NUMERIC = "DECIMAL(38, 9)"
_first_select = create_table_schema_ctas._first_select


@register
class NumericRule(TranslationRule):
    """NUMERIC without digits is a decimal with nine of them after the point."""

    name = "NUMERIC"

    def applies_to(self, node: exp.Expression) -> bool:
        # this sees what was written for DuckDB, whose dialect spells its default out
        return isinstance(node, exp.DataType) and node.sql("duckdb") in {"DECIMAL", "DECIMAL(18, 3)"}

    def rewrite(self, node: exp.Expression) -> exp.Expression:
        return exp.DataType.build(_NUMERIC)


create_table_schema_ctas._first_select = lambda body: _first_select(body and body.unnest())
DuckDBEngine._load_spatial = lambda _: None
main()
