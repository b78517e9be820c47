"""A tenant's restore in place: its stages, and which may follow which."""
