"""The datamart: a snowflake of the marts on a second PostgreSQL server, and what brings it there."""
