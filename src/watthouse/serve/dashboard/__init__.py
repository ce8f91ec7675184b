"""The pages: Dash on the API's own server, reading what the API reads. An address is a view, and a view an address."""
