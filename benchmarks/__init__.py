"""Claims about speed and memory, each measured beside what a user would do instead, in one run."""
