"""The publisher's own Parquet exports, a file a month: into a place as they come, and from there into PostgreSQL."""
