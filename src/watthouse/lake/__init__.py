"""The versioned lake: one append-only Delta table per dataset, with every value ever published."""
