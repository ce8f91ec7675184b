"""The API's calls, a file a room: what is held, rows as they are, series shaped for a period, what changes state."""
