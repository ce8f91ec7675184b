"""What has moved at the source, what to fetch of it, and the way into the lake."""
