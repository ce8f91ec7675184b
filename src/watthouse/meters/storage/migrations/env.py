"""Alembic's entry: migrates the connection that watthouse hands it, inside of that connection's transaction."""

from alembic import context

from watthouse.meters.storage.models import Base

VERSION_TABLE = "meter_schema_version"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
