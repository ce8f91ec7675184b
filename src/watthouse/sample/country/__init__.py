"""The true state of the sample's France: its days, its weather, its load and generation. Nothing here is published."""
