"""How it is served: the Explore API over HTTP, its query language, limits and formats."""
