"""What is sold: the catalog, the tenants, the cost tags, and the plan they add up to."""
