"""Six questions about France's energy, answered with a figure, how far it could be off, and what it does not show."""
