"""What runs it: the pipeline, its schedule, and how its state is told and mended."""
