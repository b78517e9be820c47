"""A tenant in its second region, as facts."""
