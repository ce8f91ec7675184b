"""Schedulers that call the pipeline: each of their tasks is one call of it, and knows nothing else."""
