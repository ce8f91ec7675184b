"""The API's calls, one file each: datasets and marts, declared calls, regions, questions, freshness and revisions."""
