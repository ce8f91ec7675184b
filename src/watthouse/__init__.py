"""watthouse: France's open energy data in a versioned lake, a warehouse and marts."""
