"""The versioned lake: one append-only Delta table a dataset, with every value ever published."""
