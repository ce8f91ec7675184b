"""How it is asked for: the Explore API over HTTP, its query language, limits and formats."""
