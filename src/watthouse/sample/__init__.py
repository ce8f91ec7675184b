"""A synthetic ODRÉ: plausible years of French power, gas and weather, published as ODRÉ does, traps included."""
