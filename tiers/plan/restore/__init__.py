"""A tenant that is restored in place, as facts."""
