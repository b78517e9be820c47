"""Cost allocation: charges of an estimate or a bill, divided among tenants without losing a unit."""
