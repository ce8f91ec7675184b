"""The tables of meter files."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from watthouse.meters.storage.types import LOCAL, ROW_ID, Instant

revision = "0001"
down_revision: str | None = None


def _reading() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("meter_code", sa.Text(), nullable=False),
        sa.Column("serial_code", sa.Text(), nullable=False),
        sa.Column("plant_code", sa.Text(), nullable=False),
        sa.Column("date_time", LOCAL, nullable=False),
        sa.Column("data_type", sa.Text(), nullable=False),
        sa.Column("energy", sa.Float(precision=53), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("maximum_demand", sa.Float(precision=53)),
        sa.Column("time_of_max_demand", LOCAL),
        sa.Column("dls_active", sa.Boolean()),
        sa.Column("billing_reset_count", sa.Integer()),
        sa.Column("billing_reset_date_time", LOCAL),
        sa.Column("note", sa.Text()),
        sa.Column("minutes", sa.Integer()),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("instant", Instant, nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", ROW_ID, nullable=False),
    ]


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "energy_data",
        *_reading(),
        sa.PrimaryKeyConstraint("id", name="pk_energy_data"),
        sa.UniqueConstraint("channel_id", "instant", name="uq_energy_data_channel_id_instant"),
    )
    op.create_table(
        "energy_data_history",
        *_reading(),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_energy_data_history"),
    )
    op.create_index(
        "ix_energy_data_history_channel_id_instant", "energy_data_history", ["channel_id", "instant"], unique=False
    )
    op.create_table(
        "energy_data_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meter_code", sa.Text(), nullable=False),
        sa.Column("serial_code", sa.Text(), nullable=False),
        sa.Column("plant_code", sa.Text(), nullable=False),
        sa.Column("date_time", sa.Date(), nullable=False),
        sa.Column("min_energy", sa.Float(precision=53), nullable=False),
        sa.Column("max_energy", sa.Float(precision=53), nullable=False),
        sa.Column("avg_energy", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_energy_data_view"),
        sa.UniqueConstraint("meter_code", "serial_code", "date_time", "plant_code", name="uq_energy_data_view"),
    )
    op.create_table(
        "meter_channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("meter_code", sa.Text(), nullable=False),
        sa.Column("serial_code", sa.Text(), nullable=False),
        sa.Column("plant_code", sa.Text(), nullable=False),
        sa.Column("data_type", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meter_channels"),
        sa.UniqueConstraint(
            "meter_code",
            "serial_code",
            "plant_code",
            "kind",
            "data_type",
            "unit",
            "stream",
            "period",
            "rate",
            name="uq_meter_channels",
        ),
    )
    op.create_table(
        "meter_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("written_at", Instant, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("readings", ROW_ID, nullable=False),
        sa.Column("rejected", ROW_ID, nullable=False),
        sa.Column("duplicates", ROW_ID, nullable=False),
        sa.Column("superseded", ROW_ID, nullable=False),
        sa.Column("replaced_by", sa.Integer()),
        sa.ForeignKeyConstraint(["replaced_by"], ["meter_files.id"], name="fk_meter_files_replaced_by"),
        sa.PrimaryKeyConstraint("id", name="pk_meter_files"),
    )
    op.create_index("ix_meter_files_name", "meter_files", ["name"], unique=False)
    op.create_index("ix_meter_files_sha256", "meter_files", ["sha256"], unique=False)
    op.create_table(
        "meter_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("set_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meter_marks"),
    )
    op.create_table(
        "meter_rejects",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", ROW_ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["meter_files.id"], name="fk_meter_rejects_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_meter_rejects"),
    )
    op.create_index("ix_meter_rejects_file_id", "meter_rejects", ["file_id"], unique=False)
    op.create_table(
        "meter_spans",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("first", Instant, nullable=False),
        sa.Column("last", Instant, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["meter_channels.id"], name="fk_meter_spans_channel_id"),
        sa.ForeignKeyConstraint(["file_id"], ["meter_files.id"], name="fk_meter_spans_file_id"),
        sa.PrimaryKeyConstraint("file_id", "channel_id", name="pk_meter_spans"),
    )


def downgrade() -> None:
    """Back to an empty one."""
    op.drop_table("meter_spans")
    op.drop_index("ix_meter_rejects_file_id", table_name="meter_rejects")
    op.drop_table("meter_rejects")
    op.drop_table("meter_marks")
    op.drop_index("ix_meter_files_sha256", table_name="meter_files")
    op.drop_index("ix_meter_files_name", table_name="meter_files")
    op.drop_table("meter_files")
    op.drop_table("meter_channels")
    op.drop_table("energy_data_view")
    op.drop_index("ix_energy_data_history_channel_id_instant", table_name="energy_data_history")
    op.drop_table("energy_data_history")
    op.drop_table("energy_data")
