"""Meter files: load profiles and times of use, parsed, kept in a database, and served."""
