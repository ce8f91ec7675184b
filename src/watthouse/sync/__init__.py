"""What has moved at the source, which of it to fetch, and the way into the lake."""
