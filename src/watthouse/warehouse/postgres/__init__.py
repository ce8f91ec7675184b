"""PostgreSQL as the warehouse: each full build has schemas of its own, and one row says which is current."""
