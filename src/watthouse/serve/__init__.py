"""One ASGI server over the marts: the API, and what stands on it."""
