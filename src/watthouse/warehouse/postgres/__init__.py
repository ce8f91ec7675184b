"""PostgreSQL as the warehouse: each full build has schemas of its own, and one row says which is current."""

# Before any thread: two that import psycopg's modules at once may each find half of it, and the first visitors of a
# server come at once.
import adbc_driver_postgresql.dbapi  # noqa: F401
import psycopg  # noqa: F401
