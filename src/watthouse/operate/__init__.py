"""Running it: the pipeline, its schedule, and how its state is reported and mended."""
