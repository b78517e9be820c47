"""Rules that judge the cost tags of a resource, and what these promise."""
