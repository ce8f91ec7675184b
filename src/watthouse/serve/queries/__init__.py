"""Queries over the marts, for the API, the pages and notebooks alike."""
