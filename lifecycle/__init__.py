"""A tenant's life after its creation: moves, restore tests and decommissioning, with evidence of each."""
