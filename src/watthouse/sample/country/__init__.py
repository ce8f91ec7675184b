"""What is so in the sample's France: its days, its weather, what it consumes and makes. Nothing of it is published."""
